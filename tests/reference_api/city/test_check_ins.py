"""Check-ins: the headcount is exact whatever is sent, and nobody is in two places."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference_api.settings import Settings

AT, LATER = "2027-01-15T07:00:00+09:00", "2027-01-15T08:00:00+09:00"
PEOPLE = ["c0", "c1", "c2", "t:a", "t:b"]
SHELTERS = ["S0", "S1", "S2"]
STEPS = st.lists(
    st.tuples(st.sampled_from(["in", "in", "in", "out", "repeat"]), st.sampled_from(PEOPLE), st.sampled_from(SHELTERS)),
    max_size=25,
)


def receive(city: Any, person: str, shelter: str, **headers: str) -> Any:
    """Receive somebody with or without ID."""
    who = {"unregistered": {"temp_id": person[2:], "name": "田中"}} if person.startswith("t:") else {"sub": person}
    body = {**who, "channel": "paper", "observed_at": AT}
    return city.call("POST", f"/v1/shelters/{shelter}/check-ins", "shelter-desk", body, **headers)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_headcount_is_exact(city: Any, steps: list[tuple[str, str, str]]) -> None:
    """After any sequence of check-ins, repeats, transfers and check-outs each headcount is who is there."""
    assert city.call("POST", "/v1/sandbox/reset", "sandbox-admin").status == 204
    inside: dict[str, str] = {}
    ids: dict[str, str] = {}
    for number, (step, person, shelter) in enumerate(steps):
        if step == "out":
            if person in ids:
                assert (
                    city.call(
                        "POST", f"/v1/check-ins/{ids[person]}/check-out", "shelter-desk", {"observed_at": AT}
                    ).status
                    == 200
                )
            inside.pop(person, None)
            continue
        answer = receive(city, person, shelter, idempotency_key=f"k{number}")
        assert answer.status == (200 if inside.get(person) == shelter else 201)
        assert answer.json["transferred_from"] == (
            inside.get(person) if answer.status == 201 else answer.json["transferred_from"]
        )
        if step == "repeat":
            assert receive(city, person, shelter, idempotency_key=f"k{number}").body == answer.body
        inside[person], ids[person] = shelter, answer.json["id"]
    expected = Counter(inside.values())
    assert {shelter: item["headcount"] for shelter, item in city.board().items()} == {s: expected[s] for s in SHELTERS}
    for shelter in SHELTERS:
        assert len(city.everything(f"/v1/check-ins?shelter={shelter}&limit=2", "city-office")) == expected[shelter]


def test_full_and_closed_shelters_still_record(city: Any) -> None:
    """Nobody is turned away by the server: the headcount goes beyond the capacity of 1."""
    for status in ("full", "closed"):
        city.call("PUT", "/v1/shelters/S0/status", "city-office", {"status": status, "observed_at": AT})
        assert city.check_in("S0", "c0" if status == "full" else "c1").status == 201
    assert city.board()["S0"] | {"updated_at": ""} == {"id": "S0", "status": "closed", "headcount": 2, "updated_at": ""}


def test_key_replays_or_refuses(city: Any) -> None:
    """Same key and request: same answer, counted once; same key, other request: 422; no key: 400."""
    first = city.check_in("S0", "c0", idempotency_key="k")
    again = city.check_in("S0", "c0", idempotency_key="k")
    assert (again.status, again.body, again.headers["location"]) == (201, first.body, first.headers["location"])
    assert city.check_in("S1", "c0", idempotency_key="k").problem == "idempotency-key-reused"
    missing = city.check_in("S0", "c1", idempotency_key="")
    assert (missing.status, missing.problem) == (400, "idempotency-key-missing")
    assert city.board()["S0"]["headcount"] == 1


def test_key_of_another_client_is_another_key(city: Any) -> None:
    """Two citizens may choose the same key."""
    body = {"channel": "app", "observed_at": AT}
    for sub in ("c0", "c1"):
        assert (
            city.call("POST", "/v1/shelters/S0/check-ins", sub, {**body, "sub": sub}, idempotency_key="k").status == 201
        )


def test_key_is_forgotten_after_retention(city: Any) -> None:
    """Answers are kept for 72 hours and deleted some time after."""
    city.check_in("S0", "c0", idempotency_key="k")
    city.clock.set_s(city.clock.now_s() + 71 * 3600)
    city.check_in("S0", "c1", idempotency_key="k2")
    assert city.check_in("S0", "c0", idempotency_key="k").status == 201
    city.clock.set_s(city.clock.now_s() + 2 * 3600)
    city.check_in("S0", "c2", idempotency_key="k3")
    assert city.check_in("S0", "c0", idempotency_key="k").status == 200


def test_citizen_checks_in_only_themselves(city: Any) -> None:
    """A citizen's token cannot move anybody else, nor read their check-in."""
    body = {"sub": "c1", "channel": "app", "observed_at": AT}
    assert city.call("POST", "/v1/shelters/S0/check-ins", "c0", body).problem == "insufficient-scope"
    told = {"unregistered": {"temp_id": "x"}, "channel": "app", "observed_at": AT}
    assert city.call("POST", "/v1/shelters/S0/check-ins", "c0", told).problem == "insufficient-scope"
    other = city.check_in("S0", "c1").headers["location"]
    assert city.call("GET", other, "c0").problem == "not-found"
    assert city.call("POST", other + "/check-out", "c0", {"observed_at": AT}).problem == "not-found"
    assert city.call("GET", other, "c1").json["state"] == "in"
    assert city.board()["S0"]["headcount"] == 1


