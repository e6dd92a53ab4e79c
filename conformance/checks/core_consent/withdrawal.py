"""Withdrawal and expiry: from when a consent opens nothing any more, at the decision, in copies and in tokens."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.core_consent.scene import CONSENT_CELL, OFFICE, Scene, basis_of, wait_until
from conformance.city.consents import Question
from conformance.context import Context
from conformance.oidc.relying_party import Session
from conformance.outcomes import Unmet
from conformance.target import with_sandbox
from conformance.text import Text
from conformance.wire import Reply

DECISIONS_S, COPIES_S = 5.0, 60.0
"""Within how many seconds a withdrawal holds. Source: contract C4, evaluation; requirement CONS-004."""
SHOWN = "profile.contact"
"""A category that the user API shows and that no clause gives the municipality."""
CELL = ("municipality", "disaster_support", SHOWN)


@check("CONS-004", alone=True)
def withdrawal_holds_for_decisions(ctx: Context) -> None:
    """Withdraws a consent and asks at once, for up to 5 s: decisions by person and client, and the user API."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person()
    record = scene.give(person, CELL[1], [SHOWN], [CELL[0]], modes=["normal", "drill", "disaster"])
    scene.closed(person, CONSENT_CELL)
    with ctx.control(Text("the consent counts", "同意が効く")):
        ctx.expect(
            "open before", expected=[], actual=[name for name, is_open in _seen(scene, person).items() if not is_open]
        )
        _nothing_else(scene, person)
    reply = scene.consents.act("withdrawConsent", person, record)
    ctx.expect_status("withdrawConsent", reply, 200)
    wait_until(lambda: not any(_seen(scene, person).values()), DECISIONS_S)
    still = [name for name, is_open in _seen(scene, person).items() if is_open]
    what = Text("open 5 s after the withdrawal", "撤回から5秒後になお開いているもの")
    ctx.refused(what, not still, expected="nothing", actual=", ".join(still))


@check("CONS-004", "copies", alone=True)
def withdrawal_reaches_copies(ctx: Context) -> None:
    """Withdraws a consent and reads the list of users for up to 60 s; and no answer may be kept for longer."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person()
    record = scene.give(person, CELL[1], [SHOWN], [CELL[0]], modes=["normal"])
    reply = scene.user(OFFICE, person)
    with ctx.control(Text("the consent counts", "同意が効く")):
        ctx.expect("listUsers", expected="consent", actual=scene.listed(person).get(SHOWN))
        ctx.expect("getUser", expected="consent", actual=basis_of(reply).get(SHOWN))
        ctx.expect(
            "listUsers, of what was not agreed to", expected=None, actual=scene.listed(person).get("support_flag")
        )
    question = Question(person.user, CELL[1], SHOWN)
    decision = scene.city.call("decideConsents", OFFICE, question.body)
    listing = scene.city.call("listUsers", OFFICE, query={"purpose": CELL[1]})
    for name, one in (("getUser", reply), ("decideConsents", decision), ("listUsers", listing)):
        kept_s = _kept_s(one)
        what = Text(f"{name}: seconds that its answer may be kept", f"{name}: 答えを手元に置いてよい秒数")
        ctx.require(what, kept_s <= COPIES_S, expected="at most 60", actual=f"{kept_s:g}")
    scene.consents.withdraw(person, record)
    with ctx.control(Text("getUser follows the withdrawal", "getUser が撤回に従う")):
        gone = wait_until(lambda: SHOWN not in basis_of(scene.user(OFFICE, person)), DECISIONS_S)
        ctx.expect("closed in getUser within 5 s", expected=True, actual=gone)
    wait_until(lambda: SHOWN not in scene.listed(person), COPIES_S)
    what = Text("listUsers 60 s after the withdrawal", "撤回から60秒後の listUsers")
    ctx.refused(what, SHOWN not in scene.listed(person), expected=f"without {SHOWN}", actual=f"with {SHOWN}")


@check("CONS-005", alone=True)
def consent_ends_at_its_instant(ctx: Context) -> None:
    """Asks for the second before valid_until, for this very instant (in two offsets) and for the second after."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person()
    end = _whole_second(scene, 3600)
    scene.give(person, CELL[1], [SHOWN], [CELL[0]], modes=["normal"], valid_until=end.isoformat())
    before = scene.ask(person, CELL, at=(end - timedelta(seconds=1)).isoformat())
    with ctx.control(Text("a second before its end the consent counts", "期限の1秒前に同意が効く")):
        scene.permitted(Text("a second before valid_until", "valid_until の1秒前"), before)
    never = scene.ask(person, CONSENT_CELL, at=end.isoformat())
    with ctx.control(Text("what nobody agreed to is denied", "同意のないものは開示しない")):
        scene.denied(Text("asked without any consent", "同意なしに尋ねる"), never)
    utc = end.astimezone(UTC).isoformat()
    for when in (end.isoformat(), utc, (end + timedelta(seconds=1)).isoformat(), (end + timedelta(days=1)).isoformat()):
        what = Text(
            f"decision for {when}, valid_until {end.isoformat()}", f"{when} の判定(valid_until は {end.isoformat()})"
        )
        scene.denied(what, scene.ask(person, CELL, at=when))


