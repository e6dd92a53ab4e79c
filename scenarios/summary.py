"""A run in a dozen lines for the terminal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from scenarios.language import Language, Text, say
from scenarios.metrics import Metric, Number, definitions, metric
from scenarios.record import Finding

if TYPE_CHECKING:
    from scenarios.replications import Replications, Summary

SHOWN = (
    "people",
    "evacuees",
    "arrived",
    "t90_s",
    "peak_occupancy",
    "over_capacity_person_h",
    "reception_wait_p95_s",
    "unassisted",
    "safety_confirmed_share",
    "headcount_error_max",
    "lost_people",
    "consent_leaks",
    "stranded",
    "wall_s",
)
"""Metrics of the summary, in order."""


ASKED_OF_THE_CITY_OS = frozenset({"lost_people", "consent_leaks"})
"""Metrics without a value where nobody could ask: there is no city OS, or it has no texts to search."""

UNIT_KEYS: Mapping[str, str] = {"person h": "person_hours", "s": "seconds"}
"""Units whose key among the texts is not the unit itself."""


def summary_lines(metrics: Iterable[Metric], language: Language) -> Iterator[str]:
    """Each shown metric of the whole town, by the town's own capacities, with its name, value and unit in words."""
    whole = {one.name: one for one in metrics if not one.by or one.by == {"capacity": "town"}}
    for name in SHOWN:
        if name in whole:
            label = definitions()[name].label.in_language(language)
            yield f"{label}: {value_words(whole[name], language)}"


def summary_of_runs(done: "Replications", language: Language) -> Iterator[str]:
    """The median of each shown metric over the runs, with its interval and the level that it reaches."""
    yield say(language, "cli.runs_done", count=len(done.rows), first=done.rows[0].seed, last=done.rows[-1].seed)
    if done.reached is not None:
        yield say(language, "cli.ci_reached" if done.reached else "cli.ci_not_reached", looks=done.looks)
    whole = {one.name: one for one in done.summaries if not one.by or one.by == {"capacity": "town"}}
    for name in SHOWN:
        if name in whole and whole[name].n:
            yield _median_line(whole[name], language)


def _median_line(one: "Summary", language: Language) -> str:
    middle, low, high = (value_words(metric(one.name, whole_number(value)), language) for value in _triple(one))
    label = definitions()[one.name].label.in_language(language)
    key = "cli.run_median" if one.low is not None else "cli.run_median_alone"
    return say(language, key, label=label, median=middle, low=low, high=high, level=f"{100 * one.level:.1f}")


def _triple(one: "Summary") -> tuple[Number, Number, Number]:
    return one.median, one.low, one.high


def whole_number(value: Number) -> Number:
    """A number that is whole as an int, so that it is told without decimals."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def value_words(metric: Metric, language: Language) -> str:
    """A value with its unit, as people say it: times in hours and minutes, shares in percent."""
    value = metric.value
    if value is None:
        return say(language, "unit.not_asked" if metric.name in ASKED_OF_THE_CITY_OS else "unit.none")
    if metric.unit == "s" and value >= 60:
        hours, minutes = divmod(round(value / 60), 60)
        return say(language, "unit.hours_minutes" if hours else "unit.minutes", hours=hours, minutes=minutes)
    if metric.name.endswith("_share"):
        return f"{value * 100:.1f} %"
    number = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    return f"{number} {_unit(metric.unit, language)}".rstrip()


def _unit(unit: str, language: Language) -> str:
    return "" if unit == "1" else say(language, f"unit.{UNIT_KEYS.get(unit, unit)}")


def finding_lines(findings: Sequence[Finding], language: Language) -> Iterator[str]:
    """What the oracle found, one line for each kind and subject."""
    if not findings:
        yield say(language, "cli.nothing_found")
        return
    cases: dict[tuple[str, Text, str], int] = {}
    for one in findings:
        key = (one.kind, one.subject, one.operation)
        cases[key] = cases.get(key, 0) + one.cases
    yield say(language, "cli.found", count=len(cases))
    word = say(language, "cli.finding")
    for (kind, subject, operation), count in cases.items():
        yield f"  {word}: {say(language, f'finding.{kind}')}, {subject.in_language(language)}, {operation}: {count}"
