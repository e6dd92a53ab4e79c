"""Reads a study of faults and collects every fault in it, each with file and line, before any is raised."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from conformance.toml_lines import Path as KeyPath
from scenarios.consequences.form import AGE, DELAY, LENGTH, USUAL, CurveStudy, Drawn
from scenarios.consequences.points import VARIED, Line, axes_of, fault_table, lines_and_faults, plans_of
from scenarios.errors import Fault, InvalidScenario
from scenarios.expected import is_valid
from scenarios.faults.form import KINDS, AnyFault, seconds_of
from scenarios.faults.reader import FaultReading, check_meaning
from scenarios.reader import behaviour_faults, by_line, load_file, shown
from scenarios.report.texts import SECONDS_PER_MINUTE
from scenarios.scenario import Scenario
from scenarios.study.form import Study
from scenarios.study.reader import CURVES, PLANS, StudyFile, StudyReading, bases_of, check_metrics, flattened
from twin.parameters import Parameters
from twin.town import Town
from twin.units import SECONDS_PER_HOUR

NEEDED_KIND = {DELAY: "latency", AGE: "stale"}
"""Kinds of faults whose size a key of a curve gives."""

GIVEN_BY = {"name": "name", "at": "start", "until": "length_min"}
"""Keys of a fault that a curve always gives by keys of its own."""

SIZE_BY = {"constant_s": DELAY, "age_s": AGE}
"""Keys of a fault that a curve gives if it has keys of its own for them."""

LEAST_LENGTH_S = 1.0
"""Shortest fault (s): a file of faults has its times in whole seconds."""


@dataclass(frozen=True)
class CurvesFile(StudyFile):
    """A study of faults: ``study`` has a plan for each point, ``lines`` say which make a curve."""

    lines: tuple[Line, ...] = ()
    drawn: tuple[Drawn, ...] = ()

    def faults_in(self, town: Town) -> Iterable[Fault]:
        """Districts of faults and parts of metrics that a town does not have."""
        yield from super().faults_in(town)
        reading = _CurveFaults(str(self.path), {}, self.index)
        entries = [msgspec.structs.replace(one.fault, name=str(number)) for number, one in enumerate(self.lines)]
        rows = [int(one) for one in self._curve_rows()]
        check_meaning(reading, list(zip(rows, entries, strict=True)), town)
        yield from reading.faults

    def _curve_rows(self) -> Iterator[int]:
        """The place of each line's curve in the file."""
        names = list(dict.fromkeys(one.fault.name for one in self.lines))
        for line in self.lines:
            yield names.index(line.fault.name)


def read_curves(path: Path, parameters: Parameters) -> CurvesFile:
    """The study of a file.

    Raises:
        InvalidScenario: with every fault of the file, or of a scenario file that it names.
    """
    table, index = load_file(path)
    table = flattened(table)
    if PLANS in table and CURVES not in table:
        raise InvalidScenario([Fault(f"{path}:{index.line_of((PLANS, 0))}", "plans_not_curves")])
    reading = StudyReading(str(path), table, index)
    reading.check_table(table, CurveStudy, ())
    _check_curves(reading, table.get("curve"))
    if reading.faults:
        raise InvalidScenario(by_line(reading.faults))
    form = msgspec.convert(table, CurveStudy)
    bases = bases_of(reading, form.scenarios, parameters)
    check_metrics(reading, form.metric)
    for key, fault in behaviour_faults(form.set.behaviour, parameters):
        reading.add(("set", "behaviour", *key.split(".")), fault.key, **fault.values)
    _check_starts(reading, form, bases)
    _check_lengths(reading, form)
    lines, faults = lines_and_faults(form.curve)
    _check_points(reading, form, lines)
    if reading.faults:
        raise InvalidScenario(by_line(reading.faults))
    drawn = form.metric or USUAL
    return CurvesFile(path, _study(form, lines, drawn), bases, index, faults, lines, drawn)


def _study(form: CurveStudy, lines: tuple[Line, ...], drawn: tuple[Drawn, ...]) -> Study:
    """The same as a study of plans, one for each point."""
    return Study(
        name=form.name,
        title_ja=form.title_ja,
        title_en=form.title_en,
        scenarios=form.scenarios,
        seeds=form.seeds,
        city_os=form.city_os,
        set=form.set,
        plan=plans_of(lines),
        metric=drawn,
    )


