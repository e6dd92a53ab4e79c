"""Outbox: what other systems are to be told, kept with the change itself and sent afterwards."""

from reference_api.store.protocol import Store


async def send_later(store: Store, kind: str, url: str, media_type: str, body: str, now_s: float) -> None:
    """Note a POST request that is to be made; within a transaction it takes effect with the rest of it.

    ``kind`` names what it is (set, back-channel-logout, push). ``now_s`` is Unix seconds.
    """
    await store.run(
        "INSERT INTO outbox (kind, url, media_type, body, created_at_s, next_attempt_at_s) VALUES (?, ?, ?, ?, ?, ?)",
        (kind, url, media_type, body, now_s, now_s),
    )
