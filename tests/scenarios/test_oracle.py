"""The oracle and the rights by which it judges; broken city OSs are in tests/deviant."""

from dataclasses import replace

import numpy as np
import pytest
from small_city import small_people

from agents.city_os.asker import Asker, AskerKind
from agents.city_os.paper import PaperCityOS
from agents.city_os.port import Answer, Disclosed, Failure, FailureKind, ShelterBoard
from agents.city_os.recorder import Observation
from reference_api.consent import ConsentRecord, decide
from scenarios.canary_watch import CanaryWatch
from scenarios.consent_purposes import purpose_of
from scenarios.language import Text
from scenarios.oracle import Oracle
from scenarios.record import NO_ANSWER, FindingKind
from scenarios.rights import Rights, load_statutory_rights
from scenarios.seeding import home_district, home_neighbourhood, person_ids, seed_data
from twin.canaries import marker
from twin.events import State
from twin.population import CONSENT_COLUMN, ConsentRule, DataCategory, Mode, PersonalField, Phone, Population, Recipient
from twin.state import TownState
from twin.town import Town

NAME, PHONE = PersonalField.NAME, PersonalField.PHONE
OFFICE, DESK = Asker(AskerKind.CITY_OFFICE), Asker(AskerKind.SHELTER_DESK, 0)


@pytest.fixture(scope="module")
def people() -> tuple[Town, Population]:
    """A small town in which nobody consents to anything, so that only the law speaks."""
    town, population = small_people()
    return town, replace(population, consents=np.zeros_like(population.consents))


class Says(PaperCityOS):
    """A city OS that says what a test wants."""

    connected = True

    def __init__(self, board: list[int], evacuees: Disclosed | None = None) -> None:
        self._board = np.array(board, np.int32)
        self._evacuees = evacuees

    def shelter_board(self, _at_s: float) -> Answer[ShelterBoard]:
        """What the test wants of the board."""
        return Answer(ShelterBoard((None,) * len(self._board), self._board))

    def evacuees(self, _at_s: float, shelter: int) -> Answer[Disclosed]:
        """What the test wants of the first shelter, nobody in others."""
        return Answer(self._evacuees if shelter == 0 else Disclosed(np.empty(0, np.int32)))


def sheltered(population: Population, rows: list[int]) -> TownState:
    """These people in the first shelter, everybody else at home."""
    state = TownState.all_at_home(population.people, 2)
    state.person_state[rows] = State.SHELTERED
    state.person_shelter[rows] = 0
    return state


# -- rights
def first(mask: np.ndarray) -> int:
    """The first row of a mask that has one."""
    assert mask.any()
    return int(mask.argmax())


def test_the_register_opens_to_associations_in_a_disaster_only(people: tuple[Town, Population]) -> None:
    """災対法49-11(2)(3): without peacetime consent an own area's entry is shown in a disaster, never in a drill."""
    town, population = people
    rights = Rights(*people)
    silent = first(population.needs_support & ~population.plan_consent)
    agreed = first(population.needs_support & population.plan_consent)
    own = Asker(AskerKind.ASSOCIATION, int(home_neighbourhood(population)[silent]))
    agreed_own = Asker(AskerKind.ASSOCIATION, int(home_neighbourhood(population)[agreed]))
    foreign = Asker(AskerKind.ASSOCIATION, (own.row + 1) % len(town.neighbourhoods))
    for mode, open_now in ((Mode.NORMAL, False), (Mode.DRILL, False), (Mode.DISASTER, True), (Mode.NORMAL, False)):
        rights.declare(mode, range(len(town.districts)))
        assert rights.may_see(own, silent, NAME) is rights.may_see(own, silent, PHONE) is open_now
        assert rights.may_see(agreed_own, agreed, NAME)
        assert not rights.may_see(foreign, silent, NAME)


def test_the_ledger_opens_names_but_no_numbers_to_the_city(people: tuple[Town, Population]) -> None:
    """災対法90-3: in a disaster in the person's district the office and its desks see names, never phone numbers."""
    population = people[1]
    rights = Rights(*people)
    person = first(~population.needs_support)
    district = int(home_district(*people)[person])
    rights.declare(Mode.DISASTER, [1 - district])
    assert not rights.may_see(OFFICE, person, NAME)
    rights.declare(Mode.DISASTER, [district])
    assert rights.may_see(OFFICE, person, NAME)
    assert rights.may_see(DESK, person, NAME)
    assert not rights.may_see(OFFICE, person, PHONE)
    assert not rights.may_see(Asker(AskerKind.ANYBODY), person, NAME)


