"""Responses to surveys: given by the person, or taken down at a desk; read by consent. One for each person."""

from typing import Any

import msgspec

from reference_api import disclosure
from reference_api.call import Call, Reply, json_reply, row_id
from reference_api.city.changes import demand_live, tombstone_or
from reference_api.city.conditional import check_if_match
from reference_api.city.deltas import BEFORE_ALL, changed_condition, changed_parameters, last_shown_s
from reference_api.city.observed import observed_s
from reference_api.city.people import account_named, linked_sub
from reference_api.city.shapes import Identifier, Instant
from reference_api.city.shelters import demand_shelter
from reference_api.city.surveys import check_answers, erase_responses, held_survey, questions_of
from reference_api.clock import instant
from reference_api.consent import Decision
from reference_api.errors import ApiError, invalid
from reference_api.idempotency import once
from reference_api.oidc.subjects import shown_sub
from reference_api.paging import as_of, fill, page_reply, read_since, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row

MAX_ANSWER_CHARACTERS = 2000
"""Source: contract, schema SurveyAnswers."""
Answers = dict[str, str | list[str]]


class _New(msgspec.Struct, kw_only=True):
    survey_id: Identifier
    answers: Answers
    observed_at: Instant
    sub: str | None = None
    temp_id: Identifier | None = None
    shelter_id: Identifier | None = None


class _Change(msgspec.Struct, kw_only=True):
    answers: Answers
    observed_at: Instant


_NEW = msgspec.json.Decoder(_New)
_CHANGE = msgspec.json.Decoder(_Change)
_COLUMNS = (
    "survey_response.id, survey_response.sub, temp_id, survey_id, shelter_id, answers, observed_at_s, updated_at_s,"
    " recorded_for, deleted_at_s, version, district, neighbourhood, survey_response.created_at_s"
)
_CHANGED = changed_condition("survey_response.updated_at_s", "survey_response.sub", "district")
_FROM = "FROM survey_response LEFT JOIN account ON account.sub = survey_response.sub"
_DELETED_AT = 9


async def create_survey_response(services: Services, call: Call) -> Reply:
    """Take a response in: one's own, or at a desk somebody's with an ID, with a temporary one, or without a name."""
    request = call.read(_NEW)
    observed_at_s = observed_s(services, call, request.observed_at, "/observed_at")

    async def effect() -> Reply:
        survey = await _open_survey(services, request)
        sub, temp_id = await _respondent(services, call, request)
        person = None if sub is None and temp_id is None else disclosure.person_key(sub, temp_id)
        row = await services.store.one(
            "INSERT INTO survey_response (survey_id, person, sub, temp_id, shelter_id, answers, observed_at_s,"
            " created_at_s, updated_at_s, recorded_for) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (survey_id, person) WHERE deleted_at_s IS NULL DO NOTHING RETURNING id",
            (
                survey[0],
                person,
                sub,
                temp_id,
                request.shelter_id,
                msgspec.json.encode(request.answers).decode(),
                observed_at_s,
                call.now_s,
                call.now_s,
                call.token.recipient,
            ),
        )
        if row is None:
            raise ApiError("conflict", "this person has answered: change that response")
        made = await _row(services, str(row[0]))
        headers = {"location": f"/v1/survey-responses/{row[0]}", "etag": _etag(made)}
        return json_reply(_shape(services, call, made), 201, headers)

    return await once(services, call, effect)


