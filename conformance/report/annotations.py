"""Annotations: results as workflow commands of GitHub Actions."""

from conformance.report.document import Document
from conformance.text import Language


def github_annotations(document: Document, language: Language = "en") -> str:
    """Lines that GitHub Actions shows beside a run: ``::error title=OIDC-007::...``; empty if nothing is wrong."""
    raise NotImplementedError
