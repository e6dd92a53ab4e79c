"""Reads a study file and collects every fault in it, each with file and line, before any is raised."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, get_args

import msgspec

from conformance.toml_lines import LineIndex
from conformance.toml_lines import Path as KeyPath
from scenarios.errors import Fault, InvalidScenario, UnknownScenario, UnknownStudy, hint_for
from scenarios.metrics import definitions
from scenarios.reader import (
    Reading,
    behaviour_faults,
    by_line,
    find_scenario,
    flat_table,
    load_file,
    read_scenario,
    shown,
)
from scenarios.scenario import Form, Scenario
from scenarios.study.form import DEFAULTS, PARTS, Measured, Plan, Study
from scenarios.study.plans import is_meant, planned
from twin.parameters import Parameter, Parameters
from twin.town import Town


@dataclass(frozen=True, slots=True)
class StudyFile:
    """A study that was read: its scenarios as they stand in their files, and the lines of its own keys.

    ``faults`` are the files of faults of plans that have any, by the plan's name.
    """

    path: Path
    study: Study
    bases: Mapping[str, Scenario]
    index: LineIndex
    faults: Mapping[str, str] = field(default_factory=dict)

    def faults_in(self, town: Town) -> Iterable[Fault]:
        """Parts that metrics are asked of and a town does not have."""
        known = {"district": [one.code for one in town.districts], "shelter": [one.id for one in town.shelters]}
        for number, metric in enumerate(self.study.metric):
            for part in known.keys() & metric.by.keys():
                value = metric.by[part]
                if value not in known[part]:
                    where = f"{self.path}:{self.index.line_of(('metric', number, 'by'))}"
                    values = {"value": shown(value), "town": town.name, "hint": hint_for(value, known[part])}
                    yield Fault(where, f"unknown_{part}", {"key": "by", **values})

    def place(self, plan: int, scenario: Scenario, at: KeyPath) -> KeyPath:
        """Where in the study file that stands which was found at a place of a plan's scenario."""
        return placed(self.study.plan[plan], plan, scenario, at)


PLANS, CURVES = "plan", "curve"
"""Tables that a study is made of: one of plans, or one of curves of faults."""


def shipped_studies(table: str = PLANS) -> list[str]:
    """Names of the studies that ship and are made of such tables."""
    ours = [entry for entry in _library().iterdir() if entry.name.endswith(".toml")]
    return sorted(one.name.removesuffix(".toml") for one in ours if table in tomllib.loads(one.read_text("utf-8")))


def find_study(name_or_path: str, table: str = PLANS) -> Path:
    """The file of a shipped study, or the file at a path; who reads it tells whether it is of another kind.

    Raises:
        UnknownStudy: neither is there; the message has the nearest name and the list of those of ``table``.
    """
    known = shipped_studies(table)
    if any(name_or_path in shipped_studies(kind) for kind in (PLANS, CURVES)):
        return Path(str(_library().joinpath(f"{name_or_path}.toml")))
    if Path(name_or_path).is_file():
        return Path(name_or_path)
    raise UnknownStudy(name_or_path, known)


def _library() -> Traversable:
    return files("scenarios").joinpath("studies")


def read_study(path: Path, parameters: Parameters) -> StudyFile:
    """The study of a file.

    Raises:
        InvalidScenario: with every fault of the file, or of a scenario file that it names.
    """
    table, index = load_file(path)
    table = flattened(table)
    if CURVES in table and PLANS not in table:
        raise InvalidScenario([Fault(f"{path}:{index.line_of((CURVES, 0))}", "curves_not_plans")])
    reading = StudyReading(str(path), table, index)
    reading.check_table(table, Study, ())
    if reading.faults:
        raise InvalidScenario(by_line(reading.faults))
    study = msgspec.convert(table, Study)
    bases = bases_of(reading, study.scenarios, parameters)
    _check_names(reading, study)
    _check_parameters(reading, study, parameters)
    for number, plan in enumerate(study.plan):
        _check_plan(reading, study, (number, plan), bases)
    if reading.faults:
        # A plan is looked at with each scenario: what is wrong with all of them is told once.
        raise InvalidScenario(by_line(reading.faults))
    return StudyFile(path, study, bases, index)


