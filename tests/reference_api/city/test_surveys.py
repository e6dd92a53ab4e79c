"""Surveys: put up in two languages, answered once by each person, read by consent, counted so that nobody is seen."""

from typing import Any

import jsonschema
import msgspec
import pytest
from consent_values import act, give

from conformance.contract.operations import load_document
from reference_api.clock import instant
from reference_api.seed import Consent

SCHEMAS = load_document()["components"]["schemas"]
AT = "2027-01-16T10:00:00+09:00"
LABEL = {"ja": "問 𠮷", "en": "Question"}
OPTIONS = [{"code": code, "label": {"ja": code, "en": code}} for code in ("few", "enough")]
SURVEY = {
    "kind": "problem",
    "title": LABEL,
    "questions": [
        {"id": "sleep", "type": "scale", "label": LABEL},
        {"id": "food", "type": "single_choice", "label": LABEL, "options": OPTIONS},
        {"id": "lack", "type": "multiple_choice", "label": LABEL, "options": OPTIONS},
        {"id": "else", "type": "text", "label": LABEL},
    ],
}


def valid(name: str, value: Any) -> Any:
    """The value, which is valid by a schema of the contract."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    jsonschema.Draft202012Validator(schema).validate(value)
    return value


def put_up(city: Any, **members: Any) -> Any:
    """The city office puts a survey up."""
    return city.call("POST", "/v1/surveys", "city-office", {**SURVEY, **members})


def answer(city: Any, who: str, **members: Any) -> Any:
    """Somebody answers the first survey."""
    body = {"survey_id": "1", "answers": {"sleep": "2"}, "observed_at": AT, **members}
    return city.call("POST", "/v1/survey-responses", who, body)


@pytest.fixture
def asked(make_city: Any, make_seed: Any) -> Any:
    """A city with a survey, where c5 lets the city see answers, and c6 what is derived from them too."""
    consents = tuple(
        Consent(sub, purpose, (category,), ("municipality",), ("normal",))
        for sub, purpose, category in (
            ("c5", "disaster_support", "survey"),
            ("c6", "disaster_support", "survey"),
            ("c6", "survey_analysis", "survey.derived"),
        )
    )
    city = make_city(msgspec.structs.replace(make_seed(8), consents=consents))
    assert put_up(city).status == 201
    return city


def test_survey_goes_from_creation_to_gone(city: Any) -> None:
    """Made, read, listed, changed, closed, deleted; both languages come back unharmed."""
    made = put_up(city)
    where = made.headers["location"]
    assert valid("Survey", city.call("GET", where, "c0").json) == made.json
    assert made.json["title"] == LABEL
    assert city.everything("/v1/surveys?kind=problem", "shelter-desk") == [made.json]
    assert city.everything("/v1/surveys?kind=state", "shelter-desk") == []
    for name in ("kind", "state"):
        assert city.call("GET", f"/v1/surveys?{name}=other", "shelter-desk").json["errors"][0]["pointer"] == name
    assert city.call("PATCH", where, "city-office", {"state": "closed"}).problem == "precondition-required"
    closed = city.call("PATCH", where, "city-office", {"state": "closed"}, if_match=made.headers["etag"])
    assert closed.json["state"] == "closed"
    assert answer(city, "c0").problem == "conflict"
    assert city.call("DELETE", where, "city-office", if_match=made.headers["etag"]).problem == "precondition-failed"
    assert city.call("DELETE", where, "city-office", if_match=closed.headers["etag"]).status == 204
    assert city.call("GET", where, "c0").problem == "gone"
    since = made.json["updated_at"].replace("+", "%2B")
    delta = city.everything(f"/v1/surveys?updated_since={since}", "c0")
    assert [set(one) for one in delta] == [{"id", "removed", "updated_at"}]


@pytest.mark.parametrize(
    ("question", "pointer"),
    [
        ({"id": "q", "type": "single_choice", "label": LABEL}, "/questions/0/options"),
        ({"id": "q", "type": "text", "label": LABEL, "options": OPTIONS}, "/questions/0/options"),
        ({"id": "q", "type": "multiple_choice", "label": LABEL, "options": OPTIONS[:1] * 2}, "/questions/0/options"),
        ({"id": "q", "type": "scale", "label": {"ja": "問"}}, "/questions/0/label"),
    ],
)
def test_question_that_cannot_be_answered_is_refused(city: Any, question: Any, pointer: str) -> None:
    """No options to choose from, options of a text, the same option twice, one language only: 422."""
    refused = put_up(city, questions=[question])
    assert (refused.problem, refused.json["errors"][0]["pointer"]) == ("validation", pointer)


def test_questions_stay_once_they_are_answered(asked: Any) -> None:
    """Their answers would mean something else."""
    tag = asked.call("GET", "/v1/surveys/1", "city-office").headers["etag"]
    answer(asked, "c0")
    changed = asked.call("PATCH", "/v1/surveys/1", "city-office", {"questions": SURVEY["questions"]}, if_match=tag)
    assert changed.problem == "conflict"


@pytest.mark.parametrize(
    "answers",
    [
        {"nothing": "2"},
        {"sleep": "6"},
        {"sleep": ["2"]},
        {"food": "much"},
        {"lack": "few"},
        {"lack": ["few", "few"]},
        {"else": "x" * 2001},
        {"else": "a\x00"},
        {"lack": [["few"]]},
    ],
)
def test_answer_that_answers_nothing_is_refused(asked: Any, answers: dict[str, Any]) -> None:
    """An unknown question, an answer that cannot be chosen, of another kind, too long: 422."""
    assert answer(asked, "c0", answers=answers).problem == "validation"
    assert asked.rows("SELECT count(*) FROM survey_response") == [(0,)]


def test_response_goes_from_creation_to_gone(asked: Any) -> None:
    """Made once, read, changed, taken back, given anew; the text comes back unharmed."""
    made = answer(asked, "c0", answers={"else": "夜が寒い 辻\U000e0100", "lack": ["few"]}, shelter_id="S0")
    where = made.headers["location"]
    assert answer(asked, "c0").problem == "conflict"
    assert valid("SurveyResponse", asked.call("GET", where, "c0").json) == made.json
    assert made.json["answers"]["else"] == "夜が寒い 辻\U000e0100"
    body = {"answers": {"sleep": "5"}, "observed_at": AT}
    assert asked.call("PUT", where, "c0", body).problem == "precondition-required"
    changed = asked.call("PUT", where, "c0", body, if_match=made.headers["etag"])
    assert changed.json["answers"] == {"sleep": "5"}
    assert asked.call("DELETE", where, "c0", if_match=changed.headers["etag"]).status == 204
    assert asked.call("GET", where, "c0").problem == "gone"
    assert asked.rows("SELECT answers FROM survey_response") == [("{}",)]
    assert answer(asked, "c0").status == 201


def test_responses_are_read_by_consent(asked: Any) -> None:
    """A citizen sees their own, the city those who agreed; the others look like nobody's."""
    for sub in ("c0", "c5", "c6"):
        answer(asked, sub)
    answer(asked, "shelter-desk", temp_id="a")
    answer(asked, "shelter-desk")

    def listed(who: str) -> list[str]:
        return [item["id"] for item in asked.everything("/v1/survey-responses?survey_id=1&limit=1", who)]

    assert listed("c0") == ["1"]
    assert listed("city-office") == ["2", "3", "4", "5"]
    assert listed("shelter-desk") == ["4", "5"]
    hidden = asked.call("GET", "/v1/survey-responses/1", "city-office")
    nobody = asked.call("GET", "/v1/survey-responses/99", "city-office")
    assert (hidden.status, hidden.body) == (nobody.status, nobody.body) == (404, nobody.body)
    assert asked.call("GET", "/v1/survey-responses/2", "c0").problem == "not-found"


