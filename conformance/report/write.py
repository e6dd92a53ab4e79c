"""Writes a run's results into a folder, each report from the same document."""

from collections.abc import Sequence
from pathlib import Path

from conformance.evidence import Known
from conformance.report.badge import badge_svg
from conformance.report.document import Document, document_of, encoded
from conformance.report.junit import junit_xml
from conformance.report.page import report_page
from conformance.report.table import results_table
from conformance.results import Run
from conformance.text import Language, Text

RESULTS = "results.json"
FILES = (RESULTS, "results.csv", "junit.xml", "report.html", "badge.svg")
"""What a run leaves behind."""


def write_results(
    run: Run, folder: Path, language: Language = "en", *, known: Known | None = None, notes: Sequence[Text] = ()
) -> list[Path]:
    """Write results.json, results.csv, junit.xml, report.html and badge.svg; the files written.

    ``known`` are the credentials that the run used (``Known.of(target, ...)``): they are masked wherever they stand.
    """
    return write_reports(document_of(run, language, known=known, notes=notes), folder, language)


def write_reports(document: Document, folder: Path, language: Language = "en") -> list[Path]:
    """Write every report of a document into a folder; the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = (
        encoded(document),
        results_table(document, language),
        junit_xml(document, language),
        report_page(document, language).encode("utf-8", "replace"),
        badge_svg(document, language),
    )
    paths = [folder / name for name in FILES]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths
