"""Users: what a client may see of one user, or of all, category by category."""

from collections.abc import Mapping
from typing import Any

from conformance.contract.catalogue import load_consent_catalogue
from reference_api import disclosure
from reference_api.call import Call, Reply, json_reply
from reference_api.city.people import BASIC_COLUMNS
from reference_api.errors import ApiError, invalid
from reference_api.paging import fill, page_reply, read_window
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
_Shown = tuple[str, disclosure.Decisions, dict[str, object]]


async def get_user(services: Services, call: Call) -> Reply:
    """One user's data; a user sees all of their own, and to others unknown and not disclosed look alike."""
    purpose = _purpose(call)
    sub = call.parameters["sub"]
    if call.token.subject is not None and call.token.subject != sub:
        raise ApiError("not-found")
    rows = await services.store.all(f"{_SELECT} FROM account WHERE sub = ?", (sub,))
    shown = [found for found in await _show(services, call, purpose, rows) if found is not None]
    if not shown:
        raise ApiError("not-found")
    key, decisions, item = shown[0]
    await disclosure.log(services, call, purpose, [(key, decisions)])
    return json_reply(item)


async def list_users(services: Services, call: Call) -> Reply:
    """All users of whom anything may be disclosed for a purpose."""
    purpose = _purpose(call)
    area = call.query().get("area")
    window = read_window(services, call, purpose, area or "")

    async def fetch(after: Any, count: int) -> list[Row]:
        narrowed = "" if area is None else " AND district = ?"
        return await services.store.all(
            f"{_SELECT} FROM account WHERE sub > ?{narrowed} ORDER BY sub LIMIT ?",
            (after or "", *([] if area is None else [area]), count),
        )

    async def show(rows: list[Row]) -> list[_Shown | None]:
        return await _show(services, call, purpose, rows)

    page = await fill(window, fetch, show)
    await disclosure.log(services, call, purpose, [(key, decisions) for key, decisions, _ in page.items])
    return page_reply(services, call, window, page.map(lambda found: found[2]))


def _purpose(call: Call) -> str:
    purpose = call.query().get("purpose", DEFAULT_PURPOSE)
    if purpose not in load_consent_catalogue().purposes:
        raise invalid("purpose", "value")
    return purpose


async def _show(services: Services, call: Call, purpose: str, rows: list[Row]) -> list[_Shown | None]:
    people = [
        disclosure.Person(disclosure.person_key(row[0], None), row[0], row[1], row[2], own=row[0] == call.token.subject)
        for row in rows
    ]
    judged = await disclosure.judge(services, call, people, purpose, tuple(_COLUMNS))
    return [
        (person.key, decisions, _item(row, decisions)) if any(one.permit for one in decisions.values()) else None
        for person, row, decisions in zip(people, rows, judged, strict=True)
    ]


def _item(row: Row, decisions: disclosure.Decisions) -> dict[str, object]:
    data: dict[str, object] = {}
    place = 3
    for category, names in _COLUMNS.items():
        if decisions[category].permit:
            data |= dict(zip(names, row[place : place + len(names)], strict=True))
        place += len(names)
    if "support_flag" in data:
        data["support_flag"] = bool(data["support_flag"])
    return {"sub": row[0], "data": data, "disclosure": disclosure.entries(decisions)}
