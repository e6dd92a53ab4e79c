"""In whatever order things are told, the newest observation says where a person is, and headcounts are exact."""

import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SHELTERS = ["S0", "S1", "S2"]
SUBS = ["c0", "c1"]
TEMPS = ["a", "b"]
PEOPLE = [*SUBS, *(f"t:{temp}" for temp in TEMPS)]
MINUTES = st.integers(0, 9)


def at(minute: int) -> str:
    """An instant of a morning."""
    return f"2027-01-15T07:{minute:02}:00+09:00"


def block(person: str) -> dict[str, Any]:
    """The person block of a request."""
    return {"unregistered": {"temp_id": person[2:]}} if person.startswith("t:") else {"sub": person}


@dataclass
class Model:
    """What was observed of each person, as time, number of the telling, and place (None: left)."""

    log: dict[str, list[tuple[int, int, str | None]]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    told: int = 0

    def who(self, person: str) -> str:
        """A person by the name that counts since they were linked."""
        return self.names.get(person, person)

    def see(self, person: str, minute: int, place: str | None) -> None:
        """Note an observation."""
        self.told += 1
        self.log.setdefault(self.who(person), []).append((minute, self.told, place))

    def newest(self, person: str) -> int:
        """Minute of the newest observation, -1 if there is none."""
        return max((minute for minute, _, _ in self.log.get(self.who(person), [])), default=-1)

    def place(self, person: str) -> str | None:
        """Where a person is."""
        seen = self.log.get(self.who(person))
        return max(seen, key=lambda entry: entry[:2])[2] if seen else None

    def present(self) -> dict[str, str]:
        """Everybody who is somewhere."""
        return {person: place for person in self.log if (place := self.place(person)) is not None}


@dataclass
class Runner:
    """Sends steps to a city and tells the model."""

    city: Any
    model: Model = field(default_factory=Model)
    ids: dict[str, str] = field(default_factory=dict)
    sent: list[tuple[str, dict[str, Any], str, Any]] = field(default_factory=list)
    linked: bool = False

    def post(self, url: str, body: dict[str, Any]) -> Any:
        """A request of a desk with a key of its own, kept to be sent again."""
        key = f"step-{len(self.sent)}"
        answer = self.city.call("POST", url, "shelter-desk", body, idempotency_key=key)
        self.sent.append((url, body, key, answer))
        return answer

    def check_in(self, person: str, shelter: str, minute: int) -> None:
        """Receive somebody."""
        body = {**block(person), "channel": "paper", "observed_at": at(minute)}
        answer = self.post(f"/v1/shelters/{shelter}/check-ins", body)
        self.model.see(person, minute, shelter)
        assert answer.status in (200, 201), answer.body
        self.ids[self.model.who(person)] = answer.json["id"]

    def check_out(self, person: str, _: str, minute: int) -> None:
        """Somebody leaves by their last known check-in."""
        number = self.ids.get(self.model.who(person))
        if number is None:
            return
        before = self.city.call("GET", f"/v1/check-ins/{number}", "shelter-desk").json
        answer = self.city.call(
            "POST", f"/v1/check-ins/{number}/check-out", "shelter-desk", {"observed_at": at(minute)}
        )
        if at(minute) < before["observed_at"]:
            assert (answer.status, answer.json["errors"][0]["code"]) == (422, "before_check_in")
            return
        assert answer.status == 200
        if before["state"] == "in":
            self.model.see(person, minute, None)

    def transfer(self, person: str, shelter: str, minute: int) -> None:
        """Move somebody by their last known check-in."""
        number = self.ids.get(self.model.who(person))
        if number is None:
            return
        state = self.city.call("GET", f"/v1/check-ins/{number}", "shelter-desk").json["state"]
        answer = self.post(f"/v1/check-ins/{number}/transfer", {"shelter_id": shelter, "observed_at": at(minute)})
        if self.model.place(person) == shelter:
            assert answer.status == 200
        elif state == "out":
            assert answer.problem == "conflict"
        elif minute < self.model.newest(person):
            assert answer.problem == "validation"
        else:
            assert (answer.status, answer.json["shelter_id"]) == (201, shelter)
            self.model.see(person, minute, shelter)
            self.ids[self.model.who(person)] = answer.json["id"]

    def link(self, person: str, _: str, minute: int) -> None:
        """Say that somebody without an ID is one of those with an ID."""
        sub = SUBS[minute % 2]
        number = self.ids.get(person)
        if number is None or not person.startswith("t:"):
            return
        answer = self.city.call("POST", f"/v1/check-ins/{number}/link", "shelter-desk", {"sub": sub})
        here, there = self.model.place(person), self.model.place(sub)
        if self.model.who(person) != person:
            assert answer.status == (200 if self.model.who(person) == sub else 409)
        elif here is not None and there is not None:
            assert answer.problem == "conflict"
        else:
            assert answer.status == 200
            newest = max(self.model.newest(person), self.model.newest(sub))
            self.model.log.setdefault(sub, []).extend(self.model.log.pop(person))
            self.model.names[person] = sub
            self.linked = True
            if here is not None or there is not None:
                self.model.see(sub, newest, here or there)

    def batch(self, items: list[tuple[str, str, str, int]], order: list[int]) -> None:
        """Upload observations in some order of the list."""
        written = [
            {
                "client_item_id": f"item-{len(self.sent)}-{number}",
                "kind": kind,
                **block(person),
                **({"shelter_id": shelter, "channel": "paper"} if kind == "check_in" else {}),
                "observed_at": at(minute),
            }
            for number, (kind, person, shelter, minute) in enumerate(items)
        ]
        answer = self.post("/v1/check-ins/batch", {"items": [written[number] for number in order]})
        assert [result["client_item_id"] for result in answer.json["results"]] == [
            written[number]["client_item_id"] for number in order
        ]
        ranked = sorted(range(len(items)), key=lambda n: (items[n][3], items[n][0], written[n]["client_item_id"]))
        for number in ranked:
            kind, person, shelter, minute = items[number]
            self.model.see(person, minute, shelter if kind == "check_in" else None)

    def replay(self) -> None:
        """Send everything again: the same answers, and nothing changes."""
        before = self.city.board()
        for url, body, key, answer in self.sent:
            if answer.status < 400:
                again = self.city.call("POST", url, "shelter-desk", body, idempotency_key=key)
                assert (again.status, again.body) == (answer.status, answer.body)
        for number, (url, body, _, _) in enumerate(self.sent):
            if url.endswith("/batch"):
                again = self.city.call("POST", url, "shelter-desk", body, idempotency_key=f"again-{number}")
                assert again.json == self.sent[number][3].json
        assert self.city.board() == before

    def check(self) -> None:
        """Headcounts, lists and rows agree with the model; stays of a person do not overlap."""
        expected = Counter(self.model.present().values())
        assert {shelter: item["headcount"] for shelter, item in self.city.board().items()} == {
            shelter: expected[shelter] for shelter in SHELTERS
        }
        rows = self.city.rows("SELECT person, shelter_id FROM check_in WHERE checked_out_at_s IS NULL")
        assert Counter(shelter for _, shelter in rows) == expected
        assert len({person for person, _ in rows}) == len(rows)
        if self.linked:
            return  # whoever was two people until then may have been seen in two places
        stays = self.city.rows(
            "SELECT person, observed_at_s, checked_out_at_s FROM check_in"
            " WHERE checked_out_at_s IS NULL OR checked_out_at_s > observed_at_s ORDER BY person, observed_at_s, id"
        )
        for (one, _, ended_s), (other, arrived_s, _) in pairwise(stays):
            assert one != other or ended_s <= arrived_s


def fresh(city: Any) -> Runner:
    """A runner over the city as it was seeded."""
    assert city.call("POST", "/v1/sandbox/reset", "sandbox-admin").status == 204
    return Runner(city)


SINGLE = st.tuples(
    st.sampled_from(["check_in", "check_in", "check_out", "transfer", "link"]),
    st.sampled_from(PEOPLE),
    st.sampled_from(SHELTERS),
    MINUTES,
)
OBSERVATION = st.tuples(
    st.sampled_from(["check_in", "check_in", "check_out"]),
    st.sampled_from(PEOPLE),
    st.sampled_from(SHELTERS),
    MINUTES,
)
BATCH = st.lists(OBSERVATION, min_size=1, max_size=5).flatmap(
    lambda items: st.tuples(st.just("batch"), st.just(items), st.permutations(range(len(items))))
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SINGLE | BATCH, max_size=10))
def test_headcounts_are_who_is_there(city: Any, steps: list[Any]) -> None:
    """After any check-ins, check-outs, transfers, links and batches, late ones too, the model and the city agree."""
    runner = fresh(city)
    for name, *arguments in steps:
        getattr(runner, name)(*arguments)
        runner.check()
    runner.replay()
    runner.check()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(OBSERVATION, min_size=1, max_size=8, unique_by=lambda item: (item[1], item[3])).flatmap(
        lambda items: st.tuples(st.just(items), st.permutations(items), st.integers(1, 4))
    )
)
def test_order_of_telling_does_not_matter(city: Any, told: tuple[Any, Any, int]) -> None:
    """Observations at different times give the same headcounts in whatever order and packets they come in."""
    first, second, packet = told
    boards = []
    for items, size in ((first, len(first)), (second, packet)):
        runner = fresh(city)
        for start in range(0, len(items), size):
            part = items[start : start + size]
            runner.batch(part, list(range(len(part))))
        boards.append({shelter: item["headcount"] for shelter, item in runner.city.board().items()})
    assert boards[0] == boards[1]


