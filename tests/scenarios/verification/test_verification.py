"""The project's own proof: it passes, it can fail, and its page is what it gives."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from agents.movement.network import Network
from agents.movement.simulate import Moved, simulate
from scenarios.cli import run_command
from scenarios.language import Language
from scenarios.verification import cars
from scenarios.verification.catalogue import read_standards, read_trials
from scenarios.verification.judge import Judgement, Verdict, judge_all
from scenarios.verification.table import as_json, page

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def judgements() -> list[Judgement]:
    """All tests, run once."""
    return list(judge_all(read_trials(), lambda *_: None))


def test_everything_passes(judgements: list[Judgement]) -> None:
    """Every test that applies gives what theory or the standard expects."""
    failed = {
        one.trial.id: one.error or [(value.expected.key, value.got) for value in one.values if value.verdict == "fail"]
        for one in judgements
        if one.verdict is Verdict.FAILED
    }
    assert failed == {}


@pytest.mark.parametrize(("language", "name"), [(Language.EN, "verification.md"), (Language.JA, "verification.ja.md")])
def test_the_page_is_what_the_code_gives(judgements: list[Judgement], language: Language, name: str) -> None:
    """Docs holds the table of this code; `citytwin verify --page docs/verification.md` writes it anew."""
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == page(judgements, language)


def test_the_table_is_whole() -> None:
    """Ids are unique, standards known, both languages there; what does not apply says why, the others what is due."""
    trials = read_trials()
    assert len({one.id for one in trials}) == len(trials)
    assert {one.standard for one in trials} == set(read_standards())
    for one in trials:
        texts = [one.name, one.basis if one.applies else one.reason, *(row.what for row in one.expected)]
        assert all(text.ja and text.en for text in texts), one.id
        assert bool(one.expected) == one.applies, one.id
        for row in one.expected:
            assert row.equals is not None or row.least is not None or row.most is not None


def test_json_holds_all_rows(judgements: list[Judgement]) -> None:
    """JSON has every test with both names, and can be written."""
    told = json.loads(json.dumps(as_json(judgements), allow_nan=False))
    assert [one["id"] for one in told["tests"]] == [one.id for one in read_trials()]
    assert sum(told["summary"].values()) == len(told["tests"])


def test_the_command_tells_and_ends_with_its_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named tests run alone, the table says so in Japanese, the JSON file is written, the exit code is 0."""
    file = tmp_path / "verify.json"
    assert run_command(["verify", "K1", "RiMEA6", "--lang", "ja", "--json", str(file)]) == 0
    told = capsys.readouterr()
    assert "合格" in told.out
    assert "対象外" in told.out
    assert [one["id"] for one in json.loads(file.read_text(encoding="utf-8"))["tests"]] == ["K1", "RiMEA6"]


def test_a_failing_test_ends_with_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A code that is wrong is told, with exit code 1."""

    def slow(network: Network, *rest: object, **more: object) -> Moved:
        return simulate(replace(network, free_speed_mps=network.free_speed_mps * 0.97), *rest, **more)

    monkeypatch.setattr(cars, "simulate", slow)
    assert run_command(["verify", "K1", "--lang", "en"]) == 1
    assert "FAIL" in capsys.readouterr().out


def test_a_code_that_breaks_fails_its_tests_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the code raises is told in the row of its test, the others are judged, the exit code is 1."""

    def broken(*_: object, **__: object) -> Moved:
        raise ZeroDivisionError("float division")

    monkeypatch.setattr(cars, "simulate", broken)
    assert run_command(["verify", "K1", "K13", "--lang", "en", "--json", str(tmp_path / "v.json")]) == 1
    assert "ZeroDivisionError: float division" in " ".join(capsys.readouterr().out.split())
    told = json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))
    assert [one["verdict"] for one in told["tests"]] == ["fail", "pass"]


def test_unknown_names_and_bad_files_are_told_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every unknown name has its line with a hint; a file that cannot be written ends with exit code 2."""
    assert run_command(["verify", "K99", "Rimea1x", "--lang", "en"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert run_command(["verify", "K1", "--json", str(tmp_path / "none" / "x.json"), "--lang", "en"]) == 2
