"""The oracle (照合): what a city OS says, held against what the twin knows to be true."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from agents.city_os.port import Answer, CityOS, Disclosed, Failure
from agents.city_os.recorder import Observation
from scenarios.acknowledged import AcknowledgedReports
from scenarios.canary_watch import CanaryWatch
from scenarios.language import Text
from scenarios.record import NO_ANSWER, Finding, FindingKind, NotificationResult
from scenarios.rights import Rights
from scenarios.seeding import has_device, home_district
from twin.events import State
from twin.population import DataCategory, Mode, Population, Recipient
from twin.state import TownState
from twin.town import Town

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
Case = TypeVar("Case", bound=Hashable)

SAFETY_LIST = Text("市が知る安否", "safety as the city knows it")
BOARD = Text("避難所一覧", "the board of shelters")


@dataclass(frozen=True, slots=True)
class _List:
    """What a city OS was asked for: its name and operation, and of whom the office may know it, shape (people,).

    ``may_name`` has those too whom it may know if a mode holds that was declared and not acknowledged.
    """

    name: Text
    operation: str
    may_know: BoolArray = field(default_factory=lambda: np.empty(0, np.bool_))
    may_name: BoolArray = field(default_factory=lambda: np.empty(0, np.bool_))


@dataclass(frozen=True, slots=True)
class _Difference:
    """What was expected and what came, and whom it concerns."""

    expected: str
    actual: str
    people: Sequence[int] = ()
    cases: int = 1
    strangers: tuple[str, ...] = ()


class Oracle:
    """Asks a city OS as the city office would, and compares. It keeps findings; the same difference is told once.

    Give ``watch`` to the recorder of the exchanges before the run, so that it sees every response; where there are
    none, let ``reported`` and ``declared`` be told what was acknowledged.
    """

    def __init__(self, town: Town, population: Population, city_os: CityOS) -> None:
        self._town = town
        self._city_os = city_os
        self._rights = Rights(town, population)
        self._district = home_district(town, population)
        self._device = has_device(population)
        self._has_id = population.has_id
        self._sent = Rights(town, population)
        districts = {one.code: row for row, one in enumerate(town.districts)}
        self._watch = CanaryWatch(self._rights, self._sent, seed=population.seed, districts=districts)
        self._reports = AcknowledgedReports(population)
        self._findings: list[Finding] = []
        self._off = np.zeros(len(town.shelters), np.int64)
        self._known: set[tuple[FindingKind, str, object]] = set()
        self.over_denials = 0
        """Entries of lists that withheld a name which the city office may know; no fault of safety, but of use."""

    def watch(self, seen: Observation) -> None:
        """Look at one response; an observer for the recorder."""
        self._watch(seen)
        self._reports(seen)

    def reported(self, person: int) -> None:
        """Somebody's safety was acknowledged to have been taken down."""
        self._reports.add(person)

    def declared(self, mode: Mode, districts: Sequence[int], *, acknowledged: bool) -> None:
        """A mode was declared for districts."""
        for rights in (self._sent, self._rights) if acknowledged else (self._sent,):
            rights.declare(mode, districts)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything found so far, in the order of time."""
        return tuple(sorted((*self._findings, *self._watch.findings()), key=lambda one: one.at_s))

    def check_headcounts(self, at_s: float, headcount: IntArray) -> IntArray:
        """Compare the board with the true headcount of each shelter; returns what was said, NO_ANSWER where nothing."""
        if not self._city_os.connected:
            return np.full(len(self._town.shelters), NO_ANSWER, np.int64)
        answer = self._city_os.shelter_board(at_s)
        if answer.value is None:
            self._unanswered(at_s, _List(BOARD, "listShelterStatus"), answer.failure)
            return np.full(len(self._town.shelters), NO_ANSWER, np.int64)
        said = np.asarray(answer.value.headcount, np.int64)
        off = said - headcount
        for shelter in np.flatnonzero((off != self._off) & (off != 0)).tolist():
            counted = str(said[shelter]) if said[shelter] != NO_ANSWER else "-"
            listed = _List(self._shelter_name(shelter), "listShelterStatus")
            self._add(FindingKind.HEADCOUNT, at_s, listed, _Difference(str(headcount[shelter]), counted))
        self._off = off
        return said

    def check_lists(self, at_s: float, state: TownState) -> None:
        """Compare the list of each shelter with who is truly there: lost people, ghosts, people named without right."""
        truths = _inside(state, len(self._town.shelters))
        may_know, may_name = (may | ~self._has_id for may in self._may(DataCategory.CHECKIN))
        for shelter in range(len(self._town.shelters) if self._city_os.connected else 0):
            listed = _List(self._shelter_name(shelter), "listCheckIns", may_know, may_name)
            answer = self._city_os.evacuees(at_s, shelter)
            if answer.value is None:
                self._unanswered(at_s, listed, answer.failure)
            else:
                self._compare(at_s, listed, answer.value, truths[shelter])

    def check_safety(self, at_s: float) -> None:
        """Compare the city office's list with the people whose safety a city OS acknowledged to have been told."""
        if not self._city_os.connected:
            return
        reported = self._reports.people()
        may_know, may_name = self._may(DataCategory.SAFETY)
        listed = _List(SAFETY_LIST, "listSafetyReports", may_know, may_name)
        answer = self._city_os.known_safe(at_s)
        if answer.value is None:
            self._unanswered(at_s, listed, answer.failure)
            return
        # This list leaves people out instead of not naming them: who is left out by right is not lost.
        self._lost(at_s, listed, np.union1d(answer.value.people, reported[~may_know[reported]]), reported)
        self._ghosts(at_s, listed, answer.value, reported)
        self._named_without_right(at_s, listed, np.intersect1d(answer.value.people, reported))

    def _may(self, category: DataCategory) -> tuple[BoolArray, BoolArray]:
        """Of whom the office may know a category, and of whom it may if what was declared last holds."""
        known, perhaps = (one.of(Recipient.MUNICIPALITY, category) for one in (self._rights, self._sent))
        return known, known | perhaps

    def check_recipients(
        self, at_s: float, title: Text, districts: Sequence[int], delivered: Answer[Disclosed]
    ) -> NotificationResult:
        """Compare the people to whose devices a message went with the app users who live in its districts."""
        should = np.flatnonzero(self._device & np.isin(self._district, districts))
        listed = _List(title, "listDeliveries")
        if delivered.value is None:
            if self._city_os.connected:
                self._unanswered(at_s, listed, delivered.failure)
            return NotificationResult(at_s, title, len(should), 0, len(should), 0)
        got = np.unique(delivered.value.people)
        missed, extra = np.setdiff1d(should, got), np.setdiff1d(got, should)
        strangers = delivered.value.strangers
        wrong = len(missed) + len(extra) + len(strangers)
        if wrong:
            came = f"{len(got) + len(strangers)} (-{len(missed)} +{len(extra) + len(strangers)})"
            people = (*missed.tolist(), *extra.tolist())
            self._add(
                FindingKind.RECIPIENT, at_s, listed, _Difference(str(len(should)), came, people, wrong, strangers)
            )
        reached = len(got) - len(extra)
        return NotificationResult(at_s, title, len(should), reached, len(missed), len(extra) + len(strangers))

    # -- lists
    def _compare(self, at_s: float, listed: _List, said: Disclosed, truth: IntArray) -> None:
        """A list in which each entry stands for one person, some of them unnamed."""
        if not (len(truth) or len(said.people) or said.strangers or said.withheld):
            return
        unnamed = np.setdiff1d(truth, said.people)
        # Who may be named is missed first: unnamed entries are taken to stand for the others.
        unnamed = unnamed[np.argsort(listed.may_know[unnamed], kind="stable")]
        hidden = unnamed[: said.withheld]
        self.over_denials += int(np.count_nonzero(listed.may_know[hidden]))
        self._lost(at_s, listed, np.union1d(said.people, hidden), truth)
        self._ghosts(at_s, listed, said, truth, excess=said.withheld - len(hidden))
        self._named_without_right(at_s, listed, np.intersect1d(said.people, truth))

    def _lost(self, at_s: float, listed: _List, shown: IntArray, truth: IntArray) -> None:
        people = self._new(FindingKind.LOST, listed, np.setdiff1d(truth, shown).tolist())
        if people:
            expected = str(len(truth))
            self._add(FindingKind.LOST, at_s, listed, _Difference(expected, f"-{len(people)}", people, len(people)))

    def _ghosts(self, at_s: float, listed: _List, said: Disclosed, truth: IntArray, *, excess: int = 0) -> None:
        """Entries of nobody, of people who should not be there, or of somebody again; ``excess`` unnamed ones."""
        people = self._new(FindingKind.GHOST, listed, np.setdiff1d(said.people, truth).tolist())
        strangers = self._new(FindingKind.GHOST, listed, said.strangers)
        spare = len(said.people) - len(np.unique(said.people)) + excess
        spare = sum(spare for _, spare in self._new(FindingKind.GHOST, listed, [("spare", spare)]))
        cases = len(people) + len(strangers) + spare
        if cases:
            difference = _Difference(str(len(truth)), f"+{cases}", people, cases, tuple(strangers))
            self._add(FindingKind.GHOST, at_s, listed, difference)

    def _named_without_right(self, at_s: float, listed: _List, shown: IntArray) -> None:
        people = self._new(FindingKind.LEAK, listed, shown[~listed.may_name[shown]].tolist())
        if people:
            self._add(FindingKind.LEAK, at_s, listed, _Difference("0", str(len(people)), people, len(people)))

    def _unanswered(self, at_s: float, listed: _List, failure: Failure | None) -> None:
        why = f"{failure.kind} {failure.status or ''}".strip() if failure else "-"
        self._add(FindingKind.UNANSWERED, at_s, listed, _Difference("200", why))

    def _new(self, kind: FindingKind, listed: _List, cases: Iterable[Case]) -> list[Case]:
        """The cases that were not told of this list before."""
        fresh = [one for one in cases if (kind, listed.name.ja, one) not in self._known]
        self._known.update((kind, listed.name.ja, one) for one in fresh)
        return fresh

    def _add(self, kind: FindingKind, at_s: float, listed: _List, difference: _Difference) -> None:
        self._findings.append(
            Finding(
                kind,
                at_s,
                listed.name,
                difference.expected,
                difference.actual,
                listed.operation,
                tuple(difference.people),
                difference.strangers,
                difference.cases,
            )
        )

    def _shelter_name(self, shelter: int) -> Text:
        name = self._town.shelters[shelter].name
        return Text(name, name)


def _inside(state: TownState, shelters: int) -> list[IntArray]:
    """Rows of the people in each shelter."""
    people = np.flatnonzero(state.person_state == State.SHELTERED)
    place = state.person_shelter[people]
    order = np.argsort(place, kind="stable")
    return np.split(people[order], np.searchsorted(place[order], np.arange(1, shelters)))
