"""Agreement: the list of users, single decisions and UserInfo say the same, and more consent never means less."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.core_consent.scene import OFFICE, SHOWN, Scene, bases, basis_of
from conformance.city.consents import Question, needed
from conformance.consent_model import CATEGORIES, MODES
from conformance.context import Context
from conformance.oidc.relying_party import Session
from conformance.outcomes import Unmet
from conformance.text import Text
from conformance.wire import Reply

PURPOSE = "disaster_support"
PAGES = 8
"""So many pages of the list of users are read at least; a whole town has hundreds."""
PAIRS = (
    ("name", "name"),
    ("birth_date", "birthdate"),
    ("sex", "gender"),
    ("address", "address"),
    ("phone", "phone_number"),
    ("email", "email"),
)
"""Members of the user API and the claims of UserInfo that say the same. Source: contract, UserData; OIDCC 5.1."""


@check("CONS-008", alone=True)
def list_and_decisions_agree(ctx: Context) -> None:
    """Compares the list of all users with the decisions one by one, for people who agreed to different things."""
    scene = Scene(ctx, fresh_clock=True)
    first, second, _ = scene.people(3, reached=True)
    scene.give(first, PURPOSE, ["profile.basic", "profile.contact"], ["municipality"], modes=["normal"])
    scene.give(second, PURPOSE, ["support_flag"], ["municipality"], modes=["normal", "disaster"])
    for mode in ("normal", "disaster"):
        if mode == "disaster":
            scene.town.declare("disaster")
        for purpose in (PURPOSE, "evacuation_support"):
            _list_agrees(scene, purpose, mode)


@check("CONS-009", alone=True)
def userinfo_and_user_api_agree(ctx: Context) -> None:
    """Signs in and compares UserInfo with the user API for the same token, before and after consents are withdrawn."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person()
    rp = ctx.rp.as_person(person)
    session = rp.sign_in(scope="openid profile email address phone users.read")
    both = _both(ctx, scene, session)
    with ctx.control(Text("both tell something of a person who agreed", "同意した人について両方が答える")):
        ctx.require(
            "shared members", any(_told(both[0], name) for name, _ in PAIRS), expected="some", actual=both[0].text
        )
    _same(ctx, both, Text("after signing in", "サインインの後"))
    recipient = f"service:{rp.client.client_id}"
    for record in scene.consents.of(person):
        if recipient in record.get("recipients", ()) and record.get("state") in ("given", "renewed"):
            scene.consents.withdraw(person, record)
    both = _both(ctx, scene, session)
    with ctx.control(Text("the user API follows the withdrawal", "利用者情報APIが撤回に従う")):
        ctx.expect("shown by getUser", expected={}, actual=basis_of(both[0]))
    _same(ctx, both, Text("after the consent was withdrawn", "同意を撤回した後"))
    scene.give(person, "personal_service", ["profile.contact"], [recipient], modes=list(MODES))
    what = Text("after a consent to profile.contact alone", "profile.contact だけに同意した後")
    _same(ctx, _both(ctx, scene, session), what)


@check("CONS-010", alone=True)
def widening_never_removes(ctx: Context) -> None:
    """Adds consents to a person's, for other categories, recipients, modes and times: what was open stays open."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person()
    scene.give(person, PURPOSE, ["location", "profile.contact"], ["municipality", "association"], modes=["normal"])
    before = _open(scene, person)
    with ctx.control(Text("a consent opens something", "同意により何かが開く")):
        ctx.require("open cells", before, expected="some", actual=len(before))
    soon = {"valid_until": _soon(scene)}
    steps: Sequence[tuple[str, Sequence[str], Sequence[str], dict[str, Any]]] = (
        ("another category", ["family"], ["municipality"], {"modes": ["normal"]}),
        ("another recipient", ["location"], ["medical"], {"modes": ["normal"]}),
        ("another mode", ["location", "profile.contact"], ["municipality"], {"modes": ["disaster"]}),
        ("all modes", ["location"], ["municipality"], {"modes": list(MODES)}),
        ("the same for a shorter time", ["location"], ["municipality"], {"modes": ["normal"], **soon}),
    )
    for told, categories, recipients, more in steps:
        scene.give(person, PURPOSE, categories, recipients, **more)
        after = _open(scene, person)
        what = Text(f"closed by a further consent ({told})", f"同意を加えたために閉じたもの({told})")
        ctx.expect(what, expected=[], actual=sorted(before - after))
        before = after


@check("CONS-010", "withdrawing", alone=True)
def withdrawing_never_adds(ctx: Context) -> None:
    """Withdraws consents that overlap, one after another: nothing opens, and what another covers stays open."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person()
    given = [
        scene.give(person, PURPOSE, ["location", "family"], ["municipality"], modes=list(MODES)),
        scene.give(person, PURPOSE, ["location"], ["municipality", "association"], modes=["normal", "disaster"]),
        scene.give(person, "evacuation_support", ["location"], ["association"], modes=["normal"]),
    ]
    before = _open(scene, person)
    with ctx.control(Text("consents open something", "同意により何かが開く")):
        ctx.require("open cells", before, expected="some", actual=len(before))
    for number, record in enumerate(given):
        scene.consents.withdraw(person, record)
        after = _open(scene, person)
        what = Text(f"opened by withdrawal {number + 1}", f"撤回{number + 1}で開いたもの")
        ctx.expect(what, expected=[], actual=sorted(after - before))
        before = after


