"""Individual evacuation plans (個別避難計画): made with the person's agreement, shared by audience."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from reference_api import disclosure
from reference_api.call import Call, Reply, json_reply, row_id, unix_s
from reference_api.city.conditional import check_if_match
from reference_api.city.plan_fields import FIELD_NAMES, PREFILLED, Fields, PlanFields, prefilled, sent
from reference_api.city.plan_views import COLUMNS, Plan, View, find_plan, log_view, may_write, read_plan, shape, views
from reference_api.city.shapes import Identifier, Instant, exactly_one
from reference_api.errors import ApiError, Fault, invalid
from reference_api.oidc.subjects import local_sub
from reference_api.paging import Page, fill, page_reply, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row

Audience = Literal["family", "supporter", "association"]


class _Subject(msgspec.Struct):
    sub: str | None = None
    temp_id: Identifier | None = None


class _Share(msgspec.Struct):
    audience: Audience
    items: Annotated[list[str], msgspec.Meta(min_length=1, max_length=len(FIELD_NAMES))]


class _Create(msgspec.Struct, kw_only=True):
    subject: _Subject | None = None
    fields: PlanFields = msgspec.field(default_factory=PlanFields)
    sharing: Annotated[list[_Share], msgspec.Meta(max_length=3)] = []
    prefill: bool = True
    agreed_at: Instant | None = None


class _Patch(msgspec.Struct, kw_only=True):
    fields: PlanFields = msgspec.field(default_factory=PlanFields)
    sharing: Annotated[list[_Share], msgspec.Meta(max_length=3)] | None = None
    prefill: bool = False


_CREATE = msgspec.json.Decoder(_Create)
_PATCH = msgspec.json.Decoder(_Patch)


async def create_evacuation_plan(services: Services, call: Call) -> Reply:
    """Make a plan for oneself, or, for the municipality, with the person's agreement."""
    request = call.read(_CREATE)
    said = {name: field for name, field in sent(request.fields, call).items() if field is not None}
    sharing = _sharing(request.sharing)
    sub, temp_id = _subject(services, call, request.subject)
    _refuse_opening(call, sub, {}, sharing)
    agreed_at_s = _agreement(call, request)
    async with services.store.transaction():
        home = await _home(services, sub, temp_id)
        fields = (await prefilled(services, sub, temp_id, call.now_s) if request.prefill else {}) | said
        key = disclosure.person_key(sub, temp_id)
        present = "SELECT id FROM evacuation_plan WHERE person = ? AND deleted_at_s IS NULL"
        if await services.store.one(present, (key,)):
            raise ApiError("conflict", "the person has a plan: change that one")
        row = await services.store.one(
            "INSERT INTO evacuation_plan (person, sub, temp_id, household, district, neighbourhood, fields, sharing,"
            " agreed_at_s, created_by, created_at_s, updated_at_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            f" RETURNING {COLUMNS}",
            (
                key,
                sub,
                temp_id,
                *home,
                _text(fields),
                _text(sharing),
                agreed_at_s,
                call.token.client_id,
                call.now_s,
                call.now_s,
            ),
        )
        plan = read_plan(row or ())
        await _name_supporters(services, call, plan)
    return await _reply(services, call, plan, 201)


async def get_evacuation_plan(services: Services, call: Call) -> Reply:
    """A plan as far as the asker may see it; 410 for those who could write it, once it is deleted."""
    plan = await find_plan(services, row_id(call.parameters["plan_id"]))
    if plan.deleted_at_s is not None:
        raise ApiError("gone" if may_write(call, plan) else "not-found")
    return await _reply(services, call, plan, 200)


