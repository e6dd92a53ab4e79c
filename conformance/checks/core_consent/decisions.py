"""Decisions: who may see what of a person, held against the model of the contract's law, cell by cell."""

from collections.abc import Sequence
from datetime import UTC, datetime

from conformance.check import check
from conformance.checks.core_consent.scene import FRIENDS, OFFICE, Scene, said_of
from conformance.city.consents import Question, instant_s
from conformance.city.records import held
from conformance.consent_model import CATEGORIES, LAW, LAW_UNLESS_REFUSED, PURPOSES, Held
from conformance.context import Context
from conformance.contract.catalogue import load_consent_catalogue
from conformance.text import Text

RECIPIENTS = ("family", "supporter", "association", "welfare", "municipality", "medical", "public")
"""Recipients without a name of their own that are not denied by default."""
DERIVED = "survey.derived"
PEOPLE = 3
"""People among whom the consents of the table are shared out: with fewer consents each, less hides behind another."""
BESIDE = 60
"""Questions drawn beside those next to a consent, for each consent."""
STATUTES = {**LAW, **LAW_UNLESS_REFUSED}

Cell = tuple[str, str, str]
"""Recipient, purpose, category."""


@check("CONS-001", alone=True)
def decisions_are_by_the_model(ctx: Context) -> None:
    """Asks, for a consent of each purpose and recipient, the cells next to it and others drawn, and compares."""
    scene = Scene(ctx, fresh_clock=True)
    people = scene.people(PEOPLE)
    given: dict[str, list[Held]] = {one.user: [] for one in people}
    for number, (purpose, recipient, category) in enumerate(_grantable(scene)):
        person = people[number % len(people)]
        given[person.user].append(held(scene.give(person, purpose, [category], [recipient], modes=["normal"])))
    for person in people:
        consents = given[person.user]
        asked = [Question(person.user, cell[1], cell[2], cell[0], "normal") for cell in _cells(scene, consents)]
        answers = scene.consents.decide(person, asked)
        now_s = max(one.valid_from_s or 0.0 for one in consents)
        scene.expect(Text("decision in normal times", "平時の判定"), asked, answers, said_of(consents, asked, now_s))


@check("CONS-001", "law", alone=True)
def law_opens_what_it_names(ctx: Context) -> None:
    """Asks every cell of the table for a disaster, of a person who agreed to nothing: the statutes open theirs only."""
    scene = Scene(ctx)
    person = scene.person()
    cells = [
        (recipient, purpose, category)
        for recipient in (*RECIPIENTS, _service(scene))
        for purpose in PURPOSES
        for category in CATEGORIES
        if category != DERIVED
    ]
    asked = [Question(person.user, purpose, category, who, "disaster") for who, purpose, category in cells]
    answers = scene.consents.decide(person, asked)
    what = Text("decision in a disaster, without any consent", "災害時の、同意のない人についての判定")
    scene.expect(what, asked, answers, said_of(scene.left(person), asked, 0.0))


