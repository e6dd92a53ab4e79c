"""Idempotency-Key: a request said twice takes effect once and is answered the same."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import cast

from reference_api.call import Call, Reply
from reference_api.errors import ApiError
from reference_api.services import Services

MAX_KEY_LENGTH = 255
"""Source: contract, parameter Idempotency-Key."""


async def once(services: Services, call: Call, effect: Callable[[], Awaitable[Reply]]) -> Reply:
    """Run ``effect`` in a transaction unless its key was used before; then give the stored answer.

    Effect and stored answer take effect together, and writers follow one another, so "still in progress" is never seen.
    What ends in an error is not stored: the client may try again with the same key.

    Raises:
        ApiError: idempotency-key-missing, idempotency-key-reused, or what the effect raises.

    Source: draft-ietf-httpapi-idempotency-key-header; contract C6.
    """
    key = call.headers.get("idempotency-key", "")
    if not (0 < len(key) <= MAX_KEY_LENGTH and key.isascii() and key.isprintable()):
        raise ApiError("idempotency-key-missing", "send Idempotency-Key with 1 to 255 visible ASCII characters")
    owner = (call.token.client_id, call.token.subject or "", key)
    fingerprint = _fingerprint(call)
    store = services.store
    async with store.transaction():
        # Whatever is past retention goes with every write; that is one look into an index.
        oldest_s = call.now_s - services.settings.idempotency_retention_s
        await store.run("DELETE FROM idempotency WHERE created_at_s < ?", (oldest_s,))
        row = await store.one(
            "SELECT fingerprint, status, location, body FROM idempotency"
            " WHERE client_id = ? AND subject = ? AND key = ?",
            owner,
        )
        if row is not None:
            return _replay(row, fingerprint)
        reply = await effect()
        await store.run(
            "INSERT INTO idempotency (client_id, subject, key, fingerprint, status, location, body, created_at_s)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*owner, fingerprint, reply.status, reply.headers.get("location"), reply.body.decode("utf-8"), call.now_s),
        )
    return reply


def _fingerprint(call: Call) -> str:
    digest = hashlib.sha256(call.operation.operation_id.encode())
    for value in call.parameters.values():
        digest.update(b"\n" + value.encode("utf-8", "surrogatepass"))
    digest.update(b"\n\n" + call.body)
    return digest.hexdigest()


def _replay(row: tuple[object, ...], fingerprint: str) -> Reply:
    if row[0] != fingerprint:
        raise ApiError("idempotency-key-reused")
    headers = {} if row[2] is None else {"location": str(row[2])}
    return Reply(status=cast("int", row[1]), body=str(row[3]).encode("utf-8"), headers=headers)
