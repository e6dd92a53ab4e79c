"""Call and Reply: one request as handlers see it, and what they answer."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

import msgspec

from conformance.contract.operations import Operation
from reference_api.errors import ApiError, Fault, invalid

T = TypeVar("T")

EARLIEST_YEAR, LATEST_YEAR = 1900, 2999
"""Observations outside are slips of the keyboard; also keeps every instant writable with any offset."""

MAX_QUERY_FIELDS = 100
"""A bound against exhaustion, well above the contract's longest query (4). Source: none. Confidence C."""

JSON_TYPES = ("application/json",)

_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""An odd number of backslashes and u0000. Source: RFC 8259 section 7: U+0000 stands in a string by this escape only."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a verified access token says. ``subject`` is None when the client acts for itself.

    ``recipient`` is who data are disclosed to (municipality, association:<code>, family); ``expires_s`` Unix seconds.
    ``subject`` is the local ID; the client is shown a pairwise one where ``sector`` is not None (oidc.subjects).
    ``grant_id`` names the person's grant that the token comes from, if it comes from one.
    """

    client_id: str
    subject: str | None
    role: str
    recipient: str
    scopes: frozenset[str]
    expires_s: float
    audience: frozenset[str] = frozenset()
    jti: str = ""
    grant_id: str | None = None
    sector: str | None = None

    @property
    def association(self) -> str | None:
        """Code of the neighbourhood whose association this is, None for everybody else."""
        kind, _, code = self.recipient.partition(":")
        return code if kind == "association" else None


ANONYMOUS = Token(client_id="", subject=None, role="", recipient="public", scopes=frozenset(), expires_s=0.0)


@dataclass(slots=True)
class Call:
    """One request. Names of ``headers`` are in lower case; ``now_s`` is when it arrived (Unix seconds).

    ``address`` is the network address that it came from, empty where there is none (an app in process).
    """

    operation: Operation
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    query_string: str
    body: bytes
    now_s: float
    token: Token = ANONYMOUS
    address: str = ""

    def query(self) -> dict[str, str]:
        """Query parameters; of a repeated one the first counts.

        Raises:
            ApiError: malformed-request, if there are absurdly many.
        """
        if not self.query_string:
            return {}
        try:
            pairs = parse_qsl(self.query_string, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS)
        except ValueError as fault:
            raise ApiError("malformed-request", f"at most {MAX_QUERY_FIELDS} query parameters") from fault
        return dict(reversed(pairs))

    def read(self, decoder: msgspec.json.Decoder[T], *, check_texts: bool = True) -> T:
        """The body as ``decoder`` demands it; U+0000 is refused unless the handler does so part by part.

        Raises:
            ApiError: unsupported-media-type, malformed-request or validation.
        """
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in JSON_TYPES:
            raise ApiError("unsupported-media-type", "send application/json", headers={"accept": "application/json"})
        if check_texts:
            refuse_nul(self.body)
        refuse_unclear(self.body)
        try:
            return decoder.decode(self.body)
        except msgspec.ValidationError as fault:
            message, _, path = str(fault).partition(" - at `$")
            raise ApiError("validation", message, faults=[_fault(path.rstrip("`"), message)]) from fault
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            raise ApiError("malformed-request", "the body is not JSON in UTF-8") from fault


def refuse_nul(text: bytes) -> None:
    """Refuse a JSON text that holds U+0000, which not every database can keep.

    Raises:
        ApiError: validation.
    """
    if b"\\u0000" in text and _ESCAPED_NUL.search(text):
        raise ApiError("validation", "no text may hold U+0000", faults=[Fault("", "nul")])


def refuse_unclear(text: bytes) -> None:
    """Refuse a body that is no JSON in UTF-8, also where a decoder would pass over it, or that says a name twice.

    Which of two values was meant, nobody can know (RFC 8259 section 4).

    Raises:
        ApiError: malformed-request.
    """
    try:
        _CLEAR.decode(text.decode())
    except (ValueError, RecursionError) as fault:
        raise ApiError("malformed-request", "the body is not JSON in UTF-8") from fault


def _once(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ApiError("malformed-request", "a name stands twice in an object")


_CLEAR = json.JSONDecoder(object_pairs_hook=_once)
"""Made once: it is asked about every body."""


def _fault(path: str, message: str) -> Fault:
    """The place msgspec names (``.areas[...]``) as a JSON pointer (``/areas/-``), and what is wrong there."""
    pointer = path.replace("[...]", "/-").replace("[", "/").replace("]", "").replace(".", "/")
    code = "required" if "missing required field" in message else "type" if ", got " in message else "value"
    return Fault(pointer, code)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler answers; names of ``headers`` are in lower case, ``cookies`` are values of Set-Cookie."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    cookies: tuple[str, ...] = ()


def json_reply(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply with ``value`` as JSON."""
    return Reply(status=status, body=msgspec.json.encode(value), headers=headers or {})


def unix_s(moment: datetime, pointer: str) -> float:
    """Unix seconds of an instant.

    Raises:
        ApiError: validation, if it lies outside the years that a city OS can have seen.
    """
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise invalid(pointer, "value")
    return moment.timestamp()


def instant_s(text: str, pointer: str) -> float:
    """Unix seconds of an RFC 3339 text.

    Raises:
        ApiError: validation.
    """
    try:
        return unix_s(msgspec.convert(text, Annotated[datetime, msgspec.Meta(tz=True)]), pointer)
    except msgspec.ValidationError as fault:
        raise invalid(pointer, "format") from fault


def row_id(text: str) -> int:
    """Number of a row from its public id.

    Raises:
        ApiError: not-found, if no row can have that id.
    """
    if not text.isascii() or not text.isdigit() or len(text) > 15 or text != str(int(text)):
        raise ApiError("not-found")
    return int(text)
