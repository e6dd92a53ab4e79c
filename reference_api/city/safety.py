"""Safety reports (安否): told by oneself or by those who saw the person, shown by audience."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import msgspec

from reference_api import disclosure
from reference_api.call import Call, Reply, json_reply, row_id
from reference_api.city.deltas import changed_condition, changed_parameters, shown_before
from reference_api.city.observed import observed_s
from reference_api.city.people import keep_told, known_account, linked_sub
from reference_api.city.safety_items import REPORT_COLUMNS, SELECT, Holding, chosen, holding, shown
from reference_api.city.shapes import Identifier, Instant, Point, Told, exactly_one, point
from reference_api.clock import instant
from reference_api.errors import ApiError, invalid
from reference_api.idempotency import once
from reference_api.oidc.subjects import local_sub, shown_sub
from reference_api.paging import Page, as_of, fill, page_reply, read_since, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row


class _Subject(Told, kw_only=True):
    sub: str | None = None
    temp_id: Identifier | None = None


Text = Annotated[str, msgspec.Meta(max_length=1000)]


class _Report(msgspec.Struct, kw_only=True):
    status: Literal["safe", "injured", "needs_help"]
    observed_at: Instant
    position: Point | None = None
    subject: _Subject | None = None
    method: Literal["app", "visit", "phone", "shelter", "other"] = "app"
    condition: Text | None = None
    whereabouts: Text | None = None
    contact: Text | None = None
    nationality: Text | None = None
    other_identifier: Text | None = None
    share_with: list[Literal["family", "association", "acquaintance", "employer", "public"]] | None = None


_REPORT = msgspec.json.Decoder(_Report)
_CATEGORIES = ("safety", "profile.basic", "location")
_CHANGED = changed_condition("safety_report.received_at_s", "safety_report.sub", "safety_holding.district")


@dataclass(frozen=True, slots=True)
class _Audience:
    """Who asks: the scope needed, the purpose of the disclosure, and the condition that picks the people.

    ``recipient`` is as whom the asker stands, None where as what the token says.
    """

    scope: str
    purpose: str
    condition: str
    recipient: str | None = None


_BY_NAME = " AND COALESCE(account.name, unregistered.name) = ?"
_AUDIENCES: Mapping[str, _Audience] = {
    "family": _Audience(
        "safety.read.family",
        "family_sharing",
        " AND safety_holding.household = ? AND safety_holding.person <> ?",
    ),
    "association": _Audience("safety.read.association", "disaster_support", " AND safety_holding.neighbourhood = ?"),
    "municipality": _Audience("safety.read.municipality", "disaster_support", ""),
    "acquaintance": _Audience("safety.inquire", "safety_inquiry", _BY_NAME, "acquaintance"),
    "employer": _Audience("safety.inquire", "safety_inquiry", _BY_NAME, "employer"),
    "public": _Audience("safety.inquire", "safety_inquiry", _BY_NAME, "public"),
}


@dataclass(frozen=True, slots=True)
class _Home:
    """Of whom a report speaks, and where they live as far as is known."""

    sub: str | None
    temp_id: str | None
    household: str | None = None
    district: str | None = None
    neighbourhood: str | None = None


async def report_safety(services: Services, call: Call) -> Reply:
    """Record a report; the newest observation holds."""
    request = call.read(_REPORT)
    observed_at_s = observed_s(services, call, request.observed_at, "/observed_at")
    degrees = (None, None) if request.position is None else request.position.degrees("/position")

    async def effect() -> Reply:
        home = await _home(services, call, request)
        # With a linked temporary id too: who only saw a person with an account does not say with whom it is shared.
        share_with = None if home.sub is not None and call.token.subject is None else request.share_with
        person = disclosure.person_key(home.sub, home.temp_id)
        told = (getattr(request, name) for name in REPORT_COLUMNS)
        row = await services.store.one(
            "INSERT INTO safety_report (person, sub, temp_id, status, observed_at_s, received_at_s, longitude_deg,"
            f" latitude_deg, method, recorded_by, recorded_for, share_with, {', '.join(REPORT_COLUMNS)})"
            f" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?{', ?' * len(REPORT_COLUMNS)}) RETURNING id",
            (
                person,
                home.sub,
                home.temp_id,
                request.status,
                observed_at_s,
                call.now_s,
                *degrees,
                request.method,
                _recorder(call),
                call.token.recipient,
                None if share_with is None else " ".join(sorted(set(share_with))),
                *told,
            ),
        )
        number = row[0] if row else 0
        await _hold(services, person, number, observed_at_s, home)
        receipt = {"id": str(number), "status": request.status, "observed_at": instant(observed_at_s)}
        return json_reply(receipt, 201, {"location": f"/v1/safety-reports/{number}"})

    return await once(services, call, effect)


async def _home(services: Services, call: Call, request: _Report) -> _Home:
    """Of whom the report speaks: the token's own subject, or another for whom the client may speak."""
    token, subject = call.token, request.subject
    if subject is None:
        if token.subject is None or "safety.write" not in token.scopes:
            raise invalid("/subject", "required")
        subject = _Subject(sub=token.subject)
    elif subject.sub is not None:
        if token.subject is None and request.share_with is not None:
            raise invalid("/share_with", "not_allowed")
        subject.sub = local_sub(services, token, subject.sub) or ""
    if token.subject is None and "safety.write.behalf" not in token.scopes:
        raise ApiError("insufficient-scope", "needs safety.write.behalf")
    exactly_one(subject.sub, subject.temp_id, "/subject", "sub, temp_id")
    if subject.sub is not None:
        return _Home(subject.sub, None, *await known_account(services, token, subject.sub, "/subject/sub"))
    if token.subject is not None or subject.temp_id is None:
        raise ApiError("insufficient-scope", "a citizen's token speaks of its own subject only")
    linked = await linked_sub(services, subject.temp_id)
    if linked is not None:
        return await _account_home(services, linked)
    await keep_told(services, token, subject.temp_id, subject)
    row = await services.store.one(
        "SELECT neighbourhood.district, unregistered.neighbourhood FROM unregistered"
        " LEFT JOIN neighbourhood ON neighbourhood.code = unregistered.neighbourhood"
        " WHERE unregistered.temp_id = ? AND unregistered.told_to = ?",
        (subject.temp_id, token.recipient),
    )
    return _Home(None, subject.temp_id, None, *(row or (None, None)))


