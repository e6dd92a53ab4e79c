"""Several workers over one database, as several processes have it."""

from typing import Any

from stores import OpenedStore


def test_workers_see_one_another(two_over_one: tuple[OpenedStore, OpenedStore], make_city: Any) -> None:
    """What one app writes the other one answers, with bodies that both remember, tokens and keys included."""
    seed = make_city().seed
    one, other = (make_city(seed, opened=opened) for opened in two_over_one)
    assert other.board()["S0"]["headcount"] == 0
    one.check_in("S0", "c0")
    one.declare("drill", "d0")
    assert other.board()["S0"]["headcount"] == 1
    assert other.call("GET", "/v1/disaster-state").json["mode"] == "drill"
    assert other.check_in("S1", "c0", idempotency_key="another").status == 201
    assert {name: item["headcount"] for name, item in one.board().items()} == {"S0": 0, "S1": 1, "S2": 0}
    other._tokens |= one._tokens
    assert other.call("GET", "/v1/check-ins?shelter=S1", "city-office").status == 200