async def list_survey_responses(services: Services, call: Call) -> Reply:
    """Responses in order of id: a citizen's own, or those that consent lets the client see."""
    query = call.query()
    survey_id = query.get("survey_id")
    since_s = read_since(call)
    window = read_window(services, call, survey_id or "", repr(since_s))
    narrowed = "" if survey_id is None else " AND survey_id = ?"
    filters: list[object] = [] if survey_id is None else [row_id(survey_id)]
    if call.token.subject is not None:
        narrowed += " AND survey_response.sub = ?"
        filters.append(call.token.subject)

    async def fetch(after: Any, count: int) -> list[Row]:
        return await services.store.all(
            f"SELECT {_COLUMNS} {_FROM} WHERE survey_response.id > ?{narrowed}"
            f"{' AND deleted_at_s IS NULL' if since_s is None else _CHANGED} ORDER BY survey_response.id LIMIT ?",
            (after or 0, *filters, *(() if since_s is None else changed_parameters(since_s, call.now_s)), count),
        )

    async def show(rows: list[Row]) -> list[_Shown | None]:
        judged = await judge(services, call, rows, ("survey",))
        hidden = [row for row, decisions in zip(rows, judged, strict=True) if not decisions["survey"].permit]
        gone = set() if since_s is None else await _hidden_since(services, call, hidden)
        return [
            _shown(services, call, row, decisions) if decisions["survey"].permit else _removed(call, row, gone)
            for row, decisions in zip(rows, judged, strict=True)
        ]

    page = await fill(window, fetch, show)
    await _log(services, call, [(row, decisions) for row, decisions, _ in page.items if decisions])
    return page_reply(services, call, window, page.map(lambda found: found[2]), {"as_of": as_of(window)})


_Shown = tuple[Row, disclosure.Decisions, dict[str, object]]
"""A response, on which basis it is shown (nothing, where only that it is gone is told), and what is told."""


def _shown(services: Services, call: Call, row: Row, decisions: disclosure.Decisions) -> _Shown:
    is_deleted = row[_DELETED_AT] is not None
    item = tombstone_or(row, row[_DELETED_AT], _shape(services, call, row))
    return row, {} if is_deleted else decisions, item


async def _hidden_since(services: Services, call: Call, rows: list[Row]) -> set[int]:
    """Which of these responses this list has shown to this client before: it is told that they are gone."""
    shown_s = await last_shown_s(services, call, [_key(row) for row in rows])
    return {row[0] for row in rows if row[13] <= shown_s.get(_key(row), BEFORE_ALL)}


def _removed(call: Call, row: Row, gone: set[int]) -> _Shown | None:
    return (row, {}, tombstone_or(row, call.now_s, {})) if row[0] in gone else None


def _key(row: Row) -> str:
    return disclosure.person_key(row[1], row[2])


async def get_survey_response(services: Services, call: Call) -> Reply:
    """One response, to whoever may see it."""
    row = await visible_response(services, call)
    return json_reply(_shape(services, call, row), headers={"etag": _etag(row)})


async def update_survey_response(services: Services, call: Call) -> Reply:
    """Answer anew, as long as the survey is open."""
    request = call.read(_CHANGE)
    observed_at_s = observed_s(services, call, request.observed_at, "/observed_at")
    async with services.store.transaction():
        row = await _own_response(services, call)
        check_if_match(call, _etag(row), required=True)
        survey = await held_survey(services, str(row[3]))
        _check(survey, request.answers)
        await services.store.run("DELETE FROM survey_derived WHERE response_id = ?", (row[0],))
        await services.store.run(
            "UPDATE survey_response SET answers = ?, observed_at_s = ?, updated_at_s = ?, version = version + 1"
            " WHERE id = ?",
            (msgspec.json.encode(request.answers).decode(), observed_at_s, call.now_s, row[0]),
        )
        changed = await _row(services, str(row[0]))
    return json_reply(_shape(services, call, changed), headers={"etag": _etag(changed)})


async def delete_survey_response(services: Services, call: Call) -> Reply:
    """Take a response back: the answers and what was derived from them are erased."""
    async with services.store.transaction():
        row = await _own_response(services, call)
        check_if_match(call, _etag(row), required=True)
        await erase_responses(services, call, "id", row[0])
    return Reply(status=204)


async def visible_response(services: Services, call: Call) -> Row:
    """The response that the path names, whose answers the caller may see; the disclosure is logged.

    Raises:
        ApiError: not-found, or gone where the caller could have seen it.
    """
    row = await _row(services, call.parameters["response_id"])
    decisions = (await judge(services, call, [row], ("survey",)))[0]
    if not decisions["survey"].permit:
        raise ApiError("not-found")
    await _log(services, call, [(row, decisions)])
    return demand_live(row, deleted_at=_DELETED_AT)


