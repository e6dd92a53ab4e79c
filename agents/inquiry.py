"""Inquiry: people who do not know whether members of their household are safe look in the app, phone, and go and ask.

After shaking, an adult at home asks for each member who is away, and an adult who is away asks for those at home. Who
has no answer when patience ends, and is one to go, goes to the shelter where the other would be, asks at the reception,
and goes home. Draws are keyed by the member who is away and by who asks for whom, so that without questions, and with
more or fewer of them answered, all other draws are the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from agents import behaviour
from agents.gathering import Gathering
from agents.household import Household, Households
from agents.refuges import ADULT_AGE
from agents.shelter_desk import Evacuees
from agents.situation import Service
from agents.travel import Party, Travel
from agents.world import World
from twin.events import EventKind, FamilyChannel, Intent, State, TravelMode

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
RowArray = npt.NDArray[np.int64]

NEVER_S = np.inf


@dataclass(frozen=True, slots=True)
class Questions:
    """Who asks for whom: columns over questions, in the order of the askers.

    ``key`` keys the draws; ``from_home`` says that the asker was at home, the other away. ``due_s`` is when the asker
    tries next, ``goes_s`` from when on they go and ask at a shelter (NEVER_S: not, or no more). ``in_app``: both use
    the app. ``begun``, ``known`` and ``under_way`` say how far it has come.
    """

    asker: RowArray
    sought: RowArray
    key: RowArray
    from_home: BoolArray
    in_app: BoolArray
    due_s: FloatArray
    goes_s: FloatArray
    tries: RowArray
    begun: BoolArray
    known: BoolArray
    under_way: BoolArray


class Inquiries:
    """All questions of a run, and what people do to have them answered."""

    def __init__(self, world: World, travel: Travel, households: Households, gathering: Gathering) -> None:
        self._world = world
        self._travel = travel
        self._households = households
        self._gathering = gathering
        self._desks = households.refuges.desks
        number = world.parameters.number
        self._retry_s = number("inquiry.retry_s")
        self._phone_share = number("inquiry.phone_share")
        self._app_patience_s = number("app.patience_s")
        self._questions = self._questions_about(np.empty(0, np.int64))
        self._open = np.empty(0, np.int64)
        self._away, self._is_away = self._open, np.zeros(world.population.people, np.bool_)

    def start(self) -> None:
        """The ground has shaken: everybody whose household is not together begins to wonder."""
        self._questions = self._questions_about(self._gathering.away)
        self._open = np.arange(len(self._questions.asker))

    def step_until(self, until_s: float) -> None:
        """Let those who have come together know it, and those try whose time comes before ``until_s``."""
        if not len(self._open):
            return
        questions = self._questions
        waiting = self._open[~questions.under_way[self._open]]
        together = waiting[self._are_together(waiting)]
        questions.known[together] = True
        self._found(together[questions.begun[together]], FamilyChannel.TOGETHER)
        due = waiting[(questions.due_s[waiting] < until_s) & ~questions.known[waiting]]
        if len(due):
            self._try(due)
        self._open = self._open[~questions.known[self._open]]

    # -- who asks for whom
    def _questions_about(self, away: RowArray) -> Questions:
        """Who is at home asks for each who is away, and each adult who is away asks for one at home."""
        world, people = self._world, self._world.population
        at_home = np.flatnonzero(world.state.person_state == State.HOME)
        adult = people.age >= ADULT_AGE
        first, first_adult = (np.full(people.households, -1, np.int64) for _ in range(2))
        able = at_home[adult[at_home] & ~people.needs_support[at_home]]
        first[people.household[at_home[::-1]]] = at_home[::-1]  # backwards, so that the lowest row stays
        first_adult[people.household[able[::-1]]] = able[::-1]
        one_at_home = np.where(first_adult >= 0, first_adult, first)[people.household[away]]
        wondered = first_adult[people.household[away]] >= 0
        wonders = adult[away] & (one_at_home >= 0)
        asker = np.concatenate((one_at_home[wondered], away[wonders]))
        sought = np.concatenate((away[wondered], one_at_home[wonders]))
        order = np.lexsort((sought, asker))
        from_home = order < np.count_nonzero(wondered)
        return self._with_draws(asker[order], sought[order], from_home)

    def _with_draws(self, asker: RowArray, sought: RowArray, from_home: BoolArray) -> Questions:
        world, number, uniform = self._world, self._world.parameters.number, self._world.stream.uniform
        key = 2 * np.where(from_home, sought, asker) + from_home
        cv = number("preparing.cv")
        patience_s = world.stream.lognormal("inquiry.patience", key, mean=number("inquiry.patience_mean_s"), cv=cv)
        goes = uniform("inquiry.goes", key) < number("inquiry.going_share")
        uses_app = world.population.uses_app
        in_app = uses_app[asker] & uses_app[sought] & world.city_os.connected
        no, none = np.zeros((3, len(key)), np.bool_), np.zeros(len(key), np.int64)
        due_s = number("preparing.least_s") - number("inquiry.first_mean_s") * np.log1p(-uniform("inquiry.first", key))
        return Questions(
            asker, sought, key, from_home, np.asarray(in_app), due_s, np.where(goes, patience_s, NEVER_S), none, *no
        )

    # -- trying to learn
    def _are_together(self, rows: RowArray) -> BoolArray:
        """Whether asker and sought are both at home, or at one shelter."""
        state, shelter = self._world.state.person_state, self._world.state.person_shelter
        asker, sought = self._questions.asker[rows], self._questions.sought[rows]
        at_home = (state[asker] == State.HOME) & (state[sought] == State.HOME)
        return np.asarray(at_home | ((shelter[asker] >= 0) & (shelter[asker] == shelter[sought])))

    def _try(self, due: RowArray) -> None:
        world, questions = self._world, self._questions
        fresh = due[~questions.begun[due]]
        questions.begun[fresh] = True
        world.happen(EventKind.SOUGHT, questions.sought[fresh])
        questions.due_s[due] = np.maximum(questions.due_s[due], world.now_s) + self._retry_s
        has_network = world.works[Service.NETWORK][world.population.household[questions.asker[due]]]
        for row in due[has_network & questions.in_app[due]].tolist():
            self._look(row)
        rings = world.phones_work(questions.asker[due]) & world.phones_work(questions.sought[due])
        self._phone(due[rings & ~questions.known[due]])
        questions.tries[due] += 1
        impatient = due[~questions.known[due] & (questions.goes_s[due] <= world.now_s)]
        for row in impatient[self._may_go(impatient)].tolist():
            self._go(row)

    def _look(self, row: int) -> None:
        """Look in the app whether the other has reported; who waits longer than patience lasts has seen nothing."""
        world, questions = self._world, self._questions
        answer = world.city_os.family_safety(world.now_s, int(questions.asker[row]))
        if answer.value is None or answer.latency_s > self._app_patience_s:
            return
        if questions.sought[row] in answer.value.people:
            questions.known[row] = True
            at_s = world.now_s + answer.latency_s
            world.happen(EventKind.FOUND, int(questions.sought[row]), at_s=at_s, detail=FamilyChannel.APP)

    def _phone(self, rows: RowArray) -> None:
        questions = self._questions
        for number in np.unique(questions.tries[rows]).tolist():
            calling = rows[questions.tries[rows] == number]
            draw = self._world.stream.uniform("inquiry.phone", questions.key[calling], number)
            through = calling[draw < self._phone_share]
            questions.known[through] = True
            self._found(through, FamilyChannel.PHONE)

    def _found(self, rows: RowArray, channel: FamilyChannel) -> None:
        if len(rows):
            self._world.happen(EventKind.FOUND, self._questions.sought[rows], detail=channel)

    # -- going to a shelter to ask
    def _go(self, row: int) -> None:
        """Set out for the shelter where the other would be, if one can go and there is such a shelter."""
        world, people, questions = self._world, self._world.population, self._questions
        asker = int(questions.asker[row])
        household = self._households.handles[int(people.household[asker])]
        shelter, way_m = self._households.refuges.shelter_to_ask(self._node(row, own=False), self._node(row, own=True))
        if shelter < 0 or world.committed[asker]:
            return
        if questions.from_home[row] and not self._leaves_nobody_helpless(household, asker):
            return
        draw = np.array([world.stream.one("inquiry.car", int(questions.key[row]))])
        by_car = behaviour.takes_car(np.array([way_m]), people.cars[[household.row]], draw, world.parameters)
        mode = behaviour.travel_mode(by_car=bool(by_car[0]))
        of_asker = self._of(asker)  # they ask for all whom they miss
        questions.goes_s[of_asker] = NEVER_S
        questions.under_way[of_asker] = True
        self._households.plans.missing[household.row] += 1  # until they are home from it
        self._gathering.goes_alone(asker)
        self._send(row, self._node(row, own=True), shelter, mode, partial(self._arrive, row, shelter, mode))

    def _may_go(self, rows: RowArray) -> BoolArray:
        """Whose household stays at home, or who is where they were when the ground shook and not about to come home."""
        world, plans, questions = self._world, self._households.plans, self._questions
        asker, at_home = questions.asker[rows], questions.from_home[rows]
        household = world.population.household[asker]
        intent = plans.intent[household]
        stays = ((intent == Intent.STAY) | (intent == Intent.UPSTAIRS)) & ~np.isfinite(plans.due_s[household])
        stays &= ~plans.waits_for_help[household]
        place = world.state.person_state[asker]
        away = (place == State.ELSEWHERE) & self._not_called_home()[asker]
        return np.asarray(np.where(at_home, stays & (place == State.HOME), away) & ~world.committed[asker])

    def _not_called_home(self) -> BoolArray:
        """Column over people: who is away and has not been called home."""
        away = self._gathering.away
        if away is not self._away:
            self._away, self._is_away = away, np.zeros(self._world.population.people, np.bool_)
            self._is_away[away] = True
        return self._is_away

    def _leaves_nobody_helpless(self, household: Household, asker: int) -> bool:
        """Whether at home an adult who needs no support stays with the others, if there are any."""
        people, here = self._world.population, household.at_home()
        others = here[here != asker]
        able = (people.age[others] >= ADULT_AGE) & ~people.needs_support[others]
        return bool(able.any() or not len(others))

    def _node(self, row: int, *, own: bool) -> int:
        """Where the asker (``own``) or the sought is taken to be: at home, or where they spend the day."""
        people, questions = self._world.population, self._questions
        person = int(questions.asker[row] if own else questions.sought[row])
        if questions.from_home[row] == own:
            return int(people.home_node[people.household[person]])
        return int(self._world.town.neighbourhoods[int(people.away_neighbourhood[person])].node)

    def _arrive(self, row: int, shelter: int, mode: TravelMode) -> None:
        asker = int(self._questions.asker[row])
        self._world.env.process(self._desks.by_row[shelter].answer(asker, partial(self._answered, row, shelter, mode)))

    def _answered(self, row: int, shelter: int, mode: TravelMode) -> None:
        """Who finds the others in this shelter and was away stays with them; everybody else goes home."""
        world, questions = self._world, self._questions
        asker = int(questions.asker[row])
        household = self._households.handles[int(world.population.household[asker])]
        self._is_back(asker)
        missed = self._of(asker)
        missed = missed[~questions.known[missed]]
        sought = questions.sought[missed]
        here = (world.state.person_shelter[sought] == shelter) & (world.state.person_state[sought] == State.SHELTERED)
        questions.known[missed[here]] = True
        self._found(missed[here], FamilyChannel.SHELTER)
        if here.any() and not questions.from_home[row]:
            self._households.plans.missing[household.row] -= 1
            self._desks.receive(shelter, Evacuees(household.row, np.array([asker]), mode))
            return
        home = self._travel.destinations.neighbourhood(int(world.population.neighbourhood[household.row]))
        arrived = partial(household.members_return, np.array([asker]))
        self._send(row, world.town.shelters[shelter].node, home, mode, arrived)

    def _is_back(self, asker: int) -> None:
        """Somebody has asked, or got stuck on the way, and goes on phoning."""
        self._questions.under_way[self._of(asker)] = False

    def _of(self, asker: int) -> RowArray:
        """The questions of one asker."""
        first, end = np.searchsorted(self._questions.asker, (asker, asker + 1))
        return np.arange(first, end)

    def _send(self, row: int, node: int, destination: int, mode: TravelMode, arrived: Callable[[], None]) -> None:
        members = self._questions.asker[[row]]
        self._travel.set_out(
            Party(
                members=members,
                origin_node=node,
                destination=destination,
                mode=mode,
                speed_mps=self._travel.walking_speed_mps(members),
                depart_s=self._world.now_s + self._world.parameters.number("preparing.least_s"),
                arrived=arrived,
                stranded=partial(self._is_back, int(members[0])),
            )
        )
