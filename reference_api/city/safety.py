"""Safety reports (安否): told by oneself or by those who saw the person, shown by audience."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from reference_api import disclosure
from reference_api.call import Call, Reply, instant_s, json_reply, row_id, unix_s
from reference_api.city.people import BASIC_COLUMNS, TOLD_COLUMNS, keep_told, known_account, named
from reference_api.city.shapes import Identifier, Instant, Point, Told, exactly_one, point
from reference_api.clock import instant
from reference_api.errors import ApiError, invalid
from reference_api.idempotency import once
from reference_api.paging import fill, page_reply, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row


class _Subject(Told, kw_only=True):
    sub: str | None = None
    temp_id: Identifier | None = None


class _Report(msgspec.Struct, kw_only=True):
    status: Literal["safe", "injured", "needs_help"]
    observed_at: Instant
    position: Point | None = None
    subject: _Subject | None = None
    method: Literal["app", "visit", "phone", "shelter", "other"] = "app"


_REPORT = msgspec.json.Decoder(_Report)
_CATEGORIES = ("safety", "profile.basic", "location")
_LIST = (
    "SELECT safety_holding.person, safety_report.status, safety_report.observed_at_s, safety_report.method,"
    " safety_report.longitude_deg, safety_report.latitude_deg, safety_report.recorded_for, safety_report.sub,"
    " safety_report.temp_id, safety_holding.district, safety_holding.neighbourhood,"
    " account.name, account.name_kana, account.sex, account.birth_date, account.address,"
    " unregistered.name, unregistered.name_kana, unregistered.sex, unregistered.birth_date, unregistered.address,"
    " unregistered.phone"
    " FROM safety_holding JOIN safety_report ON safety_report.id = safety_holding.report_id"
    " LEFT JOIN account ON account.sub = safety_report.sub"
    " LEFT JOIN unregistered ON unregistered.temp_id = safety_report.temp_id"
    " AND unregistered.told_to = safety_report.recorded_for"
    " WHERE safety_holding.person > ? AND safety_report.received_at_s >= ?"
)


@dataclass(frozen=True, slots=True)
class _Audience:
    """Who asks: the scope needed, the purpose of the disclosure, and the condition that picks the people."""

    scope: str
    purpose: str
    condition: str


_AUDIENCES: Mapping[str, _Audience] = {
    "family": _Audience(
        "safety.read.family",
        "family_sharing",
        " AND safety_holding.household = ? AND safety_holding.person <> ?",
    ),
    "association": _Audience("safety.read.association", "disaster_support", " AND safety_holding.neighbourhood = ?"),
    "municipality": _Audience("safety.read.municipality", "disaster_support", ""),
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
    observed_at_s = unix_s(request.observed_at, "/observed_at")
    degrees = (None, None) if request.position is None else request.position.degrees("/position")

    async def effect() -> Reply:
        home = await _home(services, call, request)
        person = disclosure.person_key(home.sub, home.temp_id)
        row = await services.store.one(
            "INSERT INTO safety_report (person, sub, temp_id, status, observed_at_s, received_at_s, longitude_deg,"
            " latitude_deg, method, recorded_by, recorded_for) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
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
    elif token.subject is None and "safety.write.behalf" not in token.scopes:
        raise ApiError("insufficient-scope", "needs safety.write.behalf")
    exactly_one(subject.sub, subject.temp_id, "/subject", "sub, temp_id")
    if subject.sub is not None:
        return _Home(subject.sub, None, *await known_account(services, token, subject.sub, "/subject/sub"))
    if token.subject is not None or subject.temp_id is None:
        raise ApiError("insufficient-scope", "a citizen's token speaks of its own subject only")
    await keep_told(services, token, subject.temp_id, subject)
    row = await services.store.one(
        "SELECT neighbourhood.district, unregistered.neighbourhood FROM unregistered"
        " LEFT JOIN neighbourhood ON neighbourhood.code = unregistered.neighbourhood"
        " WHERE unregistered.temp_id = ? AND unregistered.told_to = ?",
        (subject.temp_id, token.recipient),
    )
    return _Home(None, subject.temp_id, None, *(row or (None, None)))


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


async def list_safety_reports(services: Services, call: Call) -> Reply:
    """The report that holds for each person the audience may know of."""
    name = call.query().get("audience", "")
    audience = _AUDIENCES.get(name)
    if audience is None:
        raise invalid("audience", "value")
    if audience.scope not in call.token.scopes:
        raise ApiError("insufficient-scope", f"needs {audience.scope}")
    since = call.query().get("updated_since")
    since_s = 0.0 if since is None else instant_s(since, "updated_since")
    window = read_window(services, call, name, since or "")
    chosen = await _chosen(services, call, name)

    async def fetch(after: Any, count: int) -> list[Row]:
        return await services.store.all(
            f"{_LIST}{audience.condition} ORDER BY safety_holding.person LIMIT ?",
            (after or "", since_s, *chosen, count),
        )

    async def show(rows: list[Row]) -> list[_Shown | None]:
        return await _show(services, call, audience, rows)

    page = await fill(window, fetch, show)
    await disclosure.log(services, call, audience.purpose, [(key, decisions) for key, decisions, _ in page.items])
    return page_reply(services, call, window, page.map(lambda shown: shown[2]))


_Shown = tuple[str, disclosure.Decisions, dict[str, object]]


async def _chosen(services: Services, call: Call, audience: str) -> tuple[str, ...]:
    """Parameters of the audience's condition."""
    if audience == "association":
        return (call.token.association or "",)
    if audience == "family":
        subject = call.token.subject or ""
        row = await services.store.one("SELECT household FROM account WHERE sub = ?", (subject,))
        return (row[0] if row else "", disclosure.person_key(subject, None))
    return ()


