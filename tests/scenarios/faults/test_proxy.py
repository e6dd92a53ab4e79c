"""The fault proxy: what it passes on untouched, what each fault does to HTTP, and that it decides as a run does."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
import uvicorn
from faulty_city import OverTransport, ThroughProxy, ask, faulty_city, proxy_before
from scripted import Scripted
from serving import listening, served
from small_city import SmallCity, in_process, small_people

from agents.city_os.transport import Request, Response, Transport
from scenarios.cli import run_command
from scenarios.connection import reference_app
from scenarios.faults.form import (
    AddedLatency,
    AnyFault,
    CellLoss,
    ClockSkew,
    DoubledWrite,
    ErrorAnswer,
    FaultFile,
    LostWrite,
    Outage,
    PowerLoss,
    SlowTrickle,
    StaleReads,
)
from scenarios.faults.log import FaultLog
from scenarios.faults.messages import end_to_end
from scenarios.faults.serving import DroppableProtocol, look_at, proxy_of
from scenarios.faults.told_time import TimedTransport
from scenarios.faults.whereabouts import Whereabouts
from scenarios.faults.words import hit_lines
from scenarios.language import Language
from twin.events import SafetyStatus

MANY: tuple[AnyFault, ...] = (
    Outage(name="down", operations=("reportSafety",), share=0.4),
    Outage(name="silent", operations=("putLocation",), how="silent", at="0:21", share=0.3),
    ErrorAnswer(name="errors", operations=("P1",), share=0.2),
    ErrorAnswer(name="done", operations=("checkOut",), share=0.2, delivered=True),
    LostWrite(name="lost", operations=("checkIn",), share=0.2),
    DoubledWrite(name="twice", operations=("checkIn",), share=0.5),
    AddedLatency(name="slow", median_s=0.1, p95_s=2.0, share=0.3),
    SlowTrickle(name="drops", bytes_per_s=1e6, share=0.1),
    CellLoss(name="cell", districts=("01",), at="0:20", until="0:22", share=0.5),
    ClockSkew(name="clocks", low_s=-30, high_s=30),
    StaleReads(name="old", age_s=300, operations=("listShelterStatus",), at="0:20"),
)
"""A bit of everything, none of it certain."""


def city_os() -> Transport:
    """The small town's city OS in process."""
    return in_process(*small_people())


def answer(status: int, headers: dict[str, str], body: bytes = b"") -> Scripted:
    """A city OS that answers every request but those for documents so."""
    return Scripted(city_os(), lambda one: None if "/.well-known/" in one.url else Response(status, headers, body))


def test_a_proxy_and_a_run_decide_alike() -> None:
    """The same morning through the proxy and in process: the same calls are hit, and the same is found."""
    faults = tuple(one for one in MANY if not isinstance(one, AddedLatency | SlowTrickle))
    inside, transport = faulty_city(*faults)
    log = BytesIO()
    transport._log = FaultLog(log, 1)
    inside.live()
    outer_log = BytesIO()
    proxy, target, _ = proxy_before(city_os(), *faults, log=outer_log)
    through = ThroughProxy(proxy)
    outside = SmallCity.over(*small_people(), Timed(through, target))
    outside.live()
    through.close()
    assert outside.recorder.calls == inside.recorder.calls
    assert outside.recorder.errors == inside.recorder.errors
    assert sorted(outer_log.getvalue().splitlines()) == sorted(log.getvalue().splitlines())
    assert len(log.getvalue().splitlines()) > 200
    assert outside.kinds() == inside.kinds()
    assert outside.oracle.findings == inside.oracle.findings


class Timed:
    """Sets the target's clock to the time of asking."""

    def __init__(self, inner: Transport, target: OverTransport) -> None:
        self._inner = inner
        self._target = target

    def send(self, request: Request) -> Response:
        """Hand a request on."""
        self._target.at_s = request.at_s
        return self._inner.send(request)

    def close(self) -> None:
        """Nothing to let go of."""


def test_amounts_are_those_of_the_run() -> None:
    """Latencies that the proxy sleeps are those that a run counts."""
    slow = AddedLatency(name="slow", median_s=1.0, p95_s=9.0)
    city, transport = faulty_city(slow)
    shown = [transport.send(Request("GET", "/v1/shelters")).elapsed_s for _ in range(20)]
    proxy, _, slept = proxy_before(city_os(), slow)
    for _ in range(20):
        asyncio.run(ask(proxy, "GET", "/v1/shelters"))
    # The small town had asked nobody for the list before.
    assert slept == pytest.approx(shown)
    assert city.recorder.calls == {}


