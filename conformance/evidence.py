"""Evidence: what is kept of exchanges: no secret and nothing personal, but enough to judge by."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec
from ahocorasick_rs import AhoCorasick

from conformance.accounts import ClientAccount
from conformance.contract.exchange import Exchange, mask_headers
from conformance.masking.found import Found, is_text
from conformance.masking.free_text import mask_text
from conformance.masking.json_text import mask_json
from conformance.masking.names import is_secret
from conformance.target import Target


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is kept of a result: its first and last exchanges, and so many characters of a body.

    What is judged by stands at the end; the whole numbers and lengths are told.
    """

    first: int
    last: int
    body: int


WHOLE, BRIEF = Extent(30, 70, 20_000), Extent(5, 10, 1500)
"""What is kept where something is wrong or open, and where nothing is. Confidence C."""

KEPT_HEADER = 1000
"""Longest value of a header that is kept, in characters. Confidence C."""

SHORTEST_SECRET = 4
"""Secrets shorter than this are masked where they are named, and not wherever their letters occur. Confidence C."""

PREFIX = 12
"""Characters of a long secret by which a part of it is known, where a message was cut within it. Confidence C."""

_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")
_REST = r"[\w.~+/=%-]*"


@dataclass(frozen=True)
class Known:
    """Credentials known to the run, which are masked wherever they stand."""

    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(cls, target: Target, *further: str) -> "Known":
        """Those of a target's clients and people, and further ones (such as a token for FHIR)."""
        clients = [one for one in (target.client, target.second_client, *target.accounts) if one]
        secrets = {secret for client in clients for secret in _of_client(client)}
        secrets |= {person.password for person in target.people} | set(further)
        plan = target.plan
        given = [part for part in (plan.person, plan.second_person) if part and part.origin == "plan"]
        if given:
            secrets |= {person.user for person in target.people}
        return cls(frozenset(secret for secret in secrets if secret))


def _of_client(client: ClientAccount) -> Iterable[str]:
    yield client.secret
    yield client.registration_token
    private = (client.private_jwk.get(name) for name in ("d", "p", "q", "dp", "dq", "qi", "k"))
    yield from (value for value in private if isinstance(value, str))


@dataclass(frozen=True)
class Piece:
    """One exchange as it is kept; lengths are those of the bodies that were sent, in characters.

    ``request_cut`` and ``response_cut``: the body that is kept is not the whole, or is no text.
    """

    exchange: Exchange
    request_length: int
    response_length: int
    request_cut: bool = False
    response_cut: bool = False


class Masking:
    """Masks all of one result: first by where things stand, then what was found wherever else it stands."""

    def __init__(self, known: Known) -> None:
        self._found = Found()
        for secret in known.secrets:
            self._found.secret(secret)
        self._words: Words | None = None

    @property
    def tokens(self) -> Mapping[str, Mapping[str, Any]]:
        """JSON Web Tokens seen, by label, decoded without signature; their personal claims are masked."""
        return {label: self._plain(token) for label, token in self._found.tokens.items()}

    def keep(self, exchanges: Sequence[Exchange], extent: Extent = WHOLE) -> list[Piece]:
        """The exchanges as they are kept: the first and the last where there are many; in all of them is searched."""
        pieces = [self._by_place(exchange, extent.body) for exchange in exchanges]
        self._words = None
        if len(pieces) > extent.first + extent.last:
            pieces = pieces[: extent.first] + pieces[-extent.last :]
        return [_changed(piece, self.everywhere) for piece in pieces]

    def text(self, text: str) -> str:
        """A message about the exchanges as it is kept."""
        masked, found = _masked(text, "message")
        if found.secrets or found.personal:
            self._found.add(found)
            self._words = None
        return self.everywhere(masked)

    def everywhere(self, text: str) -> str:
        """A text without what was found at any place of the result."""
        if self._words is None:
            self._words = Words(_words(self._found))
        return self._words.masked(text)

    def _plain(self, token: Mapping[str, Any]) -> Mapping[str, Any]:
        text, _ = _masked(json.dumps(token, ensure_ascii=False), "body")
        plain: Mapping[str, Any] = json.loads(self.everywhere(text))
        return plain

    def _by_place(self, exchange: Exchange, most: int) -> Piece:
        request, request_cut = self._body(exchange.request_body, exchange.request_headers, most)
        response, response_cut = self._body(exchange.response_body, exchange.response_headers, most)
        kept = msgspec.structs.replace(
            exchange,
            url=self._take(exchange.url, "url"),
            request_headers=self._headers(exchange.request_headers),
            request_body=request,
            response_headers=self._headers(exchange.response_headers),
            response_body=response,
            fault=self._take(exchange.fault, "message"),
        )
        lengths = len(exchange.request_body), len(exchange.response_body)
        return Piece(kept, *lengths, request_cut, response_cut)

    def _headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        masked = mask_headers(headers, self._found.secret)
        return {
            name: value if is_secret(name) else self._take(value[:KEPT_HEADER], "header")
            for name, value in masked.items()
        }

    def _body(self, body: str, headers: Mapping[str, str], most: int) -> tuple[str, bool]:
        if not body:
            return "", False
        media_type = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
        if is_binary(body, media_type):
            return f"[binary, {media_type or 'no content-type'}, {len(body)} characters as text]", True
        masked = self._take(body, "form" if "form-urlencoded" in media_type else "body")
        return masked[:most], len(masked) > most

    def _take(self, text: str, kind: str) -> str:
        masked, found = _masked(text, kind)
        self._found.add(found)
        return masked


