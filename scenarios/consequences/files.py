"""Results of a study of faults for other programs: JSON with all seeds, CSV with a row for each point."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import msgspec

from scenarios.consequences.reader import CurvesFile
from scenarios.consequences.results import Found, Gap, Panel
from scenarios.outputs import Cell as TableCell
from scenarios.study.cells import Cell
from scenarios.study.results import cell_table, plain_numbers


def curves_json(read: CurvesFile, found: Found, cells: Iterable[Cell]) -> str:
    """results.json: byte-equal for equal results; ``cells`` says in which folder each run lies."""
    study = msgspec.to_builtins(read.study)
    table = {
        "study": {key: value for key, value in study.items() if key not in {"plan", "parameter_set", "screening"}},
        "people": found.people,
        "cells": [cell_table(one) for one in cells],
        "panels": [_panel_table(one) for one in found.panels],
    }
    return json.dumps(plain_numbers(table), ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n"


def _panel_table(panel: Panel) -> dict[str, Any]:
    line, metric = panel.line, panel.metric
    return {
        "curve": line.name,
        "axis": line.axis,
        "start": line.start,
        "scenario": panel.scenario,
        "metric": metric.name,
        "by": dict(metric.by),
        "unit": panel.definition.unit,
        "harm": panel.harm,
        "zero": panel.zero,
        "points": [asdict(one) for one in panel.gaps],
        "worth": panel.worth and asdict(panel.worth),
    }


COLUMNS = (
    *("curve", "start", "axis", "minutes", "scenario", "metric", "part", "unit", "seeds", "calls_hit"),
    *("difference", "low", "high", "level", "seeds_worse", "seeds_better", "seeds_lost"),
)


def curves_rows(found: Found) -> list[list[TableCell]]:
    """results.csv: a row for each metric, line, scenario and point."""
    return [list(COLUMNS), *(_csv_row(panel, one) for panel in found.panels for one in panel.gaps)]


def _csv_row(panel: Panel, one: Gap) -> list[TableCell]:
    line, metric, gap = panel.line, panel.metric, one.difference
    part = " ".join(f"{key}={value}" for key, value in sorted(metric.by.items()))
    return [
        *(line.name, line.start, line.axis, one.at_min, panel.scenario),
        *(metric.name, part, panel.definition.unit, gap.n, one.hit),
        *(gap.median, gap.low, gap.high, gap.level, one.worse, one.better, one.lost),
    ]
