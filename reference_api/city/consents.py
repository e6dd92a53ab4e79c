"""Consents (オプトイン): given, listed, renewed, refused and withdrawn by the person.

Staff may write down what a person says on the spot; that is marked, and the person can list and withdraw it (need N3).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from conformance.contract.catalogue import load_consent_catalogue
from reference_api.call import Call, Reply, instant_s, json_reply
from reference_api.city.conditional import is_not_modified
from reference_api.city.people import known_account
from reference_api.consent_records import COLUMNS, Origin, StoredConsent, move, record_consent, stored
from reference_api.consent_requests import term_s, validate_detail
from reference_api.consent_shape import histories, shape
from reference_api.disclosure import speaks_for_person
from reference_api.errors import ApiError, Fault, invalid
from reference_api.notices import notice
from reference_api.oidc.consent_details import ConsentDetail
from reference_api.oidc.grants import REVOKED
from reference_api.oidc.subjects import local_sub, shown_sub
from reference_api.paging import fill, page_reply, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row

BEHALF = "consents.write.behalf"
PRIVATE: Mapping[str, str] = {"cache-control": "private, no-cache"}
"""Contract C4: a withdrawal reaches every copy within 60 s; so none is used without asking again."""
Codes = Annotated[list[str], msgspec.Meta(max_length=50)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class _Subject(msgspec.Struct):
    sub: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class _Evidence(msgspec.Struct, omit_defaults=True):
    kind: Literal["identity_document", "face_to_face", "telephone", "signed_form", "power_of_attorney", "other"]
    reference: Text | None = None
    witness: Text | None = None


class _Behalf(msgspec.Struct, kw_only=True):
    method: Literal["self", "proxy", "staff"] = "self"
    evidence: _Evidence | None = None


class _Request(_Behalf, kw_only=True):
    purpose: str
    data_categories: Codes
    recipients: Codes
    modes: Codes = msgspec.field(default_factory=lambda: ["normal"])
    actions: Codes = msgspec.field(default_factory=lambda: ["read"])
    valid_until: str | None = None
    state: Literal["given", "refused", "requested"] = "given"
    subject: _Subject | None = None
    language: Literal["ja", "en"] = "ja"
    notice_hash: str | None = None


class _Act(_Behalf, kw_only=True):
    valid_until: str | None = None


_REQUEST = msgspec.json.Decoder(_Request)
_ACT = msgspec.json.Decoder(_Act)
_POINTERS: Mapping[str, str] = {"datatypes": "data_categories"}
"""Members of the request by the member of the authorization detail that they are."""


async def create_consent(services: Services, call: Call) -> Reply:
    """Record a consent or a refusal of the person, or ask the person for one."""
    request = call.read(_REQUEST)
    origin = _origin(call, request, language=request.language, asks=request.state == "requested")
    detail = _detail(services, call, request)
    told = notice(services.settings, detail.purpose, request.language).hash
    if request.notice_hash not in (None, told):
        raise ApiError("conflict", "the notice has changed: show the person the present one")
    subject = _subject(services, call, request)
    async with services.store.transaction():
        await known_account(services, call.token, subject, "/subject/sub")
        number = await record_consent(services, subject, detail, origin, call.now_s, state=request.state)
        record = await own_record(services, call, number)
    return await _reply(services, call, record, 201)


async def list_consents(services: Services, call: Call) -> Reply:
    """The person's records, or those that a client asked for or wrote down, in the order in which they were made."""
    query = call.query()
    states, since = query.get("state", ""), query.get("updated_since")
    catalogue = load_consent_catalogue()
    if states and states not in catalogue.valid_states | catalogue.invalid_states:
        raise invalid("state", "value")
    since_s = 0.0 if since is None else instant_s(since, "updated_since")
    window = read_window(services, call, states, since or "")
    condition, owner = _owner(call)

    async def fetch(after: Any, count: int) -> list[Row]:
        return await services.store.all(
            f"SELECT {COLUMNS} FROM consent WHERE {condition} AND id > ? AND updated_at_s >= ? ORDER BY id LIMIT ?",
            (*owner, after or 0, since_s, count),
        )

    async def choose(rows: list[Row]) -> list[StoredConsent | None]:
        return [one if states in ("", one.state_at(call.now_s)) else None for one in map(stored, rows)]

    page = await fill(window, fetch, choose)
    history = await histories(services, page.items)
    return page_reply(
        services, call, window, page.map(lambda record: _shape(services, call, record, history[record.number]))
    )


async def get_consent(services: Services, call: Call) -> Reply:
    """One record, for the person and for the client that asked for it or wrote it down."""
    record = await own_record(services, call, call.parameters["consent_id"])
    if is_not_modified(call, record.etag(call.now_s)):
        return Reply(status=304, headers={**PRIVATE, "etag": record.etag(call.now_s)})
    return await _reply(services, call, record, 200)


async def give_consent(services: Services, call: Call) -> Reply:
    """The person agrees to what was asked of them."""
    return await _happen(services, call, "give")


async def refuse_consent(services: Services, call: Call) -> Reply:
    """The person refuses what was asked of them."""
    return await _happen(services, call, "refuse")


