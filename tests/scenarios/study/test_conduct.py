"""Conducting a study: each run once, what is there is kept, results that can be worked out by hand."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from study_values import GOOD

from scenarios.comparison.folders import read_side
from scenarios.comparison.result import compare
from scenarios.errors import FailedCell, ForeignFolder, InvalidScenario, MissingPackage, UnreachableCluster, UnusableRun
from scenarios.language import Language
from scenarios.statistics import median_interval
from scenarios.study import execute
from scenarios.study.conduct import Asked, Prepared, conduct, prepare, write_results
from scenarios.study.execute import Done, Task
from scenarios.study.form import DEFAULTS
from scenarios.study.results import plain_numbers
from twin.randomness import Stream
from twin.sources.recipe import build_town
from twin.town import Town

Answer = Callable[[Task], float]


def answered(task: Task, value: float) -> Done:
    """A run whose two metrics have a value."""
    by = {"district": "04"}
    metrics = [{"name": "arrived", "value": value, "by": by}, {"name": "t90_s", "value": 2 * value, "by": {}}]
    files = {"metrics.json": json.dumps({"metrics": metrics}).encode(), "scenario.toml": task.cell.text.encode()}
    return Done(task.cell.key, files)


class Runner:
    """Answers runs by a formula, and remembers which were asked for."""

    def __init__(self, answer: Answer = lambda _: 1.0) -> None:
        self.asked: list[str] = []
        self.answer = answer

    def __call__(self, tasks: Sequence[Task]) -> Iterator[Done]:
        """Each answer in its turn."""
        for task in tasks:
            self.asked.append(task.cell.key)
            yield answered(task, self.answer(task))


@pytest.fixture(scope="module")
def town() -> Callable[..., Town]:
    """Builds each town once: it is the same for the same recipe and seed."""
    built: dict[object, Town] = {}

    def build(recipe: Path, *, stream: Stream, **files: Path | None) -> Town:
        key = (recipe, stream.seed, *files.values())
        if key not in built:
            built[key] = build_town(recipe, stream=stream, **files)
        return built[key]

    return build


@pytest.fixture
def study(tmp_path: Path, town: Callable[..., Town], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Prepared]:
    """Makes a study ready, spoiled or not."""
    monkeypatch.setattr("scenarios.study.conduct.build_town", town)

    def make(text: str = GOOD, **asked: int) -> Prepared:
        path = tmp_path / "small.toml"
        path.write_text(text, encoding="utf-8")
        return prepare(path, Asked(tmp_path / "out", **asked))

    return make


def untold(_left: int) -> None:
    """Nobody listens."""


def test_each_run_is_done_once_and_never_again(study: Callable[..., Prepared]) -> None:
    """2 plans x 2 sets x 2 seeds and 2 trajectories of 3 points; a second sweep has nothing to do."""
    prepared, runner = study(), Runner()
    conduct(prepared, runner, untold)
    assert len(runner.asked) == len(set(runner.asked)) == 2 * 2 * 2 + 2 * 3
    again = Runner()
    conduct(study(), again, untold)
    assert again.asked == []
    assert study().estimated_s(2) == 0


def test_a_changed_plan_alone_is_run_again(study: Callable[..., Prepared]) -> None:
    """Runs are named by what enters into them: other words change nothing, another shelter changes that plan."""
    conduct(study(), Runner(), untold)
    reworded = Runner()
    conduct(study(GOOD.replace("Two more", "Three words")), reworded, untold)
    assert reworded.asked == []
    changed = Runner()
    conduct(study(GOOD.replace("more = 2", "more = 1")), changed, untold)
    assert {key.split(".")[1] for key in changed.asked} == {"more"}
    assert len(changed.asked) == 4


def test_other_code_runs_again(study: Callable[..., Prepared], monkeypatch: pytest.MonkeyPatch) -> None:
    """What other code found is no answer of this one: its runs stay where they are, and none is used."""
    first = Runner()
    conduct(study(), first, untold)
    monkeypatch.setattr("scenarios.study.conduct.code_hash", lambda: "other")
    changed, again = study(), Runner()
    assert changed.unused == len(first.asked)
    conduct(changed, again, untold)
    assert len(again.asked) == len(first.asked)
    assert not {*again.asked} & {*first.asked}


def test_a_worker_with_other_code_runs_nothing(study: Callable[..., Prepared]) -> None:
    """A machine of the cluster with another version says so, and gives no result."""
    task = study().tasks()[0]
    done = execute.run_cell(replace(task, inputs=replace(task.inputs, code="other")))
    assert done.files == {}
    assert "same version" in done.fault_en


def test_a_study_that_is_stopped_goes_on_where_it_was(study: Callable[..., Prepared]) -> None:
    """Ctrl-C loses the runs under way and no others; nothing half written stays."""

    def stopped(task: Task) -> float:
        if len(runner.asked) == 5:
            raise KeyboardInterrupt
        return 1.0

    runner = Runner(stopped)
    with pytest.raises(KeyboardInterrupt):
        conduct(study(), runner, untold)
    prepared, rest = study(), Runner()
    kept = sorted(one.name for one in (prepared.folder / "cells").iterdir())
    assert kept == sorted(runner.asked[:4])
    left: list[int] = []
    conduct(prepared, rest, left.append)
    assert len(rest.asked) == 14 - 4
    assert left == list(range(9, -1, -1))


def test_a_run_that_fails_costs_no_other(study: Callable[..., Prepared]) -> None:
    """The fault names the run in both languages; all others are there afterwards."""

    def some(tasks: Sequence[Task]) -> Iterator[Done]:
        for number, task in enumerate(tasks):
            yield Done(task.cell.key, {}, "道がない。", "No road.") if number == 2 else answered(task, 1.0)

    with pytest.raises(FailedCell) as caught:
        conduct(study(), some, untold)
    assert "道がない。" in caught.value.lines(Language.JA)[0]
    assert "No road." in caught.value.lines(Language.EN)[0]
    assert len(study().missing) == 1


def test_a_folder_of_other_things_is_left_alone(study: Callable[..., Prepared], tmp_path: Path) -> None:
    """A study writes into no folder that holds anything of somebody else's."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ForeignFolder):
        study()
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["thesis.txt"]


