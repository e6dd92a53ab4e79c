"""Annotations: results as workflow commands of GitHub Actions."""

from conformance.report.document import Document, Entry
from conformance.text import Language
from conformance.verdict import Verdict

COMMANDS = {
    Verdict.FAIL: "error",
    Verdict.ERROR: "error",
    Verdict.CONFIG: "error",
    Verdict.WARN: "warning",
    Verdict.SKIP: "warning",
    Verdict.REVIEW: "notice",
}
"""Workflow command by verdict. Source: GitHub, Workflow commands for GitHub Actions."""


def github_annotations(document: Document, language: Language = "en") -> str:
    """Lines that GitHub Actions shows beside a run: ``::error title=OIDC-007::...``; empty if nothing is wrong."""
    lines = [_line(one, language) for one in document.results if one.verdict in COMMANDS]
    return "".join(f"{line}\n" for line in lines)


def _line(one: Entry, language: Language) -> str:
    command = "notice" if one.accepted else COMMANDS[one.verdict]
    title = f"{one.id} {one.verdict.value} ({'; '.join(one.clauses)})"
    message = one.messages.of(language) or one.titles.of(language)
    return f"::{command} title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    """Source: actions/toolkit, command.ts escapeData."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Source: actions/toolkit, command.ts escapeProperty."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
