"""The inbox: messages as those read them whom they were sent to."""

from typing import Any, Literal

import msgspec

from reference_api.call import Call, Reply, row_id, unix_s
from reference_api.city.notifications import RECEIPTS
from reference_api.city.shapes import Instant
from reference_api.clock import instant
from reference_api.errors import ApiError
from reference_api.oidc.subjects import local_sub
from reference_api.paging import Page, page_reply, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row


class _Receipt(msgspec.Struct):
    state: Literal["opened", "read"]
    at: Instant


_RECEIPT = msgspec.json.Decoder(_Receipt)


async def list_received_notifications(services: Services, call: Call) -> Reply:
    """Messages sent to a person that have not expired, oldest first, in the language that the person's app asks for."""
    sub = _own(services, call)
    window = read_window(services, call, sub)
    rows = await services.store.all(
        "SELECT notification.id, title, body, language, translations, created_at_s, expires_at_s, receipt FROM delivery"
        " JOIN notification ON notification.id = delivery.notification_id"
        " WHERE account_id = (SELECT id FROM account WHERE sub = ?) AND notification.id > ?"
        " AND outcome IN ('delivered', 'no_device') AND (expires_at_s IS NULL OR expires_at_s > ?)"
        " ORDER BY notification.id LIMIT ?",
        (sub, window.after or 0, call.now_s, window.limit + 1),
    )
    kept = rows[: window.limit]
    wanted = _languages(call.headers.get("accept-language", ""))
    page = Page([_shape(row, wanted) for row in kept], kept[-1][0] if len(rows) > window.limit else None)
    reply = page_reply(services, call, window, page)
    return Reply(body=reply.body, headers={**reply.headers, "vary": "accept-language"})


async def put_receipt(services: Services, call: Call) -> Reply:
    """A person says that a message was opened or read; what was said before is never taken back."""
    sub = _own(services, call)
    receipt = call.read(_RECEIPT)
    at_s = unix_s(receipt.at, "/at")
    number = row_id(call.parameters["notification_id"])
    async with services.store.transaction():
        row = await services.store.one(
            "SELECT receipt, account_id, expires_at_s FROM delivery"
            " JOIN notification ON notification.id = notification_id WHERE notification_id = ?"
            " AND account_id = (SELECT id FROM account WHERE sub = ?) AND outcome IN ('delivered', 'no_device')",
            (number, sub),
        )
        if row is None:
            raise ApiError("not-found")
        if row[2] is not None and row[2] <= call.now_s:
            raise ApiError("gone", "the message has expired")
        if row[0] is None or RECEIPTS.index(row[0]) < RECEIPTS.index(receipt.state):
            await services.store.run(
                "UPDATE delivery SET receipt = ?, receipt_at_s = ? WHERE notification_id = ? AND account_id = ?",
                (receipt.state, at_s, number, row[1]),
            )
    return Reply(status=204)


def _own(services: Services, call: Call) -> str:
    sub = local_sub(services, call.token, call.parameters["sub"])
    if sub is None or call.token.subject != sub:
        raise ApiError("not-found")
    return sub


def _languages(header: str) -> list[str]:
    """Primary language tags of Accept-Language, the dearest first (RFC 9110 section 12.5.4)."""
    weighted: list[tuple[float, int, str]] = []
    for place, part in enumerate(header.split(",")):
        tag, _, weight = part.strip().lower().partition(";q=")
        try:
            weighted.append((-float(weight or "1"), place, tag.partition("-")[0]))
        except ValueError:
            continue
    return [tag for weight, _, tag in sorted(weighted) if weight < 0]


def _shape(row: Row, wanted: list[str]) -> dict[str, object]:
    number, title, body, language, translations, created_at_s, expires_at_s, receipt = row
    texts: list[dict[str, Any]] = [{"language": language, "title": title, "body": body}]
    texts += msgspec.json.decode(translations)
    by_language = {text["language"].lower().partition("-")[0]: text for text in reversed(texts)}
    chosen = next((by_language[tag] for tag in wanted if tag in by_language), texts[0])
    return {
        "id": str(number),
        **chosen,
        "languages": [text["language"] for text in texts],
        "created_at": instant(created_at_s),
        "expires_at": None if expires_at_s is None else instant(expires_at_s),
        "receipt": receipt,
    }
