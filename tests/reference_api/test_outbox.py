"""What others are to be told is told at least once, ever later while they do not answer, and by one worker."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_api.outbox import (
    BATCH,
    CLAIM_S,
    FIRST_RETRY_S,
    GIVE_UP_AFTER,
    LONGEST_RETRY_S,
    claim,
    deliver,
    retry_after_s,
    send_later,
)


def _queue(city: Any, *bodies: str) -> None:
    for body in bodies:
        city.opened.drive(send_later(city.store, "set", "https://hook.example/", "application/secevent+jwt", body, 0.0))


def _deliver(city: Any, answer: Any) -> int:
    async def work() -> int:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
            return await deliver(city.app.services, client)

    return int(city.opened.in_loop(work()))


def _left(city: Any) -> list[Any]:
    return list(city.rows("SELECT body, attempts, next_attempt_at_s FROM outbox ORDER BY id"))


def test_accepted_messages_are_sent_once(city: Any) -> None:
    """Every message arrives as it was noted, and is then gone."""
    seen: list[tuple[str, str]] = []

    def accept(request: httpx2.Request) -> httpx2.Response:
        seen.append((request.headers["content-type"], request.content.decode()))
        return httpx2.Response(202)

    _queue(city, "a", "b")
    assert _deliver(city, accept) == 2
    assert _deliver(city, accept) == 0
    assert sorted(seen) == [("application/secevent+jwt", "a"), ("application/secevent+jwt", "b")]
    assert _left(city) == []


@pytest.mark.parametrize("status", [302, 400, 503])
def test_refused_messages_wait_longer_each_time_and_end(city: Any, status: int) -> None:
    """After a refusal or a redirect a message waits twice as long as before; after the last attempt it is let go."""
    _queue(city, "a")
    for attempt in range(GIVE_UP_AFTER):
        now_s = city.clock.now_s()
        assert _deliver(city, lambda _: httpx2.Response(status, headers={"location": "https://evil.example"})) == 1
        if attempt + 1 < GIVE_UP_AFTER:
            assert _left(city) == [("a", attempt + 1, now_s + retry_after_s(attempt))]
            assert _deliver(city, lambda _: httpx2.Response(202)) == 0
            city.clock.set_s(now_s + retry_after_s(attempt))
    assert _left(city) == []


def test_a_receiver_that_cannot_be_reached_holds_up_nobody_else(city: Any) -> None:
    """A fault of the network counts as a refusal of that message alone."""

    def half(request: httpx2.Request) -> httpx2.Response:
        if request.content == b"a":
            raise httpx2.ConnectError("unreachable")
        return httpx2.Response(200)

    _queue(city, "a", "b")
    assert _deliver(city, half) == 2
    assert [row[0] for row in _left(city)] == ["a"]


class _Endless(httpx2.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield b"x"


def test_what_a_receiver_says_beside_its_status_is_not_read(city: Any) -> None:
    """An answer without an end takes neither memory nor time."""
    _queue(city, "a")
    assert _deliver(city, lambda _: httpx2.Response(202, stream=_Endless())) == 1
    assert _left(city) == []


def test_a_receiver_that_never_answers_ends_the_attempt(city: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One limit holds for the whole attempt; the message waits for the next."""
    monkeypatch.setattr("reference_api.outbox.TIMEOUT_S", 0.0)

    async def hang(_: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    _queue(city, "a")
    assert _deliver(city, hang) == 1
    assert [row[:2] for row in _left(city)] == [("a", 1)]


def test_a_message_belongs_to_one_worker_for_a_minute(city: Any) -> None:
    """What one worker has claimed no other sees, until the first had time enough and did not settle it."""
    _queue(city, *map(str, range(BATCH + 1)))
    first = city.opened.drive(claim(city.store, 10.0))
    second = city.opened.drive(claim(city.store, 10.0))
    assert [len(first), len(second)] == [BATCH, 1]
    assert not {message.number for message in first} & {message.number for message in second}
    assert city.opened.drive(claim(city.store, 10.0 + CLAIM_S - 1.0)) == []
    assert len(city.opened.drive(claim(city.store, 10.0 + CLAIM_S))) == BATCH


@given(attempts=st.integers(0, 10_000))
def test_the_wait_grows_to_a_bound(attempts: int) -> None:
    """The wait never shrinks, begins at the first retry and ends at the longest."""
    assert FIRST_RETRY_S <= retry_after_s(attempts) <= retry_after_s(attempts + 1) <= LONGEST_RETRY_S


def test_what_is_undone_is_not_sent(city: Any) -> None:
    """A message noted in a transaction that fails was never noted."""

    async def fail() -> None:
        async with city.store.transaction():
            await send_later(city.store, "set", "https://hook.example/", "application/json", json.dumps({}), 0.0)
            raise LookupError

    with pytest.raises(LookupError):
        city.opened.drive(fail())
    assert _left(city) == []
