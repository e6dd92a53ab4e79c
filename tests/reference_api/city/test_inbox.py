"""Messages as their recipients read them: languages, receipts, retries, expiry."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference_api.clock import instant

AT = "2027-01-15T07:00:00+09:00"
MESSAGE = {
    "title": "避難指示",
    "body": "直ちに避難",
    "translations": [
        {"language": "en", "title": "Evacuate", "body": "Leave"},
        {"language": "zh-Hans", "title": "疏散", "body": "离开"},
    ],
}


def send(city: Any, **more: Any) -> Any:
    """A message to the people of a district."""
    return city.call("POST", "/v1/notifications", "city-office", {**MESSAGE, "areas": ["d0"], **more})


def inbox(city: Any, who: str, **headers: str) -> list[Any]:
    """What a person finds."""
    items: list[Any] = city.call("GET", f"/v1/users/{who}/notifications", who, **headers).json["items"]
    return items


def receipt(city: Any, sent: Any, who: str, state: str) -> Any:
    """A person says that a message was opened or read."""
    where = f"/v1/users/{who}/notifications/{sent.json['id']}/receipt"
    return city.call("PUT", where, who, {"state": state, "at": AT})


def test_recipients_read_it_in_their_language(city: Any) -> None:
    """By Accept-Language, else in the language of the message; also without a device; nobody else finds it."""
    send(city)
    for accept, language in (
        ("en-GB,en;q=0.8,ja;q=0.5", "en"), ("zh", "zh-Hans"), ("fr, ja;q=0.1", "ja"), ("fr", "ja"), ("", "ja"),
        ("en;q=0, zh", "zh-Hans"), ("en;q=x", "ja"),
    ):  # fmt: skip
        (found,) = inbox(city, "c1", accept_language=accept)
        assert found["language"] == language
        assert found["languages"] == ["ja", "en", "zh-Hans"]
    assert inbox(city, "c2") == []
    assert city.call("GET", "/v1/users/c0/notifications", "c1").problem == "not-found"


def test_neighbourhoods_are_areas_too(city: Any) -> None:
    """A district and a neighbourhood inside it: everybody once; a neighbourhood alone: its people."""
    assert sum(send(city, areas=["d0", "n1"]).json["outcomes"].values()) == 4
    assert sum(send(city, areas=["n1"]).json["outcomes"].values()) == 2
    elsewhere = send(city, areas=["n1"], subjects=["c1", "c0"]).json["outcomes"]
    assert (elsewhere["not_in_area"], elsewhere["no_device"]) == (1, 1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
@given(st.lists(st.tuples(st.sampled_from(["c0", "c1", "c4"]), st.sampled_from(["opened", "read"])), max_size=6))
def test_receipts_never_go_back(make_city: Any, said: list[tuple[str, str]]) -> None:
    """Read stays read; the sender sees the last of each person, and counts that agree with it."""
    city = make_city()
    sent = send(city)
    last: dict[str, str] = {}
    for who, state in said:
        assert receipt(city, sent, who, state).status == 204
        last[who] = "read" if "read" in (state, last.get(who)) else state
    deliveries = city.everything(sent.headers["location"] + "/deliveries", "city-office")
    assert {one["sub"]: one["receipt"] for one in deliveries if one["receipt"]} == last
    counts = city.call("GET", sent.headers["location"], "city-office").json["receipts"]
    assert counts == {state: list(last.values()).count(state) for state in ("opened", "read")}


def test_nobody_gives_a_receipt_for_what_they_were_not_sent(city: Any) -> None:
    """Others' messages are not found."""
    sent = send(city)
    assert receipt(city, sent, "c2", "read").problem == "not-found"
    other = f"/v1/users/c0/notifications/{sent.json['id']}/receipt"
    assert city.call("PUT", other, "c1", {"state": "read", "at": AT}).problem == "not-found"


def test_a_retry_reaches_those_who_got_a_device(city: Any) -> None:
    """Whoever was reached is not told twice; attempts are counted."""
    sent = send(city)
    city.opened.drive(city.opened.store.run("UPDATE account SET push_device = 1 WHERE sub = 'c1'"))
    again = city.call("POST", sent.headers["location"] + "/retries", "city-office")
    assert again.json["outcomes"] == {"delivered": 3, "no_device": 1, "not_in_area": 0, "expired": 0}
    deliveries = city.everything(sent.headers["location"] + "/deliveries", "city-office")
    assert {one["sub"]: one["attempts"] for one in deliveries} == {"c0": 1, "c1": 2, "c4": 1, "c5": 2}
    assert city.call("POST", sent.headers["location"] + "/retries", "association-n0").status == 403


def test_an_expired_message_is_over(city: Any) -> None:
    """Nobody finds it, opens it or is told it again; whoever was not reached counts as expired."""
    past = send(city, expires_at=instant(city.clock.now_s()))
    assert past.json["errors"] == [{"pointer": "/expires_at", "code": "past"}]
    sent = send(city, expires_at=instant(city.clock.now_s() + 60))
    assert len(inbox(city, "c1")) == 1
    city.clock.set_s(city.clock.now_s() + 60)
    assert inbox(city, "c1") == []
    assert receipt(city, sent, "c1", "read").problem == "gone"
    assert city.call("POST", sent.headers["location"] + "/retries", "city-office").problem == "gone"
    shown = city.call("GET", sent.headers["location"], "city-office").json
    assert shown["outcomes"] == {"delivered": 2, "no_device": 0, "not_in_area": 0, "expired": 2}


def test_a_message_sent_again_after_it_expired_is_answered_as_before(city: Any) -> None:
    """The same key gives the first answer, whatever the time has become."""
    soon = instant(city.clock.now_s() + 60)
    body = {"title": "t", "body": "b", "areas": ["d0"], "expires_at": soon}
    first = city.call("POST", "/v1/notifications", "city-office", body, idempotency_key="k")
    city.clock.set_s(city.clock.now_s() + 120)
    again = city.call("POST", "/v1/notifications", "city-office", body, idempotency_key="k")
    assert (again.status, again.body, again.headers["location"]) == (202, first.body, first.headers["location"])
