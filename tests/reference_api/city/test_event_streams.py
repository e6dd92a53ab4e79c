"""Event streams: endpoints of clients, and the events that are put on their way."""

import json
from base64 import urlsafe_b64decode
from typing import Any

URL = "/v1/event-streams"
TO = {"url": "https://receiver.example/events", "events": ["disaster-mode-changed"]}


def sent(city: Any) -> list[dict[str, Any]]:
    """Claims of the events that wait to be pushed, in order."""
    tokens = [row[0] for row in city.rows("SELECT body FROM outbox WHERE kind = 'set' ORDER BY id")]
    return [json.loads(urlsafe_b64decode(token.split(".")[1] + "==")) for token in tokens]


def test_a_mode_change_is_pushed_to_who_registered(city: Any) -> None:
    """Declaring, moving and ending a disaster each tell the areas that change, and nobody else is told."""
    made = city.call("POST", URL, "association-n0", TO)
    assert city.call("GET", made.headers["location"], "association-n0").json == made.json
    declared = city.declare("disaster", "d0")
    where = declared.headers["location"]
    moved = city.call("PATCH", where, "city-office", {"areas": ["d1"]}, if_match=declared.headers["etag"])
    city.call("PATCH", where, "city-office", {"mode": "normal"}, if_match=moved.headers["etag"])
    events = [next(iter(claims["events"].values())) for claims in sent(city)]
    assert [(event["mode"], event["areas"]) for event in events] == [
        ("disaster", ["d0"]), ("normal", ["d0"]), ("disaster", ["d1"]), ("normal", ["d1"]),
    ]  # fmt: skip
    assert {claims["aud"] for claims in sent(city)} == {"association-n0"}
    assert len({claims["jti"] for claims in sent(city)}) == 4
    city.call("DELETE", made.headers["location"], "association-n0")
    city.declare("drill", "d0")
    assert len(sent(city)) == 4


def test_a_refused_change_tells_nothing(city: Any) -> None:
    """What is undone is not told."""
    city.call("POST", URL, "city-office", TO)
    city.declare("disaster", "d0")
    assert city.declare("drill", "d0").status == 409
    assert len(sent(city)) == 1


def test_streams_belong_to_their_client(city: Any) -> None:
    """Others find nothing."""
    where = city.call("POST", URL, "city-office", TO).headers["location"]
    for method, path in (("GET", where), ("DELETE", where), ("POST", where + "/verification")):
        assert city.call(method, path, "association-n0").problem == "not-found"
    assert city.everything(URL, "association-n0") == []
    assert len(city.everything(URL, "city-office")) == 1


def test_verification_carries_the_state(city: Any) -> None:
    """The pushed event says what the answer said."""
    where = city.call("POST", URL, "city-office", TO).headers["location"]
    answer = city.call("POST", where + "/verification", "city-office")
    (claims,) = sent(city)
    assert (answer.status, next(iter(claims["events"].values()))) == (202, answer.json)


NO_ADDRESS = (
    "http://receiver.example/events",
    "https://10.0.0.1/",
    "https://[fe80::1]/",
    "https://169.254.169.254/latest",
    "https://user:secret@receiver.example/",
    "https://receiver.example/#fragment",
    "https://db.internal/",
    "https://db.internal./",
    "https://localhost./",
    "https://127.1/",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://[::ffff:10.0.0.1]/",
    "https://224.0.0.1/",
    "https://receiver.example:99999/",
    "ftp://receiver.example/",
    "https:///events",
    "https://例え.jp/",
    "",
)


def test_only_public_https_addresses(city: Any) -> None:
    """Nothing is pushed in clear, or into the network behind the server."""
    for url in NO_ADDRESS:
        refused = city.call("POST", URL, "city-office", TO | {"url": url})
        assert refused.json["errors"] == [{"pointer": "/url", "code": "value"}], url


def test_unknown_events_and_floods_are_refused(city: Any) -> None:
    """Names of the contract only, verification only when asked for, and a bounded number of endpoints."""
    refused = city.call("POST", URL, "city-office", TO | {"events": ["disaster-mode-changed", "x", "verification"]})
    assert [fault["pointer"] for fault in refused.json["errors"]] == ["/events/1", "/events/2"]
    for _ in range(10):
        assert city.call("POST", URL, "city-office", TO).status == 201
    assert city.call("POST", URL, "city-office", TO).problem == "conflict"