async def _show(services: Services, call: Call, audience: _Audience, rows: list[Row]) -> list[_Shown | None]:
    people = [
        disclosure.Person(
            key=row[0],
            sub=row[7],
            district=row[9],
            neighbourhood=row[10],
            own=row[7] is None and row[6] == call.token.recipient,
        )
        for row in rows
    ]
    judged = await disclosure.judge(services, call, people, audience.purpose, _CATEGORIES)
    return [
        (row[0], decisions, _item(row, decisions)) if decisions["safety"].permit else None
        for row, decisions in zip(rows, judged, strict=True)
    ]


def _item(row: Row, decisions: disclosure.Decisions) -> dict[str, object]:
    person: dict[str, object] = {"sub": row[7]} if row[7] is not None else {"temp_id": row[8]}
    if decisions["profile.basic"].permit:
        person |= named(BASIC_COLUMNS, row[11:16]) if row[7] is not None else named(TOLD_COLUMNS, row[16:22])
    item = {
        "status": row[1],
        "observed_at": instant(row[2]),
        "method": row[3],
        "person": person,
        "disclosure": disclosure.entries(decisions),
    }
    if row[4] is not None and decisions["location"].permit:
        item["position"] = point(row[4], row[5])
    return item


async def summarise_safety(services: Services, _: Call) -> Reply:
    """Numbers of people by status and district of home."""
    rows = await services.store.all(
        "SELECT safety_holding.district, safety_report.status, count(*) FROM safety_holding"
        " JOIN safety_report ON safety_report.id = safety_holding.report_id"
        " GROUP BY safety_holding.district, safety_report.status"
    )
    counts: dict[str | None, dict[str, int]] = {}
    for district, status, number in rows:
        counts.setdefault(district, {"safe": 0, "injured": 0, "needs_help": 0})[status] = number
    ordered = sorted(counts.items(), key=lambda item: (item[0] is None, item[0] or ""))
    return json_reply({"items": [{"district": district, **numbers} for district, numbers in ordered]})
