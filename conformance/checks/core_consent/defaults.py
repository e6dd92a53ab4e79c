"""Defaults: friends, employers and derived data, which nothing but a consent of their own opens."""

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.core_consent.scene import CONSENT_CELL, FRIENDS, Scene
from conformance.city.consents import Question
from conformance.consent_model import CATEGORIES, MODES, PURPOSES
from conformance.context import Context
from conformance.contract.catalogue import load_consent_catalogue
from conformance.text import Text
from conformance.wire import Reply

DERIVED = "survey.derived"
DERIVED_PURPOSE = "survey_analysis"
"""The only purpose that derived data may be agreed to for. Source: need N18, contract C4."""


@check("CONS-012", alone=True)
def friends_are_told_nothing_by_default(ctx: Context) -> None:
    """Asks everything for acquaintance and employer, in each mode, of somebody who agreed for others only."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person()
    scene.closed(person, CONSENT_CELL)
    scene.give(person, "safety_inquiry", ["safety"], ["family", "public"], modes=list(MODES))
    everything = sorted(set(load_consent_catalogue().purposes["disaster_support"].categories))
    scene.give(person, "disaster_support", everything, ["family", "municipality"], modes=list(MODES))
    cells = [(friend, purpose, category) for friend in FRIENDS for purpose in PURPOSES for category in CATEGORIES]
    for mode in MODES:
        asked = [Question(person.user, purpose, category, who, mode) for who, purpose, category in cells]
        for question, answer in zip(asked, scene.consents.decide(person, asked), strict=True):
            what = Text(f"without a consent that names them: {question}", f"名指しの同意がない: {question}")
            scene.denied(what, answer)


@check("CONS-012", "explicit", alone=True)
def friends_are_told_what_was_agreed_to(ctx: Context) -> None:
    """Asks for an acquaintance after a consent that names acquaintances: it opens, to them alone."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person()
    cells = {who: (who, "safety_inquiry", "safety") for who in FRIENDS}
    scene.give(person, "safety_inquiry", ["safety"], ["acquaintance"], modes=["normal", "disaster"])
    scene.closed(person, CONSENT_CELL)
    with ctx.control(Text("a consent that names acquaintances counts", "知人を名指しした同意は効く")):
        scene.permitted(Text("acquaintance", "知人"), scene.ask(person, cells["acquaintance"], "disaster"))
    what = Text("employer, where acquaintances alone were agreed to", "知人だけに同意があるときの勤務先")
    scene.denied(what, scene.ask(person, cells["employer"], "disaster"))


@check("CONS-012", "inquiry", alone=True)
def inquiries_of_friends_find_nobody(ctx: Context) -> None:
    """Asks by name for somebody who reported to be safe, as acquaintance and employer, before and after a consent."""
    scene = Scene(ctx, fresh_clock=True)
    person, asker = scene.people(2)
    name = _name_of(scene, person)
    now = scene.town.now()
    scene.city.call("reportSafety", person, {"status": "safe", "observed_at": now})
    before = {who: _inquiry(scene, asker, who, name) for who in FRIENDS}
    public = _inquiry(scene, asker, "public", name)
    scene.give(person, "safety_inquiry", ["safety"], list(FRIENDS), modes=["normal"])
    after = {who: _inquiry(scene, asker, who, name) for who in FRIENDS}
    with ctx.control(
        Text("a consent that names them opens; others do not", "名指しの同意で開き、それ以外では開かない")
    ):
        ctx.expect("items after the consent", expected=dict.fromkeys(FRIENDS, 1), actual=_counts(after))
        ctx.expect("items for the public", expected=0, actual=len(public.members.get("items", ())))
    for who, reply in before.items():
        what = Text(f"inquiry of {who} without a consent", f"同意がないときの {who} からの照会")
        ctx.refused(what, not reply.members.get("items"), expected="no item", actual=reply.text[:300])


@check("CONS-019", alone=True)
def derived_data_need_a_consent_of_their_own(ctx: Context) -> None:
    """Agrees to every other category there is, asks for survey.derived, then agrees to that too."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person()
    scene.closed(person, CONSENT_CELL)
    for code, purpose in load_consent_catalogue().purposes.items():
        kinds = [kind for kind in purpose.recipients if kind != "service"]
        if code != DERIVED_PURPOSE and kinds:
            scene.give(person, code, purpose.categories, kinds, modes=list(MODES))
    scene.closed(person, ("municipality", "disaster_support", "lifelog"))
    recipients = ("family", "supporter", "association", "welfare", "municipality", "medical", "public")
    cells = [(who, purpose) for who in recipients for purpose in PURPOSES]
    asked = [Question(person.user, code, DERIVED, who, mode) for mode in MODES for who, code in cells]
    answers = scene.consents.decide(person, asked)
    scene.give(person, DERIVED_PURPOSE, [DERIVED], ["municipality"], modes=["normal"])
    with ctx.control(Text("a consent of its own opens survey.derived", "独立した同意があれば survey.derived は開く")):
        later = scene.ask(person, ("municipality", DERIVED_PURPOSE, DERIVED))
        scene.permitted(Text("survey.derived, agreed to", "同意のある survey.derived"), later)
    for question, answer in zip(asked, answers, strict=True):
        what = Text(f"agreed to everything but survey.derived: {question}", f"survey.derived 以外に同意: {question}")
        scene.denied(what, answer)


@check("CONS-019", "apart", alone=True)
def derived_data_are_not_agreed_to_by_the_way(ctx: Context) -> None:
    """Asks to record survey.derived along with survey answers: it must be agreed to apart."""
    scene = Scene(ctx)
    person = scene.person()
    alone = scene.consents.record(person, "shelter_life", ["survey"], ["municipality"])
    with ctx.control(Text("survey answers alone can be agreed to", "アンケートだけなら同意できる")):
        ctx.expect_status("createConsent", alone, 201)
    both = scene.consents.record(person, "shelter_life", ["survey", DERIVED], ["municipality"])
    what = Text("survey.derived together with survey", "survey と survey.derived を一緒に同意")
    ctx.refused_status(what, both, 400, 409, 422)


def _name_of(scene: Scene, person: PersonAccount) -> str:
    found = scene.city.call("getUser", person, path={"sub": person.user}).members.get("data", {})
    name = found.get("name") if isinstance(found, dict) else None
    if not name:
        scene.ctx.skip("the person's own name is not shown to them", "本人の氏名が本人に示されない")
    return str(name)


def _inquiry(scene: Scene, asker: PersonAccount, audience: str, name: str) -> Reply:
    return scene.city.call("listSafetyReports", asker, query={"audience": audience, "name": name})


def _counts(replies: dict[str, Reply]) -> dict[str, int]:
    return {who: len(reply.members.get("items", ())) for who, reply in replies.items()}
