"""Outbox: what other systems are to be told, kept with the change itself and sent afterwards.

What is kept is sent at least once: a receiver tells repetitions apart by the token's ``jti``.
"""

import asyncio
import logging
from dataclasses import dataclass

import httpx2

from reference_api.errors import StoreUnavailable
from reference_api.receivers import PublicTransport
from reference_api.services import Services
from reference_api.store.protocol import Row, Store
from reference_api.telemetry import SELDOM

logger = logging.getLogger(__name__)

TIMEOUT_S = 10.0
"""How long a receiver may take in all. Source: none; RFC 8935 leaves it open. Confidence C."""

BATCH = 50
"""Messages sent in one round. Source: none; bounds what a worker that dies may send twice. Confidence C."""

FIRST_RETRY_S, LONGEST_RETRY_S = 2.0, 300.0
"""The wait doubles from the first to the longest. Source: none; contract C4 wants a withdrawal known within 60 s, which
six attempts keep. Confidence C."""

GIVE_UP_AFTER = 20
"""Attempts, a little over an hour. Source: none. Confidence C."""

IDLE_S = 1.0
"""How often the outbox is looked through. Source: contract C7, a change of mode is to be pushed within 30 s."""

CLAIM_S = 60.0
"""For how long a worker has a message to itself; longer than a round of attempts may take."""


@dataclass(frozen=True, slots=True)
class Message:
    """A POST request that is to be made."""

    number: int
    kind: str
    url: str
    media_type: str
    body: str
    attempts: int


async def send_later(store: Store, kind: str, url: str, media_type: str, body: str, now_s: float) -> None:
    """Note a POST request that is to be made; within a transaction it takes effect with the rest of it.

    ``kind`` names what it is (set, back-channel-logout, push). ``now_s`` is Unix seconds.
    """
    await store.run(
        "INSERT INTO outbox (kind, url, media_type, body, created_at_s, next_attempt_at_s) VALUES (?, ?, ?, ?, ?, ?)",
        (kind, url, media_type, body, now_s, now_s),
    )


async def claim(store: Store, now_s: float) -> list[Message]:
    """The messages that are due, kept from other workers for a minute."""
    async with store.transaction():
        rows = await store.all(
            "SELECT id, kind, url, media_type, body, attempts FROM outbox WHERE next_attempt_at_s <= ?"
            " ORDER BY next_attempt_at_s, id LIMIT ?",
            (now_s, BATCH),
        )
        await store.many(
            "UPDATE outbox SET next_attempt_at_s = ? WHERE id = ?", [(now_s + CLAIM_S, row[0]) for row in rows]
        )
    return [_message(row) for row in rows]


async def settle(store: Store, message: Message, *, accepted: bool, now_s: float) -> None:
    """Forget a message that was accepted or tried too often; plan the next attempt of any other."""
    if accepted or message.attempts + 1 >= GIVE_UP_AFTER:
        if not accepted:
            logger.warning("given up after %d attempts: %s", GIVE_UP_AFTER, message.kind)
        await store.run("DELETE FROM outbox WHERE id = ?", (message.number,))
        return
    await store.run(
        "UPDATE outbox SET attempts = attempts + 1, next_attempt_at_s = ? WHERE id = ?",
        (now_s + retry_after_s(message.attempts), message.number),
    )


def retry_after_s(attempts: int) -> float:
    """Seconds to wait after a number of failed attempts before this one (0, 1, ...)."""
    return min(FIRST_RETRY_S * 2.0 ** min(attempts, 30), LONGEST_RETRY_S)


async def deliver(services: Services, client: httpx2.AsyncClient) -> int:
    """Send what is due; number of messages tried."""
    store = services.store
    messages = await claim(store, await services.now_s())
    outcomes = await asyncio.gather(*(_post(client, message) for message in messages))
    for message, accepted in zip(messages, outcomes, strict=True):
        await settle(store, message, accepted=accepted, now_s=await services.now_s())
    return len(messages)


async def deliver_forever(services: Services) -> None:
    """Send what is due, until cancelled."""
    # A connection stands for the name it was opened for, not for its address: none is kept for another request.
    inner = httpx2.AsyncHTTPTransport(trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0))
    transport = PublicTransport(inner, may_be_local=services.settings.environment != "production")
    async with httpx2.AsyncClient(transport=transport, timeout=TIMEOUT_S, follow_redirects=False) as client:
        while True:
            try:
                tried = await deliver(services, client)
            except StoreUnavailable as fault:
                logger.warning("outbox waits: %s", fault, extra=SELDOM)
                tried = 0
            except Exception:
                # The boundary of a background task: a store that is away for a while must not end it.
                logger.exception("outbox not delivered")
                tried = 0
            if tried < BATCH:
                await asyncio.sleep(IDLE_S)


async def _post(client: httpx2.AsyncClient, message: Message) -> bool:
    """Whether the receiver accepted (2xx). A redirect is none: secrets go to the registered address only.

    What else it answers is not read, and it has one time limit for everything: others wait for the same round.
    """
    headers = {"content-type": message.media_type, "accept": "application/json"}
    try:
        async with (
            asyncio.timeout(TIMEOUT_S),
            client.stream("POST", message.url, content=message.body.encode(), headers=headers) as response,
        ):
            return response.is_success
    except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL, ValueError) as fault:
        logger.info("not delivered: %s, %s", message.kind, type(fault).__name__)
        return False


def _message(row: Row) -> Message:
    return Message(*row)
