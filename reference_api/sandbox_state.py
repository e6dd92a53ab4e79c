"""The seeded state of a sandbox: copied when it was filled, and brought back when it is reset."""

import re

from reference_api.store.migration import migration_texts
from reference_api.store.protocol import Store

UNCHANGED = ("account",)
"""Tables that hold rows after seeding which nothing changes: those of a whole town are too many to copy each time."""

COPIED = (
    "client",
    "event_stream",
    "neighbourhood",
    "district",
    "register_entry",
    "sandbox_secret",
    "sandbox_password",
    "shelter",
    "evacuation_site",
)
"""Tables that hold rows after seeding and may change; they are brought back whole."""

TRACKED = ("consent", "consent_event")
"""Records of consent and their events, a million in a whole town: those alone are brought back to which something has
happened. Whatever happens to a record is one of its events (``consent_records``)."""

KEPT = ("about", "server_secret", "signing_key", "change_count", "authorization_grant", "revoked_token")
"""Tables that a reset leaves alone: what the sandbox is; the keys, so that tokens of its clients stay valid; and which
tokens hold no longer, so that none of those comes back to life."""


def grown_tables() -> list[str]:
    """Tables that a reset empties, as the migrations name them."""
    named = [name for text in migration_texts() for name in re.findall(r"CREATE TABLE (\w+)", text)]
    return [name for name in named if name not in (*KEPT, *UNCHANGED, *TRACKED)]


async def remember_seeded(store: Store) -> None:
    """Copy what a reset will bring back; events of seeded consents are never changed, only joined by others."""
    for table in (*COPIED, "consent"):
        await store.run(f"CREATE TABLE seeded_{table} AS SELECT * FROM {table}")
    await store.run("CREATE UNIQUE INDEX seeded_consent_by_id ON seeded_consent (id)")
    await store.run("CREATE TABLE seeded_consent_event AS SELECT COALESCE(MAX(id), 0) AS last_id FROM consent_event")


async def restore_seeded(store: Store, now_s: float, tokens_end_s: float) -> None:
    """Bring the seeded state back, within the caller's transaction.

    What people granted since ends now (Unix seconds), and so do the tokens of clients that registered themselves, which
    would hold until ``tokens_end_s``.
    """
    await store.run("UPDATE authorization_grant SET revoked_at_s = ? WHERE revoked_at_s IS NULL", (now_s,))
    await store.run(
        "INSERT INTO revoked_token (jti, expires_at_s)"
        " SELECT client_id, CAST(? AS DOUBLE PRECISION) FROM client"
        " WHERE client_id NOT IN (SELECT client_id FROM seeded_client)"
        " ON CONFLICT (jti) DO NOTHING",
        (tokens_end_s,),
    )
    for table in grown_tables():
        await store.run(f"DELETE FROM {table}")
    for table in COPIED:
        await store.run(f"INSERT INTO {table} SELECT * FROM seeded_{table}")
    await _restore_consents(store)


async def _restore_consents(store: Store) -> None:
    """Bring back the records to which something has happened, and forget what."""
    since = "FROM consent_event WHERE id > (SELECT last_id FROM seeded_consent_event)"
    await store.run(f"DELETE FROM consent WHERE id IN (SELECT consent_id {since})")
    await store.run(f"INSERT INTO consent SELECT * FROM seeded_consent WHERE id IN (SELECT consent_id {since})")
    await store.run(f"DELETE {since}")
