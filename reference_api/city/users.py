"""Users: what a client may see of one user, or of all, category by category."""

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.contract.catalogue import load_consent_catalogue
from reference_api import disclosure
from reference_api.call import Call, Reply, json_reply
from reference_api.city.deltas import changed_condition, changed_parameters, shown_before
from reference_api.city.people import BASIC_COLUMNS
from reference_api.disaster import GRAVITY, mode_of, modes
from reference_api.errors import ApiError, invalid
from reference_api.oidc.subjects import local_sub, shown_sub
from reference_api.paging import as_of, fill, page_reply, read_since, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row

DEFAULT_PURPOSE = "disaster_support"
"""Source: contract, parameter purpose."""

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "profile.basic": BASIC_COLUMNS,
    "profile.contact": ("phone", "email"),
    "support_flag": ("support_flag",),
}
"""Members of the contract's UserData, by the category that guards them."""

_SELECT = "SELECT sub, district, neighbourhood, " + ", ".join(name for names in _COLUMNS.values() for name in names)
_CHANGED = changed_condition("changed_at_s", "sub", "district")
_Shown = tuple[str, disclosure.Decisions, dict[str, object]]


async def get_user(services: Services, call: Call) -> Reply:
    """One user's data; a user sees all of their own, and to others unknown and not disclosed look alike."""
    purpose = requested_purpose(call)
    sub = local_sub(services, call.token, call.parameters["sub"])
    if sub is None or (call.token.subject is not None and call.token.subject != sub):
        raise ApiError("not-found")
    rows = await services.store.all(f"{_SELECT} FROM account WHERE sub = ?", (sub,))
    shown = [found for found in await _show(services, call, purpose, rows) if found is not None]
    if not shown:
        raise await disclosure.refusal(services, call, sub, purpose, tuple(_COLUMNS))
    key, decisions, item = shown[0]
    await disclosure.log(services, call, purpose, [(key, decisions)])
    return json_reply(item)


async def list_users(services: Services, call: Call) -> Reply:
    """All users of whom anything may be disclosed for a purpose; with updated_since, of whom that may have changed."""
    purpose = requested_purpose(call)
    query = call.query()
    area, mode, since = query.get("area"), query.get("mode"), query.get("updated_since")
    if mode is not None and mode not in GRAVITY:
        raise invalid("mode", "value")
    since_s = read_since(call)
    window = read_window(services, call, purpose, area or "", mode or "", since or "")
    narrowed = ("" if area is None else " AND district = ?") + ("" if since_s is None else _CHANGED)
    chosen = ([] if area is None else [area]) + (
        [] if since_s is None else list(changed_parameters(since_s, call.now_s))
    )

    async def fetch(after: Any, count: int) -> list[Row]:
        return await services.store.all(
            f"{_SELECT} FROM account WHERE sub > ?{narrowed} ORDER BY sub LIMIT ?",
            (after or "", *chosen, count),
        )

    async def show(rows: list[Row]) -> list[_Shown | None]:
        shown = await _show(services, call, purpose, rows)
        if mode is not None:
            shown = await _in_mode(services, mode, rows, shown)
        return shown if since_s is None else await _with_tombstones(services, call, rows, shown)

    page = await fill(window, fetch, show)
    await disclosure.log(services, call, purpose, [(key, decisions) for key, decisions, _ in page.items])
    return page_reply(services, call, window, page.map(lambda found: found[2]), {"as_of": as_of(window)})


def requested_purpose(call: Call, default: str = DEFAULT_PURPOSE) -> str:
    """The query's purpose, a code of the consent catalogue.

    Raises:
        ApiError: validation.
    """
    purpose = call.query().get("purpose", default)
    if purpose not in load_consent_catalogue().purposes:
        raise invalid("purpose", "value")
    return purpose


def own_subject(call: Call) -> str | None:
    """Local ID of the person for whom a token speaks, None where a client or a third party's service asks."""
    return call.token.subject if disclosure.speaks_for_person(call.token) else None


async def _show(services: Services, call: Call, purpose: str, rows: list[Row]) -> list[_Shown | None]:
    own = own_subject(call)
    people = [
        disclosure.Person(disclosure.person_key(row[0], None), row[0], row[1], row[2], own=row[0] == own)
        for row in rows
    ]
    judged = await disclosure.judge(services, call, people, purpose, tuple(_COLUMNS))
    return [
        (person.key, decisions, _item(services, call, row, decisions))
        if any(one.permit for one in decisions.values())
        else None
        for person, row, decisions in zip(people, rows, judged, strict=True)
    ]


async def _in_mode(
    services: Services, mode: str, rows: Sequence[Row], shown: Sequence[_Shown | None]
) -> list[_Shown | None]:
    """Only those at whose home the mode holds."""
    held = await modes(services)
    return [one if mode_of(held, row[1], row[2]) == mode else None for row, one in zip(rows, shown, strict=True)]


async def _with_tombstones(
    services: Services, call: Call, rows: Sequence[Row], shown: Sequence[_Shown | None]
) -> list[_Shown | None]:
    """A tombstone for everybody who was on this list before and is not any more."""
    hidden = {disclosure.person_key(row[0], None): row[0] for row, one in zip(rows, shown, strict=True) if one is None}
    gone = await shown_before(services, call, list(hidden))

    def tombstone(sub: str) -> _Shown | None:
        key = disclosure.person_key(sub, None)
        item: dict[str, object] = {"sub": shown_sub(services, call.token, sub), "removed": True}
        return (key, {}, item) if key in gone else None

    return [tombstone(row[0]) if one is None else one for row, one in zip(rows, shown, strict=True)]


def _item(services: Services, call: Call, row: Row, decisions: disclosure.Decisions) -> dict[str, object]:
    data: dict[str, object] = {}
    place = 3
    for category, names in _COLUMNS.items():
        if decisions[category].permit:
            data |= dict(zip(names, row[place : place + len(names)], strict=True))
        place += len(names)
    if "support_flag" in data:
        data["support_flag"] = bool(data["support_flag"])
    return {
        "sub": shown_sub(services, call.token, row[0]),
        "data": data,
        "disclosure": disclosure.entries(decisions),
    }
