"""Batches: what was written down offline takes effect once, item by item."""

from typing import Any

import pytest

AT = "2027-01-15T07:00:00+09:00"


def item(number: int, **members: Any) -> dict[str, Any]:
    """A check-in of somebody without ID."""
    told = {
        "client_item_id": f"i{number}",
        "kind": "check_in",
        "unregistered": {"temp_id": f"p{number}", "name": "辻󠄀 花子"},
        "shelter_id": "S0",
        "channel": "paper",
        "observed_at": AT,
    }
    return {name: value for name, value in {**told, **members}.items() if value is not None}


def upload(city: Any, *items: Any, who: str = "shelter-desk", **headers: str) -> Any:
    """Send a batch."""
    return city.call("POST", "/v1/check-ins/batch", who, {"items": list(items)}, **headers)


def outcomes(answer: Any) -> list[str]:
    """Outcome of each item."""
    assert answer.status == 200, answer.body
    return [result["outcome"] for result in answer.json["results"]]


def test_items_sent_again_count_once(city: Any) -> None:
    """Under the same key, another key, or within another batch: the same result, and nobody counted twice."""
    first = upload(city, item(1), item(2), idempotency_key="k")
    assert outcomes(first) == ["counted", "counted"]
    assert upload(city, item(1), item(2), idempotency_key="k").body == first.body
    mixed = upload(city, item(3), item(2), item(2))
    assert mixed.json["results"][1:] == [first.json["results"][1]] * 2
    assert city.board()["S0"]["headcount"] == 3


def test_offline_time_is_kept(city: Any) -> None:
    """What is kept is when the person was seen, not when the batch came."""
    city.clock.set_s(city.clock.now_s() + 86_400)
    number = upload(city, item(1)).json["results"][0]["check_in_id"]
    assert city.call("GET", f"/v1/check-ins/{number}", "shelter-desk").json["observed_at"] == AT


@pytest.mark.parametrize(
    ("members", "problem", "pointer"),
    [
        ({"shelter_id": "S9"}, "validation", "/shelter_id"),
        ({"shelter_id": None}, "validation", "/shelter_id"),
        ({"channel": None}, "validation", "/channel"),
        ({"channel": "fax"}, "validation", ""),
        ({"unregistered": None}, "validation", ""),
        ({"unregistered": None, "sub": "nobody"}, "validation", "/sub"),
        ({"unregistered": {"temp_id": "p", "name": "a\x00b"}}, "validation", ""),
        ({"observed_at": "yesterday"}, "validation", ""),
        ({"observed_at": "1066-01-01T00:00:00Z"}, "validation", "/observed_at"),
        ({"kind": "dance"}, "validation", ""),
    ],
)
def test_faulty_item_harms_no_other_and_may_be_corrected(
    city: Any, members: dict[str, Any], problem: str, pointer: str
) -> None:
    """It is rejected by itself with its problem; corrected under the same id it counts."""
    answer = upload(city, item(1), item(2, **members), item(3))
    assert outcomes(answer) == ["counted", "rejected", "counted"]
    told = answer.json["results"][1]["problem"]
    assert (told["type"].rpartition("/")[2], told["errors"][0]["pointer"]) == (problem, pointer)
    assert outcomes(upload(city, item(2))) == ["counted"]
    assert city.board()["S0"]["headcount"] == 3


def test_item_id_is_of_one_item(city: Any) -> None:
    """Another content under a known id is rejected and changes nothing."""
    upload(city, item(1))
    answer = upload(city, item(1, shelter_id="S1"))
    assert outcomes(answer) == ["rejected"]
    assert answer.json["results"][0]["problem"]["type"].endswith("idempotency-key-reused")
    assert (city.board()["S0"]["headcount"], city.board()["S1"]["headcount"]) == (1, 0)


@pytest.mark.parametrize("items", [[], [{}], [{"client_item_id": ""}], [1], ["\ud800"]])
def test_nameless_items_are_refused_as_a_whole(city: Any, items: list[Any]) -> None:
    """An item without an id of its own could not be answered: the request is not taken."""
    assert city.call("POST", "/v1/check-ins/batch", "shelter-desk", {"items": items}).status in (400, 422)
    assert upload(city, *(item(n) for n in range(501))).problem == "validation"
    assert city.board()["S0"]["headcount"] == 0


def test_largest_batch_is_taken(city: Any) -> None:
    """500 items at once; none is turned away because the shelter is full."""
    assert set(outcomes(upload(city, *(item(n) for n in range(500))))) == {"counted"}
    assert city.board()["S0"]["headcount"] == 500


def test_citizen_uploads_for_themselves_only(city: Any) -> None:
    """Items that speak of others are rejected, one's own counts."""
    own = item(1, unregistered=None, sub="c0", channel="app")
    others = [item(2, unregistered=None, sub="c1"), item(3), item(4, kind="check_out")]
    assert outcomes(upload(city, own, *others, who="c0")) == ["counted", "rejected", "rejected", "rejected"]
    assert city.board()["S0"]["headcount"] == 1


def test_what_was_told_offline_returns_unharmed(city: Any) -> None:
    """Characters beyond the basic plane, variation selectors and decomposed kana are listed as they were sent."""
    names = ["\U00020bb7田", "辻\U000e0100", "カ\u3099キ\u3099", "\U0001f468\u200d\U0001f469"]
    upload(city, *(item(n, unregistered={"temp_id": f"p{n}", "name": name}) for n, name in enumerate(names)))
    listed = city.everything("/v1/check-ins?shelter=S0&limit=3", "shelter-desk")
    assert [entry["person"]["name"] for entry in listed] == names


def test_linked_person_is_known_by_the_old_name(city: Any) -> None:
    """What a desk writes down under the temporary id after linking is of the ID."""
    number = upload(city, item(1)).json["results"][0]["check_in_id"]
    assert city.call("POST", f"/v1/check-ins/{number}/link", "shelter-desk", {"sub": "c0"}).status == 200
    assert city.board()["S0"]["headcount"] == 1
    later = "2027-01-15T09:00:00+09:00"
    moved = item(2, unregistered={"temp_id": "p1"}, shelter_id="S1", observed_at=later)
    assert outcomes(upload(city, moved)) == ["counted"]
    assert (city.board()["S0"]["headcount"], city.board()["S1"]["headcount"]) == (0, 1)
    own = city.rows("SELECT sub FROM check_in WHERE checked_out_at_s IS NULL")
    assert own == [("c0",)]


def test_link_to_somebody_present_elsewhere_is_a_conflict(city: Any) -> None:
    """Nothing changes until one of the two is checked out."""
    number = upload(city, item(1)).json["results"][0]["check_in_id"]
    other = city.check_in("S1", "c0").json["id"]
    before = city.board()
    link = f"/v1/check-ins/{number}/link"
    assert city.call("POST", link, "shelter-desk", {"sub": "c0"}).problem == "conflict"
    assert city.call("POST", link, "shelter-desk", {"sub": "nobody"}).problem == "validation"
    assert city.call("POST", link, "c0", {"sub": "c0"}).problem == "not-found"
    assert city.board() == before
    city.call("POST", f"/v1/check-ins/{other}/check-out", "shelter-desk", {"observed_at": "2027-01-15T08:00:00+09:00"})
    for _ in range(2):
        assert city.call("POST", link, "shelter-desk", {"sub": "c0"}).json["state"] == "in"
    assert city.call("POST", link, "shelter-desk", {"sub": "c1"}).problem == "conflict"
