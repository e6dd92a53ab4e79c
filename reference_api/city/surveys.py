"""Surveys (アンケート) in two languages, each of one kind: requests, problems, or the state of life in shelters."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

import msgspec

from reference_api.call import Call, Reply, json_reply, row_id
from reference_api.city.changes import demand_live, live_filter, tombstone_or
from reference_api.city.conditional import check_if_match
from reference_api.clock import instant
from reference_api.errors import ApiError, Fault, invalid
from reference_api.idempotency import once
from reference_api.paging import as_of, fill, page_reply, read_since, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row

Kind = Literal["request", "problem", "state"]
State = Literal["open", "closed"]
_FILTERS: Mapping[str, tuple[str, ...]] = {"kind": get_args(Kind), "state": get_args(State)}
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
ShortCode = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
CLOSED_TYPES = ("single_choice", "multiple_choice", "scale")
"""Types of question whose answers can be counted; a text never is."""
SCALE = ("1", "2", "3", "4", "5")
"""Answers to a question of type scale."""


class Text(msgspec.Struct):
    """A text in both languages."""

    ja: Label
    en: Label


class Option(msgspec.Struct):
    """An answer to choose."""

    code: ShortCode
    label: Text


class Question(msgspec.Struct, kw_only=True):
    """A question; options are given for choices only."""

    id: ShortCode
    type: Literal["single_choice", "multiple_choice", "scale", "text"]
    label: Text
    options: Annotated[list[Option], msgspec.Meta(max_length=50)] = []

    def codes(self) -> tuple[str, ...]:
        """What may be answered; nothing for a text."""
        return SCALE if self.type == "scale" else tuple(option.code for option in self.options)


Questions = Annotated[list[Question], msgspec.Meta(min_length=1, max_length=50)]


class _New(msgspec.Struct, kw_only=True):
    kind: Kind
    title: Text
    questions: Questions


class _Change(msgspec.Struct, kw_only=True):
    title: Text | None = None
    questions: Questions | None = None
    state: State | None = None


_NEW = msgspec.json.Decoder(_New)
_CHANGE = msgspec.json.Decoder(_Change)
_QUESTIONS = msgspec.json.Decoder(list[Question])
_COLUMNS = "id, kind, title, questions, state, created_at_s, updated_at_s, deleted_at_s, version"


async def create_survey(services: Services, call: Call) -> Reply:
    """Put a survey up; it is open at once."""
    request = call.read(_NEW)
    _check_questions(request.questions)

    async def effect() -> Reply:
        row = await services.store.one(
            "INSERT INTO survey (kind, title, questions, state, created_at_s, updated_at_s)"
            f" VALUES (?, ?, ?, 'open', ?, ?) RETURNING {_COLUMNS}",
            (request.kind, _text(request.title), _text(request.questions), call.now_s, call.now_s),
        )
        made = demand_live(row, deleted_at=7)
        return json_reply(_shape(made), 201, {"location": f"/v1/surveys/{made[0]}", "etag": _etag(made)})

    return await once(services, call, effect)


async def list_surveys(services: Services, call: Call) -> Reply:
    """Surveys in order of id, narrowed to a kind, a state, or what changed since a time."""
    query = call.query()
    filters = {name: query[name] for name in _FILTERS if name in query}
    for name, value in filters.items():
        if value not in _FILTERS[name]:
            raise invalid(name, "value")
    since_s = read_since(call)
    window = read_window(services, call, *(f"{name}={value}" for name, value in filters.items()), repr(since_s))
    narrowed = "".join(f" AND {name} = ?" for name in filters)

    async def fetch(after: Any, count: int) -> list[Row]:
        return await services.store.all(
            f"SELECT {_COLUMNS} FROM survey WHERE id > ?{narrowed} AND {live_filter(since_s)} ORDER BY id LIMIT ?",
            (after or 0, *filters.values(), *([] if since_s is None else [since_s]), count),
        )

    async def show(rows: list[Row]) -> list[dict[str, object] | None]:
        return [tombstone_or(row, row[7], _shape(row)) for row in rows]

    return page_reply(services, call, window, await fill(window, fetch, show), {"as_of": as_of(window)})


async def get_survey(services: Services, call: Call) -> Reply:
    """One survey."""
    row = await held_survey(services, call.parameters["survey_id"])
    return json_reply(_shape(row), headers={"etag": _etag(row)})


async def update_survey(services: Services, call: Call) -> Reply:
    """Change a survey; its questions only as long as nobody has answered them."""
    request = call.read(_CHANGE)
    if request.questions is not None:
        _check_questions(request.questions)
    async with services.store.transaction():
        row = await held_survey(services, call.parameters["survey_id"])
        check_if_match(call, _etag(row), required=True)
        if request.questions is not None and await _is_answered(services, row[0]):
            raise ApiError("conflict", "the questions have been answered: make another survey")
        await services.store.run(
            "UPDATE survey SET title = ?, questions = ?, state = ?, updated_at_s = ?, version = version + 1"
            " WHERE id = ?",
            (
                row[2] if request.title is None else _text(request.title),
                row[3] if request.questions is None else _text(request.questions),
                request.state or row[4],
                call.now_s,
                row[0],
            ),
        )
        changed = await held_survey(services, call.parameters["survey_id"])
    return json_reply(_shape(changed), headers={"etag": _etag(changed)})


async def delete_survey(services: Services, call: Call) -> Reply:
    """Delete a survey and erase its responses and all that was derived from them; who copied these is told."""
    store = services.store
    async with store.transaction():
        row = await held_survey(services, call.parameters["survey_id"])
        check_if_match(call, _etag(row), required=True)
        await erase_responses(services, call, "survey_id", row[0])
        await store.run(
            "UPDATE survey SET deleted_at_s = ?, updated_at_s = ?, version = version + 1 WHERE id = ?",
            (call.now_s, call.now_s, row[0]),
        )
    return Reply(status=204)


async def erase_responses(services: Services, call: Call, column: Literal["id", "survey_id"], number: int) -> None:
    """Erase the response of a number, or those to a survey, and what was derived; that there were any stays known."""
    which = f"{column} = ? AND deleted_at_s IS NULL"
    responses = f"SELECT id FROM survey_response WHERE {which}"
    await services.store.run(f"DELETE FROM survey_derived WHERE response_id IN ({responses})", (number,))
    await services.store.run(
        "UPDATE survey_response SET answers = '{}', deleted_at_s = ?, updated_at_s = ?, version = version + 1"
        f" WHERE {which}",
        (call.now_s, call.now_s, number),
    )


async def held_survey(services: Services, survey_id: str) -> Row:
    """The survey's row: id, kind, title, questions, state.

    Raises:
        ApiError: not-found or gone.
    """
    row = await services.store.one(f"SELECT {_COLUMNS} FROM survey WHERE id = ?", (row_id(survey_id),))
    return demand_live(row, deleted_at=7)


def questions_of(row: Row) -> list[Question]:
    """The questions of a survey's row."""
    return _QUESTIONS.decode(row[3])


