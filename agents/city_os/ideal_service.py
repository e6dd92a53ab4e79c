"""IdealService: what a city OS that keeps the contract perfectly knows, in columns, and what each operation does to it.

It takes what adapters of the port say, and no more: observations come in the order in which they were made, but for
those that a phone sends late or dates wrong.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from agents.city_os.line import Reply
from agents.city_os.operations import PAGE_LIMIT, POSITION_TTL_S
from agents.city_os.port import Disclosed, ShelterBoard, ShelterStatus
from twin.population import DataCategory, Mode, Population, Recipient
from twin.town import Town

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

DISASTER_SUPPORT, EVACUATION_SUPPORT, FAMILY_SHARING = "disaster_support", "evacuation_support", "family_sharing"
"""Purposes that lists are disclosed for. Source: the contract, consent.toml and the operations' own."""

REGISTER_CATEGORIES = (DataCategory.BASIC, DataCategory.CONTACT, DataCategory.SUPPORT_FLAG)
"""What an entry of the register holds: given whole or not at all.

Source: 災害対策基本法 49-10(2).
"""

_GRAVITY: Mapping[Mode, int] = {Mode.NORMAL: 0, Mode.DRILL: 1, Mode.DISASTER: 2}
_CITIZEN = -1
_NEVER_S = -np.inf


class Permissions(Protocol):
    """Who may know what of whom, in the modes that were declared."""

    def declare(self, mode: Mode, districts: Sequence[int]) -> None:
        """From now on a mode holds for the people who live in these districts."""

    def of(self, recipient: Recipient, category: DataCategory, purpose: str = "") -> BoolArray:
        """Of whom a recipient may know a category now, by law or by consents for the purpose; shape (people,)."""


class Cursor(NamedTuple):
    """Where the next page of a list begins: after which entry, of the list as it was first asked for at ``began_s``."""

    after: int
    began_s: float


class Page(NamedTuple):
    """A page of a list of people; ``withheld`` entries stand for somebody without saying whom."""

    people: npt.NDArray[np.int32]
    withheld: int
    next: Cursor | None


