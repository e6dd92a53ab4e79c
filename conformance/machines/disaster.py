"""Walks through a disaster: people in shelters, modes of areas, safety reports; each step held against the model."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from conformance.accounts import PersonAccount
from conformance.draws import fresh
from conformance.machines.disaster_model import DISASTER, DRILL, NORMAL, Modes, Reports, Stays
from conformance.machines.driving import Guide
from conformance.outcomes import Unmet
from conformance.text import Text
from conformance.wire import Reply

DESK, OFFICE = "shelter_desk", "city_office"

BEGIN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
"""When a walk's clock begins; all its observations lie in the past."""

MINUTE_S = 60

ASSOCIATION = "association:"

COUNTED = (200, 201)

shelters = st.integers(0, 2)
nameless = st.sampled_from(("A", "B"))
people = st.sampled_from(("A", "B", "R", "S"))
"""A and B have no ID; R and S are people of the sandbox."""


def instant(at_s: int) -> str:
    """A time of a walk's clock, as it is sent."""
    return (BEGIN + timedelta(seconds=at_s)).isoformat()


class InShelters(RuleBasedStateMachine):
    """People come, go, move, are linked and are sent again: the headcounts are what happened."""

    def __init__(self, guide: Guide) -> None:
        super().__init__()
        self.guide, self.model, self.now_s = guide, Stays(), 0
        self.people = _people(guide, 2)
        self.temp_ids = {name: f"walk-{fresh()}" for name in ("A", "B")}
        self.stays: dict[str, str] = {}
        self.full: set[int] = set()
        self.sent: list[dict[str, Any]] = []
        self.shelters = _shelters(guide, 3)
        self.begin = self._board()

    @rule(who=people, shelter=shelters)
    def receive(self, who: str, shelter: int) -> None:
        """Somebody comes to a shelter."""
        moves = self.model.where(who) not in (None, self.shelters[shelter])
        body = {**self._who(who), "channel": "tablet", "observed_at": self._tick()}
        reply = self._call("checkIn", body, shelter_id=self.shelters[shelter])
        self.guide.step(f"{who} checks in at {shelter}{' (full)' if shelter in self.full else ''}: {reply.status}")
        self.model.arrive(who, self.shelters[shelter], self.now_s)
        requirement = "DIS-012" if shelter in self.full else "DIS-011" if moves else "DIS-009"
        self._taken(requirement, Text("a check-in", "受付"), reply, *COUNTED)
        self.stays[self.model.person(who)] = str(reply.members.get("id"))
        self._hold(requirement)

    @precondition(lambda self: any(self.model.where(who) for who in self.stays))
    @rule(data=st.data(), times=st.integers(1, 2))
    def let_go(self, data: st.DataObject, times: int) -> None:
        """Somebody leaves, and that is said once or twice."""
        who = data.draw(st.sampled_from(self._present()))
        at = self._tick()
        self.model.leave(who, self.now_s)
        for _ in range(times):
            reply = self._call("checkOut", {"observed_at": at}, check_in_id=self.stays[who])
            self.guide.step(f"{who} checks out: {reply.status}")
            self._taken("DIS-009", Text("a check-out", "退所"), reply, 200)
            self._hold("DIS-009")

    @precondition(lambda self: any(self.model.where(who) for who in self.stays))
    @rule(data=st.data(), steps=st.integers(1, 2))
    def move(self, data: st.DataObject, steps: int) -> None:
        """Somebody is transferred to another shelter."""
        who = data.draw(st.sampled_from(self._present()))
        shelter = (self.shelters.index(self.model.where(who) or "") + steps) % len(self.shelters)
        body = {"shelter_id": self.shelters[shelter], "observed_at": self._tick()}
        reply = self._call("transferCheckIn", body, check_in_id=self.stays[who])
        self.guide.step(f"{who} is transferred to {shelter}: {reply.status}")
        self.model.arrive(who, self.shelters[shelter], self.now_s)
        self._taken("DIS-011", Text("a transfer", "移動"), reply, *COUNTED)
        self.stays[who] = str(reply.members.get("id"))
        self._hold("DIS-011")

    @rule(
        items=st.lists(
            st.tuples(nameless, st.sampled_from(("check_in", "check_out")), shelters, st.integers(1, 30)),
            min_size=1,
            max_size=4,
        )
    )
    def upload(self, items: list[tuple[str, str, int, int]]) -> None:
        """What was written down offline some minutes ago is sent."""
        batch = [self._item(number, *one) for number, one in enumerate(items)]
        for item in sorted(batch, key=lambda one: int(one["_at_s"])):
            self._noted(item)
        self.sent += batch
        results = {row.get("client_item_id"): row for row in self._send(batch, "a batch")}
        for item in sorted(batch, key=lambda one: int(one["_at_s"])):
            row = results.get(item["client_item_id"], {})
            if item["kind"] == "check_in" and row.get("outcome") == "counted":
                self.stays[self.model.person(item["_who"])] = str(row.get("check_in_id"))
        self._hold("DIS-010")

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def upload_again(self, data: st.DataObject) -> None:
        """It is sent again, in part and in another order."""
        chosen = data.draw(st.lists(st.sampled_from(range(len(self.sent))), min_size=1, max_size=4, unique=True))
        self._send([self.sent[one] for one in chosen], "again")
        self._hold("DIS-010")

    @rule(shelter=shelters)
    def fill(self, shelter: int) -> None:
        """A shelter is said to be full."""
        body = {"status": "full", "observed_at": self._tick()}
        reply = self._call("setShelterStatus", body, shelter_id=self.shelters[shelter])
        self.guide.step(f"{shelter} is full: {reply.status}")
        self._taken("", Text("status full", "満員の状況"), reply, 200)
        self.full.add(shelter)
        self._hold("DIS-012")

    @precondition(lambda self: any(self._may_link(*pair) for pair in (("A", "R"), ("B", "S"))))
    @rule(data=st.data())
    def link(self, data: st.DataObject) -> None:
        """Somebody who was received without an ID turns out to have one."""
        pairs = [pair for pair in (("A", "R"), ("B", "S")) if self._may_link(*pair)]
        who, account = data.draw(st.sampled_from(pairs))
        reply = self._call("linkCheckIn", {"sub": self._who(account)["sub"]}, check_in_id=self.stays[who])
        self.guide.step(f"{who} is linked to {account}: {reply.status}")
        self._taken("DIS-032", Text("linking", "結び付け"), reply, 200)
        self.model.link(who, account)
        self.stays[account] = self.stays.pop(who)
        self._hold("DIS-032")

    def _may_link(self, who: str, account: str) -> bool:
        known = who in self.stays and not self.model.is_linked(who)
        return known and self.model.where(who) is not None and not self.model.is_known(account)

    def _present(self) -> list[str]:
        return sorted(who for who in self.stays if self.model.where(who))

    def _who(self, who: str) -> dict[str, Any]:
        if who in self.temp_ids:
            return {"unregistered": {"temp_id": self.temp_ids[who]}}
        return {"sub": self.people["RS".index(who)].user}

    def _tick(self) -> str:
        self.now_s += 10 * MINUTE_S
        return instant(self.now_s)

    def _item(self, number: int, who: str, kind: str, shelter: int, minutes: int) -> dict[str, Any]:
        at_s = self.now_s - minutes * MINUTE_S + number + 1
        item = {"client_item_id": fresh(), "kind": kind, **self._who(who), "observed_at": instant(at_s)}
        if kind == "check_in":
            item |= {"shelter_id": self.shelters[shelter], "channel": "paper"}
        return item | {"_told": f"{who} {kind} {shelter} -{minutes} min", "_who": who, "_at_s": at_s}

    def _noted(self, item: Mapping[str, Any]) -> None:
        if item["kind"] == "check_in":
            self.model.arrive(item["_who"], item["shelter_id"], item["_at_s"])
        else:
            self.model.leave(item["_who"], item["_at_s"])

    def _send(self, batch: list[dict[str, Any]], name: str) -> list[Mapping[str, Any]]:
        items = [{key: one for key, one in item.items() if not key.startswith("_")} for item in batch]
        reply = self._call("uploadCheckIns", {"items": items})
        self.guide.step(f"{name} ({', '.join(item['_told'] for item in batch)}): {reply.status}")
        self._taken("DIS-010", Text("a batch", "一括の受付"), reply, 200)
        return [row for row in reply.members.get("results", ()) if isinstance(row, dict)]

    def _call(self, operation: str, body: Any, **path: str) -> Reply:
        return self.guide.city.call(operation, DESK, body, path=path)

    def _taken(self, requirement: str, what: Text, reply: Reply, *statuses: int) -> None:
        """Demand a status; where no requirement of these speaks of it, the walk cannot go on."""
        if reply.status in statuses:
            return
        told = f"{reply.status} {reply.text[:120]}"
        if not requirement:
            self.guide.stop(f"{what.en}: {told}", f"{what.ja}: {told}")
        self.guide.mismatch(requirement, what, expected=" or ".join(map(str, statuses)), actual=told)

    def _board(self) -> dict[str, int]:
        rows = self.guide.city.call("listShelterStatus").members.get("items", ())
        return {str(row.get("id")): int(row.get("headcount", 0)) for row in rows}

    def _hold(self, requirement: str) -> None:
        """Board and lists are what the model says."""
        board = self._board()
        wanted = {name: self.begin.get(name, 0) + self.model.headcount(name) for name in self.shelters}
        seen = {name: board.get(name) for name in self.shelters}
        what = Text("headcounts of the shelters on the board", "状況一覧の避難所ごとの人数")
        if seen != wanted:
            self.guide.mismatch(requirement, what, expected=wanted, actual=seen)
        listed = [self.guide.city.items("listCheckIns", DESK, {"shelter": name}) for name in self.shelters]
        lengths = {name: len(rows) for name, rows in zip(self.shelters, listed, strict=True)}
        what = Text("lengths of the lists of who is in each shelter", "避難所ごとの受付者の一覧の件数")
        if lengths != wanted:
            self.guide.mismatch(requirement, what, expected=wanted, actual=lengths)
        names = [row.get("id") for rows in listed for row in rows if row.get("id")]
        if len(names) != len(set(names)):
            what = Text("check-ins that are in two shelters", "二つの避難所にある受付")
            self.guide.mismatch("DIS-011", what, expected="none", actual=sorted(names))