class Words:
    """What is searched for in every text of a result, all of it at once: there may be thousands."""

    def __init__(self, rows: Sequence[tuple[str, re.Pattern[str] | None, str]]) -> None:
        self._rows = rows
        self._search = AhoCorasick([word for word, _, _ in rows])

    def masked(self, text: str) -> str:
        """A text without the words; of words that lie in one another the longest goes first."""
        present = {index for index, _, _ in self._search.find_matches_as_indexes(text, overlapping=True)}
        for index in sorted(present):
            word, pattern, label = self._rows[index]
            text = text.replace(word, label) if pattern is None else pattern.sub(label, text)
        return text


def is_binary(body: str, media_type: str) -> bool:
    """Whether a body is no text: by its media type, or by a tenth of signs that no text has."""
    if media_type.startswith(("image/", "audio/", "video/", "application/octet-stream", "application/zip")):
        return True
    head = body[:2000]
    return len(_NOT_TEXT.findall(head)) * 10 > len(head)


def _changed(piece: Piece, change: Callable[[str], str]) -> Piece:
    exchange = piece.exchange
    changed = msgspec.structs.replace(
        exchange,
        url=change(exchange.url),
        request_headers={name: change(value) for name, value in exchange.request_headers.items()},
        request_body=change(exchange.request_body),
        response_headers={name: change(value) for name, value in exchange.response_headers.items()},
        response_body=change(exchange.response_body),
        fault=change(exchange.fault),
    )
    return replace(piece, exchange=changed)


@lru_cache(maxsize=2000)
def _masked(text: str, kind: str) -> tuple[str, Found]:
    """A text masked by where things stand in it, and what was found; the same text is looked at once."""
    found = Found()
    text = text if is_text(text) else text.encode("utf-8", "replace").decode()
    if kind == "body" and text.lstrip()[:1] in ("{", "["):
        masked = mask_json(text, found)
        if masked is not None:
            return masked, found
    return mask_text(text, found, form=kind == "form"), found


def _words(found: Found) -> list[tuple[str, re.Pattern[str] | None, str]]:
    """What is searched for, how, and what stands in its place; the longest first."""
    words: dict[str, tuple[re.Pattern[str] | None, str]] = {}
    for secret, label in found.secrets.items():
        words |= _of_secret(secret, label)
    for value, shape in found.personal.items():
        if _is_telling(value):
            words |= _of_person(value, shape)
    ordered = sorted(words.items(), key=lambda item: (-len(item[0]), item[0]))
    return [(word, pattern, label) for word, (pattern, label) in ordered]


@lru_cache(maxsize=20_000)
def _of_secret(secret: str, label: str) -> Mapping[str, tuple[re.Pattern[str] | None, str]]:
    if len(secret) < SHORTEST_SECRET:
        return {}
    bare = re.compile(rf"(?<![\w*]){re.escape(secret)}(?!\w)") if len(secret) < 8 else None
    words = {variant: (bare if variant == secret else None, label) for variant in _variants(secret)}
    if len(secret) >= PREFIX + 4:
        head = secret[:PREFIX]
        words[head] = (re.compile(re.escape(head) + _REST), "***…")
    return words


@lru_cache(maxsize=20_000)
def _of_person(value: str, shape: str) -> Mapping[str, tuple[re.Pattern[str] | None, str]]:
    bare = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)") if value.isascii() else None
    return {variant: (bare if variant == value else None, shape) for variant in _variants(value)}


def _variants(value: str) -> set[str]:
    """A value as it stands in texts, addresses, JSON and HTML."""
    return {value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1], escape(value)}


def _is_telling(value: str) -> bool:
    """Whether a personal value is long enough to be searched for everywhere without blotting out other words."""
    if not value.isascii():
        return len(value) >= 2
    return len(value) >= 6 or (len(value) >= 4 and not value.islower())
