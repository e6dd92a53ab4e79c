"""The way to the knee, against targets whose knee is known."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from load_values import measured

from scenarios.language import Language
from scenarios.load import capacity
from scenarios.load.aftermath import Aftermath, Settled
from scenarios.load.objectives import LoadMode, read_objectives
from scenarios.load.outputs import exit_code, load_json
from scenarios.load.report import load_html
from scenarios.load.run import Load, LoadOptions
from scenarios.load.target import TargetOptions
from scenarios.load.verdict import judge
from scenarios.progress import Tell


@dataclass
class Known:
    """A target that answers in time below ``knee``; above ``lags`` the generator is at its end."""

    knee: float
    lags: float = 1e9
    recorded: None = None
    ids_there: int = 1_000_000
    sizes: list[int] = field(default_factory=list)

    def press(self, options: LoadOptions, tell: Tell) -> Load:
        """One load."""
        ids = round((options.ids or 0) * options.speed)
        self.sizes.append(ids)
        slow, late = ids > self.knee, ids > self.lags
        rows = [measured(row, sent_s=float(late), done_s=9.0 if slow else 0.1 + late) for row in range(50)]
        return Load(
            target_url="http://127.0.0.1:1",
            begun=datetime(2026, 11, 21, tzinfo=UTC),
            ids=ids,
            copies=1,
            left_out=0,
            speed=options.speed,
            rows=rows,
            verdict=judge(rows, read_objectives(), LoadMode.DISASTER, 15.0),
            aftermath=Aftermath((), Settled(), 0, 50, 0),
            looks=0,
            recovery_s=0.0,
            during=(),
            is_whole=True,
            objectives=read_objectives(),
            command="",
        )


def silent(stage: str, share: float) -> None:
    """Tell nobody."""


def climbed(monkeypatch: pytest.MonkeyPatch, target: Known) -> Load:
    """What is found of a target."""

    @contextmanager
    def opened(options: LoadOptions, tell: Tell) -> Iterator[Known]:
        yield target

    monkeypatch.setattr(capacity, "opened", opened)
    options = LoadOptions(None, TargetOptions("http://127.0.0.1:1"), profile="disaster")
    return capacity.find_capacity(options, silent)


@pytest.mark.parametrize("knee", [3000.0, 7000.0, 17_000.0, 300_000.0])
def test_the_knee_lies_between_what_held_and_what_broke(monkeypatch: pytest.MonkeyPatch, knee: float) -> None:
    """The interval holds the knee and is narrower than a fifth."""
    found = climbed(monkeypatch, Known(knee)).capacity
    assert found is not None
    assert found.held is not None
    assert found.broken is not None
    assert found.held.size <= knee < found.broken.size
    assert found.broken.size / found.held.size < 1.2


def test_a_target_that_breaks_at_once_has_no_knee_above(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1, and one step."""
    load = climbed(monkeypatch, target := Known(500))
    assert (exit_code(load), target.sizes) == (1, [3000])
    assert load.capacity is not None
    assert (load.capacity.knee, load.capacity.bounds[0]) == ("knee_below", 0.0)


def test_a_generator_at_its_end_finds_no_knee(monkeypatch: pytest.MonkeyPatch) -> None:
    """What held is told, and that more could not be sent: exit code 2."""
    load = climbed(monkeypatch, Known(300_000, lags=13_000))
    assert (exit_code(load), load_json(load)["capacity"]["broken_rate"]) == (2, None)
    assert load.capacity is not None
    assert load.capacity.knee == "no_knee_lag"


def test_once_all_people_of_a_target_take_part_each_stands_for_several(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to eight; a target that serves those too has no knee to be found: exit code 2."""
    load = climbed(monkeypatch, target := Known(1e9, ids_there=1500))
    assert (exit_code(load), target.sizes) == (2, [3000, 6000, 12_000])


@pytest.mark.parametrize("language", Language)
def test_the_page_tells_the_knee(monkeypatch: pytest.MonkeyPatch, language: Language) -> None:
    """In both languages, with every step."""
    load = climbed(monkeypatch, Known(9000))
    page = load_html(load, language)
    assert f'<html lang="{language}"' in page
    assert all(f"{one.ids:,}" in page for one in (load.capacity.steps if load.capacity else ()))


def test_a_pages_command_is_no_markup(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing that was typed becomes part of the page."""
    load = climbed(monkeypatch, Known(9000))
    hostile = Load(**{**{name: getattr(load, name) for name in Load.__dataclass_fields__}, "command": "<b>x</b>"})
    assert "<b>x</b>" not in load_html(hostile, Language.EN)
