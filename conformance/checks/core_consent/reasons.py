"""Reasons: why something is not disclosed, what a disclosure by law obliges to, and what nobody may learn."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from conformance.check import check
from conformance.checks.core_consent.scene import CONSENT_CELL, LAW_CELL, OFFICE, SHOWN, Scene, basis_of
from conformance.city.consents import Answer, Question, instant_s
from conformance.context import Context
from conformance.text import Text
from conformance.wire import Reply

CELL = ("municipality", "disaster_support", "profile.contact")
OBLIGATIONS = ("audit", "minimum_necessary", "notify_after")
REASONS = ("no_consent", "expired", "withdrawn", "mode", "recipient", "purpose", "category", "unknown_subject")


@check("CONS-021", alone=True)
def denials_tell_their_reason(ctx: Context) -> None:
    """Asks a person with a single consent so that one thing fails each time: the reason names what it was."""
    scene = Scene(ctx, fresh_clock=True)
    person, silent, taking_back = scene.people(3)
    end = datetime.fromisoformat(scene.town.now()) + timedelta(hours=2)
    scene.give(person, CELL[1], [CELL[2]], [CELL[0]], modes=["normal"], valid_until=end.isoformat())
    record = scene.give(taking_back, CELL[1], [CELL[2]], [CELL[0]], modes=["normal"])
    scene.consents.withdraw(taking_back, record)
    with ctx.control(Text("the consent counts", "同意が効く")):
        scene.permitted(Text("the cell that was agreed to", "同意のある組み合わせ"), scene.ask(person, CELL))
        scene.denied(Text("by law in normal times", "平時に法令で"), scene.ask(person, LAW_CELL))
    late = (end + timedelta(minutes=1)).isoformat()
    for reason, answer in (
        ("no_consent", scene.ask(silent, CELL)),
        ("mode", scene.ask(person, CELL, "drill")),
        ("purpose", scene.ask(person, (CELL[0], "evacuation_support", CELL[2]))),
        ("recipient", scene.ask(person, ("medical", CELL[1], CELL[2]))),
        ("category", scene.ask(person, CONSENT_CELL)),
        ("withdrawn", scene.ask(taking_back, CELL)),
        ("expired", scene.ask(person, CELL, at=late)),
    ):
        _denied_for(ctx, answer, reason)


@check("CONS-021", "obligations", alone=True)
def permissions_tell_their_obligations(ctx: Context) -> None:
    """Asks what the law opens, and what a consent opens: the first comes with its clause and all its obligations."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person()
    scene.give(person, CELL[1], [CELL[2]], [CELL[0]], modes=["normal"])
    by_law, by_consent = scene.ask(person, LAW_CELL, "disaster"), scene.ask(person, CELL)
    with ctx.control(Text("both are permitted, each on its basis", "どちらも根拠とともに許される")):
        scene.permitted(Text("by law", "法令"), by_law, "statutory")
        scene.permitted(Text("by consent", "同意"), by_consent)
    seen = sorted(by_law.context.get("obligations", ()))
    what = Text("obligations of a disclosure by law", "法令による開示の義務")
    ctx.expect(what, expected=list(OBLIGATIONS), actual=seen)
    ctx.require("clause", by_law.clause, expected="a clause", actual=by_law.clause)
    obliged = by_consent.context.get("obligations")
    what = Text("obligations of a disclosure by consent", "同意による開示の義務")
    ctx.require(what, isinstance(obliged, list), expected="a list", actual=obliged)
    ctx.require("evaluated_at", _is_instant(by_law), expected="an instant", actual=by_law.context.get("evaluated_at"))


@check("CONS-022", alone=True)
def decisions_do_not_tell_who_exists(ctx: Context) -> None:
    """Asks as clients without a link: of who never was, who is silent, and who refused somebody else - all alike."""
    scene = Scene(ctx, fresh_clock=True)
    person, silent, refusing = scene.people(3)
    scene.give(person, CELL[1], [CELL[2], "location"], ["municipality", "association", "medical"], modes=["normal"])
    scene.give(refusing, "disaster_support", ["safety"], ["family"], state="refused", modes=["normal", "disaster"])
    for role in _roles(ctx):
        with ctx.control(Text(f"{role} is told of a person who agreed", f"{role} には同意した人のことを答える")):
            answer = scene.consents.decide_one(role, Question(person.user, CELL[1], CELL[2]))
            linked = answer.permit or answer.reason not in ("", "unknown_subject")
            ctx.require(
                "linked", linked or role not in (OFFICE, "medical_institution"), expected="told", actual=str(answer)
            )
            for category in (CELL[2], "location", "safety"):
                hidden = scene.consents.decide_one(role, Question(silent.user, CELL[1], category))
                scene.denied(Text("a person who did not agree", "同意していない人"), hidden)
        for category in (CELL[2], "location", "safety"):
            nobody = _seen(scene, role, scene.ctx.fresh(), category)
            for told, one in (("silent", silent), ("refusing somebody else", refusing)):
                what = Text(
                    f"decision on {category} for {role}: a person {told}, against one who does not exist",
                    f"{role} への {category} の判定: {told} な人と、いない人",
                )
                ctx.refused(
                    what,
                    _seen(scene, role, one.user, category) == nobody,
                    expected=nobody,
                    actual=_seen(scene, role, one.user, category),
                )