def test_an_answer_about_safety_names_people_to_their_household(people: tuple[Town, Population]) -> None:
    """安否情報省令 ring 1: in a disaster kin are told by name who is safe, by that answer alone; never a number."""
    population = people[1]
    rights = Rights(*people)
    unwilling = ~population.consents.any(axis=1)
    shared = np.bincount(population.household)[population.household] > 1
    person = first(unwilling & shared)
    kin = next(row for row in np.flatnonzero(population.household == population.household[person]) if row != person)
    asker, stranger = Asker(AskerKind.CITIZEN, int(kin)), Asker(AskerKind.CITIZEN, first(~shared))
    district = int(home_district(*people)[person])
    for mode, told in ((Mode.NORMAL, False), (Mode.DRILL, False), (Mode.DISASTER, True)):
        rights.declare(mode, [district])
        assert rights.may_see(asker, person, NAME, "listSafetyReports") is told
        assert not rights.may_see(asker, person, NAME, "getUser")
        assert not rights.may_see(asker, person, PHONE, "listSafetyReports")
        assert not rights.may_see(stranger, person, NAME, "listSafetyReports")


def test_everybody_may_see_their_own_and_nobody_else_s(people: tuple[Town, Population]) -> None:
    """A citizen sees every field of their own; of a stranger, or an unwilling relative, none."""
    rights = Rights(*people)
    citizen = Asker(AskerKind.CITIZEN, 0)
    assert all(rights.may_see(citizen, 0, one) for one in PersonalField)
    assert not any(rights.may_see(citizen, person, one) for person in (1, 200) for one in PersonalField)


def test_consent_opens_to_the_household_and_in_its_mode_only() -> None:
    """What somebody lets the family see in a disaster is shown to the family, then."""
    town, population = small_people()
    sizes = population.household_size()
    household = first(sizes >= 2)
    one, other = (int(population.household_start[household]) + step for step in (0, 1))
    allowed = population.consents.copy()
    allowed[:] = False
    allowed[one, CONSENT_COLUMN[ConsentRule(DataCategory.BASIC, Recipient.FAMILY, Mode.DISASTER)]] = True
    has_id = population.has_id.copy()
    has_id[one] = True
    rights = Rights(town, replace(population, consents=allowed, has_id=has_id))
    stranger = int(population.household_start[(household + 1) % population.households])
    assert not rights.may_see(Asker(AskerKind.CITIZEN, other), one, NAME)
    rights.declare(Mode.DISASTER, [0, 1])
    assert rights.may_see(Asker(AskerKind.CITIZEN, other), one, NAME)
    assert not rights.may_see(Asker(AskerKind.CITIZEN, stranger), one, NAME)
    assert not rights.may_see(Asker(AskerKind.CITIZEN, other), one, PHONE)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("recipient", [Recipient.MUNICIPALITY, Recipient.FAMILY])
@pytest.mark.parametrize(
    "category", [DataCategory.BASIC, DataCategory.CONTACT, DataCategory.SAFETY, DataCategory.CHECKIN]
)
def test_two_formulations_agree(mode: Mode, recipient: Recipient, category: DataCategory) -> None:
    """The twin's rights and the reference's decision, each written for itself, permit the same to everybody."""
    town, population = small_people()
    rights = Rights(town, population)
    rights.declare(mode, range(len(town.districts)))
    records: dict[str, list[ConsentRecord]] = {}
    for one in seed_data(town, population).consents:
        codes = (frozenset(one.categories), frozenset(one.recipients), frozenset(one.modes))
        records.setdefault(one.subject, []).append(ConsentRecord(one.purpose, *codes))
    purpose = purpose_of(category, recipient)
    ids = person_ids(population)
    beyond_register = ~population.needs_support  # the register's entries are decided elsewhere
    for row in np.flatnonzero(population.has_id & beyond_register).tolist():
        decision = decide(records.get(ids[row], ()), recipient, purpose, category, mode, 0.0)
        assert decision.permit == rights.of(recipient, category)[row]


def test_every_clause_is_read(people: tuple[Town, Population]) -> None:
    """The table names the clauses on which a release can rest."""
    clauses = {one.clause for one in load_statutory_rights()}
    assert {"災対法49-11(2)", "災対法49-11(3)", "災対法49-15(3)", "災対法86-15(1)", "災対法86-15(3)"} <= clauses


# -- canaries
def response(
    people: tuple[Town, Population], asker: Asker, field: PersonalField, person: int, sent: bytes = b""
) -> Observation:
    """A response that shows a field of a person."""
    body = f'{{"x": "words {marker(people[1].seed, person, field)}"}}'.encode()
    return Observation(asker, "listCheckIns", 5.0, sent, 200, body)


def test_a_leak_is_counted_once_for_each_asker_person_and_field(people: tuple[Town, Population]) -> None:
    """Seen ten times by two associations it is one leak; another field, person or kind of asker is another."""
    watch = CanaryWatch(Rights(*people), Rights(*people), seed=people[1].seed, districts={})
    for _ in range(5):
        for association in (0, 1):
            watch(response(people, Asker(AskerKind.ASSOCIATION, association), NAME, 3))
    watch(response(people, Asker(AskerKind.ASSOCIATION, 0), NAME, 4))
    watch(response(people, Asker(AskerKind.ASSOCIATION, 0), PHONE, 3))
    watch(response(people, Asker(AskerKind.ANYBODY), NAME, 3))
    found = watch.findings()
    assert [(one.kind, one.people, one.cases) for one in found] == [
        (FindingKind.LEAK, (3,), 1),
        (FindingKind.LEAK, (3, 4), 2),
        (FindingKind.LEAK, (3,), 1),
    ]
    assert watch.markers_seen == 13


