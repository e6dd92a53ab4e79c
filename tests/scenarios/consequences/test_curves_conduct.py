"""Conducting a study of faults: cells as those of any study, results that can be worked out by hand, the page."""

import json
import os
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from curve_values import GOOD

from scenarios.cli import run_command
from scenarios.comparison.folders import read_run
from scenarios.consequences.conduct import prepare_curves, write_curves
from scenarios.consequences.results import Found, Panel, Worth
from scenarios.errors import InvalidScenario, NoTrickleOnLine
from scenarios.language import Language
from scenarios.statistics import median_interval
from scenarios.study import execute
from scenarios.study.conduct import Asked, Prepared, conduct
from scenarios.study.execute import Done, Task
from twin.randomness import Stream
from twin.sources.recipe import build_town
from twin.town import Town

Answer = Callable[[Task], tuple[float, float]]
COMMAND = "citytwin study small.toml"


def runner(answer: Answer) -> Callable[[Sequence[Task]], Iterator[Done]]:
    """Answers runs by a formula for the two metrics of the study; a fault hits ten calls."""

    def run(tasks: Sequence[Task]) -> Iterator[Done]:
        for task in tasks:
            arrived, t90_s = answer(task)
            values = {"arrived": arrived, "t90_s": t90_s, "people": 60}
            table = {"metrics": [{"name": name, "value": value, "by": {}} for name, value in values.items()]}
            faults = {"faults": [{"hit": 10}]} if task.cell.faults else {}
            files = {"metrics.json": json.dumps({**table, **faults}).encode()}
            yield Done(task.cell.key, files)

    return run


def minutes(task: Task) -> float:
    """The minutes of a point of the curve that is looked at, 0 of any other."""
    name, _, at_min = task.cell.plan.rpartition("-")
    return float(at_min) if name == "safety" else 0.0


@pytest.fixture(scope="module")
def town() -> Callable[..., Town]:
    """Builds the town once: it is the same for the same seed."""
    built: dict[int, Town] = {}

    def build(recipe: Path, *, stream: Stream, **files: Path | None) -> Town:
        if stream.seed not in built:
            built[stream.seed] = build_town(recipe, stream=stream, **files)
        return built[stream.seed]

    return build


@pytest.fixture
def study(tmp_path: Path, town: Callable[..., Town], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Prepared]:
    """Makes a study ready, spoiled or not."""
    monkeypatch.setattr("scenarios.study.conduct.build_town", town)

    def make(text: str = GOOD, **asked: int) -> Prepared:
        path = tmp_path / "small.toml"
        path.write_text(text, encoding="utf-8")
        return prepare_curves(path, Asked(tmp_path / "out", **asked))

    return make


@pytest.fixture
def found(study: Callable[..., Prepared]) -> Callable[[Answer], Found]:
    """Conducts the study with eight seeds and answers of a formula."""

    def make(answer: Answer) -> Found:
        prepared = study(seeds=8)
        conduct(prepared, runner(answer), lambda _: None)
        return write_curves(prepared, Language.EN, COMMAND)

    return make


def panel_of(found: Found, metric: str, curve: str = "safety") -> Panel:
    """The panel of a metric and a curve."""
    return next(one for one in found.panels if (one.metric.name, one.line.name) == (metric, curve))


def test_every_point_and_one_zero_is_run_with_each_seed(study: Callable[..., Prepared]) -> None:
    """Five points and one zero for all curves, two seeds each; what is there is not run again."""
    prepared = study()
    assert len(prepared.cells) == len({one.key for one in prepared.cells}) == (5 + 1) * 2
    assert [one.plan for one in prepared.cells if not one.faults] == ["no-fault"] * 2
    conduct(prepared, runner(lambda _: (1.0, 1.0)), lambda _: None)
    assert study().missing == []
    longer = study(GOOD.replace("length_min = [0, 5, 10]", "length_min = [5, 10, 20]"))
    assert {one.plan for one in longer.missing} == {"safety-20"}


def test_what_the_fault_is_enters_into_the_folder(study: Callable[..., Prepared]) -> None:
    """Another operation makes other runs of its curve, and of no other."""
    conduct(study(), runner(lambda _: (1.0, 1.0)), lambda _: None)
    other = study(GOOD.replace("reportSafety", "listSafetyReports"))
    assert {one.plan for one in other.missing} == {"safety-5", "safety-10"}


def test_a_straight_curve_has_its_slope(found: Callable[[Answer], Found]) -> None:
    """With seed s more of s seconds a minute, the slope is the median of the seeds and its interval theirs."""
    panel = panel_of(found(lambda task: (0.0, 100.0 * task.cell.seed + task.cell.seed * minutes(task))), "t90_s")
    worth = panel.worth
    assert worth is not None
    assert worth.slope == pytest.approx(4.5)
    expected = median_interval(range(1, 9))
    assert (worth.interval.low, worth.interval.high) == pytest.approx((expected.low, expected.high))
    assert [one.values for one in panel.gaps] == [
        tuple(5.0 * s for s in range(1, 9)),
        tuple(10.0 * s for s in range(1, 9)),
    ]
    assert [(one.worse, one.better, one.hit) for one in panel.gaps] == [(8, 0, 10.0)] * 2
    assert panel.zero_median == 450.0


