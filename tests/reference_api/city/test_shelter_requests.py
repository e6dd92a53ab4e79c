"""Requests of shelters: one path of states, each step kept, nothing lost or told twice in pages and deltas."""

from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.contract.operations import load_document
from reference_api.city.shelter_requests import NEXT_STATES

SCHEMAS = load_document()["components"]["schemas"]
URL = "/v1/shelter-requests"
NEW = {
    "shelter_id": "S0",
    "category": "supplies",
    "items": [{"name": "毛布", "quantity": 80, "unit": "枚"}],
    "requested_at": "2027-01-15T19:00:00+09:00",
}
ETA = "2027-01-16T08:00:00+09:00"


def ask(city: Any, **members: Any) -> Any:
    """A shelter asks for something."""
    return city.call("POST", URL, "shelter-desk", {**NEW, **members})


def step(city: Any, where: str, state: str, who: str = "city-office", **members: Any) -> Any:
    """The next step, by whoever has seen what holds."""
    tag = city.call("GET", where, who).headers["etag"]
    return city.call("PATCH", where, who, {"state": state, **members}, if_match=tag)


def test_request_reaches_the_city_and_its_arrival_the_shelter(city: Any) -> None:
    """From the shelter to the city and back: accepted, ordered with its time, put off, delivered; all of it is kept."""
    where = ask(city).headers["location"]
    assert [one["id"] for one in city.everything(f"{URL}?state=requested", "city-office")] == [where.rpartition("/")[2]]
    assert step(city, where, "accepted").status == 200
    assert step(city, where, "ordered").json["errors"] == [{"pointer": "/eta", "code": "required"}]
    step(city, where, "ordered", eta=ETA)
    assert city.call("GET", where, "shelter-desk").json["eta"] == ETA
    later = "2027-01-16T12:00:00+09:00"
    step(city, where, "ordered", eta=later, note="雪")
    assert step(city, where, "accepted", "shelter-desk").problem == "insufficient-scope"
    done = step(city, where, "delivered", "shelter-desk").json
    schema = {"$ref": "#/components/schemas/ShelterRequest", "components": {"schemas": SCHEMAS}}
    jsonschema.Draft202012Validator(schema).validate(done)
    assert (done["state"], done["eta"]) == ("delivered", later)
    assert [one["state"] for one in done["history"]] == ["requested", "accepted", "ordered", "ordered", "delivered"]
    assert [one["eta"] for one in done["history"]] == [None, None, ETA, later, None]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(NEXT_STATES)), max_size=7))
def test_only_the_path_can_be_gone(city: Any, states: list[str]) -> None:
    """Whatever is asked for, a request goes along the path only; anything else is a conflict and leaves no trace."""
    where = ask(city).headers["location"]
    path = ["requested"]
    for state in states:
        answer = step(city, where, state, eta=ETA)
        if state in NEXT_STATES[path[-1]]:
            assert answer.status == 200
            path.append(state)
        else:
            assert (answer.status, answer.problem) == (409, "conflict")
    held = city.call("GET", where, "city-office").json
    assert [one["state"] for one in held["history"]] == path
    assert held["state"] == path[-1]


def test_every_state_can_be_reached_and_ends() -> None:
    """From requested every state can be reached, and delivered and declined are the ends."""
    reached, todo = {"requested"}, ["requested"]
    while todo:
        new = NEXT_STATES[todo.pop()] - reached
        reached |= new
        todo += new
    assert reached == set(NEXT_STATES) == set(SCHEMAS["RequestState"]["enum"])
    assert {state for state, after in NEXT_STATES.items() if not after} == {"delivered", "declined"}


def test_request_is_made_once(city: Any) -> None:
    """The same key asks once; another content under it is refused; without a key nothing is asked."""
    first, again = (city.call("POST", URL, "shelter-desk", NEW, idempotency_key="k") for _ in range(2))
    assert (first.body, first.headers["location"]) == (again.body, again.headers["location"])
    other = city.call("POST", URL, "shelter-desk", {**NEW, "shelter_id": "S1"}, idempotency_key="k")
    assert other.problem == "idempotency-key-reused"
    assert city.call("POST", URL, "shelter-desk", NEW, idempotency_key="").problem == "idempotency-key-missing"
    assert len(city.everything(URL, "shelter-desk")) == 1