def history(city: Any, person: str) -> list[tuple[str, str, str]]:
    """Stays of a person as shelter, minute of arrival and of departure."""
    rows = city.rows(
        "SELECT shelter_id, observed_at_s, checked_out_at_s FROM check_in WHERE person = ? ORDER BY observed_at_s, id",
        person,
    )
    return [
        (shelter, f"{arrived_s / 60 % 60:.0f}", "" if ended_s is None else f"{ended_s / 60 % 60:.0f}")
        for shelter, arrived_s, ended_s in rows
    ]


def test_late_arrival_is_history(city: Any) -> None:
    """An arrival told late is kept, splits the stay it falls into, and moves nobody."""
    runner = Runner(city)
    runner.check_in("c0", "S0", 1)
    runner.check_in("c0", "S1", 6)
    runner.check_in("c0", "S2", 3)
    assert history(city, "s:c0") == [("S0", "1", "3"), ("S2", "3", "6"), ("S1", "6", "")]
    late = city.call("GET", f"/v1/check-ins/{runner.ids['c0']}", "shelter-desk").json
    assert (late["state"], late["checked_out_at"], late["transferred_from"]) == ("out", at(6), "S0")
    runner.check()


def test_check_out_may_come_before_its_check_in(city: Any) -> None:
    """A departure that is told first ends the arrival before it, once that is told."""
    runner = Runner(city)
    runner.batch([("check_out", "t:a", "S0", 5)], [0])
    assert runner.sent[-1][3].json["results"][0] | {"client_item_id": ""} == {
        "client_item_id": "",
        "outcome": "noted",
        "check_in_id": None,
    }
    runner.batch([("check_in", "t:a", "S0", 2)], [0])
    assert runner.sent[-1][3].json["results"][0]["outcome"] == "history"
    assert history(city, "t:a") == [("S0", "2", "5")]
    runner.check()


