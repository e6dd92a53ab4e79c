"""The command line: what a user types, the exit code, what is printed, what is written."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from scenario_values import GOOD

from reference_api.errors import UnsafeSettings
from reference_api.settings import Settings, check_settings
from scenarios import cli
from scenarios.cli import COMMANDS, main
from scenarios.commands.serve import ServeOptions, check_port, seed_of, settings_of
from scenarios.errors import MissingData, PortInUse, TooManyIds
from scenarios.language import Language, Text
from scenarios.metrics import metric
from scenarios.options import RunOptions
from scenarios.record import Finding, FindingKind

Run = Callable[..., tuple[int, str, str]]
FINDING = Finding(FindingKind.HEADCOUNT, 600.0, Text("第一小", "First school"), "10", "9", "listShelters")


@pytest.fixture
def citytwin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs the command in an empty folder; gives its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", {"LANG": "C.UTF-8"})

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[RunOptions]:
    """What a double of scenarios.run was asked for; its oracle finds one fault."""
    options: list[RunOptions] = []

    def run(given: RunOptions, progress: Callable[[str, float], None]) -> Any:
        options.append(given)
        progress("town", 0.0)
        metrics = (metric("people", 400), metric("t90_s", 5400.0), metric("safety_confirmed_share", 0.375))
        metrics += (metric("reception_wait_p95_s", None), metric("over_capacity_person_h", 12.25, {"capacity": "town"}))
        return SimpleNamespace(
            folder=given.out, report=given.out / "report.html", metrics=metrics, findings=(FINDING,), faults=()
        )

    double = ModuleType("scenarios.run")
    monkeypatch.setattr(double, "run", run, raising=False)
    monkeypatch.setitem(sys.modules, "scenarios.run", double)
    return options


def test_run_hands_over_what_was_typed(citytwin: Run, asked: list[RunOptions], tmp_path: Path) -> None:
    """Every option reaches the run."""
    words = "run drill --town ube --data d --roads r --city-os none --people 9 --seed 3 --hours 1.5 --out o"
    code, _, _ = citytwin(*words.split(), "--lang", "ja")
    assert code == 0
    expected = RunOptions(
        scenario="drill",
        out=Path("o"),
        town="ube",
        data=Path("d"),
        roads=Path("r"),
        city_os="none",
        people=9,
        seed=3,
        hours=1.5,
        language=Language.JA,
        command=asked[0].command,
    )
    assert asked == [expected]


def test_results_go_to_a_folder_named_after_scenario_and_seed(citytwin: Run, asked: list[RunOptions]) -> None:
    """Without --out the folder says which run it holds."""
    citytwin("run", "drill")
    citytwin("run", "drill", "--seed", "7")
    assert [one.out for one in asked] == [Path("out/drill-1"), Path("out/drill-7")]


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("en", ["People: 400 persons", "T90: 1 h 30 min", "Over capacity: 12.2 person-hours", "Report: o/report.html"]),
        ("ja", ["人口: 400 人", "報告書: o/report.html"]),
    ],
)
def test_run_ends_with_a_summary(citytwin: Run, asked: list[RunOptions], language: str, lines: list[str]) -> None:
    """Metrics in words with units, what the oracle found, where the report lies."""
    code, out, err = citytwin("run", "drill", "--out", "o", "--lang", language)
    assert code == 0
    assert set(lines) <= set(out.splitlines())
    assert ("First school" if language == "en" else "第一小") in out
    assert err.strip()


def test_without_city_os_nothing_is_said_of_it(citytwin: Run, asked: list[RunOptions]) -> None:
    """With --city-os none the summary neither praises nor blames a city OS."""
    _, out, _ = citytwin("run", "drill", "--city-os", "none")
    assert "No city OS" in out
    assert "agree" not in out
    assert "First school" not in out


def test_quiet_prints_nothing(citytwin: Run, asked: list[RunOptions]) -> None:
    """--quiet leaves both streams empty."""
    assert citytwin("run", "drill", "--quiet") == (0, "", "")


def test_findings_fail_only_if_asked(citytwin: Run, asked: list[RunOptions]) -> None:
    """A wrong city OS is a result, exit code 0; with --fail-on-findings it is 1."""
    assert citytwin("run", "drill", "--quiet")[0] == 0
    assert citytwin("run", "drill", "--quiet", "--fail-on-findings")[0] == 1


BAD = [
    (["run", "dril"], "unknown scenario dril. Did you mean drill?"),
    (["run", "drill", "--people", "0"], "--people"),
    (["run", "drill", "--people", "9999999"], "--people"),
    (["run", "drill", "--hours", "-1"], "--hours"),
    (["run", "drill", "--hours", "nan"], "--hours"),
    (["run", "drill", "--seed", "-1"], "--seed"),
    (["run", "drill", "--lang", "fr"], "--lang"),
    (["run", "drill", "--sed", "1"], "--seed"),
    (["run"], "SCENARIO"),
    (["rnu", "drill"], "rnu"),
    (["explain", "floodnight"], "Did you mean flood_night?"),
    (["serve", "--port", "70000"], "--port"),
    (["run", "drill", "--town", "nowhere"], "unknown town nowhere."),
    (["run", "drill", "--data", "nowhere"], "nowhere is not there."),
    (["run", "drill", "--roads", "nowhere.osm"], "nowhere.osm is not there."),
    (["run", "drill", "--town", "aizuwakamatu"], "unknown town aizuwakamatu. Did you mean aizuwakamatsu?"),
]


@pytest.mark.parametrize(
    ("arguments", "message"), BAD, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_bad_input_is_told_and_writes_nothing(
    citytwin: Run, tmp_path: Path, arguments: list[str], message: str
) -> None:
    """Exit code 2, a line that says what is wrong, no traceback, no file."""
    code, out, err = citytwin(*arguments)
    assert code == 2
    assert message in err
    assert out == ""
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_fault_of_a_file_is_a_line(citytwin: Run, tmp_path: Path, language: str) -> None:
    """Each fault stands on a line of its own behind the word for error, in the language."""
    (tmp_path / "bad.toml").write_text(GOOD.replace("seed = 1", "seed = -1").replace("level = 4", "level = 9"))
    code, _, err = citytwin("run", "bad.toml", "--out", "o", "--lang", language)
    word = {"en": "error: ", "ja": "エラー: "}[language]
    assert code == 2
    lines = err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"{word}bad.toml:8: ")
    assert lines[1].startswith(f"{word}bad.toml:26: ")
    assert [one.name for one in tmp_path.iterdir()] == ["bad.toml"]


def test_occupied_folder_is_refused_before_the_work(citytwin: Run, asked: list[RunOptions], tmp_path: Path) -> None:
    """A folder that holds another run stays as it is, and the run does not begin."""
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "metrics.json").write_text("old")
    code, _, err = citytwin("run", "drill", "--out", "o")
    assert (code, asked) == (2, [])
    assert "holds something already" in err
    assert (tmp_path / "o" / "metrics.json").read_text() == "old"


def test_faults_of_ours_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that no user can mend keeps its traceback."""

    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "check_packages", fail)
    with pytest.raises(ZeroDivisionError):
        main(["doctor"])


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (MissingData("x"), 2)])
def test_stops_and_faults_at_any_time(
    citytwin: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    """Ctrl-C and a user's fault end the command with their codes wherever they come from."""

    def fail() -> None:
        raise error

    monkeypatch.setattr(cli, "check_packages", fail)
    ended, out, err = citytwin("doctor")
    assert (ended, out) == (code, "")
    assert len(err.splitlines()) == 1


def test_explain_as_json(citytwin: Run) -> None:
    """--json prints data and nothing else."""
    code, out, _ = citytwin("explain", "drill", "--json")
    assert code == 0
    assert {"key", "value", "unit", "low", "high", "source", "confidence", "overridden"} <= set(
        json.loads(out)["parameters"][0]
    )


def test_explain_in_words(citytwin: Run) -> None:
    """The text is in the language asked for."""
    assert "防災訓練" in citytwin("explain", "drill", "--lang", "ja")[1]
    assert "Disaster drill" in citytwin("explain", "drill")[1]


def test_doctor_is_well_here(citytwin: Run) -> None:
    """Here nothing is missing."""
    code, out, _ = citytwin("doctor")
    assert code == 0
    assert out.splitlines()[-1] == "Everything that is needed is here."


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_command_has_help(citytwin: Run, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Help of all commands is there in both languages."""
    monkeypatch.setattr(os, "environ", {"LANG": language})
    assert all(name in citytwin("--help")[1] for name in COMMANDS)
    for name in COMMANDS:
        code, out, _ = citytwin(name, "--help")
        assert code == 0
        assert "--lang" in out


def test_help_imports_nothing_heavy() -> None:
    """``citytwin --help`` comes at once because it loads neither numpy nor rich nor any room but ours."""
    program = (
        "import sys\n"
        "from scenarios.cli import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit:\n    print(sorted(set(sys.modules) & "
        "{'numpy', 'rich', 'numba', 'mesa', 'msgspec', 'starlette', 'twin', 'agents', 'reference_api'}))\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own text
    assert done.stdout.splitlines()[-1] == "[]"


def serve_options(**given: Any) -> ServeOptions:
    """What ``citytwin serve`` was asked for, its defaults where nothing is given."""
    default = {
        "town": None,
        "data": None,
        "people": None,
        "ids": None,
        "seed": 1,
        "port": 8080,
        "host": "127.0.0.1",
        "db": None,
        "workers": 1,
        "sandbox": None,
        "quiet": True,
    }
    return ServeOptions(**{**default, **given})


def test_served_town_names_the_matching_run() -> None:
    """The line to type elsewhere has the same town, people and seed; the drill only where people are given."""
    some = serve_options(town="ube", data=Path("my data"), people=400, seed=3, port=8081)
    assert some.matching_run() == (
        "citytwin run drill --town ube --data 'my data' --people 400 --seed 3 --city-os http://127.0.0.1:8081"
    )
    assert serve_options().matching_run() == (
        "citytwin run earthquake_winter --town synthetic --seed 1 --city-os http://127.0.0.1:8080"
    )


def test_made_up_people_may_ask_more_than_real_ones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a sandbox the quota of a person is ten times the usual one, unless the environment says it."""
    monkeypatch.delenv("CITYTWIN_SUBJECT_QUOTA", raising=False)
    quotas = [settings_of(serve_options(sandbox=given), tmp_path).subject_quota for given in (True, False)]
    assert quotas == [6000, 600]
    monkeypatch.setenv("CITYTWIN_SUBJECT_QUOTA", "7")
    assert settings_of(serve_options(sandbox=True), tmp_path).subject_quota == 7


def test_serve_is_a_sandbox_unless_in_production(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a word it is a sandbox; in production it is none, and asking for one is refused with what is missing."""
    monkeypatch.delenv("CITYTWIN_ENVIRONMENT", raising=False)
    assert settings_of(serve_options(), tmp_path).sandbox
    assert not settings_of(serve_options(sandbox=False), tmp_path).sandbox
    monkeypatch.setenv("CITYTWIN_ENVIRONMENT", "production")
    assert not settings_of(serve_options(), tmp_path).sandbox
    with pytest.raises(UnsafeSettings) as refused:
        check_settings(settings_of(serve_options(sandbox=True), tmp_path))
    assert {word for word in ("sandbox", "CITYTWIN_SECRET", "CITYTWIN_DATABASE") if word in str(refused.value)} == {
        "sandbox",
        "CITYTWIN_SECRET",
        "CITYTWIN_DATABASE",
    }


@pytest.mark.parametrize(
    ("asked", "environment", "words"),
    [
        (("--db", "/nonexistent/x.db"), {}, ("/nonexistent/x.db",)),
        (("--db", "ftp://x"), {}, ("ftp://x", "postgresql://")),
        (("--sandbox",), {"CITYTWIN_ENVIRONMENT": "production"}, ("sandbox", "CITYTWIN_SECRET", "CITYTWIN_DATABASE")),
        ((), {"CITYTWIN_SUBJECT_QUOTA": "many"}, ("CITYTWIN_SUBJECT_QUOTA",)),
    ],
)
def test_serve_tells_what_it_cannot_use(
    citytwin: Run,
    monkeypatch: pytest.MonkeyPatch,
    asked: tuple[str, ...],
    environment: dict[str, str],
    words: tuple[str, ...],
) -> None:
    """A database or settings that cannot be used end with exit code 2 and lines that say why, never a traceback."""
    monkeypatch.setattr(os, "environ", {"LANG": "C.UTF-8", **environment})
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code, out, err = citytwin("serve", "--port", str(port), "--quiet", *asked)
    assert (code, out) == (2, "")
    assert all(line.startswith("error: ") for line in err.splitlines())
    assert all(word in err for word in words)


def test_several_workers_share_a_file_if_they_are_given_no_database(tmp_path: Path) -> None:
    """In memory each worker would see its own town; a named database is kept."""
    assert settings_of(serve_options(workers=2), tmp_path).database == str(tmp_path / "city.db")
    assert settings_of(serve_options(), tmp_path).database == ":memory:"
    assert settings_of(serve_options(workers=2, db="postgresql://u@h/d"), tmp_path).database == "postgresql://u@h/d"


def test_outside_a_sandbox_nobody_is_made_up(tmp_path: Path) -> None:
    """A named town gives its areas, 102 shelters and 199 sites, and nobody; without a name nothing is filled in."""
    options = serve_options(sandbox=False, town="synthetic")
    seed = seed_of(options, settings_of(options, tmp_path), Language.EN)
    assert seed is not None
    assert (len(seed.shelters), seed.users, seed.consents, seed.clients) == (301, (), (), ())
    nobody = serve_options(sandbox=False)
    assert seed_of(nobody, settings_of(nobody, tmp_path), Language.EN) is None


def test_address_that_cannot_be_served_is_told() -> None:
    """An address that is not this machine's is refused before the long work."""
    with pytest.raises(PortInUse, match=r"192\.0\.2\.1:8080"):
        check_port("192.0.2.1", 8080)


def test_a_sandbox_has_as_many_ids_as_were_asked_for() -> None:
    """More than the city's share; and never more than there are people who may have one."""
    settings = Settings(sandbox=True)
    seed = seed_of(serve_options(people=300, ids=150), settings, Language.EN)
    assert (seed and len(seed.users), serve_options(ids=150).matching_run().split()[:4]) == (
        150,
        ["citytwin", "load", "--profile", "disaster"],
    )
    with pytest.raises(TooManyIds, match="nobody below 20"):
        seed_of(serve_options(people=300, ids=300), settings, Language.EN)