@pytest.mark.parametrize(
    ("added_s", "safe_min", "harmful_min"),
    [((0, 0), 10.0, None), ((60, 60), 10.0, None), ((59, 61), 5.0, 10.0), ((61, 61), 0.0, 5.0), ((61, 0), 0.0, 5.0)],
)
def test_harm_is_ruled_out_up_to_the_threshold(
    found: Callable[[Answer], Found], added_s: tuple[float, float], safe_min: float, harmful_min: float | None
) -> None:
    """A minute of T90 is no harm, more is; what holds beyond a point that is harmful counts for nothing."""
    add = {0.0: 0.0, 5.0: added_s[0], 10.0: added_s[1]}
    worth = panel_of(found(lambda task: (0.0, add[minutes(task)])), "t90_s").worth
    assert worth is not None
    assert (worth.safe_min, worth.harmful_min) == (safe_min, harmful_min)


def test_of_a_sample_harm_is_as_much_smaller(study: Callable[..., Prepared]) -> None:
    """A tenth of the town: a tenth of the people are harm, a minute stays a minute."""

    def of_a_tenth(tasks: Sequence[Task]) -> Iterator[Done]:
        for done in runner(lambda _: (0.0, 0.0))(tasks):
            table = json.loads(done.files["metrics.json"]) | {"run": {"share": 0.1}}
            yield Done(done.key, {"metrics.json": json.dumps(table).encode()})

    prepared = study(seeds=8)
    conduct(prepared, of_a_tenth, lambda _: None)
    found = write_curves(prepared, Language.EN, COMMAND)
    assert (panel_of(found, "arrived").harm, panel_of(found, "t90_s").harm) == (0.1, 60.0)


def test_fewer_arrivals_are_harm_and_more_are_not(found: Callable[[Answer], Found]) -> None:
    """Where higher is better, harm is less of it."""
    fewer = panel_of(found(lambda task: (100.0 - minutes(task), 0.0)), "arrived")
    assert fewer.worth is not None
    assert (fewer.worth.slope, fewer.worth.harmful_min) == (pytest.approx(-1.0), 5.0)
    assert [(one.worse, one.better) for one in fewer.gaps] == [(8, 0)] * 2


def test_more_arrivals_are_no_harm(found: Callable[[Answer], Found]) -> None:
    """Where higher is better, more of it is no harm at any length."""
    more = panel_of(found(lambda task: (100.0 + minutes(task), 0.0)), "arrived").worth
    assert more is not None
    assert (more.safe_min, more.harmful_min) == (10.0, None)


def test_chance_that_seeds_share_cancels(found: Callable[[Answer], Found]) -> None:
    """Seeds far apart, each a minute later under the fault: the difference has no spread at all."""
    panel = panel_of(found(lambda task: (0.0, 10.0**task.cell.seed + minutes(task))), "t90_s")
    gap = panel.gaps[1].difference
    assert (gap.median, gap.low, gap.high) == (10.0, 10.0, 10.0)


def test_few_seeds_say_nothing_of_harm(study: Callable[..., Prepared]) -> None:
    """Two seeds cannot give 95 %: no verdict, and the page says why."""
    prepared = study()
    conduct(prepared, runner(lambda task: (0.0, minutes(task))), lambda _: None)
    worth = panel_of(write_curves(prepared, Language.EN, COMMAND), "t90_s").worth
    assert isinstance(worth, Worth)
    assert (worth.slope, worth.safe_min, worth.harmful_min) == (pytest.approx(1.0), None, None)
    page = (prepared.folder / "study.html").read_text(encoding="utf-8")
    assert "six or more are needed" in page
    assert "<strong>" not in page


def test_a_run_without_a_value_leaves_its_seed_out(study: Callable[..., Prepared]) -> None:
    """Nobody arrived in one run: its pair is missing at that point, and its seed in the slope."""

    def answer(task: Task) -> tuple[float, float]:
        is_missing = (task.cell.seed, minutes(task)) == (1, 5.0)
        return 0.0, float("nan") if is_missing else minutes(task)

    prepared = study(seeds=8)
    run = runner(answer)

    def with_null(tasks: Sequence[Task]) -> Iterator[Done]:
        for done in run(tasks):
            text = done.files["metrics.json"].decode().replace("NaN", "null")
            yield Done(done.key, {"metrics.json": text.encode()})

    conduct(prepared, with_null, lambda _: None)
    panel = panel_of(write_curves(prepared, Language.EN, COMMAND), "t90_s")
    assert [one.difference.n for one in panel.gaps] == [7, 8]
    assert panel.worth is not None
    assert panel.worth.slope == pytest.approx(1.0)