@pytest.mark.parametrize(
    "who",
    [
        {},
        {"sub": "c0", "unregistered": {"temp_id": "x"}},
        {"sub": "nobody"},
        {"unregistered": {}},
        {"unregistered": {"temp_id": ""}},
    ],
)
def test_exactly_one_known_person_is_demanded(city: Any, who: dict[str, Any]) -> None:
    """Neither, both, an unknown ID or an empty temporary one: 422, and nothing is counted."""
    answer = city.call(
        "POST", "/v1/shelters/S0/check-ins", "shelter-desk", {**who, "channel": "card", "observed_at": AT}
    )
    assert (answer.status, answer.problem) == (422, "validation")
    assert city.board()["S0"]["headcount"] == 0


def test_list_names_only_whom_it_may(city: Any) -> None:
    """Those with ID: opaque in normal times, named by consent in a drill, by consent or law in a disaster."""
    for person in ("c0", "c1", "t:a"):
        receive(city, person, "S0")

    def named() -> dict[str, str]:
        items = city.everything("/v1/check-ins?shelter=S0", "city-office")
        assert len({item["ref"] for item in items}) == len(items) == 3
        return {item["person"].get("sub", "t"): item["disclosure"][0]["basis"] for item in items if item["person"]}

    assert named() == {"t": "own"}
    city.declare("drill", "d0", "d1")
    assert named() == {"t": "own", "c1": "consent"}
    city.declare("disaster", "d0", "d1")
    assert named() == {"t": "own", "c1": "statutory", "c0": "consent"}


def test_unknown_shelter_is_not_found(city: Any) -> None:
    """Neither check-in nor list nor status exists for a shelter that is not there."""
    assert city.check_in("S9", "c0").problem == "not-found"
    assert city.call("GET", "/v1/check-ins?shelter=S9", "city-office").problem == "not-found"
    assert city.call("GET", "/v1/check-ins?shelter=S9", "city-office").problem == "not-found"
    body = {"status": "open", "observed_at": AT}
    assert city.call("PUT", "/v1/shelters/S9/status", "city-office", body).problem == "not-found"


def test_clock_that_runs_ahead_is_refused(make_city: Any) -> None:
    """Outside a sandbox nothing is observed more than ten minutes from now: later words would look old for good."""
    city = make_city(settings=Settings())
    now = datetime.fromtimestamp(city.clock.now_s(), UTC)
    for minutes, status in ((9, 201), (11, 422)):
        body = {"sub": "c0", "channel": "card", "observed_at": (now + timedelta(minutes=minutes)).isoformat()}
        answer = city.call("POST", "/v1/shelters/S0/check-ins", "shelter-desk", body)
        assert answer.status == status
    assert answer.json["errors"] == [{"pointer": "/observed_at", "code": "future"}]
    batch = {"items": [{**body, "client_item_id": "i", "kind": "check_in", "shelter_id": "S1"}]}
    uploaded = city.call("POST", "/v1/check-ins/batch", "shelter-desk", batch)
    assert uploaded.json["results"][0]["problem"]["errors"] == answer.json["errors"]
    opened = city.call("PUT", "/v1/shelters/S0/status", "shelter-desk", {**body, "status": "open"})
    assert opened.json["errors"] == answer.json["errors"]