async def _is_answered(services: Services, number: int) -> bool:
    row = await services.store.one("SELECT 1 FROM survey_response WHERE survey_id = ?", (number,))
    return row is not None


def _check_questions(questions: Sequence[Question]) -> None:
    """Demand ids of their own, and options where there is something to choose.

    Raises:
        ApiError: validation, with every fault.
    """
    faults: list[Fault] = []
    seen: set[str] = set()
    for number, question in enumerate(questions):
        place = f"/questions/{number}"
        if question.id in seen:
            faults.append(Fault(f"{place}/id", "double"))
        seen.add(question.id)
        codes = [option.code for option in question.options]
        if question.type.endswith("_choice") and len(codes) < 2:
            faults.append(Fault(f"{place}/options", "required"))
        elif not question.type.endswith("_choice") and codes:
            faults.append(Fault(f"{place}/options", "not_allowed"))
        if len(set(codes)) < len(codes):
            faults.append(Fault(f"{place}/options", "double"))
    if faults:
        raise ApiError("validation", faults=faults)


def check_answers(questions: Sequence[Question], answers: dict[str, Any]) -> None:
    """Demand that each answer answers a question in its way.

    Raises:
        ApiError: validation.
    """
    by_id = {question.id: question for question in questions}
    for name, answer in answers.items():
        question = by_id.get(name)
        if question is None:
            raise invalid(f"/answers/{name}", "unknown_question")
        if not _answers(question, answer):
            raise invalid(f"/answers/{name}", "value")


def _answers(question: Question, answer: Any) -> bool:
    if question.type == "multiple_choice":
        return isinstance(answer, list) and len(set(answer)) == len(answer) and set(answer) <= set(question.codes())
    if not isinstance(answer, str):
        return False
    return question.type == "text" or answer in question.codes()


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _etag(row: Row) -> str:
    return f'"{row[8]}"'


def _shape(row: Row) -> dict[str, object]:
    return {
        "id": str(row[0]),
        "kind": row[1],
        "title": msgspec.Raw(row[2].encode("utf-8")),
        "questions": msgspec.Raw(row[3].encode("utf-8")),
        "state": row[4],
        "created_at": instant(row[5]),
        "updated_at": instant(row[6]),
    }