@check("CONS-022", "user_api", alone=True)
def user_api_does_not_tell_who_exists(ctx: Context) -> None:
    """Reads as the city office: a person without any link to it is answered as one who does not exist."""
    scene = Scene(ctx, fresh_clock=True)
    person, silent, refusing = scene.people(3)
    scene.give(person, CELL[1], [CELL[2]], [CELL[0]], modes=["normal"])
    scene.give(refusing, "disaster_support", ["safety"], ["family"], state="refused", modes=["normal"])
    hidden = {"silent": scene.user(OFFICE, silent), "refusing somebody else": scene.user(OFFICE, refusing)}
    with ctx.control(Text("who agreed is shown, who did not is not", "同意した人だけが示される")):
        ctx.expect_status("getUser", scene.user(OFFICE, person), 200)
        for reply in hidden.values():
            ctx.expect("shown", expected={}, actual=basis_of(reply))
    nobody = scene.city.call("getUser", OFFICE, query={"purpose": CELL[1]}, path={"sub": scene.ctx.fresh()})
    for told, reply in hidden.items():
        what = Text(f"getUser of a person {told}, against one who does not exist", f"getUser: {told} な人と、いない人")
        ctx.refused(what, _alike(reply, nobody), expected=_face(nobody), actual=_face(reply))


@check("CONS-023", alone=True)
def a_linked_client_is_told_what_is_missing(ctx: Context) -> None:
    """Reads a person who withdrew their consent: consent-required, with the categories that are missing."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person()
    record = scene.give(person, CELL[1], [CELL[2]], [CELL[0]], modes=["normal"])
    seen = scene.user(OFFICE, person)
    with ctx.control(Text("the consent counts until it is withdrawn", "撤回まで同意が効く")):
        ctx.expect("shown", expected={CELL[2]: "consent"}, actual=basis_of(seen))
    scene.consents.withdraw(person, record)
    scene.later()
    reply = scene.user(OFFICE, person)
    with ctx.control(Text("nothing is shown after the withdrawal", "撤回の後は何も示されない")):
        ctx.expect("shown", expected={}, actual=basis_of(reply))
    ctx.expect_status(Text("getUser after the withdrawal", "撤回の後の getUser"), reply, 403)
    problem = str(reply.members.get("type", "")).rpartition("/")[2]
    ctx.expect("type", expected="consent-required", actual=problem)
    missing = reply.members.get("missing_categories")
    wanted = set(SHOWN)
    what = Text("missing_categories", "missing_categories")
    ctx.require(what, isinstance(missing, list) and set(missing) == wanted, expected=sorted(wanted), actual=missing)
    where = str(reply.members.get("consent_uri", ""))
    ctx.require("consent_uri", where.startswith(("http://", "https://")), expected="an address", actual=where)


def _denied_for(ctx: Context, answer: Answer, reason: str) -> None:
    with ctx.control(Text("what was not agreed to is denied", "同意のないものは開示しない")):
        ctx.expect(Text(f"a question that fails by {reason}", f"{reason} の問い"), expected=False, actual=answer.permit)
    what = Text(f"reason, where only {reason} fails", f"{reason} だけが足りないときの reason")
    ctx.expect(what, expected=reason, actual=answer.reason)
    what = Text("evaluated_at", "evaluated_at")
    ctx.require(what, _is_instant(answer), expected="an instant", actual=answer.context.get("evaluated_at"))


def _is_instant(answer: Answer) -> bool:
    try:
        instant_s(str(answer.context.get("evaluated_at")))
    except ValueError:
        return False
    return True


def _roles(ctx: Context) -> list[str]:
    """Roles that ask for decisions with a token of their own."""
    return [role for role in (OFFICE, "association", "medical_institution") if ctx.target.of_role(role)]


def _seen(scene: Scene, role: str, subject: str, category: str) -> dict[str, Any]:
    """A decision as a client without a link sees it, but for the time."""
    answer = scene.consents.decide_one(role, Question(subject, CELL[1], category))
    return {"decision": answer.permit, **{name: one for name, one in answer.context.items() if name != "evaluated_at"}}


def _face(reply: Reply) -> tuple[int, str, Mapping[str, Any]]:
    """What of an answer tells cases apart: not what differs from request to request."""
    told = {name: one for name, one in reply.members.items() if name not in ("instance", "trace_id", "request_id")}
    return reply.status, reply.media_type, told


def _alike(reply: Reply, other: Reply) -> bool:
    return _face(reply) == _face(other)