class InAreas(RuleBasedStateMachine):
    """Modes are declared and ended in areas that lie beside each other."""

    def __init__(self, guide: Guide) -> None:
        super().__init__()
        self.guide, self.model, self.time_s = guide, Modes(), 0
        self.areas = _areas(guide, 3)

    @rule(mode=st.sampled_from((DRILL, DISASTER, NORMAL)), chosen=st.sets(shelters, min_size=1, max_size=2))
    def declare(self, mode: str, chosen: set[int]) -> None:
        """A mode is declared in one area or two."""
        areas = sorted({self.areas[one % len(self.areas)] for one in chosen})
        self.time_s += MINUTE_S
        body = {"mode": mode, "areas": areas, "declared_at": instant(self.time_s)}
        body |= {} if mode == NORMAL else {"hazard": "earthquake"}
        reply = self.guide.city.call("declareDisaster", OFFICE, body)
        self.guide.step(f"{mode} in {', '.join(areas)}: {reply.status}")
        refused, already = self.model.refuses(mode, areas), self.model.already(mode, areas)
        wanted = (409,) if refused else COUNTED
        if reply.status not in wanted:
            what = Text("the answer to a declaration", "宣言への答え")
            told = f"{reply.status} {reply.text[:120]}"
            self.guide.mismatch("DIS-001", what, expected=" or ".join(map(str, wanted)), actual=told)
        if not refused:
            number = str(reply.members.get("id"))
            what = Text("id of a declaration that holds already", "すでに有効な宣言のid")
            if already and number != already:
                self.guide.mismatch("DIS-001", what, expected=already, actual=number)
            self.model.declare(mode, areas, number)
        self._hold(areas)

    @precondition(lambda self: self.model.numbers())
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        """A declaration is ended by its id."""
        number = data.draw(st.sampled_from(self.model.numbers()))
        path = {"event_id": number}
        tag = self.guide.city.call("getDisasterEvent", path=path).header("etag")
        headers = {"if-match": tag}
        reply = self.guide.city.call("updateDisasterEvent", OFFICE, {"mode": NORMAL}, headers=headers, path=path)
        areas = sorted(area for area, one in self.model.held.items() if one[1] == number)
        self.guide.step(f"the declaration of {', '.join(areas)} ends: {reply.status}")
        if reply.status != 200:
            told = f"{reply.status} {reply.text[:120]}"
            self.guide.mismatch("DIS-001", Text("ending a declaration", "宣言を終える"), expected="200", actual=told)
        self.model.end(number)
        self._hold(areas)

    def _hold(self, named: list[str]) -> None:
        rows = self.guide.city.call("getDisasterState").members.get("areas", ())
        told = {str(row.get("code")): str(row.get("mode")) for row in rows}
        wanted = {area: self.model.mode(area) for area in self.areas}
        seen = {area: told.get(area, NORMAL) for area in self.areas}
        if seen != wanted:
            here = any(seen[area] != wanted[area] for area in named)
            requirement = "DIS-001" if here else "DIS-002"
            self.guide.mismatch(requirement, Text("modes of the areas", "地区のモード"), expected=wanted, actual=seen)


