"""On behalf: consents that staff wrote down or asked for, which the person sees, confirms, refuses and takes back."""

from datetime import datetime, timedelta
from typing import Any

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.core_consent.scene import OFFICE, Scene
from conformance.city.consents import Record, instant_s, needed
from conformance.context import Context
from conformance.text import Text

CELL = ("municipality", "disaster_support", "location")
ON_THE_SPOT: dict[str, Any] = {"evidence": {"kind": "face_to_face", "reference": "desk"}}
ROLES = (OFFICE, "shelter_desk")
"""Roles whose clients may write down what a person says. Source: contract, roles.toml, consents.write.behalf."""


@check("CONS-013", alone=True)
def staff_consents_are_marked(ctx: Context) -> None:
    """Has staff record consents (staff, proxy) for a person, who finds them marked, and withdraws them."""
    scene = Scene(ctx)
    person = scene.person()
    for role, method in (*((role, "staff") for role in ROLES if ctx.target.of_role(role)), (OFFICE, "proxy")):
        record = _written_down(scene, person, role, method)
        listed = [one for one in scene.consents.of(person) if one.get("record_id") == record.get("record_id")]
        what = Text(f"consent recorded by {role} in the person's list", f"{role} が記録した同意が本人の一覧にある数")
        ctx.expect(what, expected=1, actual=len(listed))
        read = needed(scene.city.call("getConsent", person, path=_where(record)), "getConsent", 200)
        for place, one in (("listConsents", listed[0]), ("getConsent", read), ("createConsent", record)):
            _is_marked(ctx, scene, one, method, role, place)
        reply = scene.consents.act("withdrawConsent", person, record)
        ctx.expect_status(Text("the person withdraws it", "本人がこれを撤回する"), reply, 200)
        ctx.expect("state", expected="withdrawn", actual=reply.members.get("state"))


@check("CONS-013", "unmarked", alone=True)
def staff_cannot_pass_for_the_person(ctx: Context) -> None:
    """Has staff record a consent as the person's own, without a mark or evidence: refused, or marked all the same."""
    scene = Scene(ctx)
    person = scene.person()
    right = scene.consents.record(OFFICE, CELL[1], [CELL[2]], [CELL[0]], **_body(person, "staff"))
    with ctx.control(Text("staff may record with a mark and evidence", "職員は印と証拠を付けて記録できる")):
        ctx.expect_status("createConsent", right, 201)
    bodies = {"method self": _body(person, "self"), "no method": {"subject": {"sub": person.user}}}
    for told, body in bodies.items():
        reply = scene.consents.record(OFFICE, CELL[1], [CELL[2]], [CELL[0]], **body)
        events = reply.members.get("events") or [{}]
        methods = [one.get("method") for one in events if isinstance(one, dict)]
        as_own = reply.status == 201 and "self" in methods
        what = Text(f"a staff consent with {told}", f"職員による同意({told})")
        ctx.refused(what, not as_own, expected="refused, or marked", actual=f"{reply.status}, method {methods}")


@check("CONS-027", alone=True)
def what_is_asked_for_counts_when_confirmed(ctx: Context) -> None:
    """Asks a person for a consent: it counts when they give it and not before; each step is on record."""
    scene = Scene(ctx, fresh_clock=True)
    person, silent = scene.people(2)
    scene.closed(silent, CELL)
    record = _asked(scene, person)
    before = scene.ask(person, CELL)
    given = needed(scene.consents.act("giveConsent", person, record), "giveConsent", 200)
    ctx.expect(Text("state when asked for", "求められたときの state"), expected="requested", actual=record.get("state"))
    what = Text("decision before the person confirmed", "本人が確かめる前の判定")
    scene.denied(what, before)
    scene.later()
    ctx.expect("state", expected="given", actual=given.get("state"))
    what = Text("decision after the person confirmed", "本人が確かめた後の判定")
    scene.permitted(what, scene.ask(person, CELL))
    _events(ctx, scene, person, given, ["request", "give"])


