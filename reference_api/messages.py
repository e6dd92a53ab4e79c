"""Messages to people: kept with one delivery for each recipient, read in the inbox; the devices are simulated."""

from collections.abc import Iterable, Mapping

import msgspec

from reference_api.store.protocol import Store

OUTCOME = "CASE WHEN push_device = 1 THEN 'delivered' ELSE 'no_device' END"
INTO = "INSERT INTO delivery (notification_id, account_id, outcome, attempted_at_s)"

Text = Mapping[str, str]
"""Language, title and body."""


async def keep_message(
    store: Store, client_id: str, text: Text, translations: Iterable[object], expires_at_s: float | None, now_s: float
) -> int:
    """Keep what a message says; its number. ``client_id`` is who may read the outcomes. Times are Unix seconds."""
    row = await store.one(
        "INSERT INTO notification (client_id, title, body, language, translations, expires_at_s, created_at_s)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            client_id,
            text["title"],
            text["body"],
            text["language"],
            msgspec.json.encode(list(translations)).decode(),
            expires_at_s,
            now_s,
        ),
    )
    return int(row[0]) if row else 0


async def deliver_to(store: Store, number: int, subs: Iterable[str], now_s: float) -> None:
    """Deliver a message to people (local IDs); names that nobody has are passed over."""
    await store.many(
        f"{INTO} SELECT ?, id, {OUTCOME}, ? FROM account WHERE sub = ?", [(number, now_s, sub) for sub in subs]
    )
