"""Bounds of tables that anybody can fill without having signed in."""

import secrets

from reference_api.store.protocol import Store

MOST_ROWS = 100_000
"""Rows kept of one kind, the latest. Source: none; twice the IDs that the contract is sized for (50,000, contract C7).

Whoever begins to sign in has minutes before as many others have begun after them, however fast somebody tries to crowd
them out. Confidence C.
"""

LOOKED_AFTER = 100
"""Once in how many new rows the bound is looked after. Source: none; makes the cost small. Confidence C."""


async def forget_oldest(store: Store, table: str) -> None:
    """Now and then delete the rows of a table beyond the bound, those that expire first."""
    if secrets.randbelow(LOOKED_AFTER) == 0:
        await store.run(
            f"DELETE FROM {table} WHERE expires_at_s <="
            f" (SELECT expires_at_s FROM {table} ORDER BY expires_at_s DESC LIMIT 1 OFFSET ?)",
            (MOST_ROWS,),
        )