def placed(plan: Plan, number: int, scenario: Scenario, at: KeyPath) -> KeyPath:
    """The place of a key of a plan's scenario in the study file: of an added event, its own; else the plan."""
    kept = len(scenario.event) - len(plan.event)
    if len(at) > 1 and at[0] == "event" and isinstance(at[1], int) and at[1] >= kept:
        return ("plan", number, "event", at[1] - kept, *at[2:])
    return ("plan", number)


class StudyReading(Reading):
    """A study file being read: tables within tables by their own forms."""

    def check_field(self, value: object, one: msgspec.structs.FieldInfo, path: KeyPath) -> None:
        """Whatever is wrong in the value of one key."""
        form = None if one.name in {"event", "behaviour"} else _form_in(one.type)
        if form is not None and isinstance(value, list) and value:
            for number, entry in enumerate(value):
                if isinstance(entry, dict):
                    self.check_table(entry, form, (*path, number))
                else:
                    self.wrong(entry, (*path, number), form)
        elif form is not None and isinstance(value, dict) and not _is_row(one.type):
            self.check_table(value, form, path)
        else:
            super().check_field(value, one, path)


@dataclass
class _PlanReading(Reading):
    """The scenario that a plan makes, being checked: faults stand where the plan is written."""

    to_place: Any = field(kw_only=True)

    def add(self, path: KeyPath, message: str, /, **values: object) -> None:
        """Note a fault at a key of the scenario."""
        super().add(self.to_place(path), message, **values)


def _form_in(hint: object) -> type[Form] | None:
    if isinstance(hint, type) and issubclass(hint, Form):
        return hint
    return next((found for one in get_args(hint) if (found := _form_in(one)) is not None), None)


def _is_row(hint: object) -> bool:
    return getattr(hint, "__origin__", None) is tuple or any(_is_row(one) for one in get_args(hint)[:1])


def flattened(table: Any, key: str = "") -> Any:
    """The same tables, every ``behaviour`` with dotted keys."""
    if key == "behaviour":
        return flat_table(table)
    if isinstance(table, dict):
        return {name: flattened(value, name) for name, value in table.items()}
    return [flattened(one) for one in table] if isinstance(table, list) else table


def bases_of(reading: StudyReading, scenarios: Sequence[str], parameters: Parameters) -> dict[str, Scenario]:
    """The scenarios by the name under which their results stand."""
    bases: dict[str, Scenario] = {}
    for number, name in enumerate(scenarios):
        try:
            path = find_scenario(name)
        except UnknownScenario as unknown:
            fault = unknown.faults[0]
            reading.add(("scenarios", number), fault.key, **fault.values)
            continue
        if path.stem in bases:
            reading.add(("scenarios", number), "study_twice", key="scenarios", value=shown(name))
        bases[path.stem] = read_scenario(path, parameters)
    return bases


def _check_names(reading: StudyReading, study: Study) -> None:
    for kind, names in (
        ("plan", [one.name for one in study.plan]),
        ("parameter_set", [one.name for one in study.parameter_set]),
    ):
        for number, name in enumerate(names):
            if name in names[:number]:
                reading.add((kind, number, "name"), "study_twice", key=f"{kind}.name", value=shown(name))
    for number, one in enumerate(study.parameter_set):
        if one.name == DEFAULTS:
            reading.add(
                ("parameter_set", number, "name"), "study_twice", key="parameter_set.name", value=shown(one.name)
            )
    check_metrics(reading, study.metric)
    wanted = study.screening.plan if study.screening else None
    if wanted is not None and wanted not in {one.name for one in study.plan}:
        hint = hint_for(wanted, [one.name for one in study.plan])
        reading.add(("screening", "plan"), "unknown_plan", value=shown(wanted), hint=hint)


