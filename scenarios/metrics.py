"""Metrics: what a run shows, as numbers with a unit and a definition; pure functions of the record."""

import enum
import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from scenarios.failings import failings
from scenarios.language import Text
from scenarios.outcomes import Outcomes, indoor
from scenarios.record import NO_ANSWER, FindingKind, RunRecord
from twin.events import EventKind, ReceptionChannel, SafetyChannel, State, TravelMode, WarningChannel
from twin.town import Town

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Number = int | float | None

WHOLE: Mapping[str, str] = {}
"""``by`` of a metric of the whole town."""


class Better(enum.StrEnum):
    """Which of two values of a metric is the better for people."""

    LOWER = "lower"
    HIGHER = "higher"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Definition:
    """What a metric means; ``text`` is exact enough to compute it again."""

    unit: str
    label: Text
    text: Text
    better: Better = Better.NEITHER


WITHOUT: Mapping[str, str] = {"city_os": "none"}
"""``by`` of the numbers of the same town without a city OS."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number; ``by`` names the part that it is of, e.g. {"district": "07"}. None where there was no case."""

    name: str
    value: Number
    unit: str
    by: Mapping[str, str]
    definition: str


@cache
def definitions() -> Mapping[str, Definition]:
    """The definition of every metric, in the order of the file."""
    table = tomllib.loads(files("scenarios").joinpath("metric_definitions.toml").read_text(encoding="utf-8"))
    return {
        name: Definition(
            row["unit"], Text(row["label_ja"], row["label_en"]), Text(row["ja"], row["en"]), Better(row["better"])
        )
        for name, row in table.items()
    }


def metric(name: str, value: Number, by: Mapping[str, str] = WHOLE) -> Metric:
    """A metric with the unit and definition that its name has."""
    definition = definitions()[name]
    return Metric(name, value, definition.unit, by, definition.text.en)


def value_of(metrics: Iterable[Metric], name: str, by: Mapping[str, str] = WHOLE) -> Number:
    """The value of one metric.

    Raises:
        KeyError: there is no such metric.
    """
    for one in metrics:
        if one.name == name and one.by == by:
            return one.value
    raise KeyError(f"no metric {name} by {dict(by)}")


def measure(record: RunRecord, outcomes: Outcomes) -> list[Metric]:
    """All metrics of a run: the whole town first, then by district, shelter, channel and mode."""
    return [
        *_totals(record, outcomes),
        *_oracle(record),
        *(metric(*row) for row in failings(record, outcomes)),
        *_by_capacity(record, outcomes),
        *_by_district(record, outcomes),
        *_by_shelter(record, outcomes),
        *_by_channel(record, outcomes),
        *_by_evacuee(record, outcomes),
    ]


def quantile(values: FloatArray, share: float) -> float | None:
    """The ceil(share * n)-th smallest of n values (0 < share <= 1); None of no values."""
    if not len(values):
        return None
    # 0.95 * 20 is 19.000000000000004 in binary: a rank must not slip by rounding.
    rank = max(1, math.ceil(round(share * len(values), 9)))
    return float(np.partition(values, rank - 1)[rank - 1])


def capacities(town: Town) -> dict[str, IntArray]:
    """Capacity (persons) of each shelter by the town's own figure and by the 3.5 m2 standard."""
    return {
        "town": np.array([shelter.capacity_persons for shelter in town.shelters], np.int64),
        "standard": np.array([shelter.capacity_standard_persons for shelter in town.shelters], np.int64),
    }


def waiting_for_help(outcomes: Outcomes) -> tuple[FloatArray, IntArray]:
    """Support-needing people waiting for help: times (s) of change, ascending, and how many wait from then on."""
    needed_s, reached_s = outcomes.help_needed.time_s, outcomes.help_reached.time_s
    waits = outcomes.help_needed.happened & (reached_s > needed_s)
    helped = waits & outcomes.help_reached.happened
    time_s = np.concatenate((needed_s[waits], reached_s[helped]))
    change = np.repeat(np.array((1, -1), np.int64), (_count(waits), _count(helped)))
    order = np.lexsort((change, time_s))
    return time_s[order], np.cumsum(change[order])


