"""Document: a run's results as plain data without secrets, the source of every report; ``results.json`` is its text."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from conformance.contract.operations import load_document
from conformance.contract.requirements import Requirement
from conformance.evidence import BRIEF, WHOLE, Known, Masking, Piece
from conformance.report.curl import Replay
from conformance.results import Result, Run
from conformance.text import Language, Text
from conformance.verdict import Verdict, roll_up

SETTLED = (Verdict.PASS, Verdict.OMIT)
"""Verdicts of which less is kept."""


class ShownText(msgspec.Struct, frozen=True):
    """A sentence in both languages."""

    ja: str
    en: str

    def of(self, language: Language) -> str:
        """The sentence in a language."""
        return self.ja if language == "ja" else self.en


class ShownExchange(msgspec.Struct, frozen=True):
    """A request and its answer as they are kept: masked; ``*_length`` are the bodies' before they were ``*_cut``.

    ``at_s`` counts from the run's begin, ``latency_s`` is what the answer took. ``status`` is 0 where none came, and
    ``fault`` says why. ``curl`` sends the request again.
    """

    number: int
    at_s: float
    actor: str
    method: str
    url: str
    status: int
    latency_s: float
    request_headers: Mapping[str, str]
    request_body: str
    request_length: int
    request_cut: bool
    response_headers: Mapping[str, str]
    response_body: str
    response_length: int
    response_cut: bool
    curl: str
    fault: str = ""


class ShownAcceptance(msgspec.Struct, frozen=True):
    """Why a deviation is accepted, who mends it, and the last day on which it is."""

    reason: str
    owner: str
    expires: str


class Entry(msgspec.Struct, frozen=True):
    """One result. ``id`` names the result, ``requirement`` what it judges; ``tokens`` are those seen, decoded.

    ``exchanges_left_out`` is how many stand between the first and the last that are kept. ``accepted`` is there where a
    baseline accepts the verdict.
    """

    id: str
    requirement: str
    level: str
    profile: str
    part: str
    verdict: Verdict
    clauses: tuple[str, ...]
    title: str
    message: str
    expected: str
    actual: str
    exchanges: tuple[ShownExchange, ...]
    duration_s: float
    titles: ShownText
    messages: ShownText
    tokens: Mapping[str, Mapping[str, Any]] = {}
    accepted: ShownAcceptance | None = None
    exchanges_left_out: int = 0

    @property
    def is_failure(self) -> bool:
        """Whether it fails the run."""
        return self.verdict is Verdict.FAIL and self.accepted is None


class ProfileSummary(msgspec.Struct, frozen=True):
    """A profile's verdict and its number of results by verdict."""

    verdict: Verdict
    counts: Mapping[str, int]


class Document(msgspec.Struct, frozen=True):
    """A whole run: what was judged, by what, when, and every result. ``notes`` are remarks on the run as a whole."""

    summary: Mapping[str, int]
    target: str
    suite: str
    results: tuple[Entry, ...]
    contract: str
    seed: int
    begun_at: str
    duration_s: float
    interrupted: bool
    by_profile: Mapping[str, ProfileSummary]
    notes: tuple[ShownText, ...] = ()


def document_of(
    run: Run, language: Language = "en", *, known: Known | None = None, notes: Sequence[Text] = ()
) -> Document:
    """The run as it is kept. ``known`` are the credentials that the run used, masked wherever they stand."""
    used = known or Known()
    entries = tuple(_entry(one, Masking(used), language) for one in run.results)
    document = Document(
        summary=run.count(),
        target=run.target,
        suite=run.suite,
        results=entries,
        contract=load_document()["info"]["version"],
        seed=run.seed,
        begun_at=run.begun_at,
        duration_s=round(run.duration_s, 3),
        interrupted=run.interrupted,
        by_profile=_by_profile(run),
        notes=tuple(ShownText(text.ja, text.en) for text in notes),
    )
    return document if _is_text(document) else msgspec.convert(_mended(msgspec.to_builtins(document)), Document)


def in_language(document: Document, language: Language) -> Document:
    """The document with its titles and messages in a language."""
    results = tuple(
        msgspec.structs.replace(one, title=one.titles.of(language), message=one.messages.of(language))
        for one in document.results
    )
    return msgspec.structs.replace(document, results=results)


def _is_text(document: Document) -> bool:
    """Whether all of it can be written as UTF-8: a target may send half a surrogate pair."""
    try:
        msgspec.json.encode(document)
    except UnicodeEncodeError:
        return False
    return True


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_mended(key): _mended(inner) for key, inner in value.items()}
    return [_mended(inner) for inner in value] if isinstance(value, list | tuple) else value


def encoded(document: Document) -> bytes:
    """The document as JSON text, a line for each result: lines are found and compared, and it stays small."""
    rest = msgspec.json.encode(msgspec.structs.replace(document, results=()))
    head, mark, tail = rest.partition(b'"results":[')
    lines = b",\n".join(msgspec.json.encode(one) for one in document.results)
    return head + mark + b"\n" + lines + b"\n" + tail + b"\n"


def _by_profile(run: Run) -> Mapping[str, ProfileSummary]:
    return {
        name: ProfileSummary(roll_up(one.verdict for one in run.results if one.requirement.profile == name), counts)
        for name, counts in run.by_profile().items()
    }


def _entry(result: Result, masking: Masking, language: Language) -> Entry:
    requirement: Requirement = result.requirement
    pieces = masking.keep(result.exchanges, BRIEF if result.verdict in SETTLED else WHOLE)
    replay = Replay()
    titles = ShownText(requirement.ja, requirement.en)
    messages = ShownText(masking.text(result.message.ja), masking.text(result.message.en))
    return Entry(
        id=result.name,
        requirement=requirement.id,
        level=requirement.level,
        profile=requirement.profile,
        part=requirement.part,
        verdict=result.verdict,
        clauses=requirement.clauses,
        title=titles.of(language),
        message=messages.of(language),
        expected=masking.text(result.expected),
        actual=masking.text(result.actual),
        exchanges=tuple(_shown(piece, replay) for piece in pieces),
        duration_s=round(result.duration_s, 3),
        titles=titles,
        messages=messages,
        tokens=_shown_tokens(masking.tokens, pieces),
        accepted=_accepted(result),
        exchanges_left_out=len(result.exchanges) - len(pieces),
    )


def _shown_tokens(tokens: Mapping[str, Mapping[str, Any]], pieces: Sequence[Piece]) -> Mapping[str, Mapping[str, Any]]:
    """Those that stand in what is kept."""
    texts = "\n".join(msgspec.json.encode(piece.exchange).decode("utf-8", "replace") for piece in pieces)
    return {label: token for label, token in tokens.items() if label in texts}


def _accepted(result: Result) -> ShownAcceptance | None:
    told = result.accepted
    return ShownAcceptance(told.reason, told.owner, told.expires) if told else None


def _shown(piece: Piece, replay: Replay) -> ShownExchange:
    exchange = piece.exchange
    return ShownExchange(
        number=exchange.number,
        at_s=round(exchange.at_s, 3),
        actor=exchange.actor,
        method=exchange.method,
        url=exchange.url,
        status=exchange.status,
        latency_s=round(exchange.latency_s, 4),
        request_headers=exchange.request_headers,
        request_body=exchange.request_body,
        request_length=piece.request_length,
        request_cut=piece.request_cut,
        response_headers=exchange.response_headers,
        response_body=exchange.response_body,
        response_length=piece.response_length,
        response_cut=piece.response_cut,
        curl=replay.line(piece),
        fault=exchange.fault,
    )
