"""Deltas: of whom something may have changed for an asker since a time, and whom the asker may not see any more.

What a list shows of a person depends on the person's record, on their consents, on hours at which a consent begins or
ends, and on the mode at their home. The conditions below pick everybody of whom one of these has changed; the list then
decides anew.
"""

from collections.abc import Sequence

from reference_api.call import Call
from reference_api.services import Services

_MODE = "{district} IN (SELECT district FROM mode_change WHERE changed_at_s >= ?)"
_CONSENT = (
    "{sub} IN (SELECT subject FROM consent WHERE updated_at_s >= ?"
    " OR valid_from_s BETWEEN ? AND ? OR valid_until_s BETWEEN ? AND ?)"
)


def changed_condition(record: str, sub: str, district: str) -> str:
    """SQL that holds for whoever changed; ``record``, ``sub`` and ``district`` are columns, the first a time."""
    return f" AND ({record} >= ? OR {_MODE.format(district=district)} OR {_CONSENT.format(sub=sub)})"


def changed_parameters(since_s: float, now_s: float) -> tuple[float, ...]:
    """Parameters of ``changed_condition``."""
    return (since_s, since_s, since_s, since_s, now_s, since_s, now_s)


BEFORE_ALL = float("-inf")


async def shown_before(services: Services, call: Call, keys: Sequence[str]) -> set[str]:
    """Which of these people (a page of them at most) this list has shown to this client before."""
    return set(await last_shown_s(services, call, keys))


async def last_shown_s(services: Services, call: Call, keys: Sequence[str]) -> dict[str, float]:
    """When this list last showed each of these people (a page of them at most) to this client (Unix seconds)."""
    if not keys:
        return {}
    marks = ", ".join("?" * len(keys))
    rows = await services.store.all(
        "SELECT person, MAX(at_s) FROM access_log JOIN access_request ON access_request.id = access_log.request_id"
        f" WHERE person IN ({marks}) AND client_id = ? AND recipient = ? AND operation_id = ? GROUP BY person",
        (*keys, call.token.client_id, call.token.recipient, call.operation.operation_id),
    )
    return dict(rows)
