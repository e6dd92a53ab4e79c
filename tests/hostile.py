"""Requests that nobody should send, and a judge of what is answered to them.

``make hostile`` sends 100,000 of them; the test suite a slice. Two kinds: cases that schemathesis makes from the
contract's document (right and wrong ones), and raw bytes that no client library would send.
"""

import copy
import gc
import re
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click
import msgspec
import psutil
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from sandbox_city import City, small_seed
from schemathesis import GenerationMode
from stores import OpenedStore

from conformance.contract.catalogue import load_roles
from conformance.contract.operations import Operation, load_document, load_operations
from reference_api.app import create_app
from reference_api.clock import GivenClock
from reference_api.inline import run_inline
from reference_api.seed import load_into
from reference_api.settings import Settings
from reference_api.store.sqlite import SqliteStore

OPERATIONS = load_operations()
BY_ID = {operation.operation_id: operation for operation in OPERATIONS}
DOCUMENTED = (501, 503)
"""What is no failure of the server: not built (as FHIR has it), or put off."""

LEAKS = (b"Traceback (most recent call last)", b"sqlite3.", b"asyncpg.", b'.py", line', b"SELECT ", b"INSERT INTO")


@dataclass(frozen=True, slots=True)
class Request:
    """One request to an operation, as it goes on the wire."""

    operation: Operation
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@cache
def generated() -> Mapping[str, Any]:
    """Schemathesis' view of each operation, by operationId."""
    schema = schemathesis.openapi.from_dict(copy.deepcopy(load_document()))
    found = (result.ok() for result in schema.get_all_operations())
    return {one.definition.raw["operationId"]: one for one in found}


@st.composite
def from_the_document(draw: st.DrawFn) -> Request:
    """A request that the contract's document allows, or one that breaks it in a place."""
    operation = draw(st.sampled_from(OPERATIONS))
    mode = draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
    case = draw(generated()[operation.operation_id].as_strategy(generation_mode=mode))
    return _plain(operation, case.as_transport_kwargs(base_url="http://x"))


def _plain(operation: Operation, sent: Mapping[str, Any]) -> Request:
    """What a transport would put on the wire."""
    headers = {str(name): str(value) for name, value in (sent.get("headers") or {}).items()}
    body = sent.get("data") or b""
    if sent.get("json") is not None:
        body = msgspec.json.encode(sent["json"]) if _encodable(sent["json"]) else b'"\\ud800"'
    elif isinstance(body, Mapping):
        body = urlencode({str(name): str(value) for name, value in body.items()}, errors="replace").encode()
    elif isinstance(body, str):
        body = body.encode("utf-8", "surrogatepass")
    query = urlencode(sent.get("params") or {}, doseq=True, errors="replace")
    return Request(
        operation, sent["url"].removeprefix("http://x"), query, headers, body if isinstance(body, bytes) else b""
    )


def _encodable(value: object) -> bool:
    try:
        msgspec.json.encode(value)
    except (UnicodeEncodeError, OverflowError, TypeError, ValueError):
        return False
    return True


LONG = (b"[" * 20_000, b'{"a":' * 5_000, b"9" * 10_000, b"-" + b"1" * 400, b"&" * 3_000, b" " * 100_000)
"""Bodies that are deep or long."""

NO_TEXT = (b'"\xed\xa0\x80"', b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b"\x80")
"""Bodies that are no UTF-8, or begin with a byte order mark."""


