"""Disaster mode: declared, changed and ended by the city; orders; status of shelters; conditional requests."""

from typing import Any

AT = "2027-01-15T07:00:00+09:00"


def held(city: Any) -> dict[str, str]:
    """Mode by district."""
    return {area["code"]: area["mode"] for area in city.call("GET", "/v1/disaster-state").json["areas"]}


def test_latest_declaration_holds(city: Any) -> None:
    """Normal -> drill -> disaster -> normal, district by district."""
    assert city.call("GET", "/v1/disaster-state").json == {"mode": "normal", "areas": [], "updated_at": None}
    city.declare("drill", "d0", "d1")
    city.declare("disaster", "d1")
    assert held(city) == {"d0": "drill", "d1": "disaster"}
    assert city.call("GET", "/v1/disaster-state").json["mode"] == "disaster"
    city.declare("normal", "d0", "d1")
    assert held(city) == {}


def test_drill_cannot_hide_a_disaster(city: Any) -> None:
    """409, and the disaster goes on."""
    city.declare("disaster", "d0")
    refused = city.declare("drill", "d0", "d1")
    assert (refused.status, refused.problem) == (409, "conflict")
    assert held(city) == {"d0": "disaster"}


def test_nothing_is_declared_twice(city: Any) -> None:
    """The same words again are the same event, until it is ended or another takes its place."""
    first = city.declare("disaster", "d0", "d1")
    again = city.declare("disaster", "d1", "d0")
    assert (first.status, again.status) == (201, 200)
    assert again.json == first.json
    city.declare("normal", "d1")
    third = city.declare("disaster", "d0", "d1")
    assert (third.status, third.json["id"] != first.json["id"]) == (201, True)
    ended = {one["id"]: one["ended_at"] is not None for one in city.everything("/v1/disaster-events", "")}
    assert (ended[first.json["id"]], ended[third.json["id"]]) == (True, False)


def test_modes_of_neighbourhoods(city: Any) -> None:
    """A neighbourhood may be graver than its district, never lighter; the district's next declaration covers it."""
    city.declare("drill", "d0")
    city.declare("disaster", "n0")
    assert held(city) == {"d0": "drill", "n0": "disaster"}
    assert city.declare("drill", "d0").problem == "conflict"
    assert city.declare("drill", "n0").problem == "conflict"
    assert city.declare("normal", "n0").problem == "conflict"
    city.declare("disaster", "d0")
    assert held(city) == {"d0": "disaster"}
    city.declare("normal", "d0")
    city.declare("drill", "n1")
    assert held(city) == {"n1": "drill"}
    users = {item["sub"] for item in city.everything("/v1/users", "city-office")}
    assert users == {"c1"}


def test_events_since_a_time(city: Any) -> None:
    """Whoever polls is told of what was declared and of what has ended since."""
    city.declare("disaster", "d0")
    city.clock.set_s(city.clock.now_s() + 60)
    city.declare("drill", "d1")
    url = "/v1/disaster-events?limit=1&updated_since=2027-01-15T17:00:30%2B09:00"
    assert [one["mode"] for one in city.everything(url, "")] == ["drill"]
    city.declare("normal", "d0")
    assert [one["mode"] for one in city.everything(url, "")] == ["disaster", "drill", "normal"]


def test_patch_needs_what_was_read(city: Any) -> None:
    """Without If-Match 428, with an old ETag 412, with the right one areas change, then it ends and stays ended."""
    made = city.declare("disaster", "d0")
    where, etag = made.headers["location"], made.headers["etag"]
    assert city.call("GET", where).headers["etag"] == etag
    assert city.call("PATCH", where, "city-office", {"mode": "normal"}).status == 428
    moved = city.call("PATCH", where, "city-office", {"areas": ["d1"]}, if_match=etag)
    assert held(city) == {"d1": "disaster"}
    assert city.call("PATCH", where, "city-office", {"mode": "normal"}, if_match=etag).problem == "precondition-failed"
    ended = city.call("PATCH", where, "city-office", {"mode": "normal"}, if_match=moved.headers["etag"])
    assert ended.json["ended_at"] is not None
    assert held(city) == {}
    again = city.call("PATCH", where, "city-office", {"areas": ["d0"]}, if_match=ended.headers["etag"])
    assert again.problem == "conflict"


