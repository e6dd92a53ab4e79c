"""The register of people who need support to evacuate (避難行動要支援者名簿): by consent, or by law in a disaster."""

from typing import Any

from reference_api import disclosure
from reference_api.call import Call, Reply
from reference_api.consent import BY_CONSENT
from reference_api.errors import ApiError
from reference_api.oidc.subjects import shown_sub
from reference_api.paging import fill, page_reply, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row

CATEGORIES = ("profile.basic", "profile.contact", "support_flag", "plan")
"""What an entry holds. Source: 災対法 49-10(2) for the first three, 49-14(3) for the plan."""

_MEMBERS = (
    "id",
    "sub",
    "temp_id",
    "name",
    "name_kana",
    "birth_date",
    "sex",
    "address",
    "phone",
    "neighbourhood",
    "reason",
)
_Shown = tuple[str, disclosure.Decisions, dict[str, object]]


async def list_support_register(services: Services, call: Call) -> Reply:
    """Entries of a neighbourhood that the asker may see now."""
    area = call.query().get("area", "")
    row = await services.store.one("SELECT district FROM neighbourhood WHERE code = ?", (area,))
    if row is None:
        raise ApiError("not-found", "no such neighbourhood")
    if call.token.association is not None and call.token.association != area:
        raise ApiError("insufficient-scope", "an association sees the register of its own area")
    district = row[0]
    window = read_window(services, call, area)

    async def fetch(after: Any, count: int) -> list[Row]:
        return await services.store.all(
            f"SELECT {', '.join(_MEMBERS)}, peacetime_consent, plan_note FROM register_entry"
            " WHERE neighbourhood = ? AND id > ? ORDER BY id LIMIT ?",
            (area, after or "", count),
        )

    async def show(rows: list[Row]) -> list[_Shown | None]:
        return await _show(services, call, district, rows)

    page = await fill(window, fetch, show)
    shown = [(key, decisions) for key, decisions, _ in page.items]
    await disclosure.log(services, call, call.operation.purpose or "", shown)
    return page_reply(services, call, window, page.map(lambda found: found[2]))


async def _show(services: Services, call: Call, district: str, rows: list[Row]) -> list[_Shown | None]:
    """The municipality sees what it keeps itself (49-10); consent to give the entry to helpers is part of the entry.

    An entry is given whole or not at all: half of it would not bring anybody help.
    """
    people = [
        disclosure.Person(
            key=disclosure.person_key(row[1], row[2]),
            sub=row[1],
            district=district,
            neighbourhood=row[9],
            own=call.token.recipient == "municipality",
        )
        for row in rows
    ]
    judged = await disclosure.judge(services, call, people, call.operation.purpose or "", CATEGORIES)
    shown = [_shown(person, row, decisions) for person, row, decisions in zip(people, rows, judged, strict=True)]
    for row, entry in zip(rows, shown, strict=True):
        if entry is not None and row[1] is not None:
            entry[2]["sub"] = shown_sub(services, call.token, row[1])
    return shown


def _shown(person: disclosure.Person, row: Row, decisions: disclosure.Decisions) -> _Shown | None:
    if row[11] and not person.own:
        decisions = dict.fromkeys(CATEGORIES, BY_CONSENT)
    listed = ("profile.basic", "profile.contact", "support_flag")
    if not all(decisions[category].permit for category in listed):
        return None
    item: dict[str, object] = dict(zip(_MEMBERS, row[:11], strict=True))
    item |= {"has_plan": row[12] is not None, "disclosure": disclosure.entries(decisions)}
    if row[12] is not None and decisions["plan"].permit:
        item["plan_note"] = row[12]
    return person.key, decisions, item