async def _account_home(services: Services, sub: str) -> _Home:
    row = await services.store.one("SELECT household, district, neighbourhood FROM account WHERE sub = ?", (sub,))
    return _Home(sub, None, *(row or (None, None, None)))


async def merge_reports(services: Services, temp_id: str, sub: str) -> None:
    """Somebody without an ID turned out to have one: what was reported of them is of the account, the newest holds.

    With whom it is shared is from then on the person's own word, in consents and reports.
    """
    old, new = disclosure.person_key(None, temp_id), disclosure.person_key(sub, None)
    await services.store.run(
        "UPDATE safety_report SET person = ?, sub = ?, temp_id = NULL, share_with = NULL WHERE person = ?",
        (new, sub, old),
    )
    held = await services.store.one("SELECT report_id, observed_at_s FROM safety_holding WHERE person = ?", (old,))
    if held is not None:
        await services.store.run("DELETE FROM safety_holding WHERE person = ?", (old,))
        await _hold(services, new, held[0], held[1], await _account_home(services, sub))


async def _hold(services: Services, person: str, number: int, observed_at_s: float, home: _Home) -> None:
    await services.store.run(
        "INSERT INTO safety_holding (person, report_id, observed_at_s, household, district, neighbourhood)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (person) DO UPDATE SET report_id = excluded.report_id,"
        " observed_at_s = excluded.observed_at_s, household = excluded.household, district = excluded.district,"
        " neighbourhood = excluded.neighbourhood WHERE excluded.observed_at_s >= safety_holding.observed_at_s",
        (person, number, observed_at_s, home.household, home.district, home.neighbourhood),
    )


def _recorder(call: Call) -> str:
    return call.token.client_id if call.token.subject is None else f"{call.token.client_id} {call.token.subject}"


async def get_safety_report(services: Services, call: Call) -> Reply:
    """A report, for whoever made it."""
    row = await services.store.one(
        "SELECT id, status, observed_at_s FROM safety_report WHERE id = ? AND recorded_by = ?",
        (row_id(call.parameters["report_id"]), _recorder(call)),
    )
    if row is None:
        raise ApiError("not-found")
    return json_reply({"id": str(row[0]), "status": row[1], "observed_at": instant(row[2])})


async def list_safety_history(services: Services, call: Call) -> Reply:
    """Every report on a person, theirs and those others made, oldest first, for the person."""
    sub = local_sub(services, call.token, call.parameters["sub"])
    if sub is None or call.token.subject != sub:
        raise ApiError("not-found")
    window = read_window(services, call, sub)
    rows = await services.store.all(
        "SELECT id, status, observed_at_s, received_at_s, method, recorded_by, recorded_for, longitude_deg,"
        f" latitude_deg, share_with, {', '.join(REPORT_COLUMNS)} FROM safety_report WHERE person = ? AND id > ?"
        " ORDER BY id LIMIT ?",
        (disclosure.person_key(sub, None), window.after or 0, window.limit + 1),
    )
    kept = rows[: window.limit]
    page = Page([_past(row) for row in kept], kept[-1][0] if len(rows) > window.limit else None)
    return page_reply(services, call, window, page)


