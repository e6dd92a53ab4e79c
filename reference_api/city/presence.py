"""Who is in a shelter now: everybody counted, named as far as consent or statute permits."""

import hmac
from typing import Any

import msgspec

from reference_api import disclosure
from reference_api.call import Call, Reply
from reference_api.city.people import BASIC_COLUMNS, TOLD_COLUMNS, named
from reference_api.city.shelters import demand_shelter
from reference_api.clock import instant
from reference_api.errors import invalid
from reference_api.oidc.subjects import shown_sub
from reference_api.paging import fill, page_reply, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row

_CATEGORIES = ("checkin", "profile.basic")


async def list_check_ins(services: Services, call: Call) -> Reply:
    """Who is in a shelter now: everybody counted, named as far as consent or statute permits.

    Raises:
        ApiError: validation, if no shelter is named; not-found, if there is none of that id.
    """
    shelter_id = call.query().get("shelter")
    if shelter_id is None:
        raise invalid("shelter", "required")
    await demand_shelter(services, shelter_id)
    window = read_window(services, call, shelter_id)

    async def fetch(after: Any, count: int) -> list[Row]:
        return await services.store.all(
            "SELECT check_in.id, check_in.channel, check_in.observed_at_s, check_in.sub, check_in.temp_id,"
            " account.district, account.neighbourhood,"
            " account.name, account.name_kana, account.sex, account.birth_date, account.address,"
            " unregistered.name, unregistered.name_kana, unregistered.sex, unregistered.birth_date,"
            " unregistered.address, unregistered.phone, check_in.recorded_for"
            " FROM check_in LEFT JOIN account ON account.sub = check_in.sub"
            " LEFT JOIN unregistered ON unregistered.temp_id = check_in.temp_id"
            " AND unregistered.told_to = check_in.recorded_for"
            " WHERE check_in.shelter_id = ? AND check_in.checked_out_at_s IS NULL AND check_in.id > ?"
            " ORDER BY check_in.id LIMIT ?",
            (shelter_id, after or 0, count),
        )

    list_key = services.secret.derive(f"check-ins of {shelter_id} for {call.token.client_id}")

    async def show(rows: list[Row]) -> list[_Shown | None]:
        return await _show(services, call, list_key, rows)

    page = await fill(window, fetch, show)
    purpose = call.operation.purpose or ""
    await disclosure.log(
        services, call, purpose, [(key, decisions) for key, decisions, item in page.items if item["person"]]
    )
    return page_reply(services, call, window, page.map(lambda shown: shown[2]))


_Shown = tuple[str, disclosure.Decisions, dict[str, object]]


async def _show(services: Services, call: Call, list_key: bytes, rows: list[Row]) -> list[_Shown | None]:
    """Items of a list. What people without an account told the desk is the asker's own if the desk is."""
    people = [
        disclosure.Person(
            key=disclosure.person_key(row[3], row[4]),
            sub=row[3],
            district=row[5],
            neighbourhood=row[6],
            own=row[3] is None and call.token.recipient == row[18],
        )
        for row in rows
    ]
    judged = await disclosure.judge(services, call, people, call.operation.purpose or "", _CATEGORIES)
    # People who agreed alike share their decisions: these are put into words once.
    told = {id(one): disclosure.entries(one) for one in {id(one): one for one in judged}.values()}
    return [
        (person.key, decisions, _item(services, call, list_key, row, (decisions, told[id(decisions)])))
        for person, row, decisions in zip(people, rows, judged, strict=True)
    ]


def _item(
    services: Services, call: Call, list_key: bytes, row: Row, decided: tuple[disclosure.Decisions, list[msgspec.Raw]]
) -> dict[str, object]:
    decisions, told = decided
    number = str(row[0])
    return {
        "id": number,
        "ref": hmac.digest(list_key, number.encode(), "sha256").hex()[:16],
        "channel": row[1],
        "observed_at": instant(row[2]),
        "person": _who(services, call, row, decisions) if decisions["checkin"].permit else None,
        "disclosure": told,
    }


def _who(services: Services, call: Call, row: Row, decisions: disclosure.Decisions) -> dict[str, object]:
    known: dict[str, object] = {"temp_id": row[4]}
    if row[3] is not None:
        known = {"sub": shown_sub(services, call.token, row[3])}
    if decisions["profile.basic"].permit:
        known |= named(BASIC_COLUMNS, row[7:12]) if row[3] is not None else named(TOLD_COLUMNS, row[12:18])
    return known
