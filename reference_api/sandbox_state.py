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

KEPT = ("about", "server_secret", "signing_key", "change_count")
"""Tables that a reset leaves alone: what the sandbox is, and the keys, so that tokens stay valid."""


def grown_tables() -> list[str]:
    """Tables that a reset empties, as the migrations name them."""
    named = [name for text in migration_texts() for name in re.findall(r"CREATE TABLE (\w+)", text)]
    return [name for name in named if name not in KEPT]


async def remember_seeded(store: Store) -> None:
    """Copy what a reset will bring back."""
    for table in COPIED:
        await store.run(f"CREATE TABLE seeded_{table} AS SELECT * FROM {table}")


async def restore_seeded(store: Store) -> None:
    """Bring the seeded state back, within the caller's transaction."""
    for table in grown_tables():
        await store.run(f"DELETE FROM {table}")
    for table in COPIED:
        await store.run(f"INSERT INTO {table} SELECT * FROM seeded_{table}")