class InTouch(RuleBasedStateMachine):
    """Safety reports come in out of order: the newest observation holds."""

    def __init__(self, guide: Guide) -> None:
        super().__init__()
        self.guide, self.model = guide, Reports()
        *self.people, self.asker = _people(guide, 3)
        self.names = [_name(guide, person) for person in self.people]
        self.marks: set[str] = set()

    @rule(who=st.integers(0, 1), minutes=st.integers(0, 30), status=st.sampled_from(("safe", "injured")))
    def report(self, who: int, minutes: int, status: str) -> None:
        """Somebody tells how they were at some time."""
        person, at_s = self.people[who], minutes * MINUTE_S + len(self.marks)
        mark = f"{len(self.marks)}-{status}-{fresh(6)}"
        body = {"status": status, "observed_at": instant(at_s), "other_identifier": mark, "share_with": ["public"]}
        reply = self.guide.city.call("reportSafety", person, body)
        self.guide.step(f"{'AB'[who]} is {status} at {minutes} min: {reply.status}")
        if reply.status != 201:
            self.guide.stop(f"a safety report: {reply.status}", f"安否の報告: {reply.status}")
        self.marks.add(mark)
        self.model.report(str(who), at_s, mark)
        alike = [name for name in (0, 1) if self.names[name] == self.names[who]]
        held = self.model.holding()
        wanted = sorted(held[str(one)] for one in alike if str(one) in held)
        seen = sorted(self._seen(self.names[who]) & self.marks)
        if seen != wanted:
            what = Text(f"the report that holds of {'AB'[who]}", f"{'AB'[who]} の有効な安否")
            self.guide.mismatch("DIS-014", what, expected=wanted, actual=seen)

    def _seen(self, name: str) -> set[str]:
        query = {"audience": "public", "name": name}
        items = self.guide.city.items("listSafetyReports", self.asker, query)
        return {str(one.get("other_identifier")) for one in items}