@check("CONS-005", "clock", when=(with_sandbox,), alone=True)
def consent_ends_as_time_goes_on(ctx: Context) -> None:
    """Sets the sandbox's clock shortly before and shortly after valid_until, and reads as the city office."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person()
    end = _whole_second(scene, 7200)
    scene.give(person, CELL[1], [SHOWN], [CELL[0]], modes=["normal"], valid_until=end.isoformat())
    scene.advance(7200 - 120)
    seen = {**_seen(scene, person), "listUsers": SHOWN in scene.listed(person)}
    with ctx.control(Text("two minutes before its end the consent counts", "期限の2分前に同意が効く")):
        _nothing_else(scene, person)
        ctx.expect("closed too early", expected=[], actual=[name for name, is_open in seen.items() if not is_open])
        ctx.expect(
            "listUsers, of what was not agreed to", expected=None, actual=scene.listed(person).get("support_flag")
        )
    scene.advance(121)
    seen = {**_seen(scene, person), "listUsers": SHOWN in scene.listed(person)}
    still = [name for name, is_open in seen.items() if is_open]
    what = Text("open after valid_until", "valid_until の後になお開いているもの")
    ctx.refused(what, not still, expected="nothing", actual=", ".join(still))


@check("CONS-018", alone=True)
def tokens_end_with_their_consent(ctx: Context) -> None:
    """Signs in with a consent asked for and withdraws it: access and refresh token end, those of others do not."""
    scene = Scene(ctx)
    person = scene.person()
    rp = ctx.rp.as_person(person)
    recipient = f"service:{rp.client.client_id}"
    detail = {"type": "cityos_consent", "purpose": "personal_service", "datatypes": [SHOWN], "recipients": [recipient]}
    details = json.dumps([{**detail, "modes": ["normal"]}])
    other = rp.sign_in(scope="openid offline_access")
    session = rp.sign_in(scope="openid offline_access", authorization_details=details)
    records = [one for one in scene.consents.of(person) if recipient in one.get("recipients", ())]
    opens = _opens(ctx, session)
    with ctx.control(Text("the tokens work, and rest on a consent", "トークンが使え、同意に基づいている")):
        ctx.expect("tokens that work", expected=dict.fromkeys(opens, True), actual=opens)
        ctx.require("records of the sign-in", records, expected="a consent record", actual=records)
    for record in records:
        scene.consents.withdraw(person, record)
    wait_until(lambda: not any(_opens(ctx, session).values()), DECISIONS_S)
    still = [name for name, works in _opens(ctx, session).items() if works]
    what = Text("tokens that work after the withdrawal", "撤回した後も使えるトークン")
    ctx.refused(what, not still, expected="none", actual=", ".join(still))
    refreshed = "access_token" in rp.refresh(str(session.tokens.get("refresh_token", ""))).members
    if session.tokens.get("refresh_token"):
        what = Text("refresh token after the withdrawal", "撤回した後のリフレッシュトークン")
        ctx.refused(what, not refreshed, expected="refused", actual="a new access token")
    what = Text("tokens of a sign-in that rests on no consent", "同意に基づかないサインインのトークン")
    kept = _opens(ctx, other)
    ctx.expect(what, expected=dict.fromkeys(kept, True), actual=kept)


def _opens(ctx: Context, session: Session) -> dict[str, bool]:
    """Where an access token works: UserInfo, and introspection where the client may ask."""
    works = {"userinfo": ctx.rp.userinfo(session.access_token).status == 200}
    if ctx.target.endpoint("introspection_endpoint"):
        works["introspection"] = ctx.rp.introspect(session.access_token).members.get("active") is True
    return works


def _seen(scene: Scene, person: PersonAccount) -> dict[str, bool]:
    """Where the category is open to the city office now."""
    looks: dict[str, Callable[[], bool]] = {
        "decideConsents of the person": lambda: scene.ask(person, CELL).permit,
        "decideConsents of the client": lambda: scene.asked_by(OFFICE, person, CELL).permit,
        "getUser": lambda: SHOWN in basis_of(scene.user(OFFICE, person)),
    }
    return {name: look() for name, look in looks.items()}


def _nothing_else(scene: Scene, person: PersonAccount) -> None:
    """Demand, in a control, that the user API shows nothing that was not agreed to."""
    seen = basis_of(scene.user(OFFICE, person)).get("support_flag")
    scene.ctx.expect("getUser, of what was not agreed to", expected=None, actual=seen)


def _kept_s(reply: Reply) -> float:
    """How long a cache may use an answer without asking again (RFC 9111 4.2.1); 0 where that is not said.

    Raises:
        Unmet: It was not answered.
    """
    if reply.status != 200:
        raise Unmet(Text(f"{reply.url}: {reply.status}", f"{reply.url}: {reply.status}"))
    control = reply.header("cache-control").lower()
    if "no-store" in control or "no-cache" in control:
        return 0.0
    found = re.search(r"max-age\s*=\s*\"?(\d+)", control)
    return float(found.group(1)) if found else 0.0


def _whole_second(scene: Scene, after_s: float) -> datetime:
    """An instant of a whole second after the city OS's time."""
    return (datetime.fromisoformat(scene.town.now()) + timedelta(seconds=after_s)).replace(microsecond=0)