def test_no_clock_that_runs_ahead_decides_who_is_safe_or_where(make_city: Any) -> None:
    """A safety report or an answer from the future is refused; a position in a batch counts as observed now."""
    city = make_city(settings=Settings())
    ahead = datetime.fromtimestamp(city.clock.now_s() + 9e7, UTC).isoformat()
    seen = {"status": "safe", "observed_at": ahead, "subject": {"sub": "c0"}}
    answered = {"survey_id": "1", "answers": {}, "observed_at": ahead}
    for url, who, body in (
        ("/v1/safety-reports", "city-office", seen),
        ("/v1/survey-responses", "shelter-desk", answered),
    ):
        assert city.call("POST", url, who, body).json["errors"] == [{"pointer": "/observed_at", "code": "future"}]
    for place_deg, observed_at in ((1.0, ahead), (2.0, None)):
        now = datetime.fromtimestamp(city.clock.now_s(), UTC).isoformat()
        batch = {"rows": [["c0", place_deg, place_deg, observed_at or now]]}
        assert city.call("POST", "/v1/locations/batch", "position-gateway", batch).status == 204
        city.clock.set_s(city.clock.now_s() + 700)
    assert city.rows("SELECT longitude_deg FROM position") == [(2.0,)]


def test_what_was_reported_under_a_temporary_id_is_the_persons(city: Any) -> None:
    """Once linked, and from then on: one person is counted once, sees it all, and the newest observation holds."""
    seen = {"status": "injured", "observed_at": LATER, "subject": {"temp_id": "t9", "neighbourhood": "n1"}}
    assert city.call("POST", "/v1/safety-reports", "association-n1", {**seen, "method": "visit"}).status == 201
    assert city.call("POST", "/v1/safety-reports", "c5", {"status": "safe", "observed_at": AT}).status == 201
    told = {"temp_id": "t9"}
    body = {"unregistered": told, "channel": "paper", "observed_at": AT}
    stay = city.call("POST", "/v1/shelters/S0/check-ins", "shelter-desk", body).headers["location"]
    assert city.call("POST", f"{stay}/link", "shelter-desk", {"sub": "c5"}).status == 200
    holding = "SELECT safety_holding.person, status FROM safety_holding JOIN safety_report ON id = report_id"
    assert city.rows(holding) == [("s:c5", "injured")]
    assert city.everything("/v1/safety-reports?audience=association", "association-n1") == []
    latest = {**seen, "status": "needs_help", "observed_at": "2027-01-15T09:00:00+09:00"}
    assert city.call("POST", "/v1/safety-reports", "association-n1", latest).status == 201
    assert city.rows(holding) == [("s:c5", "needs_help")]
    history = city.everything("/v1/users/c5/safety-reports", "c5")
    assert [one["status"] for one in history] == ["injured", "safe", "needs_help"]


def test_transfer_moves_whoever_is_there(city: Any) -> None:
    """One step from one shelter to the other; there already, nothing; by a check-in that has ended, a conflict."""
    first = city.check_in("S0", "c0").headers["location"]
    later, latest = "2027-01-15T08:00:00+09:00", "2027-01-15T09:00:00+09:00"

    def move(where: str, shelter: str, observed_at: str = later, **headers: str) -> Any:
        body = {"shelter_id": shelter, "observed_at": observed_at}
        return city.call("POST", f"{where}/transfer", "shelter-desk", body, **headers)

    assert move(first, "S1", "2027-01-15T06:00:00+09:00").json["errors"][0]["code"] == "before_check_in"
    assert move(first, "S9").json["errors"] == [{"pointer": "/shelter_id", "code": "unknown_shelter"}]
    moved = move(first, "S1", idempotency_key="k")
    assert (moved.status, moved.json["transferred_from"], moved.json["channel"]) == (201, "S0", "card")
    assert move(first, "S1", idempotency_key="k").body == moved.body
    assert (move(first, "S1").status, move(first, "S1").json) == (200, moved.json)
    assert move(first, "S2", latest).problem == "conflict"
    assert (
        city.call("POST", f"{first}/transfer", "c1", {"shelter_id": "S2", "observed_at": later}).problem == "not-found"
    )
    assert [item["headcount"] for item in city.board().values()] == [0, 1, 0]
    second = moved.headers["location"]
    assert city.call("GET", first, "c0").json["checked_out_at"] == later
    city.call("POST", f"{second}/check-out", "shelter-desk", {"observed_at": latest})
    assert move(second, "S2", latest).problem == "conflict"
    assert [item["headcount"] for item in city.board().values()] == [0, 0, 0]
