"""The same morning over real HTTP, and what is said of services that cannot be used."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from deviant.doubles import answer
from serving import listening, served
from small_city import SmallCity, in_process
from starlette.types import ASGIApp, Receive, Scope, Send

from agents.city_os.asgi import AsgiTransport
from agents.city_os.connect import CONTRACT_VERSION, check_reached, check_service, reset_sandbox
from agents.city_os.http import HttpTransport
from agents.city_os.transport import Request
from agents.errors import CityOsMismatch, CityOsUnreachable, NoCityOs, NoConnection, NoReplyInTime
from conformance.contract.operations import load_document
from scenarios.connection import reference_app
from scenarios.seeding import seeding
from twin.population import Population
from twin.town import Town


@pytest.fixture(scope="module")
def address(people: tuple[Town, Population]) -> Iterator[str]:
    """The reference city OS, served."""
    with listening() as (bound, url), served(reference_app(*people, issuer=url), bound):
        yield url


def test_a_morning_over_http_is_as_faultless_as_in_process(address: str, people: tuple[Town, Population]) -> None:
    """The oracle finds nothing, calls are the same as in process, time has passed; a reset makes room for a second."""
    service = check_service(address, seeding(*people))
    transport = HttpTransport(address)
    counted = []
    for _ in range(2):
        reset_sandbox(transport, service)
        city = SmallCity.over(*people, transport)
        city.live()
        assert city.oracle.findings == ()
        counted.append(city.recorder.calls)
    inside = SmallCity.over(*people, in_process(*people))
    inside.live()
    assert counted == [inside.recorder.calls] * 2
    assert city.city_os.shelter_board(4000.0).latency_s > 0.0
    transport.close()


def test_nobody_listens(people: tuple[Town, Population]) -> None:
    """A refused connection is told as such, to a run and to a verb."""
    with listening() as (_, url):
        pass
    with pytest.raises(CityOsUnreachable, match=url):
        check_service(url, seeding(*people))
    with pytest.raises(NoConnection):
        HttpTransport(url).send(Request("GET", "/"))


def test_somebody_listens_and_says_nothing(people: tuple[Town, Population]) -> None:
    """A service that hangs is given up after the time allowed."""
    with listening() as (_, url):
        with pytest.raises(CityOsUnreachable, match=r"0\.1 s"):
            check_service(url, seeding(*people), timeout_s=0.1)
        with pytest.raises(NoReplyInTime) as given_up:
            HttpTransport(url, timeout_s=0.1).send(Request("GET", "/"))
    assert given_up.value.waited_s == 0.1


def test_a_connection_that_breaks_off_is_no_connection() -> None:
    """A service that hangs up instead of answering has not answered."""
    with listening() as (bound, url):

        def hang_up() -> None:
            with suppress(OSError):
                bound.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(NoConnection):
            HttpTransport(url, timeout_s=2.0).send(Request("GET", "/"))
        thread.join(2.0)


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://x", "http://", ""])
def test_what_is_no_address(people: tuple[Town, Population], url: str) -> None:
    """Words that are no HTTP address are refused before anything is sent."""
    with pytest.raises(CityOsUnreachable, match="no address"):
        check_service(url, seeding(*people))


@pytest.mark.parametrize(
    ("status", "media_type", "body", "words"),
    [
        (500, "application/json", b"{}", "answered 500"),
        (404, "application/json", b"{}", "answered 404"),
        (200, "text/html", b"<html>", "text/html"),
        (200, "application/json", b'{"hello": 1}', "contract_version"),
        (200, "application/json", b"[]", "object"),
    ],
)
def test_what_is_no_city_os(
    people: tuple[Town, Population], status: int, media_type: str, body: bytes, words: str
) -> None:
    """Whatever else answers over HTTP is said to be no city OS, with what it said."""

    async def other(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, status, body, media_type)

    with listening() as (bound, url), served(other, bound), pytest.raises(NoCityOs, match=words):
        check_service(url, seeding(*people))


def changed(people: tuple[Town, Population], **members: object) -> ASGIApp:
    """The reference city OS with other words in its discovery document."""
    app = reference_app(*people)

    async def double(scope: Scope, receive: Receive, send: Send) -> None:
        async def spoil(message: object) -> None:
            if isinstance(message, dict) and message["type"] == "http.response.body":
                await answer(send, 200, json.dumps(json.loads(message["body"]) | members).encode())

        await app(scope, receive, spoil if scope["path"] == "/.well-known/city-os" else send)

    return double


@pytest.mark.parametrize(
    ("members", "fault", "words"),
    [
        ({"contract_version": "2.0"}, NoCityOs, "version '2.0'"),
        ({"environment": "production"}, CityOsMismatch, "production"),
        ({"sandbox": None}, CityOsMismatch, "citytwin serve"),
        ({"sandbox": {"clients": []}}, CityOsMismatch, "citytwin serve"),
    ],
)
def test_what_a_run_must_not_speak_to(
    people: tuple[Town, Population], members: dict[str, object], fault: type[Exception], words: str
) -> None:
    """Another contract, real people, or a service without made-up people are refused by name."""
    with pytest.raises(fault, match=words):
        check_reached(AsgiTransport(changed(people, **members)), seeding(*people))


def test_other_people_than_the_run_s(people: tuple[Town, Population]) -> None:
    """What differs is named, with the command that would serve the right people."""
    transport = in_process(*people)
    check_reached(transport, seeding(*people))
    other = replace(people[1], seed=8)
    with pytest.raises(CityOsMismatch, match=r"seed 7 \(this run: 8\).*--seed 8"):
        check_reached(transport, seeding(people[0], other))


def test_the_adapters_speak_the_contract_s_version() -> None:
    """The version written down is that of the contract."""
    assert load_document()["info"]["version"] == CONTRACT_VERSION
