"""Wrong usage of any sub-command ends with exit code 3 and a line that says what to write."""

import re
from pathlib import Path

import pytest

from conformance.command.group import COMMANDS
from conformance.command.words import words
from scenarios.cli import run_command

PLACE = re.compile(r"\{(\w+)\}")


def typed(*arguments: object) -> int:
    """The exit code of ``citytwin conform``."""
    return run_command(["conform", *map(str, arguments)])


@pytest.mark.parametrize(
    "arguments",
    [
        ["runn"],
        ["run"],
        ["run", "plan.toml", "--jobs", "many"],
        ["run", "plan.toml", "--colour"],
        ["run", "none.toml"],
        ["init"],
        ["preflight"],
        ["preflight", "none.toml"],
        ["explain"],
        ["explain", "OIDC-7"],
        ["coverage", "x"],
        ["judge-trace"],
        ["judge-trace", "none.jsonl"],
        ["verify-bundle"],
        ["verify-bundle", "none.zip"],
        ["init", "http://127.0.0.1:1"],
    ],
)
def test_wrong_usage_is_3(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not click's 2, which is a failure of the suite here."""
    monkeypatch.chdir(tmp_path)
    assert typed(*arguments) == 3
    assert capsys.readouterr().err


def test_a_defect_of_the_suite_is_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends neither like a failure of the target nor silently."""

    def broken() -> None:
        """Fails."""
        raise ZeroDivisionError

    monkeypatch.setattr("conformance.command.coverage.coverage", broken)
    assert typed("coverage") == 2
    told = capsys.readouterr().err
    assert "ZeroDivisionError" in told
    assert "defect of the suite" in told


def test_both_languages_have_the_same_words() -> None:
    """The same keys, with the same places to fill."""
    ja, en = words("ja"), words("en")
    assert ja.keys() == en.keys()
    assert [key for key in en if set(PLACE.findall(ja[key])) != set(PLACE.findall(en[key]))] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_in_both_languages(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each sub-command tells what it does."""
    assert typed(name, "--help") == 0
    english = capsys.readouterr().out
    assert typed(name, "--lang", "ja", "--help") == 0
    assert capsys.readouterr().out != english


def test_explain_tells_clause_and_checks(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a requirement in any case of letters, in either language."""
    assert typed("explain", "oidc-007") == 0
    told = capsys.readouterr().out
    assert "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2" in told
    assert "OIDC-007.twice" in told
    assert "oidcc-codereuse" in told
    assert typed("explain", "OIDC-007.twice", "LGW-001", "--lang", "ja") == 0
    told = capsys.readouterr().out
    assert "条項:" in told
    assert "LGW-001" in told


def test_coverage_tells_requirements_and_modules(capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each, and the exit code says whether there are gaps."""
    code = typed("coverage")
    shown = capsys.readouterr()
    assert code == bool("neither a check nor a reason" in shown.err)
    assert re.search(r"^OIDC-007 +SHALL +core-oidc +OIDC-007\.made_up, OIDC-007\.twice$", shown.out, re.MULTILINE)
    assert re.search(r"^oidcc-codereuse +OIDC-007$", shown.out, re.MULTILINE)
