"""Verdict: what was measured, by operation and service class, held against the objectives."""

import enum
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hdrh.histogram import HdrHistogram

from conformance.contract.operations import load_operations
from scenarios.load.calls import Measured
from scenarios.load.objectives import CLASSES, LoadMode, Objective, Objectives

LONGEST_US = 3_600_000_000
"""Longest latency that is kept apart (an hour)."""

DIGITS = 3
"""Significant digits of a latency: 0.1 %."""

REPORTS = "reportSafety"
PUT_OFF = (429, 503)


class Outcome(enum.StrEnum):
    """What came of a load; the exit code follows it."""

    HELD = "held"
    """Every objective held."""
    BROKEN = "broken"
    """An objective was broken, or the oracle found the service wrong."""
    NONE = "none"
    """No verdict: the generator lagged, or nothing was measured."""


EXIT_CODE = {Outcome.HELD: 0, Outcome.BROKEN: 1, Outcome.NONE: 2}


@dataclass(frozen=True, slots=True)
class Latency:
    """A distribution of latencies (ms), from the time at which calls were due to the end of their answers."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What was measured of an operation or a class; ``errors`` are counts by kind, put-off calls by theirs.

    ``rate`` is calls a second over the length of the load. ``injected`` counts answers by the fault that a proxy named
    in them, whether they failed or not.
    """

    name: str
    service_class: str
    calls: int
    rate: float
    latency: Latency
    errors: Mapping[str, int]
    put_off: int
    injected: Mapping[str, int] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        """Calls that did not do what was asked."""
        return sum(self.errors.values())

    def success(self, *, may_put_off: bool) -> float:
        """Share of calls that did what was asked (0..1); those put off are left out where they may be."""
        judged = self.calls - (self.put_off if may_put_off else 0)
        failed = self.failed - (self.put_off if may_put_off else 0)
        return 1.0 - failed / judged if judged else 1.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """One figure held against one objective; times in ms, shares 0..1."""

    subject: str
    figure: str
    limit: float
    value: float
    clause: str

    @property
    def held(self) -> bool:
        """Whether it is kept: a share or count of what is good at least, anything else at most."""
        return self.value >= self.limit if self.figure == "success" else self.value <= self.limit


@dataclass(frozen=True)
class Verdict:
    """All that was measured and judged; ``wrong`` is the number of cases in which the oracle found the service wrong.

    ``lag`` is the generator's own delay, of which ``lag_limit_ms`` is the most for its 99th percentile.
    """

    mode: LoadMode
    length_s: float
    operations: Sequence[Tally]
    classes: Sequence[Tally]
    judgements: Sequence[Judgement]
    lag: Latency
    lag_limit_ms: float
    wrong: int = 0

    @property
    def calls(self) -> int:
        """Requests in all."""
        return sum(one.calls for one in self.classes)

    @property
    def injected(self) -> Mapping[str, int]:
        """Answers by the fault that a proxy named in them."""
        return sum((Counter(one.injected) for one in self.classes), Counter[str]())

    @property
    def lagged(self) -> bool:
        """Whether the generator could not keep its own schedule."""
        return self.lag.p99_ms > self.lag_limit_ms

    @property
    def outcome(self) -> Outcome:
        """What came of it."""
        if self.lagged or not self.calls or self.is_unreachable:
            return Outcome.NONE
        return Outcome.HELD if not self.wrong and all(one.held for one in self.judgements) else Outcome.BROKEN

    @property
    def is_unreachable(self) -> bool:
        """Whether no request at all had an answer."""
        return self.calls > 0 and all(
            sum(count for kind, count in one.errors.items() if not kind[:1].isdigit()) == one.calls
            for one in self.classes
        )