def _people(guide: Guide, count: int) -> list[PersonAccount]:
    found = list(guide.target.people)[:count]
    if len(found) < count:
        guide.stop(f"needs {count} made-up people", f"架空の住民が{count}人要る")
    return found


def _shelters(guide: Guide, count: int) -> list[str]:
    """Shelters to walk in, by their own list; more are opened where there are too few."""
    place = {"type": "Point", "coordinates": [139.93, 37.49]}
    found = [str(one["id"]) for one in guide.city.call("listShelters").members.get("items", [])][:count]
    while len(found) < count:
        reply = guide.city.call("createShelter", DESK, {"name": "検査", "position": place, "capacity_persons": 10})
        if reply.status != 201:
            guide.stop("needs three shelters", "避難所が三つ要る")
        found.append(str(reply.members["id"]))
    for name in found:
        body = {"status": "open", "observed_at": instant(0)}
        guide.city.call("setShelterStatus", DESK, body, path={"shelter_id": name})
    return found


def _areas(guide: Guide, count: int) -> list[str]:
    """Neighbourhoods of associations, which lie beside each other; where there are none, districts of shelters."""
    recipients = (one.recipient for one in guide.target.of_role("association"))
    found = [one.removeprefix(ASSOCIATION) for one in recipients if one.startswith(ASSOCIATION)]
    if not found:
        listed = guide.city.call("listShelters").members.get("items", [])
        found = sorted({str(one["district"]) for one in listed if one.get("district")})
    held = guide.city.call("getDisasterState").members.get("areas", ())
    free = [code for code in dict.fromkeys(found) if code not in {str(row.get("code")) for row in held}]
    if not free or held:
        guide.stop("needs areas where nothing holds", "訓練も災害もない地区が要る")
    return free[:count]


def _name(guide: Guide, person: PersonAccount) -> str:
    reply = guide.city.call("getUser", person, path={"sub": person.user})
    name = (reply.members.get("data") or {}).get("name")
    if not isinstance(name, str):
        raise Unmet(Text("people are not told their name", "本人に氏名が示されない"))
    return name