def _past(row: Row) -> dict[str, object]:
    said = dict(zip(REPORT_COLUMNS, row[10:], strict=True))
    return {
        "id": str(row[0]),
        "status": row[1],
        "observed_at": instant(row[2]),
        "received_at": instant(row[3]),
        "method": row[4],
        "recorded_by": row[5].partition(" ")[0],
        "recorded_for": row[6],
        "share_with": None if row[9] is None else row[9].split(),
        **({} if row[7] is None else {"position": point(row[7], row[8])}),
        **{name: value for name, value in said.items() if value is not None},
    }


async def list_safety_reports(services: Services, call: Call) -> Reply:
    """The report that holds for each person the audience may know of."""
    name = call.query().get("audience", "")
    audience = _AUDIENCES.get(name)
    if audience is None:
        raise invalid("audience", "value")
    if audience.scope not in call.token.scopes:
        raise ApiError("insufficient-scope", f"needs {audience.scope}")
    if audience.recipient is not None:
        call = replace(call, token=replace(call.token, recipient=audience.recipient))
    since, since_s = call.query().get("updated_since", ""), read_since(call)
    narrowed = "" if since_s is None else _CHANGED
    parameters = (
        *await _chosen(services, call, name),
        *(() if since_s is None else changed_parameters(since_s, call.now_s)),
    )
    window = read_window(services, call, name, since, call.query().get("name", ""))

    async def fetch(after: Any, count: int) -> list[Row]:
        return await services.store.all(
            f"{SELECT}{audience.condition}{narrowed} ORDER BY safety_holding.person LIMIT ?",
            (after or "", *parameters, count),
        )

    async def show(rows: list[Row]) -> list[_Shown | None]:
        seen = await _show(services, call, name, [holding(row) for row in rows])
        return seen if since_s is None else await _with_tombstones(services, call, rows, seen)

    page = await fill(window, fetch, show)
    await disclosure.log(services, call, audience.purpose, [(key, decisions) for key, decisions, _ in page.items])
    return page_reply(services, call, window, page.map(lambda seen: seen[2]), {"as_of": as_of(window)})


_Shown = tuple[str, disclosure.Decisions, dict[str, object]]


async def _chosen(services: Services, call: Call, audience: str) -> tuple[str, ...]:
    """Parameters of the audience's condition."""
    if audience == "association":
        return (call.token.association or "",)
    if audience == "family":
        subject = call.token.subject or ""
        row = await services.store.one("SELECT household FROM account WHERE sub = ?", (subject,))
        return (row[0] if row else "", disclosure.person_key(subject, None))
    if audience == "municipality":
        return ()
    asked_for = call.query().get("name", "")
    if not asked_for:
        raise invalid("name", "required")
    return (asked_for,)


async def _show(services: Services, call: Call, name: str, holdings: list[Holding]) -> list[_Shown | None]:
    people = [
        disclosure.Person(
            key=one.key,
            sub=one.sub,
            district=one.district,
            neighbourhood=one.neighbourhood,
            own=one.sub is None and one.report["recorded_for"] == call.token.recipient,
        )
        for one in holdings
    ]
    judged = await disclosure.judge(services, call, people, _AUDIENCES[name].purpose, _CATEGORIES)
    narrowed = [
        decisions if person.own else chosen(one, name, decisions)
        for person, one, decisions in zip(people, holdings, judged, strict=True)
    ]
    known_as = _known_as(services, call)
    return [
        (one.key, decisions, shown(one, decisions, known_as(one.sub))) if decisions["safety"].permit else None
        for one, decisions in zip(holdings, narrowed, strict=True)
    ]


def _known_as(services: Services, call: Call) -> Callable[[str | None], str | None]:
    """By which identifier the asker knows a person."""
    return lambda sub: None if sub is None else shown_sub(services, call.token, sub)


async def _with_tombstones(
    services: Services, call: Call, rows: list[Row], seen: list[_Shown | None]
) -> list[_Shown | None]:
    """A tombstone for everybody who was on this list before and is not any more."""
    hidden = [holding(row) for row, one in zip(rows, seen, strict=True) if one is None]
    gone = await shown_before(services, call, [one.key for one in hidden])
    known_as = _known_as(services, call)

    def tombstone(one: Holding) -> _Shown | None:
        person = {"sub": known_as(one.sub)} if one.sub is not None else {"temp_id": one.report["temp_id"]}
        return (one.key, {}, {"person": person, "removed": True}) if one.key in gone else None

    return [tombstone(holding(row)) if one is None else one for row, one in zip(rows, seen, strict=True)]