def waiting_at(outcomes: Outcomes, time_s: FloatArray) -> IntArray:
    """Support-needing people waiting for help at each of the given times (s)."""
    changed_s, waiting = waiting_for_help(outcomes)
    return np.append(0, waiting)[np.searchsorted(changed_s, time_s, side="right")]


def _totals(record: RunRecord, outcomes: Outcomes) -> Iterator[Metric]:
    arrivals = _arrivals(outcomes)
    yield metric("people", record.population.people)
    yield metric("households", record.population.households)
    yield metric("evacuees", _count(outcomes.departed.happened))
    yield metric("arrived", len(arrivals))
    yield metric("t50_s", quantile(arrivals, 0.5))
    yield metric("t90_s", quantile(arrivals, 0.9))
    yield metric("t100_s", quantile(arrivals, 1.0))
    yield metric("peak_occupancy", int(outcomes.occupancy_total.peak(1)[0]))
    yield metric("diverted", len(record.events.of(EventKind.DIVERTED)))
    yield metric("received", len(outcomes.waits.wait_s))
    yield metric("reception_wait_p50_s", quantile(outcomes.waits.wait_s, 0.5))
    yield metric("reception_wait_p95_s", quantile(outcomes.waits.wait_s, 0.95))
    yield metric("queueing_at_end", _count(outcomes.final_state == State.QUEUEING))
    yield from _help(outcomes)
    yield metric("safety_confirmed_share", _share(outcomes.confirmed.happened))
    yield metric("warned", _count(outcomes.warned.happened))
    yield metric("stranded", _count(outcomes.final_state == State.STRANDED))
    yield metric("gridlocked_links", len(record.gridlocked_links))
    yield metric("wall_s", record.wall_s)


def _help(outcomes: Outcomes) -> Iterator[Metric]:
    helped = outcomes.help_needed.happened & outcomes.help_reached.happened
    wait_s = np.maximum(0.0, outcomes.help_reached.time_s[helped] - outcomes.help_needed.time_s[helped])
    yield metric("unassisted", _count(outcomes.unassisted))
    yield metric("unassisted_peak", int(max(waiting_for_help(outcomes)[1], default=0)))
    yield metric("help_wait_p50_s", quantile(wait_s, 0.5))
    yield metric("help_wait_p95_s", quantile(wait_s, 0.95))


def _oracle(record: RunRecord) -> Iterator[Metric]:
    connected = record.header.connected
    answers = {
        "headcount_error_max": headcount_error_max(record),
        "ghost_people": _people_found(record, FindingKind.GHOST),
        "lost_people": _people_found(record, FindingKind.LOST),
        "notification_missed": sum(one.missed for one in record.notifications),
        "notification_extra": sum(one.extra for one in record.notifications),
        "consent_leaks": _cases_found(record, FindingKind.LEAK) if record.header.is_searched else None,
        "unanswered": _cases_found(record, FindingKind.UNANSWERED),
    }
    for name, value in answers.items():
        yield metric(name, value if connected else None)
    yield metric("api_calls", sum(one.calls for one in record.calls))
    yield metric("api_errors", sum(one.errors for one in record.calls))
    for one in record.calls:
        yield metric("api_calls", one.calls, {"operation": one.operation})
        yield metric("api_errors", one.errors, {"operation": one.operation})


def headcount_error_max(record: RunRecord) -> int | None:
    """Largest |said - true| (persons) over all samples that were answered; None if none was."""
    said = record.steps.headcount_said
    answered = said != NO_ANSWER
    if not answered.any():
        return None
    return int(np.abs(said - record.steps.headcount_true)[answered].max())


def _people_found(record: RunRecord, kind: FindingKind) -> int:
    found: set[int | str] = set()
    for finding in record.findings:
        if finding.kind is kind:
            found.update(finding.people, finding.strangers)
    return len(found)


def _cases_found(record: RunRecord, kind: FindingKind) -> int:
    return sum(finding.cases for finding in record.findings if finding.kind is kind)


def _by_capacity(record: RunRecord, outcomes: Outcomes) -> Iterator[Metric]:
    rooms = indoor(record.town)
    for which, capacity in capacities(record.town).items():
        excess = outcomes.occupancy.excess_person_h(capacity)[rooms]
        yield metric("over_capacity_person_h", float(excess.sum()), {"capacity": which})


