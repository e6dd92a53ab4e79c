"""Exchange: what was said to a city OS and what it answered, as one line of JSON, without secrets."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import BinaryIO

import msgspec

SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie", "set-cookie", "dpop")
"""Headers that hold credentials. Source: RFC 9110 11.6.2, 11.7.2, RFC 6265 4, RFC 9449 4."""

ADDRESS_HEADERS = ("location", "content-location", "link", "refresh", "referer")
"""Headers that hold addresses, which may hold credentials. Source: RFC 9110 10, RFC 8288; OIDCC 3.1.2.5."""

SECRET_MEMBERS = (
    "access_token",
    "refresh_token",
    "id_token",
    "client_secret",
    "client_assertion",
    "subject_token",
    "code",
    "actor_token",
    "assertion",
    "code_verifier",
    "device_code",
    "id_token_hint",
    "logout_token",
    "password",
    "registration_access_token",
    "token",
    "user_code",
)
"""Parameters and members that hold credentials.

Source: RFC 6749 section 8, RFC 7009, RFC 7523, RFC 7591, RFC 7636, RFC 8628, RFC 8693.
"""

SHORTEST_CODE = 20
"""A member ``code`` of JSON below this length is a word of a code list. Source: RFC 6749 10.10 (128 bits of chance)."""

HASH_DIGITS = 8
"""Hexadecimal digits kept of a secret's SHA-256: enough to tell tokens apart, far too few to find one."""

_REMEMBERED = 1024
"""The same few clients speak again and again, with headers of the same few names. Source: none. Confidence C."""

SHARED_BODY_BYTES = 256
"""Response bodies from here on are written once. Source: none; about the size of the rest. Confidence C."""

_CORES = tuple(name for name in SECRET_MEMBERS if not any(other in name for other in SECRET_MEMBERS if other != name))
"""Where none of these stands in a text, none of the members does: each member holds one of them."""
_NAMES = "|".join(SECRET_MEMBERS)
# Runs of plain characters are taken at once: a token has a thousand of them.
_IN_JSON = re.compile(rf'("(?:{_NAMES})"\s*:\s*")([^"\\]*(?:\\.[^"\\]*)*)(")')
_IN_FORM = re.compile(rf"((?:^|&)(?:{_NAMES})=)([^&]*)()")
_IN_ADDRESS = re.compile(rf"((?:[?&#])(?:{_NAMES})=)([^&#\s<>\"';,]*)()")
_SET_COOKIE = re.compile(r"((?:^|,\s*)[^=;,\s]+=)([^;]*?)(?=;|$|,\s*[^=;,\s]+=)")
_TREATED = frozenset(SECRET_HEADERS + ADDRESS_HEADERS)
_COOKIE = re.compile(r"([^=;\s]+=)([^;]*)")


class Exchange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request and its response.

    ``number`` counts from 0; ``at_s`` is the scenario's time of asking, ``latency_s`` what the answer took (seconds);
    ``actor`` is who asked (citizen, desk, association, city_office). ``status`` is 0 where there was no response, and
    ``fault`` then says why. Names of headers are in lower case; bodies are text. A response body that was the same
    before is left out and ``body_of`` is the number of the exchange that holds it.
    """

    number: int
    at_s: float
    actor: str
    operation_id: str
    method: str
    url: str
    status: int
    latency_s: float = 0.0
    request_headers: Mapping[str, str] = {}
    request_body: str = ""
    response_headers: Mapping[str, str] = {}
    response_body: str = ""
    body_of: int | None = None
    fault: str = ""


def mask(exchange: Exchange) -> Exchange:
    """The exchange with every credential replaced by ``***`` and a short hash, the same for the same credential."""
    return msgspec.structs.replace(
        exchange,
        url=_mask_query(exchange.url),
        request_headers=mask_headers(exchange.request_headers),
        request_body=_mask_text(exchange.request_body),
        response_headers=mask_headers(exchange.response_headers),
        response_body=_mask_text(exchange.response_body),
    )


def encode(exchange: Exchange) -> bytes:
    """One line of JSON, with its line end."""
    return msgspec.json.encode(exchange) + b"\n"


def decode(line: bytes) -> Exchange:
    """The exchange of a line.

    Raises:
        msgspec.DecodeError: The line is no exchange.
    """
    return msgspec.json.decode(line, type=Exchange)


class ExchangeLog:
    """Writes exchanges to a binary file: secrets masked, a body that was written before by reference."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._bodies: dict[bytes, int] = {}

    def add(self, exchange: Exchange) -> None:
        """Write one exchange."""
        masked = mask(exchange)
        if len(masked.response_body) >= SHARED_BODY_BYTES:
            digest = hashlib.sha256(masked.response_body.encode("utf-8", "surrogatepass")).digest()
            first = self._bodies.setdefault(digest, masked.number)
            if first != masked.number:
                masked = msgspec.structs.replace(masked, response_body="", body_of=first)
        self._file.write(encode(masked))


def read_exchanges(file: BinaryIO) -> Iterator[Exchange]:
    """The exchanges of a file that ExchangeLog wrote, each with its body.

    Raises:
        msgspec.DecodeError: A line is no exchange.
        KeyError: A line refers to an exchange that is not before it.
    """
    bodies: dict[int, str] = {}
    for line in file:
        exchange = decode(line)
        if exchange.body_of is not None:
            exchange = msgspec.structs.replace(exchange, response_body=bodies[exchange.body_of], body_of=None)
        elif len(exchange.response_body) >= SHARED_BODY_BYTES:
            bodies[exchange.number] = exchange.response_body
        yield exchange


@lru_cache(maxsize=_REMEMBERED)
def masked_secret(secret: str) -> str:
    """``***`` and the start of the secret's SHA-256."""
    return "***" + hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_DIGITS]


def mask_headers(headers: Mapping[str, str], label: Callable[[str], str] = masked_secret) -> Mapping[str, str]:
    """Headers with credentials replaced by what ``label`` makes of each.

    The scheme of Authorization, names and attributes of cookies, and the rest of an address stay.
    """
    treated = _treated(tuple(headers))
    if not treated:
        return headers
    return {**headers, **{name: _mask_header(name.lower(), headers[name], label) for name in treated}}


@lru_cache(maxsize=_REMEMBERED)
def _treated(names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the names whose headers may hold credentials."""
    return tuple(name for name in names if name.lower() in _TREATED)


def _mask_header(name: str, value: str, label: Callable[[str], str]) -> str:
    if name in ADDRESS_HEADERS:
        return _IN_ADDRESS.sub(lambda found: found[1] + label(found[2]), value)
    if name not in SECRET_HEADERS:
        return value
    if name == "set-cookie" and "=" in value:
        return _SET_COOKIE.sub(lambda found: found[1] + label(found[2]), value)
    if name == "cookie" and "=" in value:
        return _COOKIE.sub(lambda found: found[1] + label(found[2]), value)
    scheme, blank, rest = value.partition(" ")
    return f"{scheme} {label(rest)}" if blank else label(value)


def _mask_text(text: str) -> str:
    for core in _CORES:
        if core in text:
            break
    else:
        return text
    pattern = _IN_JSON if text.lstrip().startswith(("{", "[")) else _IN_FORM
    return pattern.sub(_replace, text)


def _mask_query(url: str) -> str:
    return _IN_ADDRESS.sub(_replace, url) if "?" in url or "#" in url else url


def _replace(found: re.Match[str]) -> str:
    if len(found[2]) < SHORTEST_CODE and found[1].startswith('"code"'):
        return found[0]
    return found[1] + masked_secret(found[2]) + found[3]
