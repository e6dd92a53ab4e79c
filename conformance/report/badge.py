"""Badge: a run's outcome as a small picture for a readme."""

from html import escape
from unicodedata import east_asian_width

from conformance.report.document import Document
from conformance.text import Language
from conformance.verdict import Verdict

HEIGHT_PX = 20
LABEL = "citytwin"
COLOURS = {"good": "#1b6e3c", "bad": "#a11a12", "open": "#5a6472"}
"""Grounds that white letters stand out on by 4.5 to 1 or more. Source: WCAG 2.2 1.4.3."""


def badge_svg(document: Document, language: Language) -> bytes:
    """The badge; its text says how many requirements failed, or how many passed."""
    kind, told = _told(document, language)
    left, right = _width(LABEL), _width(told)
    whole, name = left + right, escape(f"{LABEL}: {told}")
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{HEIGHT_PX}" role="img" \
aria-label="{name}">
<title>{name}</title>
<clipPath id="r"><rect width="{whole}" height="{HEIGHT_PX}" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="{left}" height="{HEIGHT_PX}" fill="#3a4450"/>\
<rect x="{left}" width="{right}" height="{HEIGHT_PX}" fill="{COLOURS[kind]}"/></g>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,Noto Sans CJK JP,sans-serif" font-size="11">\
<text x="{left / 2}" y="14" textLength="{left - 12}">{LABEL}</text>\
<text x="{left + right / 2}" y="14" textLength="{right - 12}">{escape(told)}</text></g>
</svg>
""".encode()


def _told(document: Document, language: Language) -> tuple[str, str]:
    counts = {verdict: sum(one.verdict is verdict for one in document.results) for verdict in Verdict}
    failed = sum(one.is_failure for one in document.results)
    unknown = counts[Verdict.ERROR] + counts[Verdict.CONFIG]
    passed = counts[Verdict.PASS]
    if failed:
        return "bad", f"不適合 {failed}" if language == "ja" else f"{failed} failed"
    if unknown or document.interrupted or not passed:
        return "open", "判定できない" if language == "ja" else "not established"
    return "good", f"適合 {passed}" if language == "ja" else f"{passed} passed"


def _width(text: str) -> int:
    return 12 + sum(12 if east_asian_width(sign) in "WF" else 7 for sign in text)
