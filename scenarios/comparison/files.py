"""The comparison as JSON and CSV: byte-equal for equal inputs; folders are told as they were given."""

import json
from collections.abc import Mapping
from typing import Any

from scenarios.comparison.changes import TOLERANCE_S, Count
from scenarios.comparison.result import Comparison, MetricDifference
from scenarios.language import Language
from scenarios.metrics import Number, definitions
from scenarios.outputs import Cell, csv_text
from scenarios.statistics import LEVEL


def comparison_json(found: Comparison) -> str:
    """The text of comparison.json."""
    table = {
        "a": _side(found, 0),
        "b": _side(found, 1),
        "pairs": [[a.seed, b.seed] for a, b in found.pairs.rows],
        "common_random_numbers": found.pairs.shared,
        "level": LEVEL,
        "tolerance_s": TOLERANCE_S,
        "warnings": [one.text(Language.EN) for one in found.warnings],
        "metrics": [metric_row(one) for one in found.metrics],
        "people": [_count_row(one) for one in found.people],
    }
    return json.dumps(table, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def metric_row(one: MetricDifference) -> dict[str, Any]:
    """One metric's difference as plain values."""
    told, chance = one.difference, one.probability_interval
    return {
        "name": one.name,
        "by": dict(one.by),
        "unit": definitions()[one.name].unit,
        "better": str(one.better),
        "a_median": one.a_median,
        "b_median": one.b_median,
        "difference_median": told.median,
        "low": told.low,
        "high": told.high,
        "level": _rounded(told.level),
        "pairs": told.n,
        "probability_b_better": _rounded(one.probability_b_better),
        "probability_low": _rounded(chance.low),
        "probability_high": _rounded(chance.high),
        "verdict": one.verdict,
    }


def comparison_csv(found: Comparison) -> str:
    """The text of comparison.csv: one row for each metric and part, headings as in comparison.json."""
    rows: list[list[Cell]] = []
    for one in found.metrics:
        row = metric_row(one) | {"by": "; ".join(f"{part}={code}" for part, code in one.by.items())}
        if not rows:
            rows.append(list(row))
        rows.append(list(row.values()))
    return csv_text(rows)


def people_csv(found: Comparison) -> str:
    """The text of people.csv: one row for each group of people whose outcome, or its cause, is counted."""
    rows: list[list[Cell]] = [["what", "key", "way", "median", "low", "high", "level", "pairs"]]
    for one in found.people:
        interval = one.interval
        rows.append(
            [one.what, one.key, one.way, one.median, interval.low, interval.high, interval.level, len(one.people)]
        )
    return csv_text(rows)


def _side(found: Comparison, side: int) -> Mapping[str, Any]:
    plan = (found.a, found.b)[side]
    return {
        "folder": str(plan.folder),
        **{name: value for name, value in plan.head.items() if name != "seed"},
        "seeds": sorted(plan.runs),
    }


def _count_row(one: Count) -> dict[str, Any]:
    interval = one.interval
    return {
        "what": one.what,
        "key": one.key,
        "way": one.way,
        "people": list(one.people),
        "median": one.median,
        "low": interval.low,
        "high": interval.high,
        "level": _rounded(interval.level),
    }


def _rounded(value: Number) -> Number:
    return None if value is None else round(value, 6)