async def withdraw_consent(services: Services, call: Call) -> Reply:
    """The person takes a consent back: from now on it opens nothing. Saying so twice changes nothing more."""
    return await _happen(services, call, "withdraw")


async def renew_consent(services: Services, call: Call) -> Reply:
    """The person lets a consent run on, as long as asked or as long as its purpose allows."""
    return await _happen(services, call, "renew")


async def _happen(services: Services, call: Call, event: str) -> Reply:
    request = call.read(_ACT) if call.body else _Act()
    origin = _origin(call, request)
    async with services.store.transaction():
        record = await own_record(services, call, call.parameters["consent_id"])
        if record.state != load_consent_catalogue().events[event].target or event == "renew":
            until_s = _until_s(services, call, record, request.valid_until) if event == "renew" else None
            record = await move(services, record, event, origin, call.now_s, until_s=until_s)
    services.memory.forget(REVOKED)
    return await _reply(services, call, record, 200)


def _until_s(services: Services, call: Call, record: StoredConsent, until: str | None) -> float:
    """Until when a renewed record runs.

    Raises:
        ApiError: validation.
    """
    detail = ConsentDetail(
        type="cityos_consent",
        purpose=record.purpose,
        datatypes=tuple(record.categories.split()),
        recipients=tuple(record.recipients.split()),
        valid_until=until,
    )
    faults = [fault for fault in _faults(services, call, detail) if fault.pointer == "/valid_until"]
    if faults:
        raise ApiError("validation", faults=faults)
    return term_s(detail, call.now_s)


def _origin(call: Call, request: _Behalf, *, language: str = "ja", asks: bool = False) -> Origin:
    """Who acts: the person themselves, or staff with evidence of what the person said.

    Raises:
        ApiError: insufficient-scope or validation.
    """
    client_id = call.token.client_id
    if call.token.subject is not None:
        if request.method != "self" or asks or not speaks_for_person(call.token):
            raise ApiError("insufficient-scope", "a person speaks for themselves only, by an app of the city")
        return Origin(client_id, "self", {}, language)
    if BEHALF not in call.token.scopes:
        raise ApiError("insufficient-scope", f"needs {BEHALF}")
    if asks:
        return Origin(client_id, "staff", {}, language)
    if request.method == "self":
        raise invalid("/method", "value")
    if request.evidence is None:
        raise invalid("/evidence", "required")
    return Origin(client_id, request.method, msgspec.to_builtins(request.evidence), language)


def _subject(services: Services, call: Call, request: _Request) -> str:
    """Of whom the record is, by local ID; a name that is nobody's stays as it is and is found to be unknown."""
    if request.subject is None:
        if call.token.subject is None:
            raise invalid("/subject", "required")
        return call.token.subject
    return local_sub(services, call.token, request.subject.sub) or ""


def _detail(services: Services, call: Call, request: _Request) -> ConsentDetail:
    """The request as the authorization detail it is.

    Raises:
        ApiError: validation.
    """
    detail = ConsentDetail(
        type="cityos_consent",
        purpose=request.purpose,
        datatypes=tuple(request.data_categories),
        recipients=tuple(request.recipients),
        modes=tuple(request.modes),
        actions=tuple(request.actions),
        valid_until=request.valid_until,
    )
    faults = _faults(services, call, detail)
    if faults:
        raise ApiError("validation", faults=faults)
    return detail


def _faults(services: Services, call: Call, detail: ConsentDetail) -> list[Fault]:
    """What is wrong with a detail, by pointers into the request. A person may name any service."""
    asked_by = None if call.token.subject is not None else call.token.client_id
    faults = validate_detail(detail, client_id=asked_by, api_base=services.settings.audience, now_s=call.now_s)
    return [Fault(_renamed(fault.pointer), fault.code) for fault in faults]


def _renamed(pointer: str) -> str:
    member, _, rest = pointer.removeprefix("/").partition("/")
    return "/" + _POINTERS.get(member, member) + (f"/{rest}" if rest else "")


def _owner(call: Call) -> tuple[str, tuple[str, ...]]:
    """Condition and parameters for the records that the caller may see."""
    token = call.token
    if token.subject is None:
        return "client_id = ?", (token.client_id,)
    if speaks_for_person(token):
        return "subject = ?", (token.subject,)
    return "subject = ? AND client_id = ?", (token.subject, token.client_id)


async def own_record(services: Services, call: Call, record_id: str) -> StoredConsent:
    """The record of that id, if the caller may see it.

    Raises:
        ApiError: not-found.
    """
    condition, owner = _owner(call)
    row: Row | None = await services.store.one(
        f"SELECT {COLUMNS} FROM consent WHERE record_id = ? AND {condition}", (record_id, *owner)
    )
    if row is None:
        raise ApiError("not-found")
    return stored(row)


async def _reply(services: Services, call: Call, record: StoredConsent, status: int) -> Reply:
    history = await histories(services, [record])
    headers = {**PRIVATE, "etag": record.etag(call.now_s)}
    if status == 201:
        headers["location"] = f"/v1/consents/{record.record_id}"
    return json_reply(_shape(services, call, record, history[record.number]), status, headers)


def _shape(services: Services, call: Call, record: StoredConsent, history: list[Row]) -> dict[str, object]:
    return shape(services, record, history, shown_sub(services, call.token, record.subject), call.now_s)
