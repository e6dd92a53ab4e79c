"""Grounds: runs that share a town and people give the same bytes as runs that make their own, and change neither."""

import pickle
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from scenarios.grounds import Grounds, Last
from scenarios.options import NONE, RunOptions
from scenarios.run import run, set_stage


def untold(_stage: str, _share: float) -> None:
    """Says nothing."""


def asked(out: Path, scenario: str, seed: int) -> RunOptions:
    """A short run of few people."""
    return RunOptions(scenario, out, city_os=NONE, people=150, seed=seed, hours=1.0, lean=True)


def written(folder: Path) -> dict[str, bytes]:
    """The files of a run, but for the metric of the wall clock."""
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.name != "metrics.json"}


def test_only_the_last_thing_is_kept_and_only_for_the_same() -> None:
    """What is made of the same is not made twice; what was made before something else is forgotten."""
    last, made = Last[str](), []

    def make_all(names: Iterable[str]) -> list[str]:
        return [last.get(name, lambda name=name: made.append(name) or f"of {name}") for name in names]  # type: ignore[misc]

    assert make_all("aabba") == ["of a", "of a", "of b", "of b", "of a"]
    assert made == ["a", "b", "a"]


def test_runs_on_shared_grounds_give_the_same_bytes_and_leave_them_as_they_are(tmp_path: Path) -> None:
    """A second run of the same people is the first again; town and people stay byte for byte what they were."""
    grounds, options = Grounds(), asked(tmp_path / "first", "flood_night", 1)
    stage = set_stage(options, untold, grounds)
    before = pickle.dumps((stage.town, stage.population))
    run(options, untold, grounds=grounds)
    run(replace(options, out=tmp_path / "second"), untold, grounds=grounds)
    run(replace(options, out=tmp_path / "own"), untold)
    assert written(tmp_path / "first") == written(tmp_path / "second") == written(tmp_path / "own")
    again = set_stage(options, untold, grounds)
    assert again.town is stage.town
    assert again.population is stage.population
    assert pickle.dumps((again.town, again.population)) == before


def test_another_seed_has_other_grounds(tmp_path: Path) -> None:
    """People of another seed are others."""
    grounds = Grounds()
    stages = [set_stage(asked(tmp_path, "earthquake_winter", seed), untold, grounds) for seed in (1, 2)]
    assert stages[0].population is not stages[1].population
