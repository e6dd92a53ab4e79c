"""Links to an individual evacuation plan: for people without an account, for a while, for what the person chose."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import msgspec

from reference_api import disclosure
from reference_api.call import ANONYMOUS, Call, Reply, json_reply, row_id
from reference_api.city.negotiation import preferred
from reference_api.city.plan_fields import FIELD_NAMES
from reference_api.city.plan_views import MEDICATION, Plan, find_plan
from reference_api.clock import instant
from reference_api.consent import BY_CONSENT
from reference_api.errors import ApiError, Fault
from reference_api.pages.rendering import Page as HtmlPage
from reference_api.pages.rendering import message, page_language, show
from reference_api.pages.texts import load_texts
from reference_api.paging import Page, page_reply, read_window
from reference_api.services import Services, sha256_text
from reference_api.store.protocol import Row

SECRET_BYTES = 32
"""Entropy of a link's secret. Source: RFC 6749 10.10, odds of guessing at most 2**-128."""
MAX_TTL_S, DEFAULT_TTL_S = 30 * 86_400, 7 * 86_400
"""How long a link may live, and lives where nothing is said. Source: none; longer needs would be an account's.
Confidence C."""
_COLUMNS = "id, plan_id, items, note, created_at_s, expires_at_s, revoked_at_s, views, last_viewed_at_s"
_PRIVATE = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-robots-tag": "noindex"}


class _Request(msgspec.Struct):
    items: Annotated[list[str], msgspec.Meta(min_length=1, max_length=len(FIELD_NAMES))]
    ttl_s: Annotated[int, msgspec.Meta(ge=60, le=MAX_TTL_S)] = DEFAULT_TTL_S
    note: Annotated[str, msgspec.Meta(max_length=200)] = ""


_REQUEST = msgspec.json.Decoder(_Request)


async def create_plan_share_link(services: Services, call: Call) -> Reply:
    """Make a link; its secret is told this once and kept as a hash only."""
    request = call.read(_REQUEST)
    faults = [
        Fault(f"/items/{place}", "unknown_field") for place, name in enumerate(request.items) if name not in FIELD_NAMES
    ]
    if faults:
        raise ApiError("validation", faults=faults)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    async with services.store.transaction():
        plan = await _own_plan(services, call)
        row = await services.store.one(
            "INSERT INTO plan_share_link (plan_id, secret_sha256, items, note, created_at_s, expires_at_s)"
            f" VALUES (?, ?, ?, ?, ?, ?) RETURNING {_COLUMNS}",
            (
                plan.number,
                sha256_text(secret),
                " ".join(name for name in FIELD_NAMES if name in request.items),
                request.note,
                call.now_s,
                call.now_s + request.ttl_s,
            ),
        )
    shape = _shape(row or (), call.now_s) | {"url": f"{services.settings.issuer}/v1/shared-plans/{secret}"}
    where = f"/v1/evacuation-plans/{plan.number}/share-links/{shape['id']}"
    return json_reply(shape, 201, {"location": where, "cache-control": "no-store"})


async def list_plan_share_links(services: Services, call: Call) -> Reply:
    """The links of one's plan, revoked and expired ones included, with how often each was used."""
    plan = await _own_plan(services, call)
    window = read_window(services, call, str(plan.number))
    rows = await services.store.all(
        f"SELECT {_COLUMNS} FROM plan_share_link WHERE plan_id = ? AND id > ? ORDER BY id LIMIT ?",
        (plan.number, window.after or 0, window.limit + 1),
    )
    kept = rows[: window.limit]
    items = [_shape(row, call.now_s) for row in kept]
    return page_reply(services, call, window, Page(items, kept[-1][0] if len(rows) > window.limit else None))


async def get_plan_share_link(services: Services, call: Call) -> Reply:
    """One link, without its secret."""
    return json_reply(_shape(await _link(services, call), call.now_s), headers={"cache-control": "no-store"})


async def revoke_plan_share_link(services: Services, call: Call) -> Reply:
    """Revoke a link: it shows nothing from now on."""
    async with services.store.transaction():
        row = await _link(services, call)
        await services.store.run(
            "UPDATE plan_share_link SET revoked_at_s = ? WHERE id = ? AND revoked_at_s IS NULL", (call.now_s, row[0])
        )
    return Reply(status=204)


