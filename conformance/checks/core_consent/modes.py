"""Modes: what holds in normal times, in drills and in disasters, and what closes when a disaster ends."""

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.core_consent.decisions import STATUTES
from conformance.checks.core_consent.scene import LAW_CELL, OFFICE, Scene, basis_of, wait_until
from conformance.city.consents import Question
from conformance.consent_model import by_the_book
from conformance.context import Context
from conformance.text import Text

BY_MODES = {
    "location": ("normal",),
    "family": ("disaster",),
    "medication_condition": ("drill",),
    "survey": ("normal", "drill"),
    "plan": ("drill", "disaster"),
    "profile.contact": ("normal", "drill", "disaster"),
}
"""Categories of disaster_support that no clause gives the municipality, each agreed to for other modes."""
NEVER = ("municipality", "disaster_support", "household")
"""A cell that is never agreed to."""
CLOSES_S = 5.0
"""Within how many seconds a decision follows what was changed. Source: contract C4, evaluation (5 s for decisions)."""


@check("CONS-002", alone=True)
def modes_do_not_imply_each_other(ctx: Context) -> None:
    """Asks consents for each set of modes in normal times and in a disaster, and the statutes in normal times."""
    scene = Scene(ctx, fresh_clock=True)
    person = _agreed(scene)
    scene.closed(person, NEVER)
    scene.closed(person, NEVER, mode="disaster")
    with ctx.control(Text("a consent for all modes counts in each", "すべてのモードの同意はどのモードでも効く")):
        _by_modes(scene, person, "profile.contact", "normal", "disaster")
    for category in BY_MODES:
        _by_modes(scene, person, category, "normal", "disaster")
    for recipient, purpose, category in STATUTES:
        answer = scene.ask(person, (recipient, purpose, category), "normal")
        what = Text(f"statute for {recipient}, {category} in normal times", f"平時に法令で {recipient} に {category}")
        scene.denied(what, answer)


@check("CONS-002", "held", alone=True)
def the_mode_that_holds_counts(ctx: Context) -> None:
    """Reads people before and in a declared disaster; one agreed for normal times, the other for disasters."""
    scene = Scene(ctx, fresh_clock=True)
    calm, struck = scene.people(2, reached=True)
    for person, mode in ((calm, "normal"), (struck, "disaster")):
        scene.give(person, "disaster_support", ["profile.contact"], ["municipality"], modes=[mode])
    before = [scene.user(OFFICE, one) for one in (calm, struck)]
    early = [scene.asked_by(OFFICE, one, (*LAW_CELL[:2], "profile.contact")) for one in (calm, struck)]
    declared = scene.town.declare("disaster")
    after = [scene.user(OFFICE, one) for one in (calm, struck)]
    late = [scene.asked_by(OFFICE, one, (*LAW_CELL[:2], "profile.contact")) for one in (calm, struck)]
    scene.town.end(declared)
    with ctx.control(Text("each consent counts in its mode", "それぞれの同意はそのモードで効く")):
        scene.no_law(*before)
        ctx.expect("support_flag, not agreed to", expected=None, actual=basis_of(before[0]).get("support_flag"))
        for reply, answer in ((before[0], early[0]), (after[1], late[1])):
            ctx.expect("profile.contact", expected="consent", actual=basis_of(reply).get("profile.contact"))
            scene.permitted(Text("profile.contact", "profile.contact"), answer)
    for reply, answer, en, ja in (
        (before[1], early[1], "a consent for disasters, read in normal times", "災害時の同意を平時に読む"),
        (after[0], late[0], "a consent for normal times, read in a disaster", "平時の同意を災害時に読む"),
    ):
        ctx.expect(
            Text(f"profile.contact in getUser: {en}", f"getUser の profile.contact: {ja}"),
            expected=None,
            actual=basis_of(reply).get("profile.contact"),
        )
        scene.denied(Text(f"decision: {en}", f"判定: {ja}"), answer)


@check("CONS-025", alone=True)
def a_drill_takes_its_own_consents(ctx: Context) -> None:
    """Asks consents for each set of modes in a drill: by the mode in the question, and in a declared drill."""
    scene = Scene(ctx, fresh_clock=True)
    person = _agreed(scene, reached=True)
    scene.closed(person, NEVER, mode="drill")
    with ctx.control(Text("outside of drills consents count in their modes", "訓練の外では同意がモードどおりに効く")):
        for category in BY_MODES:
            _by_modes(scene, person, category, "normal", "disaster")
    for category in BY_MODES:
        _by_modes(scene, person, category, "drill")
    scene.town.declare("drill")
    for category, modes in BY_MODES.items():
        answer = scene.asked_by(OFFICE, person, ("municipality", "disaster_support", category))
        what = Text(
            f"{category} agreed to for {', '.join(modes)}, in a declared drill",
            f"宣言された訓練で {category}({', '.join(modes)} の同意)",
        )
        ctx.expect(what, expected="drill" in modes, actual=answer.permit)