async def list_evacuation_plans(services: Services, call: Call) -> Reply:
    """Plans that the asker may see anything of: a neighbourhood's, or one's own, the family's, those one supports."""
    area = call.query().get("area")
    if call.token.association is not None:
        area = call.token.association if area in (None, call.token.association) else ""
    window = read_window(services, call, area or "")
    condition, chosen = _chosen(call, area)

    async def fetch(after: Any, count: int) -> list[Row]:
        return await services.store.all(
            f"SELECT {COLUMNS} FROM evacuation_plan WHERE deleted_at_s IS NULL AND id > ?{condition}"
            " ORDER BY id LIMIT ?",
            (after or 0, *chosen, count),
        )

    async def show(rows: list[Row]) -> list[tuple[Plan, View] | None]:
        plans = [read_plan(row) for row in rows]
        seen = await views(services, call, plans)
        return [None if view is None else (plan, view) for plan, view in zip(plans, seen, strict=True)]

    page = await fill(window, fetch, show)
    await log_view(services, call, page.items)
    items = [shape(services, call, plan, view) for plan, view in page.items]
    return page_reply(services, call, window, Page(items, page.next_key))


async def update_evacuation_plan(services: Services, call: Call) -> Reply:
    """Change fields or sharing; a field that is null goes, one that is left out stays."""
    request = call.read(_PATCH)
    said = sent(request.fields, call)
    async with services.store.transaction():
        plan = await _writable(services, call)
        check_if_match(call, plan.etag, required=True)
        fields = await _changed(services, call, plan, said, prefill=request.prefill)
        sharing = dict(plan.sharing) if request.sharing is None else _sharing(request.sharing)
        _refuse_opening(call, plan.sub, plan.sharing, sharing)
        row = await services.store.one(
            "UPDATE evacuation_plan SET fields = ?, sharing = ?, updated_at_s = ?, version = version + 1"
            f" WHERE id = ? RETURNING {COLUMNS}",
            (_text(fields), _text(sharing), call.now_s, plan.number),
        )
        plan = read_plan(row or ())
        await _name_supporters(services, call, plan)
    return await _reply(services, call, plan, 200)


async def delete_evacuation_plan(services: Services, call: Call) -> Reply:
    """Delete a plan: what it said is erased, its links are revoked."""
    async with services.store.transaction():
        plan = await _writable(services, call)
        check_if_match(call, plan.etag, required=False)
        await services.store.run(
            "UPDATE evacuation_plan SET fields = '{}', sharing = '{}', deleted_at_s = ?, updated_at_s = ?,"
            " version = version + 1 WHERE id = ?",
            (call.now_s, call.now_s, plan.number),
        )
        await services.store.run("DELETE FROM plan_supporter WHERE plan_id = ?", (plan.number,))
        await services.store.run(
            "UPDATE plan_share_link SET revoked_at_s = ? WHERE plan_id = ? AND revoked_at_s IS NULL",
            (call.now_s, plan.number),
        )
    return Reply(status=204)


async def _writable(services: Services, call: Call) -> Plan:
    plan = await find_plan(services, row_id(call.parameters["plan_id"]))
    if not may_write(call, plan):
        raise ApiError("not-found")
    if plan.deleted_at_s is not None:
        raise ApiError("gone")
    return plan


def _subject(services: Services, call: Call, subject: _Subject | None) -> tuple[str | None, str | None]:
    """Local ID or temp_id of the person whose plan it is."""
    if call.token.recipient != "municipality":
        own = call.token.subject
        if subject is not None and (subject.temp_id or local_sub(services, call.token, subject.sub or "") != own):
            raise ApiError("insufficient-scope", "a citizen's token speaks of its own subject only")
        return own, None
    if subject is None:
        raise invalid("/subject", "required")
    exactly_one(subject.sub, subject.temp_id, "/subject", "sub, temp_id")
    return (None if subject.sub is None else local_sub(services, call.token, subject.sub) or ""), subject.temp_id


def _agreement(call: Call, request: _Create) -> float:
    """When the person agreed: who makes their own plan does so now; nobody's plan is made against their will.

    Raises:
        ApiError: consent-required. Source: 災対法 49-14(1), proviso.
    """
    if request.agreed_at is not None:
        return unix_s(request.agreed_at, "/agreed_at")
    if call.token.recipient == "municipality":
        raise ApiError(
            "consent-required", "say when the person agreed (agreed_at)", members={"missing_categories": ["plan"]}
        )
    return call.now_s