def test_what_no_fault_concerns_is_passed_on_as_it_is() -> None:
    """Method, path, query and fields go there, status, fields and body come back; fields of the hop do not."""
    inner = answer(
        207, {"x-answer": "yes", "connection": "x-hop, close", "x-hop": "1", "set-cookie": "a=1"}, b"\x00\xff"
    )
    proxy, target, _ = proxy_before(inner)
    sent = {"X-Asked": "of you", "Connection": "keep-alive, X-Mine", "X-Mine": "1", "TE": "trailers", "Host": "proxy"}
    heard = asyncio.run(ask(proxy, "POST", "/v1/users%2Fx?q=%20a&b", sent, b"\x01\x02"))
    (asked,) = target.asked
    assert (asked.method, str(asked.url)) == ("POST", "http://target.test/v1/users%2Fx?q=%20a&b")
    names = {name for name, _ in asked.headers.items()}
    assert {"x-asked", "host", "content-length"} <= names
    assert not {"connection", "x-mine", "te", "citytwin-at-s"} & names
    assert (asked.headers["host"], asked.content) == ("target.test", b"\x01\x02")
    assert (heard.status, heard.body, heard.field("x-answer"), heard.field("set-cookie")) == (
        207,
        b"\x00\xff",
        "yes",
        "a=1",
    )
    assert not {b"x-hop", b"connection"} & {name for name, _ in heard.headers}
    assert heard.field("citytwin-fault-proxy") == "1"
    assert heard.field("citytwin-fault") == ""


def test_fields_of_the_hop_are_those_of_the_standard() -> None:
    """RFC 9110, 7.6.1: those named by Connection too, in any case."""
    fields = [(b"Connection", b"close, X-One"), (b"x-one", b"1"), (b"Transfer-Encoding", b"chunked"), (b"X-Two", b"2")]
    assert end_to_end(fields) == [(b"X-Two", b"2")]


def test_discovery_is_untouched_unless_asked_for() -> None:
    """Documents pass byte for byte; with a new name, the target's address becomes the proxy's."""
    inner = city_os()
    plain = inner.send(Request("GET", "/.well-known/city-os")).body
    proxy, _, _ = proxy_before(inner, Outage(name="all"))
    assert asyncio.run(ask(proxy, "GET", "/.well-known/city-os")).body == plain
    origin = b"http://127.0.0.1:8080"
    proxy._rename = (origin, b"http://127.0.0.1:9000")
    heard = asyncio.run(ask(proxy, "GET", "/.well-known/city-os", {"accept-encoding": "gzip"}))
    assert heard.body == plain.replace(origin, b"http://127.0.0.1:9000") != plain
    assert heard.field("content-length") == str(len(heard.body))


@pytest.mark.parametrize("how", ["refused", "silent"])
def test_an_outage_says_nothing(how: str) -> None:
    """Refused: the connection is ended at once. Silent: it is left to the client to lose patience."""
    proxy, target, _ = proxy_before(city_os(), Outage(name="down", how=how, operations=("listShelters",)))  # type: ignore[arg-type]
    heard = asyncio.run(ask(proxy, "GET", "/v1/shelters"))
    assert (heard.status, heard.dropped, target.asked) == (0, how == "refused", [])
    assert asyncio.run(ask(proxy, "GET", "/v1/shelters/status")).status == 200


def test_errors_and_lost_writes_are_answered_by_the_proxy_and_named() -> None:
    """The target is not asked; the answer says which fault it came from."""
    proxy, target, _ = proxy_before(
        city_os(),
        ErrorAnswer(name="busy", status=429, operations=("listShelters",)),
        LostWrite(name="lost", operations=("reportSafety",)),
    )
    heard = asyncio.run(ask(proxy, "GET", "/v1/shelters"))
    assert (heard.status, heard.field("citytwin-fault")) == (429, "busy")
    heard = asyncio.run(ask(proxy, "POST", "/v1/safety-reports", body=b'{"status":"injured","observed_at":"x"}'))
    assert (heard.status, heard.field("citytwin-fault"), json.loads(heard.body)["status"]) == (201, "lost", "injured")
    assert target.asked == []
    assert list(hit_lines(proxy.injector, Language.EN)) == [
        "Fault busy (errors): hit 1 of 1 calls.",
        "Fault lost (acknowledged writes lost): hit 1 of 1 calls.",
    ]


