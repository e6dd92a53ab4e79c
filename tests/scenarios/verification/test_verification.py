"""The project's own proof: it passes, it can fail, and its page is what it gives."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.movement.network import Network
from agents.movement.simulate import Moved, TripTable, simulate
from scenarios.cli import run_command
from scenarios.language import Language
from scenarios.verification import building, cars, junctions, routes, walkers
from scenarios.verification.catalogue import read_standards, read_trials
from scenarios.verification.judge import Judgement, Verdict, judge, judge_all, pick_trials
from scenarios.verification.table import as_json, page

ROOT = Path(__file__).parents[3]
FAMILIES = (building, cars, junctions, routes, walkers)


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


def half_capacity(network: Network) -> Network:
    """Links let half through."""
    return replace(network, capacity_vps=network.capacity_vps / 2.0, in_capacity_vps=network.in_capacity_vps / 2.0)


def no_storage_limit(network: Network) -> Network:
    """Vertical queues: any number of cars has room."""
    return replace(
        network, jam_density_vpm=network.jam_density_vpm * 100.0, wave_speed_mps=network.wave_speed_mps / 95.0
    )


def wide_ways(network: Network) -> Network:
    """Walkers never meet."""
    return replace(network, walk_width_m=network.walk_width_m * 1000.0)


def equal_priorities(network: Network) -> Network:
    """Merges ignore priorities."""
    return replace(network, merge_priority=np.ones(network.links))


def slow_cars(network: Network) -> Network:
    """Free speed 3 % low."""
    return replace(network, free_speed_mps=network.free_speed_mps * 0.97)


@pytest.mark.parametrize(
    ("wrong", "caught"),
    [
        (half_capacity, ("K2", "K3a", "K3b", "K5a", "K14", "T8")),
        (no_storage_limit, ("K5a", "K5b", "K12", "T1", "T5")),
        (wide_ways, ("RiMEA4-1.0", "RiMEA4-3", "NIST5.2", "RiMEA12")),
        (equal_priorities, ("K6c", "K6d")),
        (slow_cars, ("K1", "T4")),
    ],
)
def test_a_wrong_engine_fails(wrong: object, caught: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine with one named fault fails the tests that are there for it."""

    def deviant(network: Network, trips: TripTable, **settings: object) -> Moved:
        return simulate(wrong(network), trips, **settings)

    for family in FAMILIES:
        monkeypatch.setattr(family, "simulate", deviant)
    assert [one.id for one in pick_trials(caught) if judge(one).verdict is not Verdict.FAILED] == []


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
    monkeypatch.setattr(cars, "simulate", lambda network, *rest, **more: simulate(slow_cars(network), *rest, **more))
    assert run_command(["verify", "K1", "--lang", "en"]) == 1
    assert "FAIL" in capsys.readouterr().out


def test_unknown_names_and_bad_files_are_told_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every unknown name has its line with a hint; a file that cannot be written ends with exit code 2."""
    assert run_command(["verify", "K99", "Rimea1x", "--lang", "en"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert run_command(["verify", "K1", "--json", str(tmp_path / "none" / "x.json"), "--lang", "en"]) == 2
