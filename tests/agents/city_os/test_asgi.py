"""AsgiTransport."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from agents.city_os.asgi import AsgiTransport, Message
from agents.city_os.transport import Request
from agents.errors import SuspendedApp

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def echo(scope: Message, receive: Receive, send: Send) -> None:
    """Says back what it was asked, in two parts."""
    message = await receive()
    body = f"{scope['method']} {scope['path']} {scope['query_string'].decode()} ".encode()
    await send({"type": "http.response.start", "status": 202, "headers": [(b"x-seen", scope["headers"][-1][1])]})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": message["body"]})


def test_a_request_arrives_and_its_answer_comes_back_whole() -> None:
    """Method, decoded path, query, headers and body arrive; status, headers and all parts of the body come back."""
    request = Request("POST", "http://elsewhere/v1/%E9%81%BF?a=%20", 0.0, {"X-Asked": "yes"}, b"words")
    response = AsgiTransport(echo).send(request)
    assert (response.status, response.headers, response.elapsed_s) == (202, {"x-seen": "yes"}, 0.0)
    assert response.body.decode() == "POST /v1/避 a=%20 words"


def test_the_app_lives_in_the_scenario_s_time() -> None:
    """The clock is set to the time of each request before the app runs."""
    told: list[float] = []
    transport = AsgiTransport(echo, set_clock=told.append)
    for at_s in (5.0, 7.5):
        transport.send(Request("GET", "/", at_s, {"a": "b"}))
    assert told == [5.0, 7.5]


def test_an_app_that_really_waits_is_refused() -> None:
    """An app that needs an event loop is told to be served over HTTP."""

    async def waits(scope: Message, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0)

    with pytest.raises(SuspendedApp, match="GET /slow"):
        AsgiTransport(waits).send(Request("GET", "/slow"))


def test_an_app_that_fails_answers_500(caplog: pytest.LogCaptureFixture) -> None:
    """As under a server, the fault is logged and the asker is told no more than 500."""

    async def fails(scope: Message, receive: Receive, send: Send) -> None:
        raise LookupError("inside")

    response = AsgiTransport(fails).send(Request("GET", "/"))
    assert (response.status, response.body) == (500, b"")
    assert "inside" in caplog.text