def judge(
    rows: Sequence[Measured], objectives: Objectives, mode: LoadMode, length_s: float, *, wrong: int = 0
) -> Verdict:
    """Count, measure and judge; ``length_s`` (> 0) is how long calls were due."""
    class_of = {one.operation_id: one.service_class for one in load_operations()}
    span_s = max(length_s, 1.0)
    by_operation: dict[str, list[Measured]] = {}
    for one in rows:
        by_operation.setdefault(one.operation, []).append(one)
    operations = [
        tally(name, class_of.get(name, "P3"), some, span_s)
        for name, some in sorted(by_operation.items(), key=lambda item: (class_of.get(item[0], "P3"), item[0]))
    ]
    classes = [
        tally(name, name, some, span_s)
        for name in CLASSES
        if (some := [one for one in rows if class_of.get(one.operation, "P3") == name])
    ]
    refusals = first_refusals(rows)
    judgements = [
        judgement
        for one in classes
        for objective in objectives.of(one.name, "", mode)
        for judgement in judged(one, objective, refusals)
    ]
    judgements += [
        judgement
        for one in operations
        for objective in objectives.of("", one.name, mode)
        for judgement in judged(one, objective, refusals)
    ]
    lag = latency_of(one.lag_s for one in rows)
    return Verdict(mode, length_s, operations, classes, judgements, lag, objectives.lag_p99_ms, wrong)


def judged(one: Tally, objective: Objective, refusals: int) -> list[Judgement]:
    """A tally held against an objective, figure by figure."""
    figures = [
        ("p50_ms", objective.p50_ms, one.latency.p50_ms),
        ("p95_ms", objective.p95_ms, one.latency.p95_ms),
        ("p99_ms", objective.p99_ms, one.latency.p99_ms),
        ("success", objective.success, one.success(may_put_off=objective.may_put_off)),
        ("refusals", None if objective.refusals is None else float(objective.refusals), float(refusals)),
    ]
    return [
        Judgement(one.name, figure, limit, value, objective.clause)
        for figure, limit, value in figures
        if limit is not None
    ]


def tally(name: str, service_class: str, rows: Sequence[Measured], span_s: float) -> Tally:
    """Count and measure some requests."""
    errors = Counter(kind_of(one) for one in rows if not one.succeeded)
    put_off = sum(one.puts_off for one in rows)
    latency = latency_of(one.latency_s for one in rows)
    injected = Counter(one.injected for one in rows if one.injected)
    counts = dict(errors.most_common()), put_off, dict(injected.most_common())
    return Tally(name, service_class, len(rows), len(rows) / span_s, latency, *counts)


def kind_of(one: Measured) -> str:
    """How a request failed: its status, with the fault that a proxy named in the answer, or why there was none."""
    if not one.status:
        return one.fault
    return f"{one.status} ({one.injected})" if one.injected else str(one.status)


def latency_of(times_s: Iterable[float]) -> Latency:
    """Percentiles of times, from a histogram of high dynamic range; zeros where there are none."""
    histogram = HdrHistogram(1, LONGEST_US, DIGITS)
    for time_s in times_s:
        histogram.record_value(min(LONGEST_US, max(1, round(time_s * 1e6))))
    count = histogram.get_total_count()
    if not count:
        return Latency(0.0, 0.0, 0.0, 0.0)
    # The library takes the nearest whole number of values; a percentile is the value that so many reach at least.
    shares = (100 * math.ceil(count * percent / 100) / count for percent in (50, 95, 99))
    p50, p95, p99 = (histogram.get_value_at_percentile(share) / 1000 for share in shares)
    return Latency(p50, p95, p99, histogram.get_max_value() / 1000)


def first_refusals(rows: Iterable[Measured]) -> int:
    """First safety reports of a person that were refused for lack of capacity (429, 503)."""
    first: dict[str, Measured] = {}
    for one in rows:
        if one.operation == REPORTS and one.actor.startswith("citizen:"):
            kept = first.get(one.actor)
            if kept is None or one.due_s < kept.due_s:
                first[one.actor] = one
    return sum(one.status in PUT_OFF for one in first.values())