class IdealService:
    """A service without faults; ``devices`` tells whom a push message reaches, ``may`` who may know what.

    Rows are those of the town and the population. Every method answers as the contract's operation does.
    """

    def __init__(self, town: Town, population: Population, devices: BoolArray, may: Permissions) -> None:
        people = population.people
        self._population = population
        self._may = may
        self._devices = devices
        self._neighbourhood = population.neighbourhood[population.household]
        self._district = np.array([one.district for one in town.neighbourhoods], np.int32)[self._neighbourhood]
        # Those without an ID come after all who have one, as the contract's lists have them.
        self._place = np.arange(people) + np.where(population.has_id, 0, people)
        self._by_place = np.argsort(self._place)
        self._modes = [Mode.NORMAL] * len(town.districts)
        self._messages: list[tuple[int, ...]] = []
        self._reported = np.zeros(people, np.bool_)
        self._reported_s = np.full(people, _NEVER_S)
        self._told_by = np.full(people, _CITIZEN, np.int32)
        self._expires_s = np.full(people, _NEVER_S)
        self._position_s = np.full(people, _NEVER_S)
        self._status = [ShelterStatus.UNOPENED] * len(town.shelters)
        self._status_s = [_NEVER_S] * len(town.shelters)
        self._inside: list[dict[int, int]] = [{} for _ in town.shelters]
        self._stay_of: dict[int, tuple[int, int]] = {}
        self._person_of: list[int] = []
        self._board: ShelterBoard | None = None

    # -- the city office
    def declare(self, mode: Mode, districts: Sequence[int]) -> Reply:
        """A mode for districts; 409 where a graver one holds."""
        if mode is not Mode.NORMAL and any(_GRAVITY[self._modes[one]] > _GRAVITY[mode] for one in districts):
            return Reply(409)
        for one in districts:
            self._modes[one] = mode
        self._may.declare(mode, districts)
        return Reply(201)

    def set_status(self, shelter: int, status: ShelterStatus, observed_s: float) -> Reply:
        """The word of those on the spot; a newer one wins."""
        if observed_s >= self._status_s[shelter]:
            self._status[shelter], self._status_s[shelter], self._board = status, observed_s, None
        return Reply(200)

    def send(self, districts: Sequence[int]) -> Reply:
        """A message to everybody with an account who lives in districts; its name."""
        self._messages.append(tuple(districts))
        return Reply(202, str(len(self._messages)))

    def deliveries(self, notification: str, cursor: Cursor | None) -> Reply:
        """To whose devices a message went; a page counts those too who have none."""
        number = int(notification) - 1 if notification.isdecimal() else -1
        if not 0 <= number < len(self._messages):
            return Reply(404)
        meant = self._population.has_id & np.isin(self._district, self._messages[number])
        page = _page(np.flatnonzero(meant), None, cursor)
        return Reply(200, page._replace(people=page.people[self._devices[page.people]]))

    def evacuees(self, shelter: int, cursor: Cursor | None) -> Reply:
        """Who is in a shelter; all are counted, named are those whom the municipality may know to be there."""
        inside = self._inside[shelter]
        people, stays = np.fromiter(inside, np.int64, len(inside)), np.fromiter(inside.values(), np.int64, len(inside))
        page = _page(people, stays, cursor)
        # What people without an ID tell the desk is the municipality's own.
        named = ~self._population.has_id[page.people]
        named |= self._may.of(Recipient.MUNICIPALITY, DataCategory.CHECKIN, DISASTER_SUPPORT)[page.people]
        return Reply(200, page._replace(people=page.people[named], withheld=int(np.count_nonzero(~named))))

    def known_safe(self, cursor: Cursor | None) -> Reply:
        """Whose safety was reported, as far as the municipality may know it."""
        may = self._may.of(Recipient.MUNICIPALITY, DataCategory.SAFETY, DISASTER_SUPPORT)
        people = self._by_place[(self._reported & may)[self._by_place]]
        return Reply(200, _page(people, self._place[people], cursor))

    def positions(self, at_s: float, cursor: Cursor | None) -> Reply:
        """Whose position holds and may be seen by the municipality."""
        may = self._may.of(Recipient.MUNICIPALITY, DataCategory.LOCATION, DISASTER_SUPPORT)
        return Reply(200, _page(np.flatnonzero((self._expires_s > at_s) & may), None, cursor))

    # -- citizens
    def board(self) -> Reply:
        """Status and headcount of all shelters."""
        if self._board is None:
            headcount = np.array([len(inside) for inside in self._inside], np.int32)
            headcount.setflags(write=False)
            self._board = ShelterBoard(tuple(self._status), headcount)
        return Reply(200, self._board)

    def report(self, person: int, observed_s: float) -> Reply:
        """A citizen tells their own safety; the newest observation holds."""
        self._hold(person, _CITIZEN, observed_s)
        return Reply(201)

    def family_safety(self, person: int, cursor: Cursor | None) -> Reply:
        """The others of the household whose safety was reported and may be known to their family."""
        start = self._population.household_start
        household = int(self._population.household[person])
        first, end = int(start[household]), int(start[household + 1])
        may = self._may.of(Recipient.FAMILY, DataCategory.SAFETY, FAMILY_SHARING)[first:end]
        found = np.flatnonzero(self._reported[first:end] & self._population.has_id[first:end] & may) + first
        return Reply(200, _page(found[found != person], None, cursor))

    def put_position(self, person: int, received_s: float, observed_s: float) -> Reply:
        """A citizen's position; an older observation than the one held changes nothing."""
        if observed_s >= self._position_s[person]:
            self._position_s[person], self._expires_s[person] = observed_s, received_s + POSITION_TTL_S
        return Reply(204)

    # -- shelter desks
    def check_in(self, shelter: int, person: int) -> Reply:
        """Receive a person, who is in one shelter at most; the number of the stay."""
        here, stay = self._stay_of.get(person, (-1, -1))
        if here == shelter:
            return Reply(200, stay)
        if here >= 0:
            del self._inside[here][person]
        stay = len(self._person_of)
        self._person_of.append(person)
        self._stay_of[person], self._inside[shelter][person], self._board = (shelter, stay), stay, None
        return Reply(201, stay)

    def check_out(self, stay: int) -> Reply:
        """A stay ends; one that has ended stays so, one that never was is not found."""
        if not 0 <= stay < len(self._person_of):
            return Reply(404)
        person = self._person_of[stay]
        here, present = self._stay_of.get(person, (-1, -1))
        if present == stay:
            del self._stay_of[person], self._inside[here][person]
            self._board = None
        return Reply(200, stay)

    # -- associations
    def support_list(self, neighbourhood: int, cursor: Cursor | None) -> Reply:
        """Entries of the register in a neighbourhood that its association may be given now."""
        listed = self._population.needs_support & (self._neighbourhood == neighbourhood)
        for category in REGISTER_CATEGORIES:
            listed = listed & self._may.of(Recipient.ASSOCIATION, category, EVACUATION_SUPPORT)
        return Reply(200, _page(np.flatnonzero(listed), None, cursor))

    def confirm(self, neighbourhood: int, person: int, observed_s: float) -> Reply:
        """An association tells the safety of somebody; of those with an account, only of its own area's."""
        if self._population.has_id[person] and self._neighbourhood[person] != neighbourhood:
            return Reply(422)
        self._hold(person, neighbourhood, observed_s)
        return Reply(201)

    def area_safety(self, neighbourhood: int, cursor: Cursor | None) -> Reply:
        """Whose safety the association of a neighbourhood may know: by consent, or what it told itself."""
        may = self._may.of(Recipient.ASSOCIATION, DataCategory.SAFETY, DISASTER_SUPPORT)
        own = ~self._population.has_id & (self._told_by == neighbourhood)
        people = np.flatnonzero(self._reported & (self._neighbourhood == neighbourhood) & (may | own))
        order = np.argsort(self._place[people])
        return Reply(200, _page(people[order], self._place[people[order]], cursor))

    def _hold(self, person: int, told_by: int, observed_s: float) -> None:
        if observed_s >= self._reported_s[person]:
            self._reported[person], self._reported_s[person], self._told_by[person] = True, observed_s, told_by


def _page(people: IntArray, keys: IntArray | None, cursor: Cursor | None) -> Page:
    """A page of people in order of ``keys`` (None: of their rows); the time of ``cursor`` is that of the first page."""
    order = people if keys is None else keys
    first = 0 if cursor is None else int(np.searchsorted(order, cursor.after, side="right"))
    shown = people[first : first + PAGE_LIMIT].astype(np.int32)
    more = len(people) > first + PAGE_LIMIT
    return Page(shown, 0, Cursor(int(order[first + PAGE_LIMIT - 1]), 0.0) if more else None)


def joined(pages: Sequence[Page]) -> Disclosed:
    """All pages of a list together."""
    people = pages[0].people if len(pages) == 1 else np.concatenate([one.people for one in pages])
    return Disclosed(people, (), sum(one.withheld for one in pages))
