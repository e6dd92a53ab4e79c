"""What is owed after a disclosure without consent: the person is told (contract C4, obligation notify_after)."""

from collections.abc import Sequence

from reference_api import events
from reference_api.call import Call
from reference_api.clock import instant
from reference_api.services import Services

_OWE = (
    "INSERT INTO notify_after (person, client_id, purpose, grant_id, request_id) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (person, client_id, purpose, grant_id) DO NOTHING"
)


async def owe_notice(
    services: Services, call: Call, purpose: str, request_id: int, shown: Sequence[tuple[str, int, str]]
) -> None:
    """Note that these people (key, number and text of the grant) are to be told, in the disclosure's transaction.

    A person is told once of each client, purpose and basis; every single disclosure stands in the access log.
    """
    rows = [(person, call.token.client_id, purpose, grant_id, request_id) for person, grant_id, _ in shown]
    apps = [one for one in await events.receivers(services, "disclosed-by-law") if one.role == "citizen_app"]
    if not apps:
        await services.store.many(_OWE, rows)
        return
    for row, (_, _, grants) in zip(rows, shown, strict=True):
        owed = await services.store.one(f"{_OWE} RETURNING person", row)
        kind, _, sub = row[0].partition(":")
        if owed is not None and kind == "s":
            payload = {
                "recipient": call.token.recipient,
                "purpose": purpose,
                "categories": [category for category, basis, _ in read_grants(grants) if basis == "statutory"],
                "disclosed_at": instant(call.now_s),
            }
            await events.tell(services, "disclosed-by-law", apps, payload, call.now_s, sub=sub)


def read_grants(text: str) -> list[tuple[str, str, str]]:
    """Category, basis and clause of each part of a text of ``access_grant``; the clause is empty where none is."""
    parts = (part.partition("=") for part in text.split(" "))
    bases = ((category, basis.partition(":")) for category, _, basis in parts)
    return [(category, basis, clause) for category, (basis, _, clause) in bases]