class _CurveFaults(FaultReading):
    """Faults of curves being read: the ``number``-th fault stands in the ``number``-th curve."""

    def add(self, path: KeyPath, message: str, /, **values: object) -> None:
        """Note a fault at a key of a curve's fault."""
        super().add(("curve", path[1], "fault", *path[2:]) if path[:1] == ("fault",) else path, message, **values)


def _check_curves(reading: StudyReading, curves: object) -> None:
    """What is wrong in curves that are tables: which key is varied, and the fault itself."""
    faults = _CurveFaults(reading.path, {}, reading.index)
    whole: list[tuple[int, AnyFault]] = []
    names: list[object] = []
    for number, curve in enumerate(curves if isinstance(curves, list) else []):
        if not isinstance(curve, dict) or not isinstance(curve.get("fault"), dict):
            continue
        if curve.get("name") in names:
            reading.add(("curve", number, "name"), "study_twice", key="curve.name", value=shown(curve["name"]))
        names.append(curve.get("name"))
        _check_keys(reading, number, curve)
        # The fault as it is at some point: whatever its minutes, the rest of it is right or wrong.
        given = {key: 1.0 for key in (DELAY, AGE) if key in curve}
        fault = {key: value for key, value in curve["fault"].items() if key not in GIVEN_BY}
        entry = fault_table(fault, given, str(number), "0:00")
        faults.check_fault(entry, ("fault", number))
        if is_valid(entry, AnyFault):
            whole.append((number, msgspec.convert(entry, AnyFault)))
    check_meaning(faults, whole, None)
    reading.faults += faults.faults


def _check_keys(reading: StudyReading, number: int, curve: Mapping[str, Any]) -> None:
    axes = axes_of(curve)
    starts = curve.get("start", ())
    if len(axes) > 1 or (not axes and not (isinstance(starts, list) and len(starts) > 1)):
        reading.add(("curve", number), "curve_axis", axes=", ".join(axes) or "-")
    elif axes and not any(_is_number(one) and one > 0 for one in curve[axes[0]]):
        reading.add(("curve", number, axes[0]), "curve_zero", key=axes[0])
    for key in [one for one in VARIED if _is_number(curve.get(one)) and curve[one] == 0]:
        reading.add(("curve", number, key), "curve_zero", key=key)
    kind = curve["fault"].get("kind")
    for key, needed in NEEDED_KIND.items():
        if key in curve and kind in KINDS and kind != needed:
            reading.add(("curve", number, key), "curve_kind", key=key, needed=needed, kind=kind)
    given_by = GIVEN_BY | {key: by for key, by in SIZE_BY.items() if by in curve}
    for key in sorted(given_by.keys() & curve["fault"].keys()):
        reading.add(("curve", number, "fault", key), "curve_given", key=key, by=given_by[key])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_lengths(reading: StudyReading, form: CurveStudy) -> None:
    """Faults that would be over before they begin."""
    for number, curve in enumerate(form.curve):
        lengths_min = curve.length_min if isinstance(curve.length_min, tuple) else (curve.length_min or 0.0,)
        for one in lengths_min:
            if 0 < one * SECONDS_PER_MINUTE < LEAST_LENGTH_S:
                reading.add(("curve", number, LENGTH), "curve_short", key=LENGTH, value=f"{one:g}")


def _check_points(reading: StudyReading, form: CurveStudy, lines: Sequence[Line]) -> None:
    """Points that would be one run: the same time twice, or a curve that is called as another's points are."""
    numbers = {one.name: number for number, one in enumerate(form.curve)}
    names: set[str] = set()
    for line in lines:
        for point in line.points:
            if point.plan in names:
                reading.add(("curve", numbers[line.fault.name]), "study_twice", key="curve", value=shown(point.plan))
            names.add(point.plan)


def _check_starts(reading: StudyReading, form: CurveStudy, bases: Mapping[str, Scenario]) -> None:
    """Faults that begin after the end of a scenario."""
    shortest_h = min((form.set.duration_h or base.duration_h for base in bases.values()), default=float("inf"))
    for number, curve in enumerate(form.curve):
        for start in curve.start:
            if seconds_of(start) > shortest_h * SECONDS_PER_HOUR:
                reading.add(("curve", number, "start"), "late_event", value=start, hours=f"{shortest_h:g}")