def test_earlier_departure_corrects_when_somebody_left(city: Any) -> None:
    """The first departure after an arrival counts, whichever is told first."""
    runner = Runner(city)
    runner.batch([("check_in", "c0", "S0", 1), ("check_out", "c0", "S0", 8)], [0, 1])
    runner.batch([("check_out", "c0", "S0", 4)], [0])
    assert history(city, "s:c0") == [("S0", "1", "4")]
    runner.batch([("check_in", "c0", "S1", 6)], [0])
    assert history(city, "s:c0") == [("S0", "1", "4"), ("S1", "6", "8")]
    assert json.dumps(city.board()["S1"]["headcount"]) == "0"


def test_linked_person_was_last_seen_when_either_was(city: Any) -> None:
    """After linking, what was observed before the newest sighting of either name is history and moves nobody."""
    runner = Runner(city)
    runner.check_in("t:a", "S0", 2)
    runner.batch([("check_in", "c0", "S1", 4), ("check_out", "c0", "S1", 6)], [0, 1])
    runner.link("t:a", "", 0)
    runner.batch([("check_in", "c0", "S2", 5)], [0])
    assert runner.sent[-1][3].json["results"][0]["outcome"] == "history"
    runner.check()
    assert city.board()["S0"]["headcount"] == 1