def test_what_an_asker_told_is_no_news_to_it(people: tuple[Town, Population]) -> None:
    """The name told at a desk may be read by the city office, not by an association."""
    watch = CanaryWatch(Rights(*people), Rights(*people), seed=people[1].seed, districts={})
    told = marker(people[1].seed, 3, NAME).encode()
    watch(Observation(DESK, "checkIn", 1.0, told, 201, b"{}"))
    watch(response(people, OFFICE, NAME, 3))
    assert watch.findings() == ()
    watch(response(people, Asker(AskerKind.ASSOCIATION, 0), NAME, 3))
    assert len(watch.findings()) == 1


# -- headcounts and lists
def test_headcounts_are_compared_shelter_by_shelter(people: tuple[Town, Population]) -> None:
    """A difference is told when it appears and when it changes, a silence as no answer."""
    oracle = Oracle(*people, Says([2, NO_ANSWER]))
    for at_s, truth in ((0.0, [2, 0]), (600.0, [3, 0]), (1200.0, [3, 0]), (1800.0, [5, 0])):
        assert oracle.check_headcounts(at_s, np.array(truth)).tolist() == [2, NO_ANSWER]
    told = [(one.at_s, one.subject.ja, one.expected, one.actual) for one in oracle.findings]
    names = [one.name for one in people[0].shelters]
    assert told == [(0.0, names[1], "0", "-"), (600.0, names[0], "3", "2"), (1800.0, names[0], "5", "2")]


@pytest.mark.parametrize(
    ("named", "strangers", "withheld", "lost", "ghosts"),
    [
        ([1, 2, 3], (), 0, (), 0),
        ([1, 2], (), 1, (), 0),
        ([], (), 3, (), 0),
        ([1, 2], (), 0, (3,), 0),
        ([1, 2, 3, 9], (), 0, (), 1),
        ([1, 2, 3], ("x", "y"), 0, (), 2),
        ([1, 2, 3, 3], (), 0, (), 1),
        ([1, 2, 3], (), 2, (), 2),
        ([1, 2, 9], (), 0, (3,), 1),
    ],
)
def test_lost_people_and_ghosts_are_told_apart(
    people: tuple[Town, Population],
    named: list[int],
    strangers: tuple[str, ...],
    withheld: int,
    lost: object,
    ghosts: int,
) -> None:
    """Three people are inside: whoever no entry can stand for is lost, every entry too many is a ghost."""
    said = Disclosed(np.array(named, np.int32), strangers, withheld)
    oracle = Oracle(*people, Says([0, 0], said))
    oracle.check_lists(0.0, sheltered(people[1], [1, 2, 3]))
    found = {one.kind: one for one in oracle.findings if one.kind is not FindingKind.LEAK}
    assert found.get(FindingKind.LOST) is None if not lost else found[FindingKind.LOST].people == lost
    assert (found[FindingKind.GHOST].cases if FindingKind.GHOST in found else 0) == ghosts


def test_a_paper_town_is_not_judged(people: tuple[Town, Population]) -> None:
    """Without a city OS nothing was said, so nothing can be wrong."""
    oracle = Oracle(*people, PaperCityOS())
    assert oracle.check_headcounts(0.0, np.array([3, 0])).tolist() == [NO_ANSWER, NO_ANSWER]
    oracle.check_lists(0.0, sheltered(people[1], [1]))
    oracle.check_safety(0.0)
    absent: Answer[Disclosed] = Answer(None, Failure(FailureKind.ABSENT))
    assert oracle.check_recipients(0.0, Text("題", "title"), [0], absent).reached == 0
    assert oracle.findings == ()


def test_recipients_are_those_with_a_device_in_the_districts(people: tuple[Town, Population]) -> None:
    """App users with a smartphone who live there should be reached; others are extra, those left out missed."""
    population = people[1]
    lives = home_district(*people) == 0
    should = np.flatnonzero(lives & population.uses_app & population.has_id & (population.phone == Phone.SMARTPHONE))
    got = np.append(should[1:], first(~lives)).astype(np.int32)
    oracle = Oracle(*people, Says([0, 0]))
    result = oracle.check_recipients(0.0, Text("題", "title"), [0], Answer(Disclosed(got)))
    assert (result.should, result.reached, result.missed, result.extra) == (len(should), len(should) - 1, 1, 1)
    (finding,) = oracle.findings
    assert (finding.kind, finding.cases, finding.people) == (FindingKind.RECIPIENT, 2, (should[0], got[-1]))


def test_withheld_names_that_might_be_known_are_counted(people: tuple[Town, Population]) -> None:
    """Who told a desk their name and is withheld from the office is denied too much; it is counted, not accused."""
    without = np.flatnonzero(~people[1].has_id)[:3].tolist()
    oracle = Oracle(*people, Says([3, 0], Disclosed(np.empty(0, np.int32), (), 3)))
    oracle.check_lists(0.0, sheltered(people[1], without))
    assert (oracle.over_denials, oracle.findings) == (3, ())
