"""Safety reports: the newest observation holds, and who asks decides what is told."""

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.disaster.declaring import associations
from conformance.checks.disaster.moments import is_instant, moment, same, shifted
from conformance.checks.disaster.reception import OFFICE, done
from conformance.context import Context
from conformance.outcomes import Unmet
from conformance.text import Text
from conformance.wire import Reply

RING_2 = frozenset(("name", "other_identifier", "injured"))
PERSONAL = frozenset(("name", "name_kana", "birth_date", "sex", "address"))
TOLD = ("condition", "whereabouts", "contact", "nationality", "other_identifier")
ITEMS = PERSONAL | {*TOLD, "injured"}
"""Items of the form, and those of ring 2. Source: 安否情報省令 様式第1号; contract, consent/rings.toml."""

BESIDE = frozenset(("observed_at", "disclosure", "person"))
"""What comes with the items in every ring. Source: contract, schema SafetyReportItem."""


def report(ctx: Context, who: PersonAccount | str, status: str = "safe", at: str = "", **more: Any) -> Reply:
    """Ask to record a report."""
    body = {"status": status, "observed_at": at or moment(), **more}
    return ctx.city.call("reportSafety", who, body)


def whole(ctx: Context) -> dict[str, str]:
    """All that a report can tell, each with a text that never was."""
    return {name: f"{name}-{ctx.fresh(6)}" for name in TOLD}


def asked(ctx: Context, audience: str, asker: Any, name: str = "") -> list[Mapping[str, Any]]:
    """What an audience is answered."""
    query = {"audience": audience, **({"name": name} if name else {})}
    found = ctx.city.items("listSafetyReports", asker, query)
    return [one for one in found if not one.get("removed")]


def about(items: Sequence[Mapping[str, Any]], at: str) -> Mapping[str, Any]:
    """The answer about the report of a time; empty if there is none."""
    return next((one for one in items if same(one.get("observed_at"), at)), {})


def name_of(ctx: Context, person: PersonAccount) -> str:
    """A person's name as the person reads it.

    Raises:
        Unmet: The city OS tells none.
    """
    data = done(ctx.city.call("getUser", person, path={"sub": person.user}), 200).get("data", {})
    name = data.get("name")
    if not isinstance(name, str) or not name:
        raise Unmet(Text("the city OS does not tell people their name", "本人に氏名が示されない"))
    return name


def items_of(answer: Mapping[str, Any]) -> set[str]:
    """Items of the form in an answer."""
    person = answer.get("person")
    return (set(answer) | set(person if isinstance(person, dict) else ())) & ITEMS


@check("DIS-013", alone=True)
def rings_decide_what_is_told(ctx: Context) -> None:
    """Share a report with each audience in turn, and ask as each: its items and no others, or nothing."""
    person, asker = ctx.city.person(0), ctx.city.person(2)
    name = name_of(ctx, person)
    for audience in ("acquaintance", "employer", "public"):
        said, at = whole(ctx), moment()
        done(report(ctx, person, "injured", at, share_with=[audience], **said))
        answer = about(asked(ctx, audience, asker, name), at)
        ctx.require(Text(f"the answer to {audience}", f"{audience} への答え"), answer, expected="one", actual="none")
        _is_of_ring(ctx, audience, answer, said)
        with ctx.control(Text("who was named is answered", "共有先には答える")):
            ctx.require("answer", answer, expected="one", actual="none")
        others = [one for one in ("acquaintance", "employer", "public") if one != audience]
        for other in others:
            seen = about(asked(ctx, other, asker, name), at)
            what = Text(
                f"the answer to {other} where {audience} alone was named",
                f"{audience} だけと共有したときの {other} への答え",
            )
            ctx.refused(what, not seen, expected="none", actual=seen)
    _kin(ctx, person)
    done(report(ctx, person, "safe"))


def _is_of_ring(ctx: Context, audience: str, answer: Mapping[str, Any], said: Mapping[str, str]) -> None:
    found = items_of(answer)
    if audience != "public":
        what = Text(f"items told to {audience} (ring 2)", f"{audience}(輪2)に示した項目")
        ctx.expect(what, expected=RING_2, actual=found)
        beside = (set(answer) | set(answer.get("person") or ())) - RING_2 - BESIDE
        shown = sorted(beside & (ITEMS | {"status", "position", "method", "sub", "phone", "email"}))
        ctx.expect(Text("what else ring 2 is told", "輪2に示したそれ以外"), expected=[], actual=shown)
    else:
        _all_items(ctx, audience, answer, said)
    ctx.expect(Text("injured", "負傷の該当"), expected=True, actual=answer.get("injured"))


def _all_items(ctx: Context, audience: str, answer: Mapping[str, Any], said: Mapping[str, str]) -> None:
    told = {name: answer.get(name) for name in said}
    what = Text(f"what the person told, as answered to {audience}", f"{audience} に示した、本人が述べたこと")
    ctx.expect(what, expected=dict(said), actual=told)
    what = Text(f"items told to {audience}", f"{audience} に示した項目")
    ctx.require(what, {"name", "injured"} <= items_of(answer), expected=sorted(ITEMS), actual=sorted(items_of(answer)))