def test_a_delta_follows_consent(asked: Any) -> None:
    """Who agrees later comes with the next delta; who withdraws leaves a tombstone of what was seen."""
    answer(asked, "c0")
    answer(asked, "c5")
    url = "/v1/survey-responses?survey_id=1"
    as_of = asked.call("GET", url, "city-office").json["as_of"]

    def delta() -> list[tuple[str, bool]]:
        asked.clock.set_s(asked.clock.now_s() + 600)
        since = as_of.replace("+", "%2B")
        return [
            (one["id"], "removed" in one) for one in asked.everything(f"{url}&updated_since={since}", "city-office")
        ]

    assert delta() == [("2", False)]
    as_of = instant(asked.clock.now_s())
    record = give(asked, "c0", data_categories=["survey"])
    assert delta() == [("1", False)]
    act(asked, "c0", record, "withdrawal")
    assert delta() == [("1", True)]
    put_up(asked)
    assert answer(asked, "c0", survey_id="2").status == 201
    url = "/v1/survey-responses?limit=1"
    assert delta() == [("1", True)], "that there is another answer, given after the withdrawal, is not told"


def test_a_delta_tells_that_responses_went_with_their_survey(asked: Any) -> None:
    """Who deletes a survey erases its responses; a copy of those shown before loses them by tombstones."""
    for who in ("c0", "c5", "c6"):
        answer(asked, who)
    page = asked.call("GET", "/v1/survey-responses", "city-office").json
    assert [one["id"] for one in page["items"]] == ["2", "3"]
    asked.clock.set_s(asked.clock.now_s() + 600)
    tag = asked.call("GET", "/v1/surveys/1", "city-office").headers["etag"]
    assert asked.call("DELETE", "/v1/surveys/1", "city-office", if_match=tag).status == 204
    since = page["as_of"].replace("+", "%2B")
    delta = asked.everything(f"/v1/survey-responses?updated_since={since}", "city-office")
    assert [(one["id"], one.get("removed")) for one in delta] == [("2", True), ("3", True)]
    assert asked.everything("/v1/survey-responses", "city-office") == []
    assert asked.call("GET", "/v1/survey-responses/2", "c5").problem == "gone"
    assert set(asked.rows("SELECT answers FROM survey_response")) == {("{}",)}