def _list_agrees(scene: Scene, purpose: str, mode: str) -> None:
    """Demand that everybody is listed with what single decisions say, and not listed where they deny all."""
    query = {"purpose": purpose, "limit": 500}
    people = scene.ctx.target.people
    asked = [Question(one.user, purpose, category) for one in people for category in SHOWN]
    answers = scene.consents.decide(OFFICE, asked)
    wanted = {question.subject for question, answer in zip(asked, answers, strict=True) if answer.permit}
    listed = _listed(scene, query, wanted)
    with scene.ctx.control(Text("nothing is listed by law in normal times", "平時に法令で一覧に出るものはない")):
        by_law = sorted(who for who, shown in listed.items() if mode == "normal" and "statutory" in shown.values())
        scene.ctx.expect("listed by law in normal times", expected=[], actual=by_law)
    said: dict[str, dict[str, str]] = {one.user: {} for one in people}
    for question, answer in zip(asked, answers, strict=True):
        if answer.permit:
            said[question.subject][question.category] = answer.basis
    with scene.ctx.control(
        Text("somebody is open in the list or in decisions", "一覧か判定のどちらかで開いている人がいる")
    ):
        scene.ctx.require(
            "open", listed or any(said.values()) or purpose != PURPOSE, expected="somebody", actual=listed
        )
    for one in people:
        what = Text(
            f"listUsers against single decisions, {purpose}, {mode}, person {one.user}",
            f"listUsers と一件ずつの判定({purpose}、{mode}、{one.user})",
        )
        scene.ctx.expect(what, expected=said[one.user], actual=listed.get(one.user, {}))


def _listed(scene: Scene, query: Mapping[str, Any], wanted: set[str]) -> dict[str, dict[str, str]]:
    """Bases of the users listed, by their identifier: of all pages until ``wanted`` are there, and of a good many."""
    listed: dict[str, dict[str, str]] = {}
    for number, page in enumerate(scene.city.pages("listUsers", OFFICE, query), start=1):
        items = needed(page, "listUsers", 200).get("items", ())
        listed |= {str(one.get("sub")): bases(one) for one in items if isinstance(one, dict)}
        if number >= PAGES and wanted <= listed.keys():
            break
    return listed


def _both(ctx: Context, scene: Scene, session: Session) -> tuple[Reply, Reply]:
    """UserInfo and the user API with the same token."""
    subject = str(session.id_token.claims.get("sub", ""))
    url = scene.city.url("getUser", {"sub": subject}) + "?purpose=personal_service"
    user = ctx.wire.send("GET", url, headers={"authorization": f"Bearer {session.access_token}"})
    info = ctx.rp.userinfo(session.access_token)
    if info.status != 200 or user.status not in (200, 403, 404):
        raise Unmet(f"UserInfo {info.status}, getUser {user.status} {user.text[:120]}")
    return user, info


def _same(ctx: Context, both: tuple[Reply, Reply], when: Text) -> None:
    user, info = both
    for name, claim in PAIRS:
        what = Text(
            f"{name} of getUser, {claim} of UserInfo, {when.en}", f"{when.ja}、getUser の {name} と UserInfo の {claim}"
        )
        ctx.expect(what, expected=_told(user, name), actual=_claim(info.members, claim))


def _told(reply: Reply, name: str) -> Any:
    data = reply.members.get("data")
    found = data.get(name) if isinstance(data, dict) and reply.status == 200 else None
    return None if found in ("", "unknown") else found


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    found = claims.get(name)
    return found.get("formatted") if name == "address" and isinstance(found, dict) else found


def _open(scene: Scene, person: PersonAccount) -> set[tuple[str, ...]]:
    """Cells that are open to recipients by consent, in each mode."""
    recipients = ("municipality", "association", "medical", "family")
    asked = [
        Question(person.user, purpose, category, who, mode)
        for purpose in (PURPOSE, "evacuation_support")
        for who in recipients
        for mode in MODES
        for category in CATEGORIES
    ]
    answers = scene.consents.decide(person, asked)
    return {tuple(one[1:5]) for one, answer in zip(asked, answers, strict=True) if answer.permit}


def _soon(scene: Scene) -> str:
    return (datetime.fromisoformat(scene.town.now()) + timedelta(hours=1)).isoformat()
