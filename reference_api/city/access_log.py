"""Access log: who was shown what of a person, when, what for and on which basis; for the person (needs N2, N8)."""

from collections.abc import Sequence

from reference_api.call import Call, Reply
from reference_api.clock import instant
from reference_api.disclosure import person_key, speaks_for_person
from reference_api.errors import ApiError, invalid
from reference_api.notify_after import read_grants
from reference_api.paging import Page, Window, page_reply, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row

_BASES = ("consent", "statutory")
_LIST = (
    "SELECT access_log.request_id, access_log.person, at_s, operation_id, access_request.client_id,"
    " access_request.recipient, purpose, grants, name_ja, name_en FROM access_log"
    " JOIN access_request ON access_request.id = access_log.request_id"
    " JOIN access_grant ON access_grant.id = access_log.grant_id"
    " LEFT JOIN client ON client.client_id = access_request.client_id"
)


async def list_access_log(services: Services, call: Call) -> Reply:
    """Disclosures of the person's own data, the newest first; reading one's own data is none."""
    if call.token.subject is None or not speaks_for_person(call.token):
        raise ApiError("insufficient-scope", "the log of a person is for the person")
    basis = call.query().get("basis", "")
    if basis not in ("", *_BASES):
        raise invalid("basis", "value")
    window = read_window(services, call, basis)
    people = await _names(services, call.token.subject)
    rows = await _read(services, people, basis, window)
    kept = rows[: window.limit]
    page = Page([_item(row) for row in kept], kept[-1][:2] if len(rows) > window.limit else None)
    return page_reply(services, call, window, page)


async def _names(services: Services, sub: str) -> list[str]:
    """Keys under which the log has a person: the ID, and temporary ids that turned out to be theirs."""
    rows = await services.store.all("SELECT temp_id FROM person_link WHERE sub = ?", (sub,))
    return [person_key(sub, None), *(person_key(None, row[0]) for row in rows)]


async def _read(services: Services, people: Sequence[str], basis: str, window: Window) -> list[Row]:
    conditions = [f"access_log.person IN ({', '.join('?' * len(people))})"]
    parameters: list[object] = [*people]
    if window.after is not None:
        conditions.append("(access_log.request_id, access_log.person) < (?, ?)")
        parameters += window.after
    if basis:
        conditions.append("grants LIKE ?")
        parameters.append(f"%={basis}%")
    return await services.store.all(
        f"{_LIST} WHERE {' AND '.join(conditions)} ORDER BY access_log.request_id DESC, access_log.person DESC LIMIT ?",
        (*parameters, window.limit + 1),
    )


def _item(row: Row) -> dict[str, object]:
    number, person, at_s, operation_id, client_id, recipient, purpose, grants, name_ja, name_en = row
    kind, _, temp_id = person.partition(":")
    shown = [
        {"category": category, "basis": basis, **({"clause": clause} if clause else {})}
        for category, basis, clause in read_grants(grants)
    ]
    return {
        "id": str(number) if kind == "s" else f"{number}-{temp_id}",
        "time": instant(at_s),
        "operation": operation_id,
        "client": {"client_id": client_id, "ja": name_ja or client_id, "en": name_en or client_id},
        "recipient": recipient,
        "purpose": purpose,
        "disclosures": shown,
    }