def test_citizen_answers_for_themselves(asked: Any) -> None:
    """Neither another ID nor a temporary one is spoken for."""
    assert answer(asked, "c0", sub="c1").problem == "insufficient-scope"
    assert answer(asked, "c0", temp_id="a").problem == "insufficient-scope"
    other = answer(asked, "c1").headers["location"]
    assert asked.call("PUT", other, "c0", {"answers": {}, "observed_at": AT}).problem == "not-found"
    assert asked.call("DELETE", other, "c0").problem == "not-found"


def test_derived_data_need_a_consent_of_their_own(asked: Any) -> None:
    """Where the answers may be seen but nothing derived: 403 that names the category; with consent it is kept apart."""
    for sub in ("c0", "c5", "c6"):
        answer(asked, sub)
    answer(asked, "shelter-desk", temp_id="a")
    body = {"labels": {"mood": "anxious"}, "method": "model v1", "derived_at": AT}
    urls = [f"/v1/survey-responses/{number}/derived" for number in range(1, 5)]
    answers = [asked.call("PUT", url, "city-office", body) for url in urls]
    assert [one.status for one in answers] == [404, 403, 201, 403]
    assert answers[1].problem == "consent-required"
    assert answers[1].json["missing_categories"] == ["survey.derived"]
    assert "mood" not in asked.call("GET", "/v1/survey-responses/3", "city-office").body.decode()
    read = asked.call("GET", urls[2], "c6")
    assert valid("SurveyDerived", read.json)["labels"] == {"mood": "anxious"}
    assert asked.call("PUT", urls[2], "city-office", body).problem == "precondition-required"
    again = asked.call("PUT", urls[2], "city-office", body, if_match=read.headers["etag"])
    assert again.status == 200
    assert asked.call("DELETE", urls[2], "c6", if_match=again.headers["etag"]).status == 204
    assert asked.call("GET", urls[2], "c6").problem == "not-found"


def test_derived_data_end_with_their_answers(asked: Any) -> None:
    """Answering anew or taking the response back erases what was derived from it."""
    body = {"labels": {"mood": "calm"}, "method": "model v1", "derived_at": AT}
    where = answer(asked, "c6").headers["location"]
    asked.call("PUT", f"{where}/derived", "city-office", body)
    tag = asked.call("GET", where, "c6").headers["etag"]
    anew = asked.call("PUT", where, "c6", {"answers": {"sleep": "1"}, "observed_at": AT}, if_match=tag)
    assert asked.call("GET", f"{where}/derived", "c6").problem == "not-found"
    asked.call("PUT", f"{where}/derived", "city-office", body)
    asked.call("DELETE", where, "c6", if_match=anew.headers["etag"])
    assert asked.rows("SELECT count(*) FROM survey_derived") == [(0,)]


def test_results_tell_of_five_or_more(asked: Any) -> None:
    """Four answers are not told of, five are; what few said is withheld, and texts never appear."""
    for number in range(4):
        answer(asked, "shelter-desk", shelter_id="S0", answers={"food": "few", "else": f"text {number}"})
    url = "/v1/surveys/1/results"
    assert valid("SurveyResults", asked.call("GET", url, "city-office").json)["groups"] == []
    answer(asked, "shelter-desk", shelter_id="S0", answers={"food": "few"})
    answer(asked, "shelter-desk", shelter_id="S1", answers={"food": "enough"})
    results = valid("SurveyResults", asked.call("GET", url, "city-office").json)
    (group,) = results["groups"]
    assert group["shelter_id"] == "S0"
    assert [question["id"] for question in group["questions"]] == ["sleep", "food", "lack"]
    counts = {entry["code"]: entry["at_least"] for entry in group["questions"][1]["counts"]}
    assert counts == {"few": 5, "enough": None, "no_answer": None}
    assert asked.call("GET", url, "c0").problem == "insufficient-scope"
    assert "text" not in str(results)
