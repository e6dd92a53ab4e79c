"""Page: the report of a run as one offline HTML file in Japanese and English."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from conformance.contract.profiles import load_profiles
from conformance.contract.requirements import clause_link, load_sources
from conformance.contract.rules import Rule, load_rules
from conformance.explanations import load_explanations
from conformance.report.document import SETTLED, Document, Entry, ProfileSummary, ShownExchange
from conformance.report.statements import Statement, statement_of, whole_statement
from conformance.text import Language
from conformance.verdict import Verdict

BODY = 4000
"""Longest body on the page, in characters; results.json holds more. Confidence C."""

BODY_OF_PASS = 500
"""The same for what passed, of which there is most. Confidence C."""

EXCHANGES_OF_PASS = 8
"""Exchanges shown of a result that passed. Confidence C."""

NOT_JUDGED = (Verdict.SKIP, Verdict.REVIEW, Verdict.ERROR, Verdict.CONFIG, Verdict.OMIT)
"""Verdicts that leave it open whether a requirement is kept."""


@dataclass(frozen=True, slots=True)
class ShownProfile:
    """A profile's chapter; ``statement`` is what may be said of it."""

    name: str
    title: Mapping[str, str]
    summary: ProfileSummary
    statement: Statement
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Open:
    """Results that say nothing of the target, for one reason."""

    verdict: Verdict
    ja: str
    en: str
    ids: Sequence[str]


def report_page(document: Document, language: Language) -> str:
    """The report as HTML; it needs nothing from elsewhere and opens in ``language``."""
    script = _text("report.js")
    used = {
        clause.partition(" ")[2] for one in document.results for clause in one.clauses if clause.startswith("CITY ")
    }
    return (
        _environment()
        .get_template("report.html")
        .render(
            style=Markup(_text("report.css")),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            language=language,
            document=document,
            statement=whole_statement(document),
            profiles=_profiles(document),
            wrong=[one for one in document.results if one.verdict in (Verdict.FAIL, Verdict.WARN)],
            open=_open(document),
            rules=[rule for rule in load_rules() if rule.id in used],
            verdicts=list(Verdict),
            explanations=load_explanations(),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("conformance.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "link": _link,
        "document_title": _document_title,
        "request": _request,
        "answer": _answer,
        "raw": _raw,
    }
    environment.globals |= {"limit_of": _limit_of, "shown_exchanges": _shown_exchanges}
    return environment


def _text(name: str) -> str:
    return files("conformance.report").joinpath("templates", name).read_text(encoding="utf-8")


def _profiles(document: Document) -> list[ShownProfile]:
    known = load_profiles()
    order = [name for name in (*known, *document.by_profile) if name in document.by_profile]
    chapters = []
    for name in dict.fromkeys(order):
        title = {"ja": known[name].ja, "en": known[name].en} if name in known else {"ja": name, "en": name}
        entries = [one for one in document.results if one.profile == name]
        chapters.append(ShownProfile(name, title, document.by_profile[name], statement_of(entries), entries))
    return chapters


def _open(document: Document) -> list[Open]:
    """What was not judged, by verdict and reason, the most telling first."""
    reasons: dict[tuple[int, str, str], list[str]] = {}
    for one in document.results:
        if one.verdict in NOT_JUDGED:
            key = (NOT_JUDGED.index(one.verdict), one.messages.ja, one.messages.en)
            reasons.setdefault(key, []).append(one.id)
    ordered = sorted(reasons.items(), key=lambda item: (item[0][0], -len(item[1]), item[1]))
    return [Open(NOT_JUDGED[place], ja, en, ids) for (place, ja, en), ids in ordered]


def _link(clause: str) -> str:
    """Where a clause can be read: on the web, or for the contract's own in this file; empty where nowhere."""
    try:
        link = clause_link(clause)
    except KeyError:
        return ""
    if link.startswith("#"):
        return link if link[1:] in _rule_ids() else ""
    return link if link.startswith("https://") else ""


@cache
def _rule_ids() -> frozenset[str]:
    rules: tuple[Rule, ...] = load_rules()
    return frozenset(rule.id for rule in rules)


def _document_title(clause: str) -> str:
    source = load_sources().get(clause.partition(" ")[0])
    return source.title if source else ""


def _limit_of(one: Entry) -> int:
    return BODY_OF_PASS if one.verdict in SETTLED else BODY


def _shown_exchanges(one: Entry) -> Sequence[ShownExchange]:
    return one.exchanges[-EXCHANGES_OF_PASS:] if one.verdict in SETTLED else one.exchanges


def _request(exchange: ShownExchange, limit: int) -> str:
    """A request as a text that reads like HTTP."""
    head = "".join(f"{name}: {value}\n" for name, value in exchange.request_headers.items())
    return f"{exchange.method} {exchange.url}\n{head}{_body(exchange.request_body, exchange.request_length, limit)}"


def _answer(exchange: ShownExchange, limit: int) -> str:
    """An answer as a text that reads like HTTP."""
    if not exchange.status:
        return exchange.fault
    head = "".join(f"{name}: {value}\n" for name, value in exchange.response_headers.items())
    return f"{exchange.status}\n{head}{_body(exchange.response_body, exchange.response_length, limit)}"


def _raw(text: str) -> Markup:
    """A text within an element: quotes need no escape there, and a JSON body is full of them."""
    return Markup(escape(text, quote=False))  # noqa: S704 - escaped


def _body(body: str, length: int, limit: int) -> str:
    if not body:
        return ""
    rest = f"\n… [{length}]" if len(body) > limit or length > len(body) + limit else ""
    return f"\n{body[:limit]}{rest}"