def test_what_the_town_does_not_have_is_told_before_anything_runs(study: Callable[..., Prepared]) -> None:
    """A district, and shelters that no plan can open, with the line of the study file."""
    text = GOOD.replace('districts = ["04"]', 'districts = ["99"]').replace("more = 2", "share = 1")
    with pytest.raises(InvalidScenario, match=r'small.toml:23: districts: 会津若松市 has no district "99"'):
        study(text)
    with pytest.raises(InvalidScenario, match=r"small.toml:24: more is 999, but only 6 shelters"):
        study(GOOD.replace("more = 2", "more = 999"))


def test_differences_are_those_of_common_seeds(study: Callable[..., Prepared]) -> None:
    """B is always 3 above A of the same seed: the difference is 3 with no spread, whatever the seeds do."""
    prepared = study(seeds=9)
    conduct(prepared, Runner(lambda task: task.cell.seed**2 + 3.0 * (task.cell.plan == "more")), untold)
    results = write_results(prepared, Language.EN, "citytwin sweep small.toml")
    arrived, _ = results.figures
    first, more = arrived.plans
    assert first.values == tuple(float(seed**2) for seed in range(1, 10))
    assert first.interval == median_interval(first.values)
    assert first.difference is None
    assert more.difference is not None
    assert (more.difference.median, more.difference.low, more.difference.high) == (3.0, 3.0, 3.0)
    assert more.difference.probability_b_lower == 0.0
    assert first.natural == (1.0, 81.0)
    assert first.knowledge == (25.0, 25.0)


def test_chance_and_ignorance_stand_apart(study: Callable[..., Prepared]) -> None:
    """What seeds do is in the one range alone, what parameter sets do in the other."""
    prepared = study()
    conduct(prepared, Runner(lambda task: task.cell.seed + 100.0 * (task.cell.parameters != DEFAULTS)), untold)
    figure = write_results(prepared, Language.EN, "").figures[0].plans[0]
    assert figure.natural == (1.0, 2.0)
    assert figure.knowledge == (1.5, 101.5)


def test_what_a_plan_changes_is_taken_within_each_set(study: Callable[..., Prepared]) -> None:
    """The plan adds 1 where the defaults hold and 5 where people are slow: a range of 1 to 5, whatever the sets do."""

    def answer(task: Task) -> float:
        is_slow = task.cell.parameters == "slow"
        return 100.0 * is_slow + (task.cell.plan == "more") * (5.0 if is_slow else 1.0)

    prepared = study()
    conduct(prepared, Runner(answer), untold)
    first, more = write_results(prepared, Language.EN, "").figures[0].plans
    assert (first.difference_knowledge, more.difference_knowledge) == (None, (1.0, 5.0))
    one_set = study(GOOD.partition("[[parameter_set]]")[0] + "[[metric]]" + GOOD.partition("[[metric]]")[2])
    conduct(one_set, Runner(answer), untold)
    alone = write_results(one_set, Language.EN, "").figures[0].plans[1]
    assert (alone.knowledge, alone.difference_knowledge) == (None, None)


