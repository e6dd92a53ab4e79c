"""Exchange: what was said to a city OS and what it answered, as one line of JSON, without secrets."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import msgspec

SECRET_HEADERS = ("authorization", "cookie", "set-cookie", "dpop")
"""Headers that hold credentials. Source: RFC 9110 11.6.2, RFC 6265 4, RFC 9449 4."""

SECRET_MEMBERS = (
    "access_token",
    "refresh_token",
    "id_token",
    "client_secret",
    "client_assertion",
    "subject_token",
    "code",
)
"""Parameters and members that hold credentials. Source: RFC 6749 section 8, RFC 7523, RFC 8693."""

HASH_DIGITS = 8
"""Hexadecimal digits kept of a secret's SHA-256: enough to tell tokens apart, far too few to find one."""

SHARED_BODY_BYTES = 256
"""Response bodies from here on are written once. Source: none; about the size of the rest. Confidence C."""

_NAMES = "|".join(SECRET_MEMBERS)
_IN_JSON = re.compile(rf'("(?:{_NAMES})"\s*:\s*")((?:[^"\\]|\\.)*)(")')
_IN_FORM = re.compile(rf"((?:^|&)(?:{_NAMES})=)([^&]*)()")


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
        request_headers=_mask_headers(exchange.request_headers),
        request_body=_mask_text(exchange.request_body),
        response_headers=_mask_headers(exchange.response_headers),
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


def masked_secret(secret: str) -> str:
    """``***`` and the start of the secret's SHA-256."""
    return "***" + hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_DIGITS]


def _mask_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    if not any(name.lower() in SECRET_HEADERS for name in headers):
        return headers
    return {name: _mask_header(value) if name.lower() in SECRET_HEADERS else value for name, value in headers.items()}


def _mask_header(value: str) -> str:
    """Keep the scheme (Bearer, Basic), so that a reader sees how the client authenticated."""
    scheme, blank, rest = value.partition(" ")
    return f"{scheme} {masked_secret(rest)}" if blank else masked_secret(value)


def _mask_text(text: str) -> str:
    if not any(name in text for name in SECRET_MEMBERS):
        return text
    pattern = _IN_JSON if text.lstrip().startswith(("{", "[")) else _IN_FORM
    return pattern.sub(_replace, text)


def _mask_query(url: str) -> str:
    path, mark, query = url.partition("?")
    return path + mark + _IN_FORM.sub(_replace, query) if mark else url


def _replace(found: re.Match[str]) -> str:
    return found[1] + masked_secret(found[2]) + found[3]