def _by_district(record: RunRecord, outcomes: Outcomes) -> Iterator[Metric]:
    for row, district in enumerate(record.town.districts):
        here = outcomes.district == row
        by = {"district": district.code}
        arrivals = _arrivals(outcomes, here)
        yield metric("people", _count(here), by)
        yield metric("evacuees", _count(outcomes.departed.happened & here), by)
        yield metric("arrived", len(arrivals), by)
        yield metric("t50_s", quantile(arrivals, 0.5), by)
        yield metric("t90_s", quantile(arrivals, 0.9), by)
        yield metric("unassisted", _count(outcomes.unassisted & here), by)
        yield metric("safety_confirmed_share", _share(outcomes.confirmed.happened[here]), by)


def _by_shelter(record: RunRecord, outcomes: Outcomes) -> Iterator[Metric]:
    town = record.town
    peaks = outcomes.occupancy.peak(len(town.shelters))
    by_capacity = capacities(town)
    excess = {which: outcomes.occupancy.excess_person_h(capacity) for which, capacity in by_capacity.items()}
    diverted = np.bincount(record.events.of(EventKind.DIVERTED).place, minlength=len(town.shelters))
    waits = _waits_by_shelter(outcomes, len(town.shelters))
    for row, shelter in enumerate(town.shelters):
        by = {"shelter": shelter.id}
        yield metric("peak_occupancy", int(peaks[row]), by)
        yield metric("diverted", int(diverted[row]), by)
        yield metric("received", len(waits[row]), by)
        yield metric("reception_wait_p95_s", quantile(waits[row], 0.95), by)
        for which, capacity in by_capacity.items():
            if capacity[row] > 0:
                part = {**by, "capacity": which}
                yield metric("peak_occupancy_share", float(peaks[row] / capacity[row]), part)
                yield metric("over_capacity_person_h", float(excess[which][row]), part)


def _waits_by_shelter(outcomes: Outcomes, shelters: int) -> list[FloatArray]:
    order = np.argsort(outcomes.waits.shelter, kind="stable")
    edges = np.searchsorted(outcomes.waits.shelter[order], np.arange(1, shelters))
    return [np.asarray(part) for part in np.split(outcomes.waits.wait_s[order], edges)]


def _by_channel(record: RunRecord, outcomes: Outcomes) -> Iterator[Metric]:
    people = record.population.people
    for warning in WarningChannel:
        yield metric("warned", _count(outcomes.warned.detail == warning), {"channel": warning.name.lower()})
    for safety in SafetyChannel:
        share = _count(outcomes.confirmed.detail == safety) / people if people else None
        yield metric("safety_confirmed_share", share, {"channel": safety.name.lower()})
    for reception in ReceptionChannel:
        wait_s = outcomes.waits.wait_s[outcomes.waits.channel == reception]
        by = {"channel": reception.name.lower()}
        yield metric("received", len(wait_s), by)
        yield metric("reception_wait_p50_s", quantile(wait_s, 0.5), by)
        yield metric("reception_wait_p95_s", quantile(wait_s, 0.95), by)


def _by_evacuee(record: RunRecord, outcomes: Outcomes) -> Iterator[Metric]:
    needs = record.population.needs_support
    groups = {("mode", mode.name.lower()): outcomes.departed.detail == mode for mode in TravelMode}
    groups |= {("support", "needed"): needs, ("support", "not_needed"): ~needs}
    for (part, name), members in groups.items():
        arrivals = _arrivals(outcomes, members)
        by = {part: name}
        yield metric("evacuees", _count(outcomes.departed.happened & members), by)
        yield metric("arrived", len(arrivals), by)
        yield metric("t90_s", quantile(arrivals, 0.9), by)


def _arrivals(outcomes: Outcomes, members: BoolArray | None = None) -> FloatArray:
    arrived = outcomes.arrived.happened
    return outcomes.arrived.time_s[arrived if members is None else arrived & members]


def _count(rows: BoolArray) -> int:
    return int(np.count_nonzero(rows))


def _share(rows: BoolArray) -> float | None:
    return _count(rows) / len(rows) if len(rows) else None