def check_metrics(reading: StudyReading, metrics: Sequence[Measured]) -> None:
    """Metrics and their parts that there are not."""
    known = sorted(definitions())
    asked: list[tuple[str, dict[str, str]]] = []
    for number, metric in enumerate(metrics):
        if (metric.name, metric.by) in asked:
            reading.add(("metric", number, "name"), "study_twice", key="metric.name", value=shown(metric.name))
        asked.append((metric.name, metric.by))
        if metric.name not in definitions():
            hint = hint_for(metric.name, known)
            reading.add(("metric", number, "name"), "unknown_metric", value=shown(metric.name), hint=hint)
        for part in sorted(metric.by.keys() - PARTS):
            reading.add(("metric", number, "by"), "unknown_part", value=shown(part), hint=hint_for(part, sorted(PARTS)))


def _check_parameters(reading: StudyReading, study: Study, parameters: Parameters) -> None:
    for path, behaviour in _behaviours(study):
        for key, fault in behaviour_faults(behaviour, parameters):
            reading.add((*path, *key.split(".")), fault.key, **fault.values)
    keys: list[str] = []
    for number, varied in enumerate(study.screening.parameter if study.screening else ()):
        place: KeyPath = ("screening", "parameter", number)
        if varied.key in keys:
            reading.add((*place, "key"), "study_twice", key="screening.parameter.key", value=shown(varied.key))
        keys.append(varied.key)
        if varied.key not in parameters:
            hint = hint_for(varied.key, sorted(parameters))
            reading.add((*place, "key"), "unknown_parameter", key=varied.key, hint=hint)
        else:
            _check_range(reading, place, parameters[varied.key], (varied.low, varied.high))


def _check_range(
    reading: StudyReading, place: KeyPath, parameter: Parameter, given: tuple[float | None, float | None]
) -> None:
    if isinstance(parameter.value, tuple):
        reading.add((*place, "key"), "screened_list", key=parameter.key, count=len(parameter.value))
        return
    low = parameter.low if given[0] is None else given[0]
    high = parameter.high if given[1] is None else given[1]
    if not parameter.low <= low < high <= parameter.high:
        values = {"key": parameter.key, "low": f"{low:g}", "high": f"{high:g}"}
        reading.add(place, "screened_range", **values, least=f"{parameter.low:g}", most=f"{parameter.high:g}")


def _behaviours(study: Study) -> Iterator[tuple[KeyPath, Mapping[str, object]]]:
    yield ("set", "behaviour"), study.set.behaviour
    for number, plan in enumerate(study.plan):
        yield ("plan", number, "set", "behaviour"), plan.set.behaviour
    for number, one in enumerate(study.parameter_set):
        yield ("parameter_set", number, "behaviour"), one.behaviour


def _check_plan(reading: StudyReading, study: Study, numbered: tuple[int, Plan], bases: Mapping[str, Scenario]) -> None:
    """What is wrong in a plan only for a scenario that it changes."""
    number, plan = numbered
    for name, base in bases.items():
        for row, drop in enumerate(plan.drop):
            if not any(is_meant(drop, event) for event in base.event):
                what = drop.kind if drop.at is None else f"{drop.kind} {drop.at}"
                reading.add(("plan", number, "drop", row), "nothing_dropped", value=what, scenario=name)
        scenario = planned(study, plan, base)
        table = {**msgspec.to_builtins(scenario), "event": [msgspec.to_builtins(one) for one in scenario.event]}
        checked = _PlanReading(
            reading.path, table, reading.index, to_place=lambda at, made=scenario: placed(plan, number, made, at)
        )
        checked.check_meaning(table)
        reading.faults += checked.faults
