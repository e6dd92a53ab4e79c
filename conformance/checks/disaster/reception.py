"""Reception: what a shelter's desk does in many checks, at shelters of the check's own, undone when the check ends."""

from collections.abc import Mapping
from typing import Any

from conformance.accounts import PersonAccount
from conformance.checks.disaster.moments import moment
from conformance.context import Context
from conformance.outcomes import Unmet
from conformance.text import Text
from conformance.wire import Reply

DESK, OFFICE = "shelter_desk", "city_office"

PLACE: Mapping[str, Any] = {"type": "Point", "coordinates": [139.93, 37.49]}
"""Where an ad-hoc shelter stands that a check opens; any place on land will do."""


def done(reply: Reply, *statuses: int) -> Mapping[str, Any]:
    """The body of an answer that a check needs to go on; 200, 201 and 204 are right unless others are named.

    Raises:
        Unmet: It has another status.
    """
    if reply.status not in (statuses or (200, 201, 204)):
        said = f"{reply.url}: {reply.status} {reply.text[:120]}"
        raise Unmet(Text(f"a step before the one that is judged failed: {said}", f"判定の前の手順が失敗: {said}"))
    return reply.members


def stranger(ctx: Context, **more: Any) -> dict[str, Any]:
    """A made-up person without an ID, as they tell it at the desk."""
    return {"unregistered": {"temp_id": f"suite-{ctx.fresh()}", **more}}


def resident(person: PersonAccount) -> dict[str, Any]:
    """A person of the sandbox, by their ID."""
    return {"sub": person.user}


class Reception:
    """A desk. Whom it received is checked out, and the shelters that it opened are taken away, when the check ends."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def create(self, **more: Any) -> Reply:
        """Open an ad-hoc shelter; it is taken away when the check ends."""
        body = {"name": "適合性検査の避難所", "kind": "general", "position": PLACE, "capacity_persons": 100, **more}
        reply = self.ctx.city.call("createShelter", DESK, body)
        if reply.status == 201 and isinstance(reply.members.get("id"), str):
            self.ctx.afterwards(lambda: self._take_away(reply.members["id"]))
        return reply

    def shelter(self, **more: Any) -> str:
        """An open shelter: one of the check's own, or one of the list where none can be created.

        Raises:
            Unmet: There is none either.
        """
        reply = self.create(**more)
        name = reply.members.get("id") if reply.status == 201 else None
        if not isinstance(name, str):
            listed = self.ctx.city.call("listShelters").members.get("items", [])
            if not listed:
                raise Unmet(Text("there is no shelter", "避難所がない"))
            name = str(self.ctx.draws.choice(listed)["id"])
        self.say(name, "open")
        return name

    def say(self, shelter: str, status: str) -> Reply:
        """Say that a shelter is open, full or closed."""
        body = {"status": status, "observed_at": moment()}
        return self.ctx.city.call("setShelterStatus", DESK, body, path={"shelter_id": shelter})

    def send(self, shelter: str, who: Mapping[str, Any], at: str = "", **more: Any) -> Reply:
        """Ask to check somebody in; they are checked out when the check ends."""
        body = {"channel": "tablet", "observed_at": at or moment(), **who, **more}
        reply = self.ctx.city.call("checkIn", DESK, body, path={"shelter_id": shelter})
        self.remember(reply.members.get("id"))
        return reply

    def receive(self, shelter: str, who: Mapping[str, Any], at: str = "", **more: Any) -> str:
        """Check somebody in, as a step before what is judged; the check-in's id."""
        return str(done(self.send(shelter, who, at, **more)).get("id"))

    def remember(self, number: object) -> None:
        """A check-in that is to be ended when the check ends."""
        if isinstance(number, str):
            self.ctx.afterwards(lambda: self.check_out(number))

    def check_out(self, number: str, at: str = "") -> Reply:
        """Ask to check somebody out."""
        return self.ctx.city.call("checkOut", DESK, {"observed_at": at or moment()}, path={"check_in_id": number})

    def transfer(self, number: str, shelter: str) -> Reply:
        """Ask to move somebody to another shelter."""
        body = {"shelter_id": shelter, "observed_at": moment()}
        reply = self.ctx.city.call("transferCheckIn", DESK, body, path={"check_in_id": number})
        self.remember(reply.members.get("id"))
        return reply

    def upload(self, items: list[dict[str, Any]]) -> Reply:
        """Ask to take in what was written down offline."""
        reply = self.ctx.city.call("uploadCheckIns", DESK, {"items": items})
        for row in reply.members.get("results", []):
            self.remember(row.get("check_in_id") if isinstance(row, dict) else None)
        return reply

    def read(self, number: str) -> Mapping[str, Any]:
        """One check-in."""
        return done(self.ctx.city.call("getCheckIn", DESK, path={"check_in_id": number}), 200)

    def headcount(self, shelter: str) -> int:
        """People in a shelter by the board.

        Raises:
            Unmet: The board does not show it.
        """
        rows = done(self.ctx.city.call("listShelterStatus"), 200).get("items", [])
        for row in rows:
            if row.get("id") == shelter and isinstance(row.get("headcount"), int):
                return int(row["headcount"])
        raise Unmet(Text(f"the board does not show shelter {shelter}", f"避難所 {shelter} が状況一覧にない"))

    def counting(self, shelter: str) -> int:
        """People in a shelter, after one who came was counted as a positive control.

        Raises:
            Unmet: They were not counted.
        """
        before = self.headcount(shelter)
        self.receive(shelter, stranger(self.ctx))
        with self.ctx.control(Text("a check-in is counted", "受付が人数に入る")):
            self.ctx.expect("headcount", expected=before + 1, actual=self.headcount(shelter))
        return before + 1

    def counts(self, shelter: str) -> tuple[int, object, int]:
        """People in a shelter by the board, by its own status, and by the list of who is there."""
        status = done(self.ctx.city.call("getShelterStatus", path={"shelter_id": shelter}), 200)
        listed = self.ctx.city.items("listCheckIns", DESK, {"shelter": shelter})
        return self.headcount(shelter), status.get("headcount"), len(listed)

    def _take_away(self, shelter: str) -> None:
        tag = self.ctx.city.call("getShelter", path={"shelter_id": shelter}).header("etag")
        self.ctx.city.call("deleteShelter", DESK, headers={"if-match": tag}, path={"shelter_id": shelter})