async def get_shared_plan(services: Services, call: Call) -> Reply:
    """What a link shows, to whoever has it, as JSON or as a page; each view is counted and logged."""
    is_page = preferred(call, call.operation.media_types) == "text/html"
    language = page_language(call)
    try:
        plan, row = await _viewed(services, call)
    except ApiError as fault:
        if not is_page:
            raise
        refused = message(services, language, "shared_plan", "gone", status=fault.status)
        return replace(refused, headers={**refused.headers, **_PRIVATE, "vary": "accept"})
    fields = {name: plan.fields[name] for name in row[2].split() if name in plan.fields}
    shown: dict[str, object] = {"updated_at": instant(plan.updated_at_s), "expires_at": instant(row[5])}
    if not is_page:
        return json_reply({"fields": fields, **shown}, headers=_PRIVATE | {"vary": "accept"})
    shown["errors"] = ()
    texts = load_texts(language)["shared_plan"]
    shown["rows"] = [(name, _lines(field["value"], texts), field["source"]) for name, field in fields.items()]
    switch = f"/v1/shared-plans/{call.parameters['share_token']}"
    reply = show(services, HtmlPage("shared_plan.html", language, shown, switch=switch))
    return replace(reply, headers={**reply.headers, **_PRIVATE, "vary": "accept"})


async def _viewed(services: Services, call: Call) -> tuple[Plan, Row]:
    """The plan and the link, after the view was counted and logged.

    Raises:
        ApiError: not-found or gone.
    """
    async with services.store.transaction():
        row = await services.store.one(
            f"SELECT {_COLUMNS} FROM plan_share_link WHERE secret_sha256 = ?",
            (sha256_text(call.parameters["share_token"]),),
        )
        if row is None:
            raise ApiError("not-found")
        plan = await find_plan(services, row[1])
        if _state(row, call.now_s) != "active" or plan.deleted_at_s is not None:
            raise ApiError("gone", "the link holds no longer")
        await services.store.run(
            "UPDATE plan_share_link SET views = views + 1, last_viewed_at_s = ? WHERE id = ?", (call.now_s, row[0])
        )
        await _log(services, call, plan, row)
    return plan, row


def _lines(value: Any, texts: Mapping[str, str]) -> list[str]:
    """A field's value as lines for people: entries of a list one by one, members of an entry side by side."""
    if isinstance(value, list):
        return [line for entry in value for line in _lines(entry, texts)]
    if isinstance(value, dict):
        told = [member for name, member in value.items() if name not in _UNTOLD and not isinstance(member, dict)]
        return [" / ".join(texts["yes" if one else "no"] if isinstance(one, bool) else str(one) for one in told)]
    return [str(value)]


_UNTOLD = ("sub", "shelter_id")
"""Identifiers, of no use to people."""


async def _log(services: Services, call: Call, plan: Plan, row: Row) -> None:
    """A view is a disclosure by consent to whoever the person gave the link to."""
    token = replace(ANONYMOUS, client_id="share-link", recipient=f"link:{row[0]}")
    opened = {"medication_condition" if name == MEDICATION else "plan" for name in row[2].split()}
    decisions = dict.fromkeys(sorted(opened), BY_CONSENT)
    await disclosure.log(services, replace(call, token=token), "evacuation_support", [(plan.key, decisions)])


async def _own_plan(services: Services, call: Call) -> Plan:
    """The plan, for the person whose it is: nobody else gives links out."""
    plan = await find_plan(services, row_id(call.parameters["plan_id"]))
    if not disclosure.speaks_for_person(call.token) or call.token.subject != plan.sub:
        raise ApiError("not-found")
    if plan.deleted_at_s is not None:
        raise ApiError("gone")
    return plan


async def _link(services: Services, call: Call) -> Row:
    plan = await _own_plan(services, call)
    row = await services.store.one(
        f"SELECT {_COLUMNS} FROM plan_share_link WHERE id = ? AND plan_id = ?",
        (row_id(call.parameters["link_id"]), plan.number),
    )
    if row is None:
        raise ApiError("not-found")
    return row


def _state(row: Row, now_s: float) -> str:
    return "revoked" if row[6] is not None else "expired" if row[5] <= now_s else "active"


def _shape(row: Row, now_s: float) -> dict[str, object]:
    return {
        "id": str(row[0]),
        "items": row[2].split(),
        "note": row[3],
        "state": _state(row, now_s),
        "created_at": instant(row[4]),
        "expires_at": instant(row[5]),
        "views": row[7],
        "last_viewed_at": None if row[8] is None else instant(row[8]),
    }