@check("CONS-003", alone=True)
def a_drill_is_no_disaster_to_the_law(ctx: Context) -> None:
    """Asks every cell of the statutes for a drill, of a person who agreed to nothing."""
    scene = Scene(ctx)
    person = scene.person()
    # A withdrawal is a refusal too, against which some clauses open nothing (scene.left).
    cells = [one for one in STATUTES if by_the_book(scene.left(person), *one, "disaster", 0.0).permit]
    normal, drill, disaster = (
        scene.consents.decide(person, [Question(person.user, one[1], one[2], one[0], mode) for one in cells])
        for mode in ("normal", "drill", "disaster")
    )
    with ctx.control(Text("the law opens in a disaster, not in normal times", "法令は災害時に開き、平時に開かない")):
        for before, during in zip(normal, disaster, strict=True):
            scene.denied(Text("in normal times", "平時"), before)
            scene.permitted(Text("in a disaster", "災害時"), during, "statutory")
    for cell, answer in zip(cells, drill, strict=True):
        told = ", ".join(cell)
        scene.denied(Text(f"decision in a drill: {told}", f"訓練での判定: {told}"), answer)


@check("CONS-003", "held", alone=True)
def a_declared_drill_opens_no_register(ctx: Context) -> None:
    """Reads the same person in normal times, in a declared drill and in a declared disaster."""
    scene = Scene(ctx)
    person = scene.person(reached=True)
    normal = scene.law_reads(person)
    register_before = _register(scene)
    drill = scene.town.declare("drill")
    drilled, register_drilled = scene.law_reads(person), _register(scene)
    scene.town.end(drill)
    disaster = scene.town.declare("disaster")
    opened = scene.law_reads(person)
    scene.town.end(disaster)
    with ctx.control(Text("the law opens in a disaster, not in normal times", "法令は災害時に開き、平時に開かない")):
        ctx.expect("in normal times", expected=dict.fromkeys(normal, False), actual=normal)
        ctx.expect("in a disaster", expected=dict.fromkeys(opened, True), actual=opened)
    for operation, shown in drilled.items():
        what = Text(f"{operation} shows by law in a drill", f"訓練で {operation} が法令を根拠に示す")
        ctx.expect(what, expected=False, actual=shown)
    what = Text(
        "entries of the support register in a drill, against normal times", "訓練での要支援者名簿の件数(平時と比べて)"
    )
    ctx.expect(what, expected=register_before, actual=register_drilled)


@check("CONS-014", alone=True)
def the_end_closes_what_the_disaster_opened(ctx: Context) -> None:
    """Reads a person by law in a disaster, and again after its end: by ending it, and by declaring normal times."""
    scene = Scene(ctx, fresh_clock=True)
    person, agreeing = scene.people(2, reached=True)
    scene.give(agreeing, "disaster_support", ["profile.contact"], ["municipality"], modes=["disaster"])
    with ctx.control(Text("asked for normal times, nothing is open by law", "平時として尋ねれば法令では開かない")):
        scene.denied(Text("by the person, mode normal", "本人が mode normal で尋ねる"), scene.ask(person, LAW_CELL))
        contact = ("municipality", "disaster_support", "profile.contact")
        scene.denied(Text("by the person, mode normal", "本人が mode normal で尋ねる"), scene.ask(agreeing, contact))
    for way in ("updateDisasterEvent", "declareDisaster"):
        declared = scene.town.declare("disaster")
        opened, consented = scene.law_reads(person), basis_of(scene.user(OFFICE, agreeing)).get("profile.contact")
        with ctx.control(Text("the disaster opens", "災害時には開く")):
            ctx.expect("shown by law", expected=dict.fromkeys(opened, True), actual=opened)
            ctx.expect("shown by consent", expected="consent", actual=consented)
        if way == "updateDisasterEvent":
            scene.town.end(declared)
        else:
            scene.town.declare("normal")
        _closed(scene, person, agreeing, way)


def _closed(scene: Scene, person: PersonAccount, agreeing: PersonAccount, way: str) -> None:
    """Demand that soon nothing is open any more that the disaster opened."""

    def seen() -> dict[str, bool]:
        contact = basis_of(scene.user(OFFICE, agreeing)).get("profile.contact")
        return {**scene.law_reads(person), "getUser by a consent for disasters": contact is not None}

    wait_until(lambda: not any(seen().values()), CLOSES_S)
    what = Text(f"still shown after the disaster was ended by {way}", f"{way} で災害時を終えた後もなお示されるもの")
    scene.ctx.expect(what, expected=[], actual=[name for name, shown in seen().items() if shown])


def _agreed(scene: Scene, *, reached: bool = False) -> PersonAccount:
    """Somebody who agreed to each category for its modes."""
    person = scene.person(reached=reached)
    for category, modes in BY_MODES.items():
        scene.give(person, "disaster_support", [category], ["municipality"], modes=list(modes))
    return person


def _by_modes(scene: Scene, person: PersonAccount, category: str, *asked: str) -> None:
    """Demand that a category is open in those modes only that were agreed to."""
    modes = BY_MODES[category]
    for mode in asked:
        answer = scene.ask(person, ("municipality", "disaster_support", category), mode)
        agreed = ", ".join(modes)
        what = Text(
            f"{category} agreed to for {agreed}, asked for {mode}",
            f"{agreed} の同意がある {category} を {mode} で尋ねる",
        )
        scene.ctx.require(what, answer.permit == (mode in modes), expected=mode in modes, actual=str(answer))


def _register(scene: Scene) -> list[int]:
    """Numbers of entries of the support register that associations are shown of their areas."""
    counts = []
    for account in scene.associations:
        code = account.recipient.partition(":")[2]
        if code:
            counts.append(len(scene.city.items("listSupportRegister", account, {"area": code})))
    return counts
