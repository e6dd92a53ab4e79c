"""Sights: the exchanges of a trace one by one with their operation, read with bounded memory."""

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import msgspec

from conformance.contract.exchange import Exchange, decode
from conformance.contract.operations import Operation, load_operations

REMEMBERED = 64
"""Bodies kept in memory; others are read again from the file. Confidence C."""


@dataclass(frozen=True)
class Sight:
    """An exchange, its operation, and whether its body was judged at an earlier one (``is_known``)."""

    exchange: Exchange
    operation: Operation
    path: str
    is_known: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self.exchange.status

    @property
    def body(self) -> str:
        """The answer's body."""
        return self.exchange.response_body

    @property
    def media_type(self) -> str:
        """The answer's media type without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        """Whether the answer says that it is JSON of the service, and no document about it."""
        return self.media_type.endswith(("/json", "+json")) and "openapi" not in self.media_type

    @property
    def with_token(self) -> bool:
        """Whether the request carried a token."""
        return self.exchange.request_headers.get("authorization", "").lower().startswith(("bearer ", "dpop "))

    @cached_property
    def json(self) -> Any:
        """The answer's body as data; None where it is no JSON."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeEncodeError):
            return None

    @property
    def members(self) -> Mapping[str, Any]:
        """The answer's body as an object; empty where it is something else."""
        return self.json if isinstance(self.json, dict) else {}


class Trace:
    """A file of exchanges, read once from begin to end; a body that is written by reference is read where it stands."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._places: dict[int, int] = {}
        self._bodies: OrderedDict[int, str] = OrderedDict()
        self._judged: set[tuple[int, str, int]] = set()
        self.bytes_read = 0
        self.read = 0

    def sights(self) -> Iterator[Sight]:
        """The exchanges that belong to an operation of the contract; without an answer their status is 0.

        Raises:
            msgspec.DecodeError: A line is no exchange.
            KeyError: A line refers to an exchange that is not before it.
        """
        self._file.seek(0)
        while line := self._file.readline():
            begin = self.bytes_read
            self.bytes_read += len(line)
            exchange = decode(line)
            self.read += 1
            if exchange.body_of is None and exchange.response_body:
                self._places[exchange.number] = begin
            found = operation_at(exchange.method, urlsplit(exchange.url).path)
            if found:
                yield self._sight(exchange, *found)

    def _sight(self, exchange: Exchange, operation: Operation, path: str) -> Sight:
        whose = exchange.body_of if exchange.body_of is not None else exchange.number
        key = (whose, operation.operation_id, exchange.status)
        is_known = key in self._judged
        self._judged.add(key)
        if exchange.body_of is not None:
            exchange = msgspec.structs.replace(exchange, response_body=self._body(whose), body_of=None)
        headers = {name.lower(): value for name, value in exchange.response_headers.items()}
        return Sight(exchange, operation, path, is_known, headers)

    def _body(self, number: int) -> str:
        if number in self._bodies:
            self._bodies.move_to_end(number)
            return self._bodies[number]
        self._file.seek(self._places[number])
        body = decode(self._file.readline()).response_body
        self._file.seek(self.bytes_read)
        self._bodies[number] = body
        if len(self._bodies) > REMEMBERED:
            self._bodies.popitem(last=False)
        return body


@lru_cache(maxsize=20000)
def operation_at(method: str, path: str) -> tuple[Operation, str] | None:
    """The operation that a method and a path belong to, and the path from where the contract's begins."""
    asked = "GET" if method == "HEAD" else method
    for begin in _begins(path):
        for operation, pattern in _patterns():
            if operation.method == asked and pattern.fullmatch(path[begin:]):
                return operation, path[begin:]
    return None


def _begins(path: str) -> Iterator[int]:
    """Where the contract's path may begin: at the address's own, or after a base that the service stands below."""
    yield 0
    yield from (found.start() for found in re.finditer(r"/(?:v1|fhir|\.well-known)/", path) if found.start())


_Patterns = list[tuple[Operation, re.Pattern[str]]]


@lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    """Operations with their paths as patterns; those without parameters first."""
    ordered = sorted(load_operations(), key=lambda one: one.path.count("{"))
    return [(one, re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(one.path)))) for one in ordered]
