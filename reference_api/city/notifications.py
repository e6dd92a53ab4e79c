"""Notifications: a push message to the devices of an area's or of named people, and what became of it."""

from typing import Annotated

import msgspec

from reference_api.call import Call, Reply, json_reply, row_id, unix_s
from reference_api.city.shapes import Areas, Instant, known_places
from reference_api.clock import instant
from reference_api.errors import ApiError, Fault, invalid
from reference_api.idempotency import once
from reference_api.messages import INTO, OUTCOME, deliver_to, keep_message
from reference_api.oidc.subjects import local_sub, shown_sub
from reference_api.paging import Page, page_reply, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row

Language = Annotated[str, msgspec.Meta(min_length=2, max_length=35)]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Body = Annotated[str, msgspec.Meta(max_length=4000)]

OUTCOMES = ("delivered", "no_device", "not_in_area", "expired")
RECEIPTS = ("opened", "read")
"""What a recipient may say, each including the one before. Source: contract, schema Receipt."""


class _Translation(msgspec.Struct):
    language: Language
    title: Title
    body: Body


class _Message(msgspec.Struct):
    title: Title
    body: Body
    language: Language = "ja"
    translations: Annotated[list[_Translation], msgspec.Meta(max_length=20)] = []
    expires_at: Instant | None = None
    areas: Areas | None = None
    subjects: Annotated[list[str], msgspec.Meta(min_length=1, max_length=5000)] | None = None


_MESSAGE = msgspec.json.Decoder(_Message)
_NOW = "CASE WHEN outcome = 'no_device' AND notification.expires_at_s <= ? THEN 'expired' ELSE outcome END"
"""Outcome as it stands: who was not reached before the message expired never will be."""


async def send_notification(services: Services, call: Call) -> Reply:
    """Push a message; the devices are simulated, so the outcome is known at once."""
    message = call.read(_MESSAGE)
    if message.areas is None and message.subjects is None:
        raise ApiError("validation", "give areas, subjects or both", faults=[Fault("", "required")])
    areas = None if message.areas is None else await known_places(services, message.areas)

    async def effect() -> Reply:
        # Judged here, so that a request said again after the message has expired gets its first answer.
        expires_at_s = _expiry(message, call.now_s)
        text = {"language": message.language, "title": message.title, "body": message.body}
        number = await keep_message(
            services.store, call.token.client_id, text, message.translations, expires_at_s, call.now_s
        )
        await _deliver(services, call, number, areas, message.subjects)
        return json_reply(await _shape(services, call, number), 202, {"location": f"/v1/notifications/{number}"})

    return await once(services, call, effect)


def _expiry(message: _Message, now_s: float) -> float | None:
    if message.expires_at is None:
        return None
    expires_at_s = unix_s(message.expires_at, "/expires_at")
    if expires_at_s <= now_s:
        raise invalid("/expires_at", "past")
    return expires_at_s


async def _deliver(
    services: Services, call: Call, number: int, areas: list[str] | None, subjects: list[str] | None
) -> None:
    """One row for each recipient; subjects that nobody has are passed over, as if they had no account here."""
    if subjects is None:
        await services.store.many(
            f"{INTO} SELECT ?, id, {OUTCOME}, ? FROM account WHERE district = ? OR neighbourhood = ?"
            " ON CONFLICT DO NOTHING",
            [(number, call.now_s, area, area) for area in areas or []],
        )
        return
    named = dict.fromkeys(local_sub(services, call.token, text) for text in subjects)
    await deliver_to(services.store, number, [sub for sub in named if sub is not None], call.now_s)
    if areas is not None:
        marks = ", ".join("?" * len(areas))
        await services.store.run(
            "UPDATE delivery SET outcome = 'not_in_area' WHERE notification_id = ? AND account_id IN"
            f" (SELECT id FROM account WHERE district NOT IN ({marks}) AND neighbourhood NOT IN ({marks}))",
            (number, *areas, *areas),
        )


async def retry_notification(services: Services, call: Call) -> Reply:
    """Try again to reach those who had no device; whoever was reached is not told twice."""
    number = row_id(call.parameters["notification_id"])
    async with services.store.transaction():
        sent = await _sent(services, call, number)
        if sent[3] is not None and sent[3] <= call.now_s:
            raise ApiError("gone", "the message has expired")
        await services.store.run(
            "UPDATE delivery SET attempts = attempts + 1, attempted_at_s = ?, outcome ="
            f" (SELECT {OUTCOME} FROM account WHERE account.id = delivery.account_id)"
            " WHERE notification_id = ? AND outcome = 'no_device'",
            (call.now_s, number),
        )
    return json_reply(await _shape(services, call, number))


async def get_notification(services: Services, call: Call) -> Reply:
    """Counts by outcome, for the client that sent the message."""
    return json_reply(await _shape(services, call, row_id(call.parameters["notification_id"])))


async def list_deliveries(services: Services, call: Call) -> Reply:
    """Outcome for each recipient, for the client that sent the message."""
    number = row_id(call.parameters["notification_id"])
    await _sent(services, call, number)
    window = read_window(services, call, str(number))
    rows = await services.store.all(
        f"SELECT delivery.account_id, account.sub, {_NOW}, delivery.receipt, delivery.receipt_at_s, delivery.attempts"
        " FROM delivery JOIN account ON account.id = delivery.account_id"
        " JOIN notification ON notification.id = delivery.notification_id"
        " WHERE delivery.notification_id = ? AND delivery.account_id > ? ORDER BY delivery.account_id LIMIT ?",
        (call.now_s, number, window.after or 0, window.limit + 1),
    )
    kept = rows[: window.limit]
    items = [
        {
            "sub": shown_sub(services, call.token, row[1]),
            "outcome": row[2],
            "receipt": row[3],
            "receipt_at": None if row[4] is None else instant(row[4]),
            "attempts": row[5],
        }
        for row in kept
    ]
    return page_reply(services, call, window, Page(items, kept[-1][0] if len(rows) > window.limit else None))


async def _sent(services: Services, call: Call, number: int) -> Row:
    row = await services.store.one(
        "SELECT id, title, created_at_s, expires_at_s FROM notification WHERE id = ? AND client_id = ?",
        (number, call.token.client_id),
    )
    if row is None:
        raise ApiError("not-found")
    return row


async def _shape(services: Services, call: Call, number: int) -> dict[str, object]:
    row = await _sent(services, call, number)
    counts: dict[str, int] = dict.fromkeys((*OUTCOMES, *RECEIPTS), 0)
    for outcome, receipt, people in await services.store.all(
        f"SELECT {_NOW}, receipt, count(*) FROM delivery JOIN notification ON notification.id = notification_id"
        " WHERE notification_id = ? GROUP BY 1, 2",
        (call.now_s, number),
    ):
        counts[outcome] += people
        if receipt is not None:
            counts[receipt] += people
    return {
        "id": str(number),
        "title": row[1],
        "created_at": instant(row[2]),
        "expires_at": None if row[3] is None else instant(row[3]),
        "outcomes": {outcome: counts[outcome] for outcome in OUTCOMES},
        "receipts": {receipt: counts[receipt] for receipt in RECEIPTS},
    }
