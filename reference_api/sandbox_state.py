"""The seeded state of a sandbox: copied when it was filled, and brought back when it is reset."""

import re

from reference_api.store.migration import migration_texts
from reference_api.store.protocol import Store

COPIED = (
    "account",
    "client",
    "consent",
    "consent_event",
    "event_stream",
    "neighbourhood",
    "district",
    "register_entry",
    "sandbox_secret",
    "sandbox_password",
    "shelter",
    "evacuation_site",
)
"""Tables that hold rows after seeding and may change; every other table is empty then."""

KEPT = ("about", "server_secret", "signing_key", "change_count", "authorization_grant", "revoked_token")
"""Tables that a reset leaves alone: what the sandbox is; the keys, so that tokens of its clients stay valid; and which
tokens hold no longer, so that none of those comes back to life."""


def grown_tables() -> list[str]:
    """Tables that a reset empties, as the migrations name them."""
    named = [name for text in migration_texts() for name in re.findall(r"CREATE TABLE (\w+)", text)]
    return [name for name in named if name not in KEPT]


async def remember_seeded(store: Store) -> None:
    """Copy what a reset will bring back."""
    for table in COPIED:
        await store.run(f"CREATE TABLE seeded_{table} AS SELECT * FROM {table}")


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
