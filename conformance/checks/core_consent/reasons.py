"""Reasons: why something is not disclosed, what a disclosure by law obliges to, and what nobody may learn."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from conformance.accounts import ClientAccount, PersonAccount
from conformance.check import check
from conformance.checks.core_consent.scene import CONSENT_CELL, LAW_CELL, OFFICE, SHOWN, Scene, basis_of, said_of
from conformance.city.consents import Answer, Question, instant_s
from conformance.city.records import held
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
    given = scene.give(person, CELL[1], [CELL[2]], [CELL[0]], modes=["normal"], valid_until=end.isoformat())
    record = scene.give(taking_back, CELL[1], [CELL[2]], [CELL[0]], modes=["normal"])
    records = {person: [held(given)], taking_back: [held(scene.consents.withdraw(taking_back, record))], silent: []}
    with ctx.control(Text("the consent counts", "同意が効く")):
        scene.permitted(Text("the cell that was agreed to", "同意のある組み合わせ"), scene.ask(person, CELL))
        scene.denied(Text("by law in normal times", "平時に法令で"), scene.ask(person, LAW_CELL))
    late = (end + timedelta(minutes=1)).isoformat()
    for reason, who, cell, mode, at in (
        ("no_consent", silent, CELL, "normal", ""),
        ("mode", person, CELL, "drill", ""),
        ("purpose", person, (CELL[0], "evacuation_support", CELL[2]), "normal", ""),
        ("recipient", person, ("medical", CELL[1], CELL[2]), "normal", ""),
        ("category", person, CONSENT_CELL, "normal", ""),
        ("withdrawn", taking_back, CELL, "normal", ""),
        ("expired", person, CELL, "normal", late),
    ):
        before = scene.left(who)
        asked = Question(who.user, cell[1], cell[2], cell[0], mode, at)
        # Who agreed to something before the check may have a record that comes nearer: the model tells the reason then.
        nearest = said_of([*before, *records[who]], [asked], instant_s(at) if at else 0.0)[0].reason
        _denied_for(ctx, scene.ask(who, cell, mode, at), nearest if before else reason)


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
    with ctx.control(Text("who agreed is told of, who did not is hidden", "同意した人のことは答え、ほかは答えない")):
        for role in [one for one in (OFFICE, "medical_institution") if ctx.target.of_role(one)]:
            answer = scene.consents.decide_one(role, Question(person.user, CELL[1], CELL[2]))
            is_told = answer.permit or answer.reason not in ("", "unknown_subject")
            ctx.require(role, is_told, expected="told", actual=str(answer))
    for told, one in (("silent", silent), ("refusing somebody else", refusing)):
        for client in _strangers(scene, one):
            _nobody_and(scene, client, one, told)


@check("CONS-022", "user_api", alone=True)
def user_api_does_not_tell_who_exists(ctx: Context) -> None:
    """Reads as a client without any link to a person: they are answered as one who does not exist."""
    scene = Scene(ctx, fresh_clock=True)
    person, silent, refusing = scene.people(3)
    scene.give(person, CELL[1], [CELL[2]], [CELL[0]], modes=["normal"])
    scene.give(refusing, "disaster_support", ["safety"], ["family"], state="refused", modes=["normal"])
    hidden = {
        "silent": scene.user(_asker(scene, silent, person), silent),
        "refusing somebody else": scene.user(_asker(scene, refusing, person), refusing),
    }
    with ctx.control(Text("who agreed is shown, who did not is not", "同意した人だけが示される")):
        ctx.expect_status("getUser", scene.user(OFFICE, person), 200)
        for reply in hidden.values():
            ctx.expect("shown", expected={}, actual=basis_of(reply))
    for told, one in (("silent", silent), ("refusing somebody else", refusing)):
        path = {"sub": scene.ctx.fresh()}
        nobody = scene.city.call("getUser", _asker(scene, one, person), query={"purpose": CELL[1]}, path=path)
        reply = hidden[told]
        what = Text(f"getUser of a person {told}, against one who does not exist", f"getUser: {told} な人と、いない人")
        ctx.refused(what, _alike(reply, nobody), expected=_face(nobody), actual=_face(reply))


def _asker(scene: Scene, person: PersonAccount, other: PersonAccount) -> ClientAccount | PersonAccount:
    """The city office, or the app of another person where a record names the municipality."""
    named = {name for one in scene.left(person) for name in one.recipients}
    return other if "municipality" in named else scene.city.role(OFFICE)


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


def _strangers(scene: Scene, person: PersonAccount) -> list[ClientAccount]:
    """Clients that ask for decisions with a token of their own, and that no record of a person names.

    "association" names that of the person's home, which is among several; it is left out by what it is told.
    """
    named = {name for one in scene.left(person) for name in one.recipients}
    target = scene.ctx.target
    found = [*target.of_role(OFFICE)[:1], *target.of_role("medical_institution")[:1]]
    found = [one for one in found if one.recipient not in named]
    others = [one for one in scene.associations if one.recipient not in named]
    if "association" not in named:
        return [*found, *others[:1]]
    seen = [(_seen(scene, one, person.user, CELL[2]), one) for one in others[:3]]
    # At most one of them is of the person's home: if more are told something, the one left out is of no importance.
    told = [one for answer, one in seen if answer != _seen(scene, one, scene.ctx.fresh(), CELL[2])]
    return [*found, *(one for one in others[:3] if one not in told[:1])]


def _nobody_and(scene: Scene, client: ClientAccount, person: PersonAccount, told: str) -> None:
    """Demand that a client that has nothing to do with a person is told of them what it is told of nobody."""
    for category in (CELL[2], "location", "safety"):
        hidden = scene.consents.decide_one(client, Question(person.user, CELL[1], category))
        with scene.ctx.control(Text("a person who did not agree is denied", "同意していない人は開示しない")):
            scene.denied(Text("a person who did not agree", "同意していない人"), hidden)
        nobody = _seen(scene, client, scene.ctx.fresh(), category)
        what = Text(
            f"decision on {category} for {client.client_id}: a person {told}, against one who does not exist",
            f"{client.client_id} への {category} の判定: {told} な人と、いない人",
        )
        seen = _seen(scene, client, person.user, category)
        scene.ctx.refused(what, seen == nobody, expected=nobody, actual=seen)


def _seen(scene: Scene, client: ClientAccount, subject: str, category: str) -> dict[str, Any]:
    """A decision as a client without a link sees it, but for the time."""
    answer = scene.consents.decide_one(client, Question(subject, CELL[1], category))
    return {"decision": answer.permit, **{name: one for name, one in answer.context.items() if name != "evaluated_at"}}


def _face(reply: Reply) -> tuple[int, str, Mapping[str, Any]]:
    """What of an answer tells cases apart: not what differs from request to request."""
    told = {name: one for name, one in reply.members.items() if name not in ("instance", "trace_id", "request_id")}
    return reply.status, reply.media_type, told


def _alike(reply: Reply, other: Reply) -> bool:
    return _face(reply) == _face(other)