@check("CONS-001", "time", alone=True)
def nothing_before_it_was_agreed_to(ctx: Context) -> None:
    """Asks for times before a consent was given, and while it runs."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person()
    record = scene.give(person, "disaster_support", ["location"], ["municipality"], modes=["normal"])
    begin_s = instant_s(str(record["valid_from"]))
    times = [_instant(begin_s + after_s) for after_s in (-86_400, -60, 1, 3600)]
    cell = ("municipality", "disaster_support", "location")
    asked = [Question(person.user, cell[1], cell[2], cell[0], "normal", time) for time in times]
    answers = scene.consents.decide(person, asked)
    said = [said_of([held(record)], [one], instant_s(one.time))[0] for one in asked]
    scene.expect(Text("decision for a time", "時刻ごとの判定"), asked, answers, said)


@check("CONS-001", "user_api", alone=True)
def user_api_shows_what_was_agreed_to(ctx: Context) -> None:
    """Reads people as the city office: nobody without a consent, and with one its category for its purpose only."""
    scene = Scene(ctx, fresh_clock=True)
    agreeing, silent = scene.people(2)
    scene.give(agreeing, "disaster_support", ["profile.contact", "location"], ["municipality"], modes=["normal"])
    scene.give(agreeing, "family_sharing", ["profile.basic"], ["family"], modes=["normal"])
    reply = scene.user(OFFICE, agreeing)
    other, none = scene.user(OFFICE, agreeing, "evacuation_support"), scene.user(OFFICE, silent)
    with ctx.control(Text("a person who agreed is shown", "同意した人は示される")):
        ctx.expect_status("getUser", reply, 200)
        scene.no_law(reply, other, none)
    _only_contact(ctx, reply.members.get("data"), "disaster_support")
    hidden = Text("getUser for a purpose not agreed to", "同意のない目的での getUser")
    ctx.refused_status(hidden, other, 403, 404)
    ctx.refused_status(Text("getUser of a person who did not agree", "同意していない人の getUser"), none, 403, 404)


@check("CONS-001", "service", alone=True)
def scopes_alone_open_nothing(ctx: Context) -> None:
    """Reads the user API with a service's token of a person: the scope opens nothing, a consent its categories."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person()
    session = ctx.rp.as_person(person).sign_in(scope="openid users.read")
    subject = str(session.id_token.claims.get("sub", ""))
    url = scene.city.url("getUser", {"sub": subject}) + "?purpose=personal_service"
    bearer = {"authorization": f"Bearer {session.access_token}"}
    before = ctx.wire.send("GET", url, headers=bearer)
    agreed = ["profile.contact"]
    scene.give(person, "personal_service", agreed, [f"service:{ctx.rp.client.client_id}"], modes=["normal"])
    reply = ctx.wire.send("GET", url, headers=bearer)
    with ctx.control(Text("a person who agreed is shown", "同意した人は示される")):
        ctx.expect_status("getUser", reply, 200)
        scene.no_law(before, reply)
    _only_contact(ctx, reply.members.get("data"), "personal_service")
    what = Text("getUser with the scope, without a consent", "スコープだけで同意のない getUser")
    ctx.refused_status(what, before, 403, 404)


def _only_contact(ctx: Context, data: object, purpose: str) -> None:
    shown = sorted(data) if isinstance(data, dict) else []
    ctx.require(
        Text(f"members of data for {purpose}", f"{purpose} での data の項目"),
        shown and set(shown) <= {"phone", "email"},
        expected="phone, email (profile.contact) and nothing else",
        actual=", ".join(shown),
    )


def _grantable(scene: Scene) -> list[Cell]:
    """A cell for each purpose and each recipient that it allows; categories take turns."""
    cells: list[Cell] = []
    for code, purpose in load_consent_catalogue().purposes.items():
        turn = scene.ctx.draws.number(len(purpose.categories))
        for place, kind in enumerate(purpose.recipients):
            recipient = _service(scene) if kind == "service" else kind
            category = purpose.categories[(turn + place) % len(purpose.categories)]
            cells.append((code, recipient, category))
    return cells


def _service(scene: Scene) -> str:
    client = scene.ctx.target.client
    return f"service:{client.client_id if client else 'example'}"


def _cells(scene: Scene, consents: Sequence[Held]) -> list[Cell]:
    """Cells of consents for one recipient and category each, all next to them, and some others."""
    named = {name for one in consents for name in one.recipients}
    names = sorted({*RECIPIENTS, _service(scene), *named})
    cells = [cell for one in consents for cell in _near(scene, names, one)]
    return [cell for cell in dict.fromkeys(cells) if not _is_elsewhere(cell, consents)]


def _near(scene: Scene, names: Sequence[str], one: Held) -> list[Cell]:
    (recipient,), (category,), draws = one.recipients, one.categories, scene.ctx.draws
    return [
        (recipient, one.purpose, category),
        *((other, one.purpose, category) for other in names),
        *((recipient, other, category) for other in PURPOSES),
        *((recipient, one.purpose, other) for other in CATEGORIES),
        *((draws.choice(names), draws.choice(PURPOSES), draws.choice(CATEGORIES)) for _ in range(BESIDE)),
    ]


def _is_elsewhere(cell: Cell, consents: Sequence[Held]) -> bool:
    """Whether another requirement speaks of a cell: what is denied by default, derived data, and statutes."""
    recipient, purpose, category = cell
    if cell in STATUTES or purpose == "survey_analysis":
        return True
    return category == DERIVED or (recipient in FRIENDS and not _is_agreed(cell, consents))


def _is_agreed(cell: Cell, consents: Sequence[Held]) -> bool:
    recipient, purpose, category = cell
    return any(
        recipient in one.recipients and category in one.categories and purpose == one.purpose for one in consents
    )


def _instant(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat()