def test_a_doubled_write_is_sent_twice_and_a_skewed_one_changed() -> None:
    """As in a run."""
    issued = Response(200, {}, b'{"access_token":"t","expires_in":60}')
    inner = answer(201, {}, b"{}")
    documents = inner.script
    inner.script = lambda one: issued if one.url.endswith("/token") else documents(one)
    proxy, target, _ = proxy_before(
        inner, DoubledWrite(name="twice", new_key=True), ClockSkew(name="clocks", low_s=60, high_s=60)
    )
    asyncio.run(ask(proxy, "POST", "/token", {}, b"subject_token=c0000001"))
    headers = {"idempotency-key": "k", "authorization": "Bearer t"}
    body = b'{"observed_at":"2027-01-15T06:00:00.000+09:00"}'
    heard = asyncio.run(ask(proxy, "POST", "/v1/safety-reports", headers, body))
    assert (heard.status, heard.field("citytwin-fault")) == (201, "twice, clocks")
    first, second = target.asked[1:]
    assert first.content == second.content == body.replace(b"06:00", b"06:01")
    assert first.headers["idempotency-key"] == "k" != second.headers["idempotency-key"]


def test_a_trickle_comes_in_drops() -> None:
    """A tenth of a second's worth at a time, and as long altogether as its bytes take."""
    proxy, _, slept = proxy_before(answer(200, {}, b"x" * 1000), SlowTrickle(name="drops", bytes_per_s=500))
    heard = asyncio.run(ask(proxy, "GET", "/v1/shelters"))
    assert heard.body == b"x" * 1000
    assert [len(part) for part in heard.parts] == [50] * 20
    assert sum(slept) == pytest.approx(2.0)


def test_stale_reads_come_with_their_own_head() -> None:
    """Status, fields and body of the old answer, though the target says something else now."""
    number = iter(range(100))

    def script(request: Request) -> Response | None:
        if "/.well-known/" in request.url:
            return None
        said = str(next(number))
        return Response(200, {"etag": f'"{said}"'}, said.encode())

    inner = Scripted(city_os(), script)
    proxy, target, _ = proxy_before(inner, StaleReads(name="old", age_s=60, at="0:02"))
    bodies = [
        asyncio.run(ask(proxy, "GET", "/v1/shelters", {"citytwin-at-s": str(at_s), "if-none-match": '"9"'}))
        for at_s in (50, 70, 110, 120, 135)
    ]
    assert [one.body for one in bodies] == [b"0", b"1", b"2", b"0", b"1"]
    assert bodies[3].field("etag") == '"0"'
    assert all("if-none-match" not in one.headers for one in target.asked[1:])


def test_phones_cut_off_send_what_they_kept_when_the_network_is_back() -> None:
    """Nothing reaches the target during the loss, all of it within the burst after it."""
    town, population = small_people()
    code = town.districts[0].code
    inner = city_os()
    proxy, target, _ = proxy_before(inner, PowerLoss(name="power", districts=(code,), until="0:10", burst_s=30))
    through = ThroughProxy(proxy)
    city = SmallCity.over(town, population, Timed(through, target))
    told = [
        city.city_os.report_safety(300.0, int(row), SafetyStatus.SAFE).ok for row in np.flatnonzero(population.has_id)
    ]
    before = sum(one.url.path == "/v1/safety-reports" for one in target.asked)
    assert 0 < before < len(told)
    asyncio.run(proxy.send_late(599.0))
    assert sum(one.url.path == "/v1/safety-reports" for one in target.asked) == before
    target.at_s = 630.0
    through._runner.run(proxy.send_late(630.0))
    through.close()
    assert sum(one.url.path == "/v1/safety-reports" for one in target.asked) - before == 2 * told.count(False)