def test_the_page_tells_flat_lines_and_costs_in_both_languages(study: Callable[..., Prepared]) -> None:
    """A fault that touches nobody is said to; one that does has its cost per minute; nothing is fetched."""
    prepared = study(GOOD.replace("A small study", "<script>alert(1)</script>"), seeds=8)
    conduct(prepared, runner(lambda task: (50.0, 600.0 + 30 * minutes(task))), lambda _: None)
    written = []
    for _ in range(2):
        write_curves(prepared, Language.JA, COMMAND)
        written.append({one.name: one.read_bytes() for one in prepared.folder.iterdir() if one.is_file()})
    assert written[0] == written[1]
    tables = {"results.md", "results.ja.md"}
    assert set(written[0]) == {"study.html", "results.csv", "results.json", "study.toml", *tables}
    assert re.search(
        r"^\| T90 \| .* \| \+30 s \(\+30 to \+30\) \|.*\| 8/8 \|", written[0]["results.md"].decode(), re.MULTILINE
    )
    assert study(seeds=8).missing == []
    page = written[0]["study.html"].decode()
    for words in (
        "in no seed does any figure change",
        "一人・一秒も変わらない",
        "each minute changes",
        "+30 s",
        "+30秒",
    ):
        assert words in page
    assert "<script>alert" not in page
    assert "://" not in page
    assert len(written[0]["results.csv"].decode("utf-8-sig").splitlines()) == 1 + 2 * 5


def test_districts_that_the_town_does_not_have_are_told_before_anything_runs(study: Callable[..., Prepared]) -> None:
    """With the line of the curve's fault."""
    with pytest.raises(InvalidScenario, match=r'small.toml:27: fault.districts: 会津若松市 has no district "99"'):
        study(GOOD.replace('districts = ["04"]', 'districts = ["99"]'))


def test_what_an_ideal_city_os_cannot_have_is_told_before_anything_runs(tmp_path: Path) -> None:
    """A model without bytes cannot answer in drops."""
    path = tmp_path / "drops.toml"
    text = GOOD.replace('kind = "outage"', 'kind = "trickle"\nbytes_per_s = 10')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NoTrickleOnLine, match="safety"):
        prepare_curves(path, Asked(tmp_path / "out", city_os="ideal"))
    path.write_text(text.replace('city_os = "reference"', 'city_os = "ideal"'), encoding="utf-8")
    with pytest.raises(NoTrickleOnLine, match="safety"):
        prepare_curves(path, Asked(tmp_path / "out"))


def test_a_cell_is_the_run_with_its_fault(study: Callable[..., Prepared], tmp_path: Path) -> None:
    """A cell runs the town with the fault in front of its city OS; its folder has what it takes to run it again."""
    prepared = study(seeds=1)
    task = next(one for one in prepared.tasks() if one.cell.plan == "late-2")
    done = execute.run_cell(task)
    assert done.fault_en == ""
    execute.put_away(done, tmp_path / "cells")
    folder = tmp_path / "cells" / done.key
    assert (folder / "faults.toml").read_text(encoding="utf-8") == task.cell.faults
    table = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert [(one["name"], one["kind"]) for one in table["faults"]] == [("late", "latency")]
    assert read_run(folder).seed == 1


def test_bad_input_ends_with_two_and_leaves_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All faults are lines, the exit code is 2, and nothing was made."""
    path = tmp_path / "bad.toml"
    path.write_text(GOOD.replace("reportSafety", "reportSafty").replace("seeds = 2", "seeds = 0"), encoding="utf-8")
    assert run_command(["study", str(path), "--out", str(tmp_path / "out"), "--lang", "en"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line.split(":")[2] for line in told] == ["5", "19"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_who_stops_a_study_is_told_how_much_is_left(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    sent: signal.Signals,
    code: int,
) -> None:
    """The exit code is that of Ctrl-C or of SIGTERM, and what was run is kept."""
    path = tmp_path / "small.toml"
    path.write_text(GOOD, encoding="utf-8")

    def stopped(tasks: Sequence[Task], processes: int) -> Iterator[Done]:
        yield from runner(lambda _: (1.0, 1.0))(tasks[: processes + 2])
        os.kill(os.getpid(), sent)

    monkeypatch.setattr(execute, "in_processes", stopped)
    words = ["study", str(path), "--out", str(tmp_path / "out"), "--lang", "en", "--jobs", "1"]
    assert run_command(words) == code
    assert "9 runs are missing; what was run is kept." in capsys.readouterr().err
    assert len(list((tmp_path / "out" / "cells").iterdir())) == 3