def _kin(ctx: Context, person: PersonAccount) -> None:
    """Ring 1: somebody of the household, if there is one among the people, sees all; nobody else does."""
    said, at = whole(ctx), moment()
    done(report(ctx, person, "injured", at, share_with=["family"], **said))
    answers = [about(asked(ctx, "family", other), at) for other in ctx.target.people if other.user != person.user]
    for answer in filter(None, answers):
        _all_items(ctx, "family", answer, said)
        ctx.expect(Text("injured", "負傷の該当"), expected=True, actual=answer.get("injured"))


@check("DIS-014", alone=True)
def the_newest_observation_holds(ctx: Context) -> None:
    """Report out of order, oneself and the city on behalf of another, and ask what holds after each."""
    person, asker = ctx.city.person(0), ctx.city.person(1)
    name, at = name_of(ctx, person), moment()
    shared = {"share_with": ["public"]}
    for status, seconds, holds in (
        ("safe", 0, 0),
        ("injured", -1800, 0),
        ("safe", -1, 0),
        ("injured", 1, 1),
        ("safe", -60, 1),
    ):
        done(report(ctx, person, status, shifted(at, seconds), **shared))
        listed = asked(ctx, "public", asker, name)
        answer = about(listed, shifted(at, holds))
        what = Text("time of the report that holds", "有効な安否の観測時刻")
        ctx.require(what, answer, expected=shifted(at, holds), actual=[one.get("observed_at") for one in listed])
        ctx.expect(
            Text("injured, by the report that holds", "有効な安否の負傷の該当"),
            expected=bool(holds),
            actual=answer.get("injured"),
        )
    receipt = done(report(ctx, person, "needs_help", shifted(at, -90), **shared), 201)
    own = ctx.city.call("getSafetyReport", person, path={"report_id": str(receipt.get("id"))})
    told = (own.members.get("status"), same(own.members.get("observed_at"), shifted(at, -90)))
    what = Text("a late report, read back by who made it", "遅れて届いた報告の読み返し")
    ctx.expect(what, expected=("needs_help", True), actual=told)


@check("DIS-045", alone=True)
def people_read_their_history(ctx: Context) -> None:
    """Report twice oneself and once by the city, read the history, and read it as somebody else."""
    person, other = ctx.city.person(1), ctx.city.person(2)
    path = {"sub": person.user}
    made = [
        done(report(ctx, person, "injured"), 201),
        done(report(ctx, OFFICE, "needs_help", subject={"sub": person.user}, method="visit"), 201),
        done(report(ctx, person, "safe"), 201),
    ]
    listed = ctx.city.items("listSafetyHistory", person, path=path)
    names = [one.get("id") for one in listed]
    order = [name for name in names if name in [one["id"] for one in made]]
    what = Text("own and others' reports in the history, oldest first", "経過にある自分と他の人の報告(古い順)")
    ctx.expect(what, expected=[one["id"] for one in made], actual=order)
    told = [(one.get("status"), is_instant(one.get("received_at"))) for one in listed if one.get("id") in order]
    wanted = [("injured", True), ("needs_help", True), ("safe", True)]
    ctx.expect(
        Text("status, and that the time of receipt is told", "安否と、受信日時の有無"), expected=wanted, actual=told
    )
    with ctx.control(Text("the person reads the history", "本人が経過を読む")):
        ctx.expect_status("listSafetyHistory", ctx.city.call("listSafetyHistory", person, path=path), 200)
    reply = ctx.city.call("listSafetyHistory", other, path=path)
    ctx.refused_status(Text("the history, asked for by somebody else", "他人による経過の読み取り"), reply, 403, 404)


@check("DIS-050", "safety", alone=True)
def nobody_else_shares_a_report(ctx: Context) -> None:
    """Report on a person as the city and as an association, with and without share_with; then as the person."""
    person = ctx.city.person(1)
    subject = {"sub": person.user}
    clients = [ctx.city.role(OFFICE), *associations(ctx)[:1]]
    for client in clients:
        body = {"status": "safe", "observed_at": moment(), "subject": subject, "method": "visit"}
        plain = ctx.city.call("reportSafety", client, body)
        if plain.status in (404, 422, 403) and client is not clients[0]:
            continue  # an association may not know the person
        with ctx.control(Text("a report on another without sharing", "共有を述べない他人の報告")):
            ctx.expect_status("reportSafety", plain, 201)
        for audiences in (["public"], ["family"], ["acquaintance", "employer", "association"]):
            reply = ctx.city.call("reportSafety", client, {**body, "observed_at": moment(), "share_with": audiences})
            ctx.refused_status(Text("sharing on a person's behalf", "本人に代わる共有"), reply, 422)
    with ctx.control(Text("the person shares a report", "本人が共有する")):
        ctx.expect_status("reportSafety", report(ctx, person, share_with=["family"]), 201)
    done(report(ctx, person))
