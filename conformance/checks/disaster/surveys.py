"""Surveys in shelters: kinds and languages, answers, results of at least five people, and what is derived."""

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.disaster.declaring import consent, withdraw
from conformance.checks.disaster.moments import moment
from conformance.checks.disaster.reception import DESK, OFFICE, Reception, done
from conformance.context import Context
from conformance.text import Text
from conformance.wire import Reply

KINDS = ("request", "problem", "state")
"""Requests, problems, and the state of life. Source: contract, schema SurveyKind."""

LEAST = 5
"""The least number of people that results speak of. Source: contract C4, k-anonymous counts."""

QUESTIONS: Sequence[Mapping[str, Any]] = (
    {
        "id": "q1",
        "type": "single_choice",
        "label": {"ja": "毛布は足りていますか", "en": "Do you have enough blankets?"},
        "options": [
            {"code": "yes", "label": {"ja": "はい", "en": "Yes"}},
            {"code": "no", "label": {"ja": "いいえ", "en": "No"}},
        ],
    },
    {"id": "q2", "type": "text", "label": {"ja": "困っていること", "en": "What is difficult"}},
)


def _put_up(ctx: Context, kind: str = "problem", **more: Any) -> Reply:
    """Put a survey up; it is deleted when the check ends."""
    title = {"ja": "適合性検査のアンケート", "en": "Survey of the conformance suite"}
    body = {"kind": kind, "title": title, "questions": list(QUESTIONS), **more}
    reply = ctx.city.call("createSurvey", OFFICE, body)
    if reply.status == 201:
        ctx.afterwards(lambda: _delete(ctx, str(reply.members.get("id"))))
    return reply


def _survey(ctx: Context, kind: str = "problem") -> str:
    return str(done(_put_up(ctx, kind), 201).get("id"))


def _read(ctx: Context, survey: str, who: Any = DESK) -> Reply:
    return ctx.city.call("getSurvey", who, path={"survey_id": survey})


def _change(ctx: Context, survey: str, **changed: Any) -> Reply:
    tag = {"if-match": _read(ctx, survey).header("etag")}
    return ctx.city.call("updateSurvey", OFFICE, changed, headers=tag, path={"survey_id": survey})


def _delete(ctx: Context, survey: str) -> Reply:
    tag = {"if-match": _read(ctx, survey).header("etag")}
    return ctx.city.call("deleteSurvey", OFFICE, headers=tag, path={"survey_id": survey})


def _answer(ctx: Context, survey: str, who: Any = DESK, **more: Any) -> Reply:
    body = {"survey_id": survey, "answers": {"q1": "yes"}, "observed_at": moment(), **more}
    if who == DESK:
        body = {"temp_id": f"suite-{ctx.fresh()}", **body}
    return ctx.city.call("createSurveyResponse", who, body)


def _responses(ctx: Context, survey: str, shelter: str, answers: Sequence[str]) -> list[str]:
    """Answers of so many people in a shelter; their ids."""
    replies = [_answer(ctx, survey, shelter_id=shelter, answers={"q1": one, "q2": "寒い"}) for one in answers]
    return [str(done(reply, 201).get("id")) for reply in replies]


def _results(ctx: Context, survey: str) -> Reply:
    return ctx.city.call("getSurveyResults", OFFICE, path={"survey_id": survey})


def _at_least(reply: Reply, shelter: str) -> dict[str, Any]:
    """What the results tell of the choices in a shelter."""
    for group in reply.members.get("groups", []):
        if group.get("shelter_id") == shelter:
            counts = (one for row in group.get("questions", []) for one in row.get("counts", []))
            return {str(one.get("code")): one.get("at_least") for one in counts}
    return {}


