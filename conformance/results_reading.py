"""Reads results.json again, so that reports can be made of it anew."""

from pathlib import Path

import msgspec

from conformance.errors import PlanError, PlanFault
from conformance.report.document import Document
from conformance.text import Text


def read_results(path: Path) -> Document:
    """The document of a file that ``write_results`` wrote.

    Raises:
        PlanError: The file cannot be read, or is no such document.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Document)
    except (OSError, msgspec.DecodeError) as reason:
        text = Text(f"these are no results of a run: {reason}", f"検査の結果として読めない: {reason}")
        raise PlanError([PlanFault(str(path), text)]) from reason
