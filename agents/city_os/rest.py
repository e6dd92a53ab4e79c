"""RestCityOS: every verb of the port as operations of the contract, over any transport."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec
import numpy as np
from msgspec import structs

from agents.city_os.asker import Asker, AskerKind
from agents.city_os.calendar import Calendar
from agents.city_os.caller import Call, Caller, Recorder, decoded
from agents.city_os.directory import Directory
from agents.city_os.messages import Board, Made, PersonPage, SubjectPage
from agents.city_os.operations import (
    BOARD,
    CHECK_IN,
    CHECK_OUT,
    DECLARE,
    DELIVERIES,
    EVACUEES,
    ISSUE_ORDER,
    NOTIFY,
    PAGE_LIMIT,
    POSITION_TTL_S,
    POSITIONS,
    PUT_POSITION,
    REPORT,
    SAFETY_REPORTS,
    SET_STATUS,
    SUPPORT_LIST,
    Use,
)
from agents.city_os.port import Answer, Disclosed, Failure, FailureKind, ShelterBoard, ShelterStatus
from agents.city_os.service import Service
from agents.city_os.tokens import TokenBook
from agents.city_os.transport import Transport
from twin.events import ReceptionChannel, SafetyStatus
from twin.population import Mode
from twin.shelters import Hazard

Page = TypeVar("Page", PersonPage, SubjectPage)
Json = Mapping[str, object]

ANYBODY = Asker(AskerKind.ANYBODY)
CITY_OFFICE = Asker(AskerKind.CITY_OFFICE)

_NO_ACCOUNT: Answer[Any] = Answer(None, Failure(FailureKind.NO_ACCOUNT, detail="the person has no city-OS ID"))
_STATUSES = {status.value: status for status in ShelterStatus}
_MADE = msgspec.json.Decoder(Made)
_BOARD_BODY = msgspec.json.Decoder(Board)
_PERSONS = msgspec.json.Decoder(PersonPage)
_SUBJECTS = msgspec.json.Decoder(SubjectPage)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The board last read; it holds for everybody who is told that nothing changed."""

    etag: str
    board: ShelterBoard


