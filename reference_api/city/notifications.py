"""Notifications: a push message to the devices of an area's or of named people, and what became of it."""

from typing import Annotated

import msgspec

from reference_api.call import Call, Reply, json_reply, row_id
from reference_api.city.shapes import Areas, known_areas
from reference_api.clock import instant
from reference_api.errors import ApiError, Fault
from reference_api.idempotency import once
from reference_api.paging import Page, page_reply, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row


class _Message(msgspec.Struct):
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    body: Annotated[str, msgspec.Meta(max_length=4000)]
    areas: Areas | None = None
    subjects: Annotated[list[str], msgspec.Meta(min_length=1, max_length=5000)] | None = None


_MESSAGE = msgspec.json.Decoder(_Message)
_OUTCOME = "CASE WHEN push_device = 1 THEN 'delivered' ELSE 'no_device' END"
_INTO = "INSERT INTO delivery (notification_id, account_id, outcome)"


async def send_notification(services: Services, call: Call) -> Reply:
    """Push a message; the devices are simulated, so the outcome is known at once."""
    message = call.read(_MESSAGE)
    if message.areas is None and message.subjects is None:
        raise ApiError("validation", "give areas, subjects or both", faults=[Fault("", "required")])
    areas = None if message.areas is None else await known_areas(services, message.areas)

    async def effect() -> Reply:
        row = await services.store.one(
            "INSERT INTO notification (client_id, title, body, created_at_s) VALUES (?, ?, ?, ?) RETURNING id",
            (call.token.client_id, message.title, message.body, call.now_s),
        )
        number = row[0] if row else 0
        await _deliver(services, number, areas, message.subjects)
        return json_reply(await _shape(services, call, number), 202, {"location": f"/v1/notifications/{number}"})

    return await once(services, call, effect)


async def _deliver(services: Services, number: int, areas: list[str] | None, subjects: list[str] | None) -> None:
    """One row for each recipient; subjects that nobody has are passed over, as if they had no account here."""
    if subjects is None:
        await services.store.many(
            f"{_INTO} SELECT ?, id, {_OUTCOME} FROM account WHERE district = ?",
            [(number, area) for area in areas or []],
        )
        return
    await services.store.many(
        f"{_INTO} SELECT ?, id, {_OUTCOME} FROM account WHERE sub = ?",
        [(number, sub) for sub in dict.fromkeys(subjects)],
    )
    if areas is not None:
        marks = ", ".join("?" * len(areas))
        await services.store.run(
            "UPDATE delivery SET outcome = 'not_in_area' WHERE notification_id = ? AND account_id IN"
            f" (SELECT id FROM account WHERE district NOT IN ({marks}))",
            (number, *areas),
        )


async def get_notification(services: Services, call: Call) -> Reply:
    """Counts by outcome, for the client that sent the message."""
    return json_reply(await _shape(services, call, row_id(call.parameters["notification_id"])))


async def list_deliveries(services: Services, call: Call) -> Reply:
    """Outcome for each recipient, for the client that sent the message."""
    number = row_id(call.parameters["notification_id"])
    await _sent(services, call, number)
    window = read_window(services, call, str(number))
    rows = await services.store.all(
        "SELECT delivery.account_id, account.sub, delivery.outcome FROM delivery"
        " JOIN account ON account.id = delivery.account_id"
        " WHERE delivery.notification_id = ? AND delivery.account_id > ? ORDER BY delivery.account_id LIMIT ?",
        (number, window.after or 0, window.limit + 1),
    )
    kept = rows[: window.limit]
    items = [{"sub": row[1], "outcome": row[2]} for row in kept]
    return page_reply(services, call, window, Page(items, kept[-1][0] if len(rows) > window.limit else None))


async def _sent(services: Services, call: Call, number: int) -> Row:
    row = await services.store.one(
        "SELECT id, title, created_at_s FROM notification WHERE id = ? AND client_id = ?",
        (number, call.token.client_id),
    )
    if row is None:
        raise ApiError("not-found")
    return row


async def _shape(services: Services, call: Call, number: int) -> dict[str, object]:
    row = await _sent(services, call, number)
    counts: dict[str, int] = dict(
        await services.store.all(
            "SELECT outcome, count(*) FROM delivery WHERE notification_id = ? GROUP BY outcome", (number,)
        )
    )
    outcomes = {outcome: counts.get(outcome, 0) for outcome in ("delivered", "no_device", "not_in_area")}
    return {"id": str(number), "title": row[1], "created_at": instant(row[2]), "outcomes": outcomes}