def test_two_officers_do_not_overwrite_each_other(city: Any) -> None:
    """Of two who saw the same, the second is told; without If-Match nobody changes anything."""
    where = ask(city).headers["location"]
    tag = city.call("GET", where, "city-office").headers["etag"]
    assert city.call("PATCH", where, "city-office", {"state": "accepted"}, if_match=tag).status == 200
    second = city.call("PATCH", where, "city-office", {"state": "declined"}, if_match=tag)
    assert second.problem == "precondition-failed"
    assert city.call("PATCH", where, "city-office", {"state": "declined"}).problem == "precondition-required"
    assert city.call("GET", where, "city-office").json["state"] == "accepted"


def test_request_can_be_taken_back_until_it_is_accepted(city: Any) -> None:
    """A deleted request is gone and a tombstone in deltas; an accepted one stays."""
    first, second = (ask(city) for _ in range(2))
    since = city.everything(URL, "city-office")[0]["updated_at"]
    where = first.headers["location"]
    assert city.call("DELETE", where, "shelter-desk", if_match=first.headers["etag"]).status == 204
    assert city.call("GET", where, "city-office").problem == "gone"
    delta = city.everything(f"{URL}?updated_since={since.replace('+', '%2B')}", "city-office")
    assert [(one["id"], one.get("removed", False)) for one in delta] == [("1", True), ("2", False)]
    assert [one["id"] for one in city.everything(URL, "city-office")] == ["2"]
    taken = step(city, second.headers["location"], "accepted")
    kept = city.call("DELETE", second.headers["location"], "shelter-desk", if_match=taken.headers["etag"])
    assert kept.problem == "conflict"


def test_delta_tells_what_changed_since(city: Any) -> None:
    """Asked with as_of of the last answer, a delta holds what changed after it and nothing that is long past."""
    old, moving = (ask(city).headers["location"] for _ in range(2))
    city.clock.set_s(city.clock.now_s() + 3600)
    as_of = city.call("GET", URL, "city-office").json["as_of"]
    step(city, moving, "accepted")
    delta = city.everything(f"{URL}?updated_since={as_of.replace('+', '%2B')}", "city-office")
    assert [one["id"] for one in delta] == [moving.rpartition("/")[2]] != [old.rpartition("/")[2]]


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"shelter_id": "S9"}, "/shelter_id"),
        ({"items": []}, "/items"),
        ({"needed_by": "1066-01-01T00:00:00Z"}, "/needed_by"),
    ],
)
def test_request_that_asks_for_nothing_known_is_refused(city: Any, members: dict[str, Any], pointer: str) -> None:
    """An unknown shelter, nothing asked for, an absurd time: 422 where it stands."""
    assert ask(city, **members).json["errors"][0]["pointer"] == pointer
    assert city.everything(URL, "city-office") == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 4), st.lists(st.sampled_from(["ask", "delete", "step"]), max_size=8))
def test_pages_neither_skip_nor_repeat(city: Any, limit: int, between: list[str]) -> None:
    """Whatever is asked for, changed or taken back between two pages, what is there throughout is listed once."""
    city.call("POST", "/v1/sandbox/reset", "sandbox-admin")
    stable = [ask(city).json["id"] for _ in range(5)]
    moving = [ask(city).headers["location"] for _ in range(2)]
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = city.call("GET", f"{URL}?limit={limit}{cursor}", "city-office").json
        seen += [one["id"] for one in page["items"]]
        cursor = None if page["next_cursor"] is None else f"&cursor={page['next_cursor']}"
        if between:
            _disturb(city, between.pop(), moving)
    assert len(seen) == len(set(seen))
    assert set(stable) <= set(seen)


def _disturb(city: Any, how: str, moving: list[str]) -> None:
    if how == "ask":
        ask(city)
    elif how == "delete" and moving:
        where = moving.pop()
        tag = city.call("GET", where, "city-office").headers["etag"]
        city.call("DELETE", where, "shelter-desk", if_match=tag)
    elif moving:
        step(city, moving[0], "accepted")
