"""Lines of a study of faults: each a row of points, each point a plan whose runs have one fault."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from scenarios.consequences.form import AGE, DELAY, LENGTH, START, Curve
from scenarios.faults.form import AnyFault, FaultFile, seconds_of
from scenarios.language import Text
from scenarios.report.texts import SECONDS_PER_MINUTE
from scenarios.study.form import Plan
from scenarios.writer import faults_text

ZERO = "no-fault"
"""Name of the plan without a fault, that all others are held against."""

VARIED = (LENGTH, DELAY, AGE)


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the axis (min), and the plan that is run there."""

    at_min: float
    plan: str


@dataclass(frozen=True, slots=True)
class Line:
    """A curve from one start, or over its starts; ``axis`` is the key that is varied, ``fault`` one of its faults."""

    name: str
    title: Text
    axis: str
    start: str
    points: tuple[Point, ...]
    fault: AnyFault

    @property
    def is_from_zero(self) -> bool:
        """Whether the axis begins where there is no fault."""
        return self.axis != START


def axes_of(curve: Mapping[str, Any]) -> list[str]:
    """Keys of a curve, or of its table, that hold lists and can be varied."""
    return [key for key in VARIED if isinstance(curve.get(key), list | tuple)]


def fault_table(fault: Mapping[str, Any], given: Mapping[str, Any], name: str, start: str) -> dict[str, Any]:
    """The entry of a file of faults for one point; ``given`` are its minutes by their keys."""
    table = {**fault, "name": name, "at": start}
    if given.get(LENGTH) is not None:
        table["until"] = _clock(seconds_of(start) + given[LENGTH] * SECONDS_PER_MINUTE)
    if given.get(DELAY) is not None:
        table["constant_s"] = given[DELAY] * SECONDS_PER_MINUTE
    if given.get(AGE) is not None:
        table["age_s"] = given[AGE] * SECONDS_PER_MINUTE
    return table


def lines_and_faults(curves: Sequence[Curve]) -> tuple[tuple[Line, ...], dict[str, str]]:
    """The lines of a study, and the file of faults of each plan in them."""
    files: dict[str, str] = {}
    lines = tuple(line for curve in curves for line in _lines(curve, files))
    return lines, files


def plans_of(lines: Sequence[Line]) -> tuple[Plan, ...]:
    """The plans of all points, the one without a fault first."""
    plain = Plan(name=ZERO, title_ja="故障なし", title_en="No fault")
    points = [(line.title, point) for line in lines for point in line.points]
    rest = (
        Plan(name=one.plan, title_ja=f"{title.ja} {one.at_min:g}", title_en=f"{title.en} {one.at_min:g}")
        for title, one in points
    )
    return (plain, *rest)


def _lines(curve: Curve, files: dict[str, str]) -> Iterator[Line]:
    table = msgspec.structs.asdict(curve)
    title = Text(curve.title_ja, curve.title_en)
    fixed = {key: table[key] for key in VARIED if not isinstance(table[key], tuple)}
    axes = axes_of(table)
    if not axes:
        points = [
            (seconds_of(start) / SECONDS_PER_MINUTE, start, fixed) for start in sorted(curve.start, key=seconds_of)
        ]
        yield _line((curve, curve.name, title), START, "", points, files)
        return
    (axis,) = axes
    for start in curve.start:
        several = len(curve.start) > 1
        name = f"{curve.name}-{start.replace(':', 'h')}" if several else curve.name
        told = Text(f"{title.ja}（開始{start}）", f"{title.en} (from {start})") if several else title
        points = [(value, start, {**fixed, axis: value}) for value in sorted({*table[axis]}) if value > 0]
        yield _line((curve, name, told), axis, start, points, files)


def _line(
    named: tuple[Curve, str, Text],
    axis: str,
    start: str,
    points: Sequence[tuple[float, str, Mapping[str, Any]]],
    files: dict[str, str],
) -> Line:
    curve, name, title = named
    tables = [fault_table(curve.fault, given, curve.name, begins) for _, begins, given in points]
    faults = [msgspec.convert(one, AnyFault) for one in tables]
    plans = [f"{name}-{value:g}".replace(".", "_") for value, _, _ in points]
    files.update((plan, faults_text(FaultFile(fault=(one,)))) for plan, one in zip(plans, faults, strict=True))
    made = tuple(Point(value, plan) for (value, _, _), plan in zip(points, plans, strict=True))
    return Line(name, title, axis, start, made, faults[0])


def _clock(time_s: float) -> str:
    minutes, seconds = divmod(round(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}" + (f":{seconds:02d}" if seconds else "")
