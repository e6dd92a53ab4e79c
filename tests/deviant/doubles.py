"""City OSs with one fault each: the reference app, wrapped."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from agents.city_os.asgi import AsgiApp, Message
from reference_api.consent import ConsentRecord, Decision
from reference_api.consent import decide as lawful

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def answer(send: Send, status: int, body: bytes, media_type: str = "application/json") -> None:
    """Send a whole response."""
    headers = [(b"content-type", media_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def is_check_in(scope: Message) -> bool:
    """Whether a request receives a person."""
    return bool(scope["method"] == "POST" and scope["path"].endswith("/check-ins"))


def made_up_check_in(number: int) -> bytes:
    """What a city OS says that it took down."""
    return json.dumps(
        {"id": str(number), "shelter_id": "", "state": "in", "observed_at": "2027-01-15T07:00:00+09:00"}
    ).encode()


def drops_check_ins(app: AsgiApp) -> AsgiApp:
    """Acknowledges every tenth check-in and forgets it."""
    count = 0

    async def double(scope: Message, receive: Receive, send: Send) -> None:
        nonlocal count
        count += is_check_in(scope)
        if is_check_in(scope) and count % 10 == 0:
            await answer(send, 201, made_up_check_in(900_000 + count))
        else:
            await app(scope, receive, send)

    return double


def loses_check_outs(app: AsgiApp) -> AsgiApp:
    """Acknowledges that people leave, and keeps them on its lists."""

    async def double(scope: Message, receive: Receive, send: Send) -> None:
        if scope["path"].endswith("/check-out"):
            await answer(send, 200, made_up_check_in(1))
        else:
            await app(scope, receive, send)

    return double


def miscounts(app: AsgiApp) -> AsgiApp:
    """Says three people too many of the first shelter."""

    def spoil(body: bytes) -> bytes:
        board = json.loads(body)
        board["items"][0]["headcount"] += 3
        return json.dumps(board).encode()

    return _changing_bodies(app, "/v1/shelters/status", spoil)


def invents_people(app: AsgiApp) -> AsgiApp:
    """Adds somebody whom nobody knows to the lists of shelters, and tells the first one twice."""

    def spoil(body: bytes) -> bytes:
        page = json.loads(body)
        page["items"] += [{**one, "person": {"sub": "c9999999"}} for one in page["items"][:1]] + page["items"][:1]
        return json.dumps(page).encode()

    return _changing_bodies(app, "/v1/check-ins", spoil)


def forgets_reports(app: AsgiApp) -> AsgiApp:
    """Leaves the last person out of every list of safety reports."""

    def spoil(body: bytes) -> bytes:
        page = json.loads(body)
        page["items"] = page["items"][:-1]
        return json.dumps(page).encode()

    return _changing_bodies(app, "/v1/safety-reports", spoil)


def tells_everybody(app: AsgiApp) -> AsgiApp:
    """Pushes to all districts whatever was asked for."""

    async def double(scope: Message, receive: Receive, send: Send) -> None:
        async def widened() -> Message:
            message = await receive()
            body = json.loads(message["body"])
            return {**message, "body": json.dumps({**body, "areas": ["D0", "D1"]}).encode()}

        concerned = scope["method"] == "POST" and scope["path"] == "/v1/notifications"
        await app(scope, widened if concerned else receive, send)

    return double


class Fails:
    """Answers everything with an error page while ``failing``."""

    def __init__(self, status: int, media_type: str) -> None:
        self.failing = False
        self._status = status
        self._media_type = media_type

    def __call__(self, app: AsgiApp) -> AsgiApp:
        """Wrap an app."""

        async def double(scope: Message, receive: Receive, send: Send) -> None:
            if self.failing:
                await answer(send, self._status, b"<html><body>sorry</body></html>", self._media_type)
            else:
                await app(scope, receive, send)

        return double


def ignores_consent(consents: Sequence[ConsentRecord], *question: object) -> Decision:
    """Permits everything, and calls it consent."""
    return Decision(permit=True, basis="consent")


def takes_drills_for_disasters(consents: Sequence[ConsentRecord], *question: Any) -> Decision:
    """Lets a drill open what only a disaster may."""
    recipient, purpose, category, mode, at_s = question
    return lawful(consents, recipient, purpose, category, "disaster" if mode == "drill" else mode, at_s)


def _changing_bodies(app: AsgiApp, path: str, spoil: Callable[[bytes], bytes]) -> AsgiApp:
    async def double(scope: Message, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET" or scope["path"] != path:
            await app(scope, receive, send)
            return
        parts: list[Message] = []

        async def keep(message: Message) -> None:
            parts.append(message)

        await app(scope, receive, keep)
        start, body = parts[0], b"".join(part.get("body", b"") for part in parts[1:])
        await answer(send, start["status"], spoil(body) if start["status"] == 200 else body)

    return double
