"""Results of a survey as counts of at least K people, in groups that do not overlap.

Groups are shelters; those with fewer than K responses stand together as one, or are left out if they are fewer even
so. Of each group the newest responses beyond a multiple of K wait for the next, so that two publications differ by
no single person's answer. A count below K is withheld; any other is rounded down to a multiple of K, and no total is
told: so nothing is there from which what is withheld could be subtracted.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from reference_api.call import Call, Reply
from reference_api.city.conditional import json_with_etag
from reference_api.city.surveys import CLOSED_TYPES, Question, held_survey, questions_of
from reference_api.services import Services

K = 5
"""The least number of people a published count speaks of. Source: contract C2, k-anonymous counts; issue: k >= 5."""

NO_ANSWER = "no_answer"
"""The code under which those are counted who left a question out."""


@dataclass(frozen=True, slots=True)
class Group:
    """Responses of one shelter, or of all shelters with too few of their own (``shelter_id`` None), oldest first."""

    shelter_id: str | None
    answers: Sequence[Mapping[str, Any]]


async def get_survey_results(services: Services, call: Call) -> Reply:
    """Counts of the answers, by shelter."""
    survey = await held_survey(services, call.parameters["survey_id"])
    rows = await services.store.all(
        "SELECT shelter_id, answers FROM survey_response WHERE survey_id = ? AND deleted_at_s IS NULL ORDER BY id",
        (survey[0],),
    )
    questions = [question for question in questions_of(survey) if question.type in CLOSED_TYPES]
    found = groups([(row[0], msgspec.json.decode(row[1])) for row in rows])
    body, etag = json_with_etag(
        {
            "survey_id": str(survey[0]),
            "k": K,
            "groups": [
                {
                    "shelter_id": group.shelter_id,
                    "questions": [_question(question, group.answers) for question in questions],
                }
                for group in found
            ],
        }
    )
    return Reply(body=body, headers={"etag": etag})


def groups(responses: Sequence[tuple[str | None, Mapping[str, Any]]]) -> list[Group]:
    """The responses (shelter, answers; oldest first) in groups of a multiple of K."""
    by_shelter: dict[str | None, list[Mapping[str, Any]]] = defaultdict(list)
    sizes = Counter(shelter_id for shelter_id, _ in responses)
    for shelter_id, answers in responses:
        by_shelter[shelter_id if sizes[shelter_id] >= K else None].append(answers)
    whole = [
        Group(shelter_id, answers[: len(answers) - len(answers) % K]) for shelter_id, answers in by_shelter.items()
    ]
    return sorted((group for group in whole if group.answers), key=lambda group: group.shelter_id or "")


def published(count: int) -> int | None:
    """What is told of a count: None below K, else the multiple of K that it reaches."""
    return None if count < K else count - count % K


def tally(question: Question, answers: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """How many gave each answer to a question, and how many gave none."""
    given = [one.get(question.id) for one in answers]
    if question.type == "multiple_choice":
        return Counter(code for one in given for code in one or (NO_ANSWER,))
    return Counter(one or NO_ANSWER for one in given)


def _question(question: Question, answers: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    counted = tally(question, answers)
    codes = (*question.codes(), NO_ANSWER)
    return {"id": question.id, "counts": [{"code": code, "at_least": published(counted[code])} for code in codes]}
