"""Files of a load: load.json, operations.csv, junit.xml and the report."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from scenarios.language import Language
from scenarios.load.report import load_html
from scenarios.load.run import Capacity, Load
from scenarios.load.verdict import EXIT_CODE, Judgement, Outcome, Tally
from scenarios.outputs import Cell, csv_text
from scenarios.record import Finding
from scenarios.report.texts import phrase

COLUMNS = ("operation", "class", "calls", "rate", "p50", "p95", "p99", "max", "failed", "put_off", "errors")


def write_load(folder: Path, load: Load, language: Language) -> Path:
    """Write all files into an existing folder; returns the report."""
    texts = {
        "load.json": json.dumps(load_json(load), ensure_ascii=False, indent=1) + "\n",
        "junit.xml": junit_xml(load),
        "report.html": load_html(load, language),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    rows = csv_text(operation_rows(load, language))
    (folder / "operations.csv").write_text(rows, encoding="utf-8-sig", newline="")
    return folder / "report.html"


def load_json(load: Load) -> dict[str, Any]:
    """Everything that was measured and judged, as JSON; latencies in ms, from the time at which calls were due."""
    verdict = load.verdict
    return {
        "load": {
            "command": load.command,
            "target": load.target_url,
            "begun": load.begun.isoformat(timespec="seconds"),
            "length_s": round(verdict.length_s, 3),
            "ids": load.ids,
            "copies": load.copies,
            "speed": load.speed,
            "left_out": load.left_out,
            "whole": load.is_whole,
            "mode": verdict.mode.value,
            "objectives": load.objectives.source,
        },
        "outcome": verdict.outcome.value,
        "exit_code": exit_code(load),
        "capacity": None if load.capacity is None else _capacity(load.capacity),
        "generator": {
            **asdict(verdict.lag),
            "lag_limit_ms": verdict.lag_limit_ms,
            "lagged": verdict.lagged,
            "core_share": round(load.core_share, 4),
            "waited_for_a_core": load.waited_for_a_core,
        },
        "injected": dict(verdict.injected),
        "judgements": [{**asdict(one), "held": one.held} for one in verdict.judgements],
        "classes": [_tally(one) for one in verdict.classes],
        "operations": [_tally(one) for one in verdict.operations],
        "oracle": {
            "asked": load.aftermath.is_asked,
            "looks": load.looks,
            "recovery_s": load.recovery_s,
            "check_ins": load.aftermath.check_ins,
            "safety_reports": load.aftermath.reports,
            "asked_again": load.aftermath.settled.asked,
            "then_answered": load.aftermath.settled.answered,
            "against_board": load.against_board,
            "unsure": load.aftermath.unsure,
            "findings": [_finding(one) for one in load.findings],
        },
    }


def exit_code(load: Load) -> int:
    """0: every objective held; 1: one did not; 2: no verdict, or the generator's end came before the knee."""
    found = load.capacity is None or load.capacity.broken is not None
    return EXIT_CODE[load.verdict.outcome] if found else EXIT_CODE[Outcome.NONE]


def _capacity(capacity: Capacity) -> dict[str, Any]:
    held, broken = capacity.held, capacity.broken
    return {
        "held_rate": None if held is None else round(held.rate, 1),
        "broken_rate": None if broken is None else round(broken.rate, 1),
        "steps": [asdict(one) for one in capacity.steps],
    }


def _tally(one: Tally) -> dict[str, Any]:
    return {**asdict(one), "rate": round(one.rate, 3), "failed": one.failed}


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "at_s": round(one.at_s, 3),
        "subject": asdict(one.subject),
        "expected": one.expected,
        "actual": one.actual,
        "operation": one.operation,
        "cases": one.cases,
    }


def operation_rows(load: Load, language: Language) -> Iterator[Sequence[Cell]]:
    """One row for each operation, headings first."""
    yield [phrase(f"load.column_{name}").in_language(language) for name in COLUMNS]
    for one in load.verdict.operations:
        latency = one.latency
        times = [latency.p50_ms, latency.p95_ms, latency.p99_ms, latency.max_ms]
        errors = " ".join(f"{kind}:{count}" for kind, count in one.errors.items())
        yield [one.name, one.service_class, one.calls, round(one.rate, 3), *times, one.failed, one.put_off, errors]


def junit_xml(load: Load) -> str:
    """The verdict for a build server: one test for each objective, for the oracle, and for the generator."""
    verdict = load.verdict
    cases = [_case(f"{one.subject} {one.figure} ({one.clause or '-'})", _broken(one)) for one in verdict.judgements]
    said = "; ".join(
        f"{one.kind}: {one.subject.en}: expected {one.expected}, said {one.actual}" for one in load.findings
    )
    cases.append(_case("oracle", said) if load.aftermath.is_asked else _case("oracle", "not asked", "error"))
    lag = f"p99 {verdict.lag.p99_ms:g} ms > {verdict.lag_limit_ms:g} ms" if verdict.lagged else ""
    cases.append(_case("generator", lag or ("no request had an answer" if verdict.is_unreachable else ""), "error"))
    failures = sum(one.find("failure") is not None for one in cases)
    errors = sum(one.find("error") is not None for one in cases)
    suite = ET.Element(
        "testsuite",
        name="citytwin load",
        tests=str(len(cases)),
        failures=str(failures),
        errors=str(errors),
        time=f"{verdict.length_s:.3f}",
    )
    suite.extend(cases)
    ET.indent(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"


def _broken(one: Judgement) -> str:
    return "" if one.held else f"{one.figure} {one.value:g}, objective {one.limit:g}"


def _case(name: str, wrong: str, tag: str = "failure") -> ET.Element:
    case = ET.Element("testcase", classname="citytwin.load", name=name)
    if wrong:
        ET.SubElement(case, tag, message=wrong)
    return case