@check("CONS-027", "refused", alone=True)
def what_is_asked_for_may_be_refused(ctx: Context) -> None:
    """Asks a person, who refuses: nothing opens, it cannot be given later by the way, and the refusal is on record."""
    scene = Scene(ctx, fresh_clock=True)
    person, silent = scene.people(2)
    scene.closed(silent, CELL)
    record = _asked(scene, person)
    reply = scene.consents.act("refuseConsent", person, record)
    ctx.expect_status("refuseConsent", reply, 200)
    ctx.expect("state", expected="refused", actual=reply.members.get("state"))
    scene.denied(Text("decision after the refusal", "断った後の判定"), scene.ask(person, CELL))
    late = scene.consents.act("giveConsent", person, record)
    with ctx.control(Text("another request can be given", "別の求めには同意できる")):
        ctx.expect_status("giveConsent", scene.consents.act("giveConsent", person, _asked(scene, person)), 200)
    ctx.refused_status(Text("giving what was refused", "断ったものに同意する"), late, 409)
    _events(ctx, scene, person, record, ["request", "refuse"])


@check("CONS-027", "renewed", alone=True)
def consents_are_renewed(ctx: Context) -> None:
    """Renews a consent: it runs longer and is marked as renewed; what was withdrawn cannot be renewed."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person()
    end = (datetime.fromisoformat(scene.town.now()) + timedelta(hours=1)).isoformat()
    record = scene.give(person, CELL[1], [CELL[2]], [CELL[0]], modes=["normal"], valid_until=end)
    reply = scene.consents.act("renewConsent", person, record)
    ctx.expect_status("renewConsent", reply, 200)
    renewed = reply.members
    ctx.expect("state", expected="renewed", actual=renewed.get("state"))
    later = instant_s(str(renewed.get("valid_until"))) - instant_s(end)
    what = Text("valid_until after the renewal", "延ばした後の valid_until")
    ctx.require(what, later > 0, expected=f"later than {end}", actual=renewed.get("valid_until"))
    after = (datetime.fromisoformat(end) + timedelta(hours=1)).isoformat()
    what = Text("decision after the first end of a renewed consent", "延ばした同意の、元の期限の後の判定")
    scene.permitted(what, scene.ask(person, CELL, at=after))
    _events(ctx, scene, person, renewed, ["give", "renew"])
    with ctx.control(Text("a consent that holds can be renewed", "効いている同意は延ばせる")):
        ctx.expect_status("renewConsent", scene.consents.act("renewConsent", person, record), 200)
    scene.consents.withdraw(person, record)
    late = scene.consents.act("renewConsent", person, record)
    ctx.refused_status(Text("renewing what was withdrawn", "撤回したものを延ばす"), late, 409)


def _body(person: PersonAccount, method: str) -> dict[str, Any]:
    return {"subject": {"sub": person.user}, "method": method, **ON_THE_SPOT}


def _written_down(scene: Scene, person: PersonAccount, role: str, method: str) -> Record:
    return scene.give(scene.city.role(role), CELL[1], [CELL[2]], [CELL[0]], **_body(person, method))


def _asked(scene: Scene, person: PersonAccount) -> Record:
    """A consent that the city office asked a person for."""
    return scene.give(
        scene.city.role(OFFICE), CELL[1], [CELL[2]], [CELL[0]], state="requested", subject={"sub": person.user}
    )


def _where(record: Record) -> dict[str, str]:
    return {"consent_id": str(record["record_id"])}


def _is_marked(ctx: Context, scene: Scene, record: Record, method: str, role: str, place: str) -> None:
    """Demand that the event that made a record says that staff did, and by which evidence."""
    events = [one for one in record.get("events", ()) if isinstance(one, dict)]
    if not events:
        ctx.skip("the record has no events at all (CONS-017)", "記録に出来事が一つもない(CONS-017)")
    made = events[0]
    client_id = scene.city.role(role).client_id
    told = {"method": method, "entity_id": client_id, "evidence": "face_to_face"}
    evidence = made.get("evidence")
    kind = evidence.get("kind") if isinstance(evidence, dict) else evidence
    seen = {"method": made.get("method"), "entity_id": made.get("entity_id"), "evidence": kind}
    what = Text(f"mark of a consent recorded by {role} ({place})", f"{role} が記録した同意の印({place})")
    ctx.expect(what, expected=told, actual=seen)


def _events(ctx: Context, scene: Scene, person: PersonAccount, record: Record, wanted: list[str]) -> None:
    read = needed(scene.city.call("getConsent", person, path=_where(record)), "getConsent", 200)
    seen = [one.get("type") for one in read.get("events", ()) if isinstance(one, dict)]
    if not seen:
        ctx.skip("the record has no events at all (CONS-017)", "記録に出来事が一つもない(CONS-017)")
    ctx.expect(Text("events of the record", "記録の出来事"), expected=wanted, actual=seen)
