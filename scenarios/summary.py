"""A run in a dozen lines for the terminal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from scenarios.language import Language, Text, say
from scenarios.metrics import Metric, definitions
from scenarios.record import Finding

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


UNIT_KEYS: Mapping[str, str] = {"person h": "person_hours", "s": "seconds"}
"""Units whose key among the texts is not the unit itself."""


def summary_lines(metrics: Iterable[Metric], language: Language) -> Iterator[str]:
    """Each shown metric of the whole town, by the town's own capacities, with its name, value and unit in words."""
    whole = {one.name: one for one in metrics if not one.by or one.by == {"capacity": "town"}}
    for name in SHOWN:
        if name in whole:
            label = definitions()[name].label.in_language(language)
            yield f"{label}: {value_words(whole[name], language)}"


def value_words(metric: Metric, language: Language) -> str:
    """A value with its unit, as people say it: times in hours and minutes, shares in percent."""
    value = metric.value
    if value is None:
        return say(language, "unit.none")
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
