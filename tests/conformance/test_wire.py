"""Wire: talks within limits, keeps every exchange, and never believes that a silent server answered."""

from collections.abc import Callable, Iterator

import httpx2
import pytest

from conformance.errors import NetworkError
from conformance.outcomes import Violation
from conformance.wire import BODY_BYTES, UNREACHABLE_AFTER, Line, Wire, new_cookies


def wire_to(answer: Callable[[httpx2.Request], httpx2.Response]) -> Wire:
    """A wire to a server in place of the network."""
    return Wire(Line(transport=httpx2.MockTransport(answer)))


def test_every_exchange_is_kept() -> None:
    """Also what was never answered, with its reason."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/silent":
            raise httpx2.ReadTimeout("no answer")
        return httpx2.Response(201, headers=[("X-One", "a"), ("x-one", "b")], content=b"{}")

    wire = wire_to(answer)
    reply = wire.send("POST", "http://a.example/", form={"x": "1 2"})
    with pytest.raises(NetworkError, match="no answer"):
        wire.get("http://a.example/silent")
    assert (reply.status, reply.header("X-ONE"), reply.json) == (201, "a, b", {})
    assert [(one.status, one.request_body, one.fault != "") for one in wire.exchanges] == [
        (201, "x=1+2", False),
        (0, "", True),
    ]


def test_a_target_that_never_answers_is_given_up() -> None:
    """So that a run ends in time; one answer sets the count back."""
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        raise httpx2.ConnectError("refused")

    wire = wire_to(answer)
    for _ in range(UNREACHABLE_AFTER + 3):
        with pytest.raises(NetworkError):
            wire.get("http://a.example/")
    assert len(asked) == UNREACHABLE_AFTER


def test_a_body_without_end_is_cut() -> None:
    """More than is allowed is no answer."""

    def parts() -> Iterator[bytes]:
        while True:
            yield b"a" * (BODY_BYTES // 4)

    wire = wire_to(lambda _: httpx2.Response(200, content=parts()))
    with pytest.raises(NetworkError, match="longer than"):
        wire.get("http://a.example/")


def test_what_is_put_off_is_sent_again_after_the_time_told() -> None:
    """A busy server is judged by its answer; an impatient caller sees the 503."""
    answers = iter([503, 429, 200, 503])
    wire = wire_to(lambda _: httpx2.Response(next(answers), headers={"retry-after": "0"}))
    assert wire.get("http://a.example/").status == 200
    assert wire.send("GET", "http://a.example/", patient=False).status == 503


def test_cookies_stay_with_the_browser_they_were_given_to() -> None:
    """A line keeps none, a jar its own; Secure cookies go over http on loopback only."""
    seen = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers.get("cookie", ""))
        return httpx2.Response(200, headers=[("set-cookie", "a=1; Secure"), ("set-cookie", "b=2")])

    wire = wire_to(answer)
    near, far = new_cookies(secure_everywhere=True), new_cookies(secure_everywhere=False)
    for cookies in (None, near, far):
        for _ in range(2):
            wire.send("GET", "http://127.0.0.1/", cookies=cookies)
    assert seen == ["", "", "", "a=1; b=2", "", "b=2"]


def test_what_is_no_json_violates_the_demand_for_json() -> None:
    """A check that reads JSON judges its absence; one that only looks sees nothing."""
    reply = wire_to(lambda _: httpx2.Response(200, text="<p>")).get("http://a.example/")
    assert reply.members == {}
    with pytest.raises(Violation):
        _ = reply.json


@pytest.mark.parametrize(
    "url", ["", "no address", "http://", "http://[::1", "ftp://a.example/", "http://a.example:99999/"]
)
def test_an_address_that_cannot_be_asked_is_a_network_error(url: str) -> None:
    """A server may write anything into its metadata."""
    with pytest.raises(NetworkError):
        wire_to(lambda _: httpx2.Response(200)).get(url)
