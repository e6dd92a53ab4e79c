"""IdealCityOS: a city OS that keeps the contract perfectly and answers at once, as a model in this process.

It speaks to its service as RestCityOS does - the same operations, in the same order, page by page - and so the same
faults can be put on its line. There is no HTTP, no JSON and no store.
"""

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol, cast

from agents.city_os.asker import Asker, AskerKind
from agents.city_os.conversation import Conversation, Outcome
from agents.city_os.ideal_service import Cursor, IdealService, Page, joined
from agents.city_os.line import FIRST_ERROR, LineCall, Reply
from agents.city_os.operations import (
    BOARD,
    CHECK_IN,
    CHECK_OUT,
    DECLARE,
    DELIVERIES,
    EVACUEES,
    ISSUE_ORDER,
    NOTIFY,
    POSITIONS,
    PUT_POSITION,
    REPORT,
    SAFETY_REPORTS,
    SET_STATUS,
    SUPPORT_LIST,
    Use,
)
from agents.city_os.port import Answer, Disclosed, Failure, FailureKind, ShelterBoard, ShelterStatus
from twin.events import ReceptionChannel, SafetyStatus
from twin.population import Mode
from twin.shelters import Hazard

NOBODYS = -1
"""Number of a stay that somebody made up who took a check-in and never did it."""

MADE_UP = "made up"
"""Name of a message that was never sent."""

_CITIZEN, _DESK, _ASSOCIATION = AskerKind.CITIZEN, AskerKind.SHELTER_DESK, AskerKind.ASSOCIATION
_ANYBODY = Asker(AskerKind.ANYBODY)
_CITY_OFFICE = Asker(AskerKind.CITY_OFFICE)
_NO_ACCOUNT: Answer[Any] = Answer(None, Failure(FailureKind.NO_ACCOUNT, detail="the person has no city-OS ID"))
_DONE: Answer[None] = Answer(None)

Ask = Callable[[float, Cursor | None], Reply]
"""Asks a service for a page of a list at a time."""


class Listener(Protocol):
    """Hears what a city OS was told and acknowledged, true or not."""

    def reported(self, person: int) -> None:
        """Somebody's safety was taken down."""

    def declared(self, mode: Mode, districts: Sequence[int], *, acknowledged: bool) -> None:
        """A mode was declared for districts; it may hold even where that was not acknowledged."""


class _Unheard:
    def reported(self, person: int) -> None:
        """Nobody listens."""

    def declared(self, mode: Mode, districts: Sequence[int], *, acknowledged: bool) -> None:
        """Nobody listens."""


class _Asked(NamedTuple):
    """A list that is asked for: its operation, by whom, when, and what tells it from others of the operation."""

    use: Use
    asker: Asker
    at_s: float
    question: Hashable = ()


