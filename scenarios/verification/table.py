"""The table of judgements: on a terminal, as a page, as JSON."""

import math
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any

from rich.table import Table

from scenarios.language import Language, say
from scenarios.verification.catalogue import Expectation, read_standards
from scenarios.verification.judge import Judgement, Value, Verdict

COLUMNS = ("standard", "number", "test", "value", "expected", "tolerance", "got", "verdict")
Cells = tuple[str, ...]


def figure(number: float) -> str:
    """A number to four figures, without an exponent where it is of ordinary size."""
    if math.isnan(number):
        return "-"
    near = 0.0 if abs(number) < 1e-6 else float(f"{number:.4g}")
    return f"{near:,.0f}" if near == round(near) and abs(near) < 1e7 else f"{near:g}"


def expected_text(one: Expectation) -> str:
    """What is expected, with its unit."""
    unit = f" {one.unit}" if one.unit else ""
    if one.equals is not None:
        return figure(one.equals) + unit
    if one.least is not None and one.most is not None:
        return f"{figure(one.least)} - {figure(one.most)}{unit}"
    return f">= {figure(one.least)}{unit}" if one.least is not None else f"<= {figure(one.most or 0.0)}{unit}"


def tolerance_text(one: Expectation, language: Language) -> str:
    """How far a value may be from what is expected."""
    if one.equals is None:
        return say(language, "verify.band")
    low, high = one.band
    if low == high:
        return say(language, "verify.exact")
    if one.share * abs(one.equals) >= one.apart:
        return f"{100.0 * one.share:g} %"
    return f"{one.apart:g} {one.unit}".strip()


def rows(judgement: Judgement, language: Language) -> Iterator[Cells]:
    """The cells of one test: a row for each value, or one with the reason why it does not apply."""
    trial = judgement.trial
    first = (
        read_standards()[trial.standard].name.in_language(language),
        trial.number,
        trial.name.in_language(language),
    )
    if not trial.applies:
        yield (*first, trial.reason.in_language(language), "", "", "", say(language, "verify.not_applicable"))
        return
    if judgement.error:
        yield (*first, judgement.error, "", "", "", say(language, "verify.fail"))
    for row, value in enumerate(judgement.values):
        lead = ("", "", "") if row or judgement.error else first
        one = value.expected
        yield (
            *lead, one.what.in_language(language), expected_text(one), tolerance_text(one, language),
            figure(value.got), say(language, f"verify.{value.verdict}"),
        )  # fmt: skip


def terminal_table(judgements: Sequence[Judgement], language: Language) -> Table:
    """All judgements as a table of rich."""
    table = Table(title=say(language, "verify.title", version=version("citytwin")))
    styles = {say(language, "verify.fail"): "bold red", say(language, "verify.not_applicable"): "dim"}
    for column in COLUMNS:
        table.add_column(say(language, f"verify.{column}"), overflow="fold")
    for one in judgements:
        for cells in rows(one, language):
            table.add_row(*cells, style=styles.get(cells[-1], ""))
    return table


def summary_text(judgements: Sequence[Judgement], language: Language) -> str:
    """How many tests passed, failed and do not apply."""
    count = {kind: sum(one.verdict is kind for one in judgements) for kind in Verdict}
    values = sum(len(one.values) for one in judgements)
    return say(
        language, "verify.summary", passed=count[Verdict.PASSED], failed=count[Verdict.FAILED],
        omitted=count[Verdict.OMITTED], values=values,
    )  # fmt: skip


def page(judgements: Sequence[Judgement], language: Language) -> str:
    """All judgements as a page in Markdown, with the basis of what is expected and the sources of the standards."""
    lines = [f"# {say(language, 'verify.heading')}", "", say(language, "verify.lead"), "",
             summary_text(judgements, language), ""]  # fmt: skip
    for key, standard in read_standards().items():
        ours = [one for one in judgements if one.trial.standard == key]
        if not ours:
            continue
        lines += [
            f"## {standard.name.in_language(language)}",
            "",
            say(language, "verify.source", source=standard.source),
        ]
        lines += ["", *_markdown_rows([cells[1:] for one in ours for cells in rows(one, language)], language), ""]
        lines += [line for one in ours for line in _basis(one, language)]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _markdown_rows(cells: Sequence[Cells], language: Language) -> Iterator[str]:
    heads = [say(language, f"verify.{column}") for column in COLUMNS[1:]]
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in cells:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def _basis(judgement: Judgement, language: Language) -> Iterator[str]:
    basis = judgement.trial.basis.in_language(language)
    if basis:
        yield f"- **{judgement.trial.number}**: {basis}"


def as_json(judgements: Sequence[Judgement]) -> dict[str, Any]:
    """All judgements, in both languages."""
    return {
        "citytwin": version("citytwin"),
        "summary": {kind.value: sum(one.verdict is kind for one in judgements) for kind in Verdict},
        "tests": [_test_json(one) for one in judgements],
    }


def _test_json(judgement: Judgement) -> dict[str, Any]:
    trial = judgement.trial
    told: dict[str, Any] = {
        "id": trial.id, "standard": trial.standard, "number": trial.number,
        "name": {"ja": trial.name.ja, "en": trial.name.en}, "verdict": judgement.verdict.value,
    }  # fmt: skip
    if not trial.applies:
        return {**told, "reason": {"ja": trial.reason.ja, "en": trial.reason.en}}
    told["basis"] = {"ja": trial.basis.ja, "en": trial.basis.en}
    return {**told, "error": judgement.error or None, "values": [_value_json(one) for one in judgement.values]}


def _value_json(value: Value) -> dict[str, Any]:
    low, high = value.expected.band
    return {
        "key": value.expected.key, "what": {"ja": value.expected.what.ja, "en": value.expected.what.en},
        "unit": value.expected.unit, "expected": value.expected.equals,
        "low": low if math.isfinite(low) else None, "high": high if math.isfinite(high) else None,
        "got": value.got if math.isfinite(value.got) else None, "verdict": value.verdict.value,
    }  # fmt: skip