async def _home(services: Services, sub: str | None, temp_id: str | None) -> tuple[str | None, str | None, str | None]:
    """Household, district and neighbourhood of the person.

    Raises:
        ApiError: validation, if nobody is known by that name.
    """
    if sub is not None:
        row = await services.store.one("SELECT household, district, neighbourhood FROM account WHERE sub = ?", (sub,))
    else:
        row = await services.store.one(
            "SELECT NULL, neighbourhood.district, register_entry.neighbourhood FROM register_entry"
            " LEFT JOIN neighbourhood ON neighbourhood.code = register_entry.neighbourhood"
            " WHERE register_entry.temp_id = ? ORDER BY register_entry.id LIMIT 1",
            (temp_id,),
        )
    if row is None:
        raise invalid("/subject", "unknown_subject")
    return row[0], row[1], row[2]


def _sharing(shares: list[_Share]) -> dict[str, list[str]]:
    faults = [
        Fault(f"/sharing/{number}/items/{place}", "unknown_field")
        for number, share in enumerate(shares)
        for place, name in enumerate(share.items)
        if name not in FIELD_NAMES
    ]
    if faults:
        raise ApiError("validation", faults=faults)
    return {share.audience: [name for name in FIELD_NAMES if name in share.items] for share in shares}


def _refuse_opening(
    call: Call, sub: str | None, before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
) -> None:
    """Let the municipality narrow what a person with an account shares, and nobody but the person widen it.

    What a person says on paper is recorded as a consent, with evidence. Source: 災対法 49-15(2).

    Raises:
        ApiError: validation.
    """
    is_wider = any(not set(items) <= set(before.get(audience, ())) for audience, items in after.items())
    if call.token.subject is None and sub is not None and is_wider:
        raise invalid("/sharing", "not_allowed")


async def _changed(
    services: Services, call: Call, plan: Plan, said: dict[str, dict[str, Any] | None], *, prefill: bool
) -> Fields:
    fields = dict(plan.fields)
    if prefill:
        fresh = await prefilled(services, plan.sub, plan.temp_id, call.now_s)
        fields |= {
            name: field for name, field in fresh.items() if name not in fields or fields[name]["source"] in PREFILLED
        }
    fields |= {name: field for name, field in said.items() if field is not None}
    return {name: field for name, field in fields.items() if said.get(name, field) is not None}


async def _name_supporters(services: Services, call: Call, plan: Plan) -> None:
    """Supporters who are named with an account find the plan."""
    await services.store.run("DELETE FROM plan_supporter WHERE plan_id = ?", (plan.number,))
    named = plan.fields.get("supporters", {}).get("value", ())
    subs = {local_sub(services, call.token, one["sub"]) for one in named if "sub" in one} - {None}
    await services.store.many(
        "INSERT INTO plan_supporter (plan_id, sub) VALUES (?, ?)",
        [(plan.number, sub) for sub in sorted(map(str, subs))],
    )


def _chosen(call: Call, area: str | None) -> tuple[str, list[object]]:
    """SQL and parameters that pick the plans an asker may come near to."""
    if call.token.subject is not None:
        sub = call.token.subject
        return (
            (
                " AND (sub = ? OR household = (SELECT household FROM account WHERE sub = ?)"
                " OR id IN (SELECT plan_id FROM plan_supporter WHERE sub = ?))"
            ),
            [sub, sub, sub],
        )
    return ("", []) if area is None else (" AND neighbourhood = ?", [area])


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


async def _reply(services: Services, call: Call, plan: Plan, status: int) -> Reply:
    (view,) = await views(services, call, [plan])
    if view is None:
        raise ApiError("not-found")
    await log_view(services, call, [(plan, view)])
    headers = {"cache-control": "no-store"}
    if view.audience == "own":
        headers["etag"] = plan.etag
    if status == 201:
        headers["location"] = f"/v1/evacuation-plans/{plan.number}"
    return json_reply(shape(services, call, plan, view), status, headers)