class IdealCityOS:
    """The port over a modelled service. ``has_account`` tells who has a city-OS ID.

    ``latency_factor`` (>= 0) is simulated seconds for each second that a line says it took.
    """

    name = "ideal"
    connected = True

    def __init__(
        self,
        service: IdealService,
        conversation: Conversation,
        has_account: Sequence[bool],
        *,
        latency_factor: float = 1.0,
    ) -> None:
        self._service = service
        self._conversation = conversation
        self._has_account = has_account
        self._latency_factor = latency_factor
        self._stays: dict[int, int] = {}
        self.listener: Listener = _Unheard()

    # -- the city office
    def declare(self, at_s: float, mode: Mode, hazard: Hazard, districts: Sequence[int]) -> Answer[None]:  # noqa: ARG002
        """See CityOS.declare."""
        heard = partial(self._tell_declared, mode, districts)
        call = LineCall(DECLARE, _CITY_OFFICE, at_s, heard=heard)
        return self._done(self._conversation.say(call, lambda *_: self._service.declare(mode, districts)))

    def issue_order(self, at_s: float, level: int, districts: Sequence[int], reason: str) -> Answer[None]:  # noqa: ARG002
        """See CityOS.issue_order."""
        return self._done(self._conversation.say(LineCall(ISSUE_ORDER, _CITY_OFFICE, at_s), _taken))

    def set_shelter_status(self, at_s: float, shelter: int, status: ShelterStatus) -> Answer[None]:
        """See CityOS.set_shelter_status."""
        call = LineCall(SET_STATUS, _CITY_OFFICE, at_s, shelter)
        return self._done(
            self._conversation.say(call, lambda _, observed_s: self._service.set_status(shelter, status, observed_s))
        )

    def notify(self, at_s: float, title: str, body: str, districts: Sequence[int]) -> Answer[str]:  # noqa: ARG002
        """See CityOS.notify."""
        call = LineCall(NOTIFY, _CITY_OFFICE, at_s, made_up=MADE_UP)
        said = self._conversation.say(call, lambda *_: self._service.send(districts))
        return Answer(cast("str | None", said.value), said.failure, said.waited_s * self._latency_factor)

    def deliveries(self, at_s: float, notification: str) -> Answer[Disclosed]:
        """See CityOS.deliveries."""
        asked = _Asked(DELIVERIES, _CITY_OFFICE, at_s, notification)
        return self._list(asked, lambda _, cursor: self._service.deliveries(notification, cursor))

    def evacuees(self, at_s: float, shelter: int) -> Answer[Disclosed]:
        """See CityOS.evacuees."""
        asked = _Asked(EVACUEES, _CITY_OFFICE, at_s, shelter)
        return self._list(asked, lambda _, cursor: self._service.evacuees(shelter, cursor))

    def known_safe(self, at_s: float) -> Answer[Disclosed]:
        """See CityOS.known_safe."""
        asked = _Asked(SAFETY_REPORTS, _CITY_OFFICE, at_s)
        return self._list(asked, lambda _, cursor: self._service.known_safe(cursor))

    def positions(self, at_s: float) -> Answer[Disclosed]:
        """See CityOS.positions."""
        return self._list(_Asked(POSITIONS, _CITY_OFFICE, at_s), self._service.positions)

    # -- citizens
    def shelter_board(self, at_s: float) -> Answer[ShelterBoard]:
        """See CityOS.shelter_board."""
        said = self._conversation.say(LineCall(BOARD, _ANYBODY, at_s), lambda *_: self._service.board())
        return Answer(cast("ShelterBoard | None", said.value), said.failure, said.waited_s * self._latency_factor)

    def report_safety(self, at_s: float, person: int, status: SafetyStatus) -> Answer[None]:  # noqa: ARG002
        """See CityOS.report_safety."""
        if not self._has_account[person]:
            return _NO_ACCOUNT
        call = LineCall(REPORT, Asker(_CITIZEN, person), at_s, heard=partial(self._tell_reported, person))
        return self._done(self._conversation.say(call, lambda _, observed_s: self._service.report(person, observed_s)))

    def family_safety(self, at_s: float, person: int) -> Answer[Disclosed]:
        """See CityOS.family_safety."""
        if not self._has_account[person]:
            return _NO_ACCOUNT
        asked = _Asked(SAFETY_REPORTS, Asker(_CITIZEN, person), at_s)
        return self._list(asked, lambda _, cursor: self._service.family_safety(person, cursor))

    def put_position(self, at_s: float, person: int, point_m: tuple[float, float]) -> Answer[None]:  # noqa: ARG002
        """See CityOS.put_position."""
        if not self._has_account[person]:
            return _NO_ACCOUNT
        call = LineCall(PUT_POSITION, Asker(_CITIZEN, person), at_s)
        return self._done(self._conversation.say(call, partial(self._service.put_position, person)))

    # -- shelter desks
    def check_in(self, at_s: float, shelter: int, person: int, channel: ReceptionChannel) -> Answer[None]:  # noqa: ARG002
        """See CityOS.check_in."""
        call = LineCall(CHECK_IN, Asker(_DESK, shelter), at_s, shelter, made_up=NOBODYS)
        said = self._conversation.say(call, lambda *_: self._service.check_in(shelter, person))
        if said.failure is None:
            self._stays[person] = cast("int", said.value)
        return self._done(said)

    def check_out(self, at_s: float, shelter: int, person: int) -> Answer[None]:
        """See CityOS.check_out; a person whom this adapter did not check in is not known at the desk (404)."""
        stay = self._stays.get(person)
        if stay is None:
            return Answer(None, Failure(FailureKind.STATUS, 404, "the person was not checked in"))
        # The path names the stay and not the shelter.
        call = LineCall(CHECK_OUT, Asker(_DESK, shelter), at_s)
        said = self._conversation.say(call, lambda *_: self._service.check_out(stay))
        if said.failure is None:
            del self._stays[person]
        return self._done(said)

    # -- associations
    def support_list(self, at_s: float, neighbourhood: int) -> Answer[Disclosed]:
        """See CityOS.support_list."""
        asked = _Asked(SUPPORT_LIST, Asker(_ASSOCIATION, neighbourhood), at_s)
        return self._list(asked, lambda _, cursor: self._service.support_list(neighbourhood, cursor))

    def confirm_safety(self, at_s: float, neighbourhood: int, person: int, status: SafetyStatus) -> Answer[None]:  # noqa: ARG002
        """See CityOS.confirm_safety."""
        asker, heard = Asker(_ASSOCIATION, neighbourhood), partial(self._tell_reported, person)
        call = LineCall(REPORT, asker, at_s, heard=heard)
        return self._done(
            self._conversation.say(call, lambda _, observed_s: self._service.confirm(neighbourhood, person, observed_s))
        )

    def association_safety(self, at_s: float, neighbourhood: int) -> Answer[Disclosed]:
        """See CityOS.association_safety."""
        asked = _Asked(SAFETY_REPORTS, Asker(_ASSOCIATION, neighbourhood), at_s)
        return self._list(asked, lambda _, cursor: self._service.area_safety(neighbourhood, cursor))

    # -- how it is said
    def _list(self, asked: _Asked, ask: Ask) -> Answer[Disclosed]:
        """All pages of a list."""
        pages: list[Page] = []
        cursor: Cursor | None = None
        waited_s = 0.0
        while not pages or cursor is not None:
            call = LineCall(asked.use, asked.asker, asked.at_s, question=(asked.question, cursor))
            said = self._conversation.say(call, partial(_page_at, ask, asked.at_s, cursor))
            waited_s += said.waited_s * self._latency_factor
            if said.failure is not None:
                return Answer(None, said.failure, waited_s)
            page = cast("Page", said.value)
            pages.append(page)
            cursor = page.next
        return Answer(joined(pages), None, waited_s)

    def _done(self, said: Outcome) -> Answer[None]:
        if said.failure is None and not said.waited_s:
            return _DONE
        return Answer(None, said.failure, said.waited_s * self._latency_factor)

    def _tell_reported(self, person: int, status: int) -> None:
        if status < FIRST_ERROR:
            self.listener.reported(person)

    def _tell_declared(self, mode: Mode, districts: Sequence[int], status: int) -> None:
        self.listener.declared(mode, districts, acknowledged=status < FIRST_ERROR)


def _page_at(ask: Ask, began_s: float, cursor: Cursor | None, received_s: float, _observed_s: float) -> Reply:
    """A page whose cursor says when the list was begun: what is asked again at another time is another question."""
    reply = ask(received_s, cursor)
    page = reply.value
    if isinstance(page, Page) and page.next is not None:
        began_s = began_s if cursor is None else cursor.began_s
        reply = reply._replace(value=page._replace(next=page.next._replace(began_s=began_s)))
    return reply


def _taken(_received_s: float, _observed_s: float) -> Reply:
    """An order stands in no answer that the port asks for."""
    return Reply(201)