def test_a_target_that_is_gone_is_a_bad_gateway() -> None:
    """A problem of its own, without a traceback; no fault is named."""

    class Gone(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            raise httpx2.ConnectError("refused", request=request)

    proxy, _, _ = proxy_before(city_os())
    proxy._client = httpx2.AsyncClient(transport=Gone())
    heard = asyncio.run(ask(proxy, "GET", "/v1/shelters"))
    assert (heard.status, heard.field("content-type")) == (502, "application/problem+json")
    assert heard.field("citytwin-fault") == ""


def test_a_run_tells_the_proxy_its_time_and_nobody_else() -> None:
    """Only a service that says it is a fault proxy is told the scenario's time."""
    seen: list[Request] = []

    def script(request: Request) -> Response:
        seen.append(request)
        return Response(200, {"citytwin-fault-proxy": "1"} if len(seen) == 2 else {}, b"")

    transport = TimedTransport(Scripted(city_os(), script))
    for at_s in (1.0, 2.0, 3.0):
        transport.send(Request("GET", "/", at_s))
    assert [one.headers.get("citytwin-at-s") for one in seen] == [None, None, "3.0"]


# -- over sockets
@contextmanager
def proxy_at(url: str, *faults: AnyFault) -> Iterator[int]:
    """The port of a proxy in front of an address."""
    proxy = proxy_of(look_at(url), FaultFile(fault=faults), Whereabouts(), None, now=lambda: 0.0)
    with listening() as (bound, own):
        config = uvicorn.Config(proxy, http=DroppableProtocol, lifespan="on", log_level="warning", access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
        thread.start()
        yield int(own.rpartition(":")[2])
        server.should_exit = True
        thread.join(10.0)


def test_over_sockets_a_refused_call_ends_the_connection_and_others_are_answered() -> None:
    """With a real server: the connection breaks off without a byte; another operation is answered; then all is well."""
    town, population = small_people()
    with listening() as (bound, url), served(reference_app(town, population, issuer=url), bound):
        down = Outage(name="down", operations=("listShelterStatus",))
        with proxy_at(url, down) as port, httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
            assert client.get("/v1/shelters").json()["items"]
            with pytest.raises(httpx2.TransportError):
                client.get("/v1/shelters/status")
            whole = client.get("/v1/shelters", headers={"accept-encoding": "gzip"})
            assert whole.json() == httpx2.get(f"{url}/v1/shelters").json()
            assert client.post("/v1/safety-reports", content=b"{}").status_code == 401


def test_a_service_of_real_people_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A production environment, and an address where nobody answers: one clear line each, exit 2, no proxy."""
    path = tmp_path / "f.toml"
    path.write_text("seed = 1\n", encoding="utf-8")
    town, population = small_people()
    with listening() as (bound, url):
        app = reference_app(town, population, issuer=url)

        async def production(scope: Any, receive: Any, send: Any) -> None:
            async def changed(message: Any) -> None:
                if message["type"] == "http.response.body":
                    message["body"] = message["body"].replace(b'"environment":"test"', b'"environment":"production"')
                    message["body"] = message["body"].replace(b" ", b"")
                message["headers"] = [one for one in message.get("headers", ()) if one[0] != b"content-length"]
                await send(message)

            await app(scope, receive, changed)

        with served(production, bound):
            assert run_command(["fault-proxy", "--target", url, "--faults", str(path)]) == 2
            assert "production" in capsys.readouterr().err
    assert run_command(["fault-proxy", "--target", url, "--faults", str(path)]) == 2
    assert "nobody answers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--target", "http://127.0.0.1:1", "--faults", "absent.toml"], "absent.toml:1: the file cannot be read"),
        (["--target", "nonsense", "--faults", "{good}"], "the target nonsense cannot be used"),
        (["--target", "http://127.0.0.1:1", "--faults", "{good}", "--at", "soon"], "soon is no time"),
        (["--target", "http://127.0.0.1:1", "--faults", "{good}", "--log", "/nowhere/x"], "nobody answers"),
    ],
)
def test_bad_input_is_told_in_lines(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 and what to mend."""
    good = tmp_path / "good.toml"
    good.write_text("seed = 1\n", encoding="utf-8")
    assert run_command(["fault-proxy", *(word.format(good=good) for word in words)]) == 2
    assert told in capsys.readouterr().err


def test_targets_that_are_no_paths_lead_nowhere_else() -> None:
    """Whatever stands where the path should, the target's host is asked, or nobody."""
    proxy, target, _ = proxy_before(answer(200, {}, b"x"))
    for odd in ("*", "//evil.test/v1/shelters", "@evil.test", "/\\evil.test", "/%zz"):
        asyncio.run(ask(proxy, "OPTIONS", odd))
    assert {one.url.host for one in target.asked} <= {"target.test"}
