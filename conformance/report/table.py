"""Table: results as CSV for spreadsheets, one row each."""

import csv
import io

from conformance.report.document import Document, Entry
from conformance.text import Language

UTF8_MARK = "\ufeff"
"""Spreadsheets read CSV as UTF-8 only with it. Source: Microsoft, Opening CSV UTF-8 files in Excel."""

COLUMNS = (
    "id",
    "requirement",
    "level",
    "profile",
    "part",
    "verdict",
    "clauses",
    "title",
    "message",
    "expected",
    "actual",
    "exchanges",
    "duration_s",
    "accepted_until",
)


def results_table(document: Document, language: Language) -> bytes:
    """The results as CSV with a header."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_safe(cell) for cell in _row(one, language)] for one in document.results)
    return (UTF8_MARK + text.getvalue()).encode("utf-8", "replace")


def _row(one: Entry, language: Language) -> tuple[object, ...]:
    return (
        one.id,
        one.requirement,
        one.level,
        one.profile,
        one.part,
        one.verdict.value,
        "; ".join(one.clauses),
        one.titles.of(language),
        one.messages.of(language),
        one.expected,
        one.actual,
        len(one.exchanges),
        one.duration_s,
        one.accepted.expires if one.accepted else "",
    )


def _safe(cell: object) -> str:
    """A cell that no spreadsheet takes for a formula. Source: OWASP, CSV Injection."""
    text = str(cell)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