def test_runs_without_a_value_are_told(study: Callable[..., Prepared]) -> None:
    """Nobody arrived in three of nine runs of a plan: six values, six pairs, and the page says so."""
    prepared = study(seeds=9)
    runs = Runner(lambda task: float("nan") if (task.cell.plan, task.cell.seed % 3) == ("more", 0) else 1.0)

    def with_null(tasks: Sequence[Task]) -> Iterator[Done]:
        for done in runs(tasks):
            text = done.files["metrics.json"].decode().replace("NaN", "null")
            yield replace(done, files={**done.files, "metrics.json": text.encode()})

    conduct(prepared, with_null, untold)
    first, more = write_results(prepared, Language.EN, "").figures[0].plans
    assert more.difference is not None
    assert (first.seeds, len(first.values), len(more.values), more.difference.n) == (9, 9, 6, 6)
    page = (prepared.folder / "study.html").read_text(encoding="utf-8")
    assert page.count("a value in 6 of 9 seeds") == 2
    lines = (prepared.folder / "results.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [(line.split(",")[5], line.split(",")[-1]) for line in lines[1:3]] == [("9", ""), ("6", "6")]


def test_a_screening_of_several_seeds_is_that_of_their_mean(study: Callable[..., Prepared]) -> None:
    """Where the second seed alone feels a parameter, its effect is half of what it is there."""

    def answer(task: Task) -> float:
        return (task.cell.seed == 2) * 10 * _behaviour(task.cell.text)["leaving.damaged_share"]

    prepared = study(GOOD.replace("levels = 4", "levels = 4\nseeds = 2"))
    conduct(prepared, Runner(answer), untold)
    screened = write_results(prepared, Language.EN, "").screened[0]
    assert dict(screened.ranked())["leaving.damaged_share"].mu_star == pytest.approx(2.5)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_null(value: float) -> None:
    """JSON knows no other word for it."""
    assert plain_numbers({"a": [value, (1.0, value)]}) == {"a": [None, [1.0, None]]}


def test_screening_finds_the_slope_of_each_parameter(study: Callable[..., Prepared]) -> None:
    """A figure that is 10 a + b / 100 of the parameters a and b has these slopes times the ranges as effects."""

    def linear(task: Task) -> float:
        behaviour = _behaviour(task.cell.text)
        return 10 * behaviour["leaving.damaged_share"] + behaviour.get("preparing.earthquake_mean_s", 0.0) / 100

    prepared = study()
    conduct(prepared, Runner(linear), untold)
    screened = write_results(prepared, Language.EN, "").screened[0]
    assert [key for key, _ in screened.ranked()] == ["preparing.earthquake_mean_s", "leaving.damaged_share"]
    assert [effect.mu_star for _, effect in screened.ranked()] == pytest.approx([30.0, 5.0])
    assert [effect.sigma for effect in screened.effects] == pytest.approx([0.0, 0.0], abs=1e-9)


def _behaviour(text: str) -> dict[str, float]:
    lines = text.partition("[behaviour]\n")[2].partition("\n\n")[0].splitlines()
    pairs = [line.split(" = ") for line in lines if line.startswith('"')]
    return {key.strip('"'): float(value) for key, value in pairs}


def test_results_are_files_that_can_be_written_again(study: Callable[..., Prepared]) -> None:
    """Page, CSV and JSON are equal for equal runs; the page has both languages, fetches nothing, and escapes titles."""
    prepared = study(GOOD.replace("A small study", "<script>alert(1)</script>"))
    conduct(prepared, Runner(lambda task: float(task.cell.seed)), untold)
    written = []
    for _ in range(2):
        write_results(prepared, Language.JA, "citytwin sweep small.toml")
        written.append({one.name: one.read_bytes() for one in prepared.folder.iterdir() if one.is_file()})
    assert written[0] == written[1]
    assert set(written[0]) == {"study.html", "results.csv", "results.json", "study.toml"}
    page = written[0]["study.html"].decode()
    assert "小さな検討" in page
    assert "<script>alert" not in page
    assert "://" not in page
    assert len(written[0]["results.csv"].decode("utf-8-sig").splitlines()) == 1 + 2 * 2


def test_a_cell_is_the_run_that_its_scenario_gives(study: Callable[..., Prepared], tmp_path: Path) -> None:
    """The one function of processes and cluster runs the town, and its folder holds what compare reads, and no page."""
    task = study(GOOD.replace("[screening]", "[screening]\nseeds = 1"), seeds=1).tasks()[0]
    done = execute.run_cell(task)
    assert done.fault_en == ""
    assert {"metrics.json", "trace.parquet", "people.parquet", "scenario.toml"} <= set(done.files)
    assert not [name for name in done.files if name.endswith((".html", ".jsonl"))]
    execute.put_away(done, tmp_path)
    itself = compare(tmp_path / done.key, tmp_path / done.key, lambda _stage, _share: None)
    same = itself.count("life", "same")
    assert same is not None
    table = json.loads(done.files["metrics.json"])
    assert table["run"]["scenario"] == "drill"
    found = {one["name"]: one["value"] for one in table["metrics"] if not one["by"]}
    assert 50 <= found["people"] <= 70
    assert same.people == (found["people"],)


def test_a_plan_of_a_study_is_a_side_of_a_comparison(study: Callable[..., Prepared], tmp_path: Path) -> None:
    """STUDY/PLAN names the runs of its seeds that the study shows, and of no others that lie there."""
    prepared = study(seeds=2)
    conduct(prepared, HeadedRunner(), untold)
    with pytest.raises(UnusableRun, match="not finished"):
        read_side(tmp_path / "out" / "as-is")
    write_results(prepared, Language.EN, "")
    plans = list(dict.fromkeys(cell.plan for cell in prepared.cells))
    for plan in plans:
        side = read_side(tmp_path / "out" / plan)
        used = {one.key for one in prepared.cells if (one.plan, one.parameters) == (plan, DEFAULTS)}
        assert {run.folder.name for run in side.runs.values()} == used
    with pytest.raises(UnusableRun, match=plans[0]):
        read_side(tmp_path / "out" / "no-such-plan")
    with pytest.raises(UnusableRun, match="name a plan"):
        read_side(tmp_path / "out")


class HeadedRunner(Runner):
    """Answers with what a finished run says of itself too."""

    def __call__(self, tasks: Sequence[Task]) -> Iterator[Done]:
        """Each answer in its turn."""
        for task, done in zip(tasks, super().__call__(tasks), strict=True):
            head = {"town": "1", "duration_s": 60.0, "scenario": "drill", "city_os": "none", "version": "1"}
            table = json.loads(done.files["metrics.json"]) | {"run": {**head, "seed": task.cell.seed}}
            yield replace(done, files={**done.files, "metrics.json": json.dumps(table).encode()})


def test_a_run_that_cannot_be_is_an_answer(study: Callable[..., Prepared]) -> None:
    """A fault that a user can mend comes back in both languages, without the place of the temporary file."""
    task = study(seeds=1).tasks()[0]
    text = task.cell.text.replace('"town" = "synthetic"', '"town" = "atlantis"')
    done = execute.run_cell(replace(task, cell=replace(task.cell, text=text)))
    assert done.files == {}
    assert "atlantis" in done.fault_en
    assert "atlantis" in done.fault_ja
    assert "/tmp" not in done.fault_en  # noqa: S108 - the text is looked at, nothing is opened


class FakeClient:
    """Does on the spot what a cluster would do elsewhere."""

    def __init__(self, address: str, timeout: float) -> None:
        if address == "tcp://nobody:1":
            raise OSError("timed out")

    def map(self, work: Callable[[Task], Done], tasks: Sequence[Task], **_: object) -> list["FakeFuture"]:
        """One future for each task."""
        return [FakeFuture(answered(task, 1.0)) for task in tasks]

    def close(self) -> None:
        """Nothing is open."""


class FakeFuture:
    """A result that is there."""

    def __init__(self, done: Done) -> None:
        self._done = done

    def result(self) -> Done:
        """The result."""
        return self._done

    def release(self) -> None:
        """Nothing is held."""


class FakeDistributed:
    """What is used of dask.distributed."""

    Client = FakeClient

    @staticmethod
    def as_completed(futures: list[FakeFuture]) -> Iterator[FakeFuture]:
        """Futures in some other order."""
        return reversed(futures)


def test_a_cluster_gives_the_same_cells(study: Callable[..., Prepared], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the order in which a cluster is done, the folders are those of processes."""
    monkeypatch.setattr(execute, "_distributed", FakeDistributed)
    monkeypatch.setattr(execute, "_knock", lambda _: None)
    prepared = study()
    conduct(prepared, lambda tasks: execute.on_cluster(tasks, "tcp://here:1", 2), untold)
    assert study().missing == []


def test_no_cluster_is_told(study: Callable[..., Prepared], monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an address where nobody answers nor a missing package is a traceback."""
    with monkeypatch.context() as patched:
        patched.setattr(execute, "_distributed", FakeDistributed)
        patched.setattr(execute, "_knock", lambda _: None)
        with pytest.raises(UnreachableCluster, match="tcp://nobody:1 cannot be reached: timed out"):
            conduct(study(), lambda tasks: execute.on_cluster(tasks, "tcp://nobody:1", 2), untold)

    def absent(name: str) -> object:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(execute, "import_module", absent)
    with pytest.raises(MissingPackage, match=r"citytwin\[cluster\]"):
        conduct(study(), lambda tasks: execute.on_cluster(tasks, "local", 2), untold)