@cache
def values() -> Mapping[str, list[str]]:
    """What raw requests are made of."""
    text = Path(__file__).with_name("hostile_values.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _one(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from(values()[name])


@st.composite
def raw(draw: st.DrawFn) -> Request:
    """A request of bytes that no library would send."""
    operation = draw(st.sampled_from(OPERATIONS))
    path = re.sub(r"{\w+}", lambda _: draw(_one("path_values") | st.just("a" * 5_000)), operation.path)
    body = draw(_one("bodies").map(str.encode) | st.sampled_from([*LONG, *NO_TEXT]) | st.binary(max_size=80))
    long = st.just("x" * 8_000)
    headers = draw(st.dictionaries(_one("header_names"), _one("header_values") | long, max_size=3))
    headers["content-type"] = draw(_one("media_types") | long)
    pairs = draw(st.lists(st.tuples(_one("query_names"), _one("query_values") | long), max_size=4))
    query = "&".join(f"{name}={quote(value, safe='%')}" for name, value in pairs)
    return Request(operation, path, query, headers, body)


@dataclass
class Attack:
    """Sends requests to a city and judges the answers; ``statuses`` counts them."""

    city: City
    statuses: Counter[int] = field(default_factory=Counter)
    _tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    def send(self, request: Request) -> None:
        """Send one request with a token that may call the operation, and judge the answer.

        Raises:
            AssertionError: The server failed, or told what it must not.
        """
        who = client_for(self.city, request.operation)
        headers = {name: value for name, value in request.headers.items() if _is_latin(name + value)}
        url = request.path + (f"?{request.query}" if request.query else "")
        if who:
            headers["authorization"] = f"Bearer {self.token(who, request.operation)}"
        answer = self.city.send(request.operation.method, url, headers, request.body)
        self.statuses[answer.status] += 1
        judge(request, answer)
        if request.operation.operation_id == "setSandboxClock" and answer.status == 200:
            self.reset()

    def reset(self) -> None:
        """Back to the seeded state, by the time that the sandbox goes by now."""
        bearer = self.city.new_token("sandbox-admin")
        answer = self.city.send("POST", "/v1/sandbox/reset", {"authorization": f"Bearer {bearer}"})
        assert answer.status == 204, answer.body

    def token(self, who: str, operation: Operation) -> str:
        """An access token for the API that the operation is of."""
        resource = "fhir" if operation.profile == "health-fhir" else "v1"
        if (who, resource) not in self._tokens:
            issuer = self.city.app.services.settings.issuer  # type: ignore[attr-defined]  # our app has them
            self._tokens[who, resource] = self.city.new_token(who, resource=f"{issuer}/{resource}")
        return self._tokens[who, resource]


def judge(request: Request, answer: Any) -> None:
    """Whether an answer is one that the contract allows to any request.

    Raises:
        AssertionError: It is a failure of the server, is told in the wrong way, or shows the inside.
    """
    told = (request.operation.operation_id, answer.status, answer.body[:300], request)
    assert answer.status < 500 or answer.status in DOCUMENTED, told
    assert not any(leak in answer.body for leak in LEAKS), told
    media_type = answer.headers.get("content-type", "")
    if answer.status >= 400 and answer.body:
        expected = {
            "problem": "application/problem+json",
            "oauth": "application/json",
            "fhir": "application/fhir+json",
            "page": "text/html",
        }[request.operation.error_format]
        assert media_type.startswith((expected, "application/problem+json")), told
    if "json" in media_type:
        msgspec.json.decode(answer.body)


def client_for(city: City, operation: Operation) -> str:
    """A client of the city, or its citizen c0, that has one of the operation's scopes; empty if it is public."""
    if not operation.scopes:
        return ""
    if {*operation.scopes} & {*load_roles()["citizen_app"].scopes}:
        return "c0"
    return next(
        one.client_id for one in city.seed.clients if one.role != "citizen_app" and {*one.scopes} & {*operation.scopes}
    )


def _is_latin(text: str) -> bool:
    return all(ord(character) < 256 and character not in "\r\n\x00" for character in text)


def requests(count: int, first_seed: int) -> Iterator[Request]:
    """Requests of both kinds, three raw ones for each that comes from the document; the same for the same seed."""
    batch: list[Request] = []

    @seed(first_seed)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(raw(), raw(), raw(), from_the_document()))
    def collect(request: Request) -> None:
        batch.append(request)

    collect()
    yield from batch


def hostile_city(users: int = 8) -> City:
    """A sandbox in memory that admits any number of requests."""
    quota = sys.maxsize
    store, data = SqliteStore(), small_seed(users)
    run_inline(load_into(store, data, sandbox=True))
    clock = GivenClock(1_800_000_000.0)
    app = create_app(Settings(sandbox=True, subject_quota=quota, client_quota=quota), store, clock)
    return City(app, OpenedStore(store, run_inline), clock, data)


@click.command()
@click.option("--count", default=100_000, show_default=True)
@click.option("--batch", default=2_000, show_default=True, help="Requests to one city; then it is reset.")
def main(count: int, batch: int) -> None:
    """Send hostile requests, and tell statuses and the growth of memory."""
    attack = Attack(hostile_city())
    process, began_s, grown_mb = psutil.Process(), time.monotonic(), list[float]()
    faults: dict[tuple[str, int], str] = {}
    for number in range(0, count, batch):
        for request in requests(min(batch, count - number), number):
            try:
                attack.send(request)
            except AssertionError as fault:
                faults.setdefault((request.operation.operation_id, fault.args[0][1]), str(fault))
        attack.reset()
        gc.collect()
        grown_mb.append(process.memory_info().rss / 2**20)
        click.echo(f"{number + batch:>7} {time.monotonic() - began_s:6.0f} s  {grown_mb[-1]:.0f} MB", err=True)
    click.echo(f"{sum(attack.statuses.values())} requests: {dict(sorted(attack.statuses.items()))}")
    for fault in faults.values():
        click.echo(fault)
    click.echo(f"memory: {grown_mb[len(grown_mb) // 2]:.0f} MB half way, {grown_mb[-1]:.0f} MB at the end")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