@check("DIS-025")
def surveys_are_apart_and_in_two_languages(ctx: Context) -> None:
    """Put up a survey of each kind, list each kind, answer in Japanese and English, and leave a language out."""
    names = {}
    for kind in KINDS:
        with ctx.control(Text(f"a survey of kind {kind}", f"種類 {kind} のアンケート")):
            reply = _put_up(ctx, kind)
            ctx.expect_status("createSurvey", reply, 201)
        names[kind] = str(reply.members.get("id"))
        read = done(_read(ctx, names[kind]), 200)
        ctx.expect(Text("kind of the survey", "アンケートの種類"), expected=kind, actual=read.get("kind"))
        labels = [read.get("title"), *(one.get("label") for one in read.get("questions", []))]
        lacking = [one for one in labels if not (isinstance(one, dict) and one.get("ja") and one.get("en"))]
        ctx.expect(Text("texts that lack a language", "片方の言語しかない文言"), expected=[], actual=lacking)
    for kind in KINDS:
        listed = {one.get("id") for one in ctx.city.items("listSurveys", DESK, {"kind": kind})}
        there = [other for other, name in names.items() if name in listed]
        ctx.expect(Text(f"surveys listed as {kind}", f"{kind} の一覧にあるもの"), expected=[kind], actual=there)
    for text in ("夜が寒い。𠮷野も", "It is cold at night"):
        reply = _answer(ctx, names["problem"], answers={"q2": text})
        ctx.expect_status(Text("an answer in words", "文での回答"), reply, 201)
        told = reply.members.get("answers", {}).get("q2")
        ctx.expect(Text("the answer, as it is held", "保存された回答"), expected=text, actual=told)
    for title in ({"ja": "日本語だけ"}, {"en": "English only"}, "plain"):
        reply = _put_up(ctx, "state", title=title)
        ctx.refused_status(Text("a survey without one of the languages", "片方の言語の無いアンケート"), reply, 422, 400)
    ctx.refused_status(Text("a kind that there is not", "存在しない種類"), _put_up(ctx, "gossip"), 422, 400)


