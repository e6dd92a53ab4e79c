"""JUnit: results as junit.xml, a test suite for each profile.

Valid by both schemas in use: that of Apache Ant's JUnit task (JUnit.xsd) and that of Jenkins' xUnit plugin
(junit-10.xsd).
"""

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from conformance.report.document import Document, Entry
from conformance.text import Language
from conformance.verdict import Verdict

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Signs that XML cannot hold. Source: XML 1.0 2.2."""

_KINDS = {
    Verdict.FAIL: "failure",
    Verdict.ERROR: "error",
    Verdict.CONFIG: "error",
    Verdict.SKIP: "skipped",
    Verdict.OMIT: "skipped",
    Verdict.REVIEW: "skipped",
}


def junit_xml(document: Document, language: Language) -> bytes:
    """The results as JUnit XML; a warning is a passed test that is told in the suite's output."""
    root = ET.Element("testsuites")
    for number, profile in enumerate(document.by_profile):
        entries = [one for one in document.results if one.profile == profile]
        root.append(_suite(document, profile, number, entries, language=language))
    ET.indent(root, " ")
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _suite(
    document: Document, profile: str, number: int, entries: Sequence[Entry], *, language: Language
) -> ET.Element:
    kinds = [_kind(one) for one in entries]
    suite = ET.Element(
        "testsuite",
        name=profile,
        package="citytwin",
        id=str(number),
        timestamp=document.begun_at[:19] or "1970-01-01T00:00:00",
        hostname="localhost",
        tests=str(len(entries)),
        failures=str(kinds.count("failure")),
        errors=str(kinds.count("error")),
        skipped=str(kinds.count("skipped")),
        time=_seconds(sum(one.duration_s for one in entries)),
    )
    properties = ET.SubElement(suite, "properties")
    told = (("target", document.target), ("suite", document.suite), ("contract", document.contract))
    for name, value in (*told, ("seed", str(document.seed))):
        ET.SubElement(properties, "property", name=name, value=_clean(value))
    suite.extend(_case(one, language) for one in entries)
    warned = [f"{one.id}: {one.messages.of(language)}" for one in entries if one.verdict is Verdict.WARN]
    ET.SubElement(suite, "system-out").text = _clean("\n".join(warned))
    ET.SubElement(suite, "system-err")
    return suite


def _kind(one: Entry) -> str:
    return "skipped" if one.accepted else _KINDS.get(one.verdict, "")


def _case(one: Entry, language: Language) -> ET.Element:
    case = ET.Element("testcase", classname=f"citytwin.{one.profile}", name=one.id, time=_seconds(one.duration_s))
    kind = _kind(one)
    if not kind:
        return case
    message = _clean(one.messages.of(language))
    if one.accepted:
        message = f"accepted until {one.accepted.expires}: {_clean(one.accepted.reason)}: {message}"
    if kind == "skipped":
        ET.SubElement(case, kind, message=f"{one.verdict.value}: {message}")
        return case
    told = ET.SubElement(case, kind, message=message, type=f"{one.level} {one.verdict.value}")
    lines = (one.titles.of(language), "; ".join(one.clauses), f"expected: {one.expected}", f"actual: {one.actual}")
    told.text = _clean("\n".join(lines))
    return case


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def _seconds(duration_s: float) -> str:
    return f"{duration_s:.3f}"