async def judge(
    services: Services, call: Call, rows: list[Row], categories: tuple[str, ...], purpose: str = ""
) -> list[disclosure.Decisions]:
    """Decide on each response; one's own, and what a desk took down of people without ID, is the asker's own.

    ``purpose`` is what the data are used for, that of the operation where it is empty.
    """
    people = [
        disclosure.Person(
            key=_key(row),
            sub=row[1],
            district=row[11],
            neighbourhood=row[12],
            own=_is_own(call, row),
        )
        for row in rows
    ]
    judged = await disclosure.judge(services, call, people, purpose or call.operation.purpose or "", categories)
    may_read = "surveys.read" in call.token.scopes and call.token.subject is None
    return [
        decisions if person.own or may_read else dict.fromkeys(categories, _NOT_ASKED)
        for person, decisions in zip(people, judged, strict=True)
    ]


_NOT_ASKED = Decision(permit=False, basis="none", reason="recipient")


def _is_own(call: Call, row: Row) -> bool:
    if call.token.subject is not None:
        return bool(row[1] == call.token.subject)
    return row[1] is None and bool(row[8] == call.token.recipient)


async def _own_response(services: Services, call: Call) -> Row:
    row = await _row(services, call.parameters["response_id"])
    if not _is_own(call, row):
        raise ApiError("not-found")
    return demand_live(row, deleted_at=_DELETED_AT)


async def _row(services: Services, response_id: str) -> Row:
    row = await services.store.one(f"SELECT {_COLUMNS} {_FROM} WHERE survey_response.id = ?", (row_id(response_id),))
    if row is None:
        raise ApiError("not-found")
    return row


async def _open_survey(services: Services, request: _New) -> Row:
    if not request.survey_id.isdigit():
        raise invalid("/survey_id", "unknown_survey")
    try:
        survey = await held_survey(services, request.survey_id)
    except ApiError as fault:
        raise invalid("/survey_id", "unknown_survey") from fault
    _check(survey, request.answers)
    if request.shelter_id is not None:
        await demand_shelter(services, request.shelter_id, "/shelter_id")
    return survey


def _check(survey: Row, answers: Answers) -> None:
    if survey[4] != "open":
        raise ApiError("conflict", "the survey is closed")
    check_answers(questions_of(survey), answers)
    if any(isinstance(answer, str) and len(answer) > MAX_ANSWER_CHARACTERS for answer in answers.values()):
        raise invalid("/answers", "too_long")


async def _respondent(services: Services, call: Call, request: _New) -> tuple[str | None, str | None]:
    """Account and temporary id of whoever answered; neither where nobody is named."""
    if call.token.subject is not None and request.temp_id is not None:
        raise ApiError("insufficient-scope", "a citizen's token answers for its own subject only")
    if request.sub is not None and request.temp_id is not None:
        raise invalid("/temp_id", "exactly_one")
    if request.sub is not None:
        return (await account_named(services, call.token, request.sub, "/sub"))[0], None
    if call.token.subject is not None:
        return call.token.subject, None
    if request.temp_id is None:
        return None, None
    linked = await linked_sub(services, request.temp_id)
    return (None, request.temp_id) if linked is None else (linked, None)


async def _log(services: Services, call: Call, shown: Any) -> None:
    purpose = call.operation.purpose or ""
    people = [(_key(row), decisions) for row, decisions in shown]
    await disclosure.log(services, call, purpose, people)


def _etag(row: Row) -> str:
    return f'"{row[10]}"'


def _shape(services: Services, call: Call, row: Row) -> dict[str, object]:
    return {
        "id": str(row[0]),
        "survey_id": str(row[3]),
        "sub": None if row[1] is None else shown_sub(services, call.token, row[1]),
        "temp_id": row[2],
        "shelter_id": row[4],
        "answers": msgspec.Raw(row[5].encode("utf-8")),
        "observed_at": instant(row[6]),
        "updated_at": instant(row[7]),
    }