class RestCityOS:
    """A city OS reached through ``transport``.

    ``latency_factor`` (>= 0) is simulated seconds for each second of wall time that a call takes.
    """

    connected = True

    def __init__(
        self,
        transport: Transport,
        service: Service,
        directory: Directory,
        calendar: Calendar,
        *,
        recorder: Recorder,
        latency_factor: float = 1.0,
    ) -> None:
        tokens = TokenBook(service, directory.person_ids, directory.neighbourhood_codes)
        self.name = service.document.issuer
        self._caller = Caller(transport, tokens, recorder, api_base=service.document.api_base)
        self._latency_factor = latency_factor
        self._directory = directory
        self._calendar = calendar
        self._seen: _Seen | None = None
        self._check_in_ids: dict[int, str] = {}

    # -- the city office
    def declare(self, at_s: float, mode: Mode, hazard: Hazard, districts: Sequence[int]) -> Answer[None]:
        """See CityOS.declare."""
        body = {
            "mode": mode,
            "hazard": None if mode is Mode.NORMAL else hazard,
            "areas": self._areas(districts),
            "declared_at": self._calendar.text(at_s),
        }
        return _done(self._make(_call(DECLARE, "/disaster-events", CITY_OFFICE, at_s), body))

    def issue_order(self, at_s: float, level: int, districts: Sequence[int], reason: str) -> Answer[None]:
        """See CityOS.issue_order."""
        body = {
            "level": level,
            "areas": self._areas(districts),
            "reason": reason,
            "issued_at": self._calendar.text(at_s),
        }
        return _done(self._make(_call(ISSUE_ORDER, "/evacuation-orders", CITY_OFFICE, at_s), body))

    def set_shelter_status(self, at_s: float, shelter: int, status: ShelterStatus) -> Answer[None]:
        """See CityOS.set_shelter_status."""
        path = f"/shelters/{_segment(self._directory.shelter_ids[shelter])}/status"
        call = _call(SET_STATUS, path, CITY_OFFICE, at_s)
        return _done(self._make(call, {"status": status, "observed_at": self._calendar.text(at_s)}))

    def notify(self, at_s: float, title: str, body: str, districts: Sequence[int]) -> Answer[str]:
        """See CityOS.notify."""
        call = _call(NOTIFY, "/notifications", CITY_OFFICE, at_s)
        answer = self._make(call, {"title": title, "body": body, "areas": self._areas(districts)})
        return Answer(answer.value.id if answer.value else None, answer.failure, answer.latency_s)

    def deliveries(self, at_s: float, notification: str) -> Answer[Disclosed]:
        """See CityOS.deliveries."""
        path = f"/notifications/{_segment(notification)}/deliveries"
        return self._subjects(DELIVERIES, path, CITY_OFFICE, at_s, outcome="delivered")

    def evacuees(self, at_s: float, shelter: int) -> Answer[Disclosed]:
        """See CityOS.evacuees."""
        query = {"shelter": self._directory.shelter_ids[shelter]}
        return self._persons(EVACUEES, "/check-ins", query, CITY_OFFICE, at_s)

    def known_safe(self, at_s: float) -> Answer[Disclosed]:
        """See CityOS.known_safe."""
        return self._reports("municipality", CITY_OFFICE, at_s)

    def positions(self, at_s: float) -> Answer[Disclosed]:
        """See CityOS.positions."""
        return self._subjects(POSITIONS, "/locations", CITY_OFFICE, at_s)

    # -- citizens
    def shelter_board(self, at_s: float) -> Answer[ShelterBoard]:
        """See CityOS.shelter_board."""
        seen = self._seen
        headers = {"if-none-match": seen.etag} if seen else {}
        call = _call(BOARD, "/shelters/status", ANYBODY, at_s)
        expects = (200, 304) if seen else (200,)
        outcome = self._caller.call(structs.replace(call, expects=expects, headers=headers))
        if seen and outcome.response and outcome.response.status == 304:
            return Answer(seen.board, None, outcome.waited_s * self._latency_factor)
        answer = decoded(outcome, _BOARD_BODY, self._latency_factor)
        if answer.value is None or outcome.response is None:
            return Answer(None, answer.failure, answer.latency_s)
        board = self._board(answer.value)
        etag = outcome.response.headers.get("etag", "")
        self._seen = _Seen(etag, board) if etag else None
        return Answer(board, None, answer.latency_s)

    def report_safety(self, at_s: float, person: int, status: SafetyStatus) -> Answer[None]:
        """See CityOS.report_safety."""
        if not self._directory.has_account[person]:
            return _NO_ACCOUNT
        return self._tell_safety(Asker(AskerKind.CITIZEN, person), at_s, status, {"method": "app"})

    def family_safety(self, at_s: float, person: int) -> Answer[Disclosed]:
        """See CityOS.family_safety."""
        if not self._directory.has_account[person]:
            return _NO_ACCOUNT
        asker = Asker(AskerKind.CITIZEN, person)
        answer = self._reports("family", asker, at_s)
        if answer.value is None:
            return answer
        others = answer.value.people[answer.value.people != person]
        return structs.replace(answer, value=replace(answer.value, people=others))

    def put_position(self, at_s: float, person: int, point_m: tuple[float, float]) -> Answer[None]:
        """See CityOS.put_position."""
        if not self._directory.has_account[person]:
            return _NO_ACCOUNT
        lon, lat = self._directory.projection.point_to_degrees(*point_m)
        # A ten-millionth of a degree is a centimetre: finer than any phone, and short on the wire.
        point = {"type": "Point", "coordinates": [round(lon, 7), round(lat, 7)]}
        said = {"position": point, "observed_at": self._calendar.text(at_s), "ttl_s": POSITION_TTL_S}
        body = msgspec.json.encode(said)
        path = f"/users/{_segment(self._directory.person_ids[person])}/location"
        asker = Asker(AskerKind.CITIZEN, person)
        outcome = self._caller.call(structs.replace(_call(PUT_POSITION, path, asker, at_s), body=body))
        return Answer(None, outcome.failure, outcome.waited_s * self._latency_factor)

    # -- shelter desks
    def check_in(self, at_s: float, shelter: int, person: int, channel: ReceptionChannel) -> Answer[None]:
        """See CityOS.check_in."""
        path = f"/shelters/{_segment(self._directory.shelter_ids[shelter])}/check-ins"
        asker = Asker(AskerKind.SHELTER_DESK, shelter)
        body: dict[str, object] = {"channel": channel.name.lower(), "observed_at": self._calendar.text(at_s)}
        if self._directory.has_account[person]:
            body["sub"] = self._directory.person_ids[person]
        else:
            body["unregistered"] = self._directory.told_at_desk(person)
        answer = self._make(_call(CHECK_IN, path, asker, at_s), body)
        if answer.value:
            self._check_in_ids[person] = answer.value.id
        return _done(answer)

    def check_out(self, at_s: float, shelter: int, person: int) -> Answer[None]:
        """See CityOS.check_out; a person whom this adapter did not check in is not known at the desk (404)."""
        check_in = self._check_in_ids.get(person)
        if check_in is None:
            return Answer(None, Failure(FailureKind.STATUS, 404, "the person was not checked in"))
        path = f"/check-ins/{_segment(check_in)}/check-out"
        asker = Asker(AskerKind.SHELTER_DESK, shelter)
        answer = self._make(_call(CHECK_OUT, path, asker, at_s), {"observed_at": self._calendar.text(at_s)})
        if answer.ok:
            del self._check_in_ids[person]
        return _done(answer)

    # -- associations
    def support_list(self, at_s: float, neighbourhood: int) -> Answer[Disclosed]:
        """See CityOS.support_list."""
        asker = Asker(AskerKind.ASSOCIATION, neighbourhood)
        query = {"area": self._directory.neighbourhood_codes[neighbourhood]}
        path = f"/support-registers/entries?{urlencode(query)}"
        return self._subjects(SUPPORT_LIST, path, asker, at_s)

    def confirm_safety(self, at_s: float, neighbourhood: int, person: int, status: SafetyStatus) -> Answer[None]:
        """See CityOS.confirm_safety."""
        code = self._directory.neighbourhood_codes[self._directory.neighbourhood[person]]
        own_id = self._directory.person_ids[person]
        # No more is told of a person without ID than is needed to recognise them on the lists.
        subject = {"sub": own_id} if self._directory.has_account[person] else {"temp_id": own_id, "neighbourhood": code}
        asker = Asker(AskerKind.ASSOCIATION, neighbourhood)
        return self._tell_safety(asker, at_s, status, {"method": "visit", "subject": subject})

    def association_safety(self, at_s: float, neighbourhood: int) -> Answer[Disclosed]:
        """See CityOS.association_safety."""
        asker = Asker(AskerKind.ASSOCIATION, neighbourhood)
        return self._reports("association", asker, at_s)

    # -- how it is said
    def _areas(self, districts: Sequence[int]) -> list[str]:
        return [self._directory.district_codes[district] for district in districts]

    def _tell_safety(self, asker: Asker, at_s: float, status: SafetyStatus, more: Json) -> Answer[None]:
        body = {"status": status.name.lower(), "observed_at": self._calendar.text(at_s), **more}
        return _done(self._make(_call(REPORT, "/safety-reports", asker, at_s), body))

    def _make(self, call: Call, body: Json) -> Answer[Made]:
        outcome = self._caller.call(structs.replace(call, body=msgspec.json.encode(body)))
        return decoded(outcome, _MADE, self._latency_factor)

    # -- lists
    def _reports(self, audience: str, asker: Asker, at_s: float) -> Answer[Disclosed]:
        return self._persons(SAFETY_REPORTS, "/safety-reports", {"audience": audience}, asker, at_s)

    def _persons(self, use: Use, path: str, query: Mapping[str, str], asker: Asker, at_s: float) -> Answer[Disclosed]:
        pages = self._pages(_call(use, f"{path}?{urlencode(query)}", asker, at_s), _PERSONS)
        people = (item.person for page in pages.value or () for item in page.items)
        named = (None if person is None else person.sub or person.temp_id for person in people)
        return self._disclosed(pages, named)

    def _subjects(
        self, use: Use, path: str, asker: Asker, at_s: float, outcome: str | None = None
    ) -> Answer[Disclosed]:
        pages = self._pages(_call(use, path, asker, at_s), _SUBJECTS)
        items = (item for page in pages.value or () for item in page.items)
        named = (item.sub or item.temp_id for item in items if outcome is None or item.outcome == outcome)
        return self._disclosed(pages, named)

    def _pages(self, call: Call, decoder: msgspec.json.Decoder[Page]) -> Answer[list[Page]]:
        """All pages of a list; MALFORMED if the service leads in a circle."""
        first = call.path + ("&" if "?" in call.path else "?") + f"limit={PAGE_LIMIT}"
        pages: list[Page] = []
        cursors: set[str] = set()
        latency_s, path = 0.0, first
        while True:
            answer = decoded(self._caller.call(structs.replace(call, path=path)), decoder, self._latency_factor)
            latency_s += answer.latency_s
            if answer.value is None:
                return Answer(None, answer.failure, latency_s)
            pages.append(answer.value)
            cursor = answer.value.next_cursor
            if cursor is None:
                return Answer(pages, None, latency_s)
            if cursor in cursors:
                circle = Failure(FailureKind.MALFORMED, 200, f"the pages lead in a circle at cursor {cursor!r}")
                return Answer(None, circle, latency_s)
            cursors.add(cursor)
            path = f"{first}&{urlencode({'cursor': cursor})}"

    def _disclosed(self, pages: Answer[list[Page]], named: Iterable[str | None]) -> Answer[Disclosed]:
        if pages.value is None:
            return Answer(None, pages.failure, pages.latency_s)
        row_of, rows, strangers, withheld = self._directory.person_row, [], [], 0
        for one in named:
            if one is None:
                withheld += 1
            elif one in row_of:
                rows.append(row_of[one])
            else:
                strangers.append(one)
        return Answer(Disclosed(np.array(rows, np.int32), tuple(strangers), withheld), None, pages.latency_s)

    def _board(self, said: Board) -> ShelterBoard:
        shelters = len(self._directory.shelter_ids)
        status: list[ShelterStatus | None] = [None] * shelters
        headcount = np.full(shelters, -1, np.int32)
        for level in said.items:
            row = self._directory.shelter_row.get(level.id)
            if row is not None:
                status[row] = _STATUSES.get(level.status)
                headcount[row] = level.headcount
        headcount.setflags(write=False)
        return ShelterBoard(tuple(status), headcount)


def _call(use: Use, path: str, asker: Asker, at_s: float) -> Call:
    """A call of an operation as the port uses it."""
    return Call(
        use.operation,
        use.method,
        path,
        asker,
        at_s,
        keyed=use.keyed,
        expects=use.expects,
        repeatable=use.repeatable,
    )


def _segment(text: str) -> str:
    """A text as one segment of a path."""
    # Most identifiers are letters and digits, for which quote would take several times as long to change nothing.
    return text if text.isascii() and text.isalnum() else quote(text, safe="")


def _done(answer: Answer[Made]) -> Answer[None]:
    return Answer(None, answer.failure, answer.latency_s)