def test_orders_are_listed_in_order(city: Any) -> None:
    """Levels 3 to 5 only; pages are complete."""
    for level in (3, 4, 5):
        body = {"level": level, "areas": ["d1", "d0"], "reason": "土砂", "issued_at": AT}
        assert city.call("POST", "/v1/evacuation-orders", "city-office", body).json["areas"] == ["d0", "d1"]
    assert city.call("POST", "/v1/evacuation-orders", "city-office", {**body, "level": 2}).status == 422
    assert [order["level"] for order in city.everything("/v1/evacuation-orders?limit=1", "")] == [3, 4, 5]


def test_board_changes_its_etag_exactly_when_it_changes(city: Any) -> None:
    """304 until a status or a headcount changes."""
    first = city.call("GET", "/v1/shelters/status")
    assert city.call("GET", "/v1/shelters/status", if_none_match=first.headers["etag"]).status == 304
    city.check_in("S0", "c0")
    second = city.call("GET", "/v1/shelters/status", if_none_match=first.headers["etag"])
    assert second.status == 200
    assert second.headers["etag"] != first.headers["etag"]
    assert city.call("GET", "/v1/shelters/status", if_none_match=f'"x", {second.headers["etag"]}').status == 304


def test_newer_word_on_a_shelter_wins(city: Any) -> None:
    """An older observation is answered with what holds; If-Match is honoured."""
    url = "/v1/shelters/S0/status"
    newer = city.call("PUT", url, "shelter-desk", {"status": "open", "observed_at": "2027-01-15T09:00:00+09:00"})
    older = city.call("PUT", url, "shelter-desk", {"status": "closed", "observed_at": AT})
    assert older.json["status"] == newer.json["status"] == city.board()["S0"]["status"] == "open"
    stale = city.call("PUT", url, "shelter-desk", {"status": "full", "observed_at": AT}, if_match='"0"')
    assert stale.problem == "precondition-failed"


def test_notification_reaches_exactly_the_area(city: Any) -> None:
    """Everybody of the district is a recipient, those with a device are reached, and nobody else is named."""
    message = {"title": "避難指示", "body": "…"}
    sent = city.call("POST", "/v1/notifications", "city-office", {**message, "areas": ["d0"]})
    assert (sent.status, sent.json["outcomes"]) == (
        202,
        {"delivered": 2, "no_device": 2, "not_in_area": 0, "expired": 0},
    )
    assert city.call("GET", sent.headers["location"], "city-office").json == sent.json
    outcomes = city.everything(sent.headers["location"] + "/deliveries?limit=3", "city-office")
    assert {item["sub"]: item["outcome"] for item in outcomes} == {
        "c0": "delivered", "c1": "no_device", "c4": "delivered", "c5": "no_device",
    }  # fmt: skip


def test_notification_to_named_people(city: Any) -> None:
    """Named people who live elsewhere are not_in_area, an ID of nobody is passed over, a repeated key sends once."""
    body = {"title": "t", "body": "b", "areas": ["d0"], "subjects": ["c0", "c0", "c2", "c1", "nobody"]}
    sent = city.call("POST", "/v1/notifications", "city-office", body, idempotency_key="k")
    assert sent.json["outcomes"] == {"delivered": 1, "no_device": 1, "not_in_area": 1, "expired": 0}
    assert city.call("POST", "/v1/notifications", "city-office", body, idempotency_key="k").json == sent.json
    assert city.rows("SELECT count(*) FROM notification") == [(1,)]
    assert city.call("POST", "/v1/notifications", "city-office", {"title": "t", "body": "b"}).problem == "validation"