@check("DIS-026")
def results_show_no_small_group(ctx: Context) -> None:
    """Answer one by one in two shelters, and look after each at every count that the results tell."""
    desk = Reception(ctx)
    here, there, survey = desk.shelter(), desk.shelter(), _survey(ctx)
    for number in range(1, 8):
        _responses(ctx, survey, here, ["no" if number in (2, 4) else "yes"])
        if number % 3 == 0:
            _responses(ctx, survey, there, ["no"])
        reply = _results(ctx, survey)
        ctx.expect_status(Text("results of a survey", "アンケートの集計"), reply, 200)
        _no_small(ctx, reply, given=number + number // 3)
    _responses(ctx, survey, here, ["yes"] * 5)
    told = _at_least(_results(ctx, survey), here)
    what = Text("people who said yes, of ten", "10人のうち「はい」の人数")
    ctx.require(what, told.get("yes") in range(LEAST, 11), expected="5 to 10", actual=told)
    ctx.expect(Text("people who said no, of two", "二人だけの「いいえ」"), expected=None, actual=told.get("no"))


def _no_small(ctx: Context, reply: Reply, given: int) -> None:
    body = reply.members
    ctx.require(Text("k", "k"), body.get("k", 0) >= LEAST, expected="5 or more", actual=body.get("k"))
    groups = body.get("groups", [])
    if given < LEAST:
        what = Text(f"groups in the results of {given} people", f"{given}人の集計の区分")
        ctx.expect(what, expected=[], actual=groups)
    counts = [
        one.get("at_least") for group in groups for row in group.get("questions", []) for one in row.get("counts", [])
    ]
    small = [one for one in counts if one is not None and one < LEAST]
    ctx.expect(Text("counts below five", "5未満の数"), expected=[], actual=small)
    words = "寒い" in reply.text
    ctx.expect(
        Text("whether words of people are in the results", "文での回答が集計にあるか"), expected=False, actual=words
    )


@check("DIS-039")
def answers_leave_the_results(ctx: Context) -> None:
    """Answer, change and take back answers, change and delete the survey, and look at results and lists after each."""
    shelter, survey = Reception(ctx).shelter(), _survey(ctx)
    names = _responses(ctx, survey, shelter, ["yes"] * 5)
    with ctx.control(Text("five answers are counted", "5人の回答は数えられる")):
        ctx.expect("at_least", expected=5, actual=_at_least(_results(ctx, survey), shelter).get("yes"))
    reply = _anew(ctx, names[0], {"q1": "no"})
    ctx.expect_status(Text("changing an answer", "回答の変更"), reply, 200)
    told = _at_least(_results(ctx, survey), shelter)
    what = Text("people who say yes, after one of five changed", "5人のうち一人が変えた後の「はい」")
    ctx.require(what, told.get("yes") != LEAST, expected="not five", actual=told.get("yes"))
    done(_anew(ctx, names[0], {"q1": "yes"}), 200)
    ctx.expect_status(Text("taking an answer back", "回答の取り下げ"), _take_back(ctx, names[0]), 204, 200)
    ctx.refused_status(Text("an answer that was taken back", "取り下げた回答"), _response(ctx, names[0]), 410, 404)
    told = _at_least(_results(ctx, survey), shelter)
    ctx.refused(
        Text("results after one of five was taken back", "5人のうち一人が取り下げた後の集計"),
        not told,
        expected="no group",
        actual=told,
    )
    _survey_goes(ctx, survey)


def _survey_goes(ctx: Context, survey: str) -> None:
    reply = _change(ctx, survey, state="closed")
    ctx.expect_status(Text("closing a survey", "アンケートを閉じる"), reply, 200)
    ctx.expect(Text("state", "状態"), expected="closed", actual=_read(ctx, survey).members.get("state"))
    ctx.refused_status(Text("an answer to a closed survey", "閉じたアンケートへの回答"), _answer(ctx, survey), 409, 410)
    ctx.expect_status(Text("deleting a survey", "アンケートの削除"), _delete(ctx, survey), 204, 200)
    ctx.refused_status(Text("a survey that was deleted", "消したアンケート"), _read(ctx, survey), 410, 404)
    ctx.refused_status(Text("its results", "その集計"), _results(ctx, survey), 410, 404)
    listed = [one.get("id") for one in ctx.city.items("listSurveys", DESK) if not one.get("removed")]
    ctx.expect(Text("whether the list has it", "一覧にあるか"), expected=False, actual=survey in listed)


def _response(ctx: Context, number: str, who: Any = DESK) -> Reply:
    return ctx.city.call("getSurveyResponse", who, path={"response_id": number})


def _anew(ctx: Context, number: str, answers: Mapping[str, Any]) -> Reply:
    tag = {"if-match": _response(ctx, number).header("etag")}
    body = {"answers": answers, "observed_at": moment()}
    return ctx.city.call("updateSurveyResponse", DESK, body, headers=tag, path={"response_id": number})


def _take_back(ctx: Context, number: str) -> Reply:
    tag = {"if-match": _response(ctx, number).header("etag")}
    return ctx.city.call("deleteSurveyResponse", DESK, headers=tag, path={"response_id": number})


@check("DIS-040", alone=True)
def derived_needs_its_own_consent(ctx: Context) -> None:
    """Write and read what is derived from a person's answer with both consents, with one, and after it is withdrawn."""
    person, survey = ctx.city.person(4), _survey(ctx)
    number = str(done(_answer(ctx, survey, person), 201).get("id"))
    consent(ctx, person, "shelter_life", ["survey"], recipients=["municipality"])
    consent(ctx, person, "disaster_support", ["survey"], recipients=["municipality"])
    own = _derived_consent(ctx, person)
    with ctx.control(Text("with the consent for derived data", "導いた情報の同意がある")):
        ctx.expect_status("putSurveyDerived", _derive(ctx, number), 201, 200)
        ctx.expect_status("getSurveyDerived", _derived(ctx, number), 200)
    done(withdraw(ctx, person, own), 200)
    what = Text("reading without that consent", "その同意のない読み取り")
    ctx.refused_status(what, _derived(ctx, number), 403, 404)
    what = Text("writing without that consent", "その同意のない書き込み")
    ctx.refused_status(what, _derive(ctx, number), 403, 404)
    read = _derived(ctx, number, person)
    if read.status == 200:
        what = Text("what was derived, unchanged by the refused write", "断られた書き込みの後の内容")
        ctx.expect(what, expected={"mood": "anxious"}, actual=read.members.get("labels"))
    another = str(done(_answer(ctx, _survey(ctx), person), 201).get("id"))
    what = Text("writing of another answer without that consent", "別の回答についての書き込み")
    ctx.refused_status(what, _derive(ctx, another), 403, 404)
    nameless = str(done(_answer(ctx, survey), 201).get("id"))
    what = Text("deriving from the answer of somebody without an ID", "IDのない人の回答から導く")
    ctx.refused_status(what, _derive(ctx, nameless), 403, 404)


def _derived_consent(ctx: Context, person: PersonAccount) -> str:
    return consent(ctx, person, "survey_analysis", ["survey.derived"], recipients=["municipality"])


def _derive(ctx: Context, number: str, who: Any = OFFICE) -> Reply:
    tag = _derived(ctx, number, who).header("etag")
    labels = {"mood": "calm" if tag else "anxious"}
    body = {"labels": labels, "method": "text model v1", "derived_at": moment()}
    headers = {"if-match": tag} if tag else {}
    return ctx.city.call("putSurveyDerived", who, body, headers=headers, path={"response_id": number})


def _derived(ctx: Context, number: str, who: Any = OFFICE) -> Reply:
    return ctx.city.call("getSurveyDerived", who, path={"response_id": number})
