"""Under load what is least urgent is put off first, and what saves lives never."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_api.admission import CALM_S, CLASSES, LAG_S, Pressure
from reference_api.errors import ApiError

MODES = st.sampled_from(["normal", "drill", "disaster"])
LOADS = st.lists(st.tuples(st.floats(0, 10), st.integers(0, 3000), MODES, st.floats(0, 20)), max_size=40)


@given(loads=LOADS)
def test_classes_are_put_off_in_order_and_p0_never(loads: list[tuple[float, int, str, float]]) -> None:
    """Whatever the load does, the classes put off are a beginning of P3, P2, P1, and P0 passes."""
    pressure, now_s = Pressure(), 0.0
    for lag_s, waiting, mode, passed_s in loads:
        now_s += passed_s
        pressure.waiting = waiting
        before = pressure.level
        pressure.observe(lag_s, mode, now_s)
        assert pressure.shed == CLASSES[: pressure.level]
        pressure.admit("P0")
        assert pressure.level >= before - 1
    assert "P0" not in pressure.shed


@pytest.mark.parametrize("mode", ["normal", "disaster"])
def test_the_level_rises_at_the_thresholds(mode: str) -> None:
    """Exactly the classes whose threshold is reached are put off."""
    for number, threshold_s in enumerate(LAG_S[mode], start=1):
        if threshold_s == float("inf"):
            continue
        pressure = Pressure()
        pressure.observe(threshold_s * 0.999, mode, 0.0)
        assert pressure.level == number - 1
        pressure.observe(threshold_s, mode, 0.0)
        assert pressure.level == number


def test_a_class_is_served_again_after_a_calm_time() -> None:
    """One class comes back for each calm time; a new peak in between starts the time again."""
    pressure = Pressure()
    pressure.observe(0.6, "disaster", 0.0)
    assert pressure.shed == ("P3", "P2")
    pressure.observe(0.0, "disaster", 1.0)
    pressure.observe(0.4, "disaster", 2.0)
    pressure.observe(0.0, "disaster", 3.0)
    pressure.observe(0.0, "disaster", 2.9 + CALM_S)
    assert pressure.level == 2
    pressure.observe(0.0, "disaster", 3.0 + CALM_S)
    assert pressure.level == 1


def test_lateness_is_noticed_before_it_is_measured() -> None:
    """Requests that wait in front of a late measurement already meet the level that it will find."""
    pressure = Pressure()
    pressure.observe(0.0, "disaster", 0.0)
    pressure.expect(1.0)
    pressure.notice(1.0 + LAG_S["disaster"][0] / 2)
    assert pressure.level == 0
    pressure.notice(1.0 + LAG_S["disaster"][0] * 1.01)
    assert pressure.shed == ("P3",)
    pressure.notice(1.0 + LAG_S["disaster"][1] * 1.01)
    assert pressure.shed == ("P3", "P2")
    pressure.notice(1.0)
    assert pressure.shed == ("P3", "P2")


def test_put_off_operations_are_told_when_to_ask_again(city: Any) -> None:
    """Bulk reads get 503 with Retry-After; a first safety report passes; every answer says what is put off."""
    city.app.services.pressure.level = 3
    bulk = city.call("GET", "/v1/users", "city-office")
    assert bulk.status == 503
    assert bulk.json["type"].endswith("#temporary-reduced-capacity")
    assert int(bulk.headers["retry-after"]) > 0
    report = {"status": "safe", "observed_at": "2027-01-15T07:00:00+09:00"}
    saved = city.call("POST", "/v1/safety-reports", "c0", report)
    assert saved.status == 201
    assert saved.headers["city-os-shedding"] == bulk.headers["city-os-shedding"] == "P3, P2, P1"
    city.app.services.pressure.level = 0
    assert "city-os-shedding" not in city.call("GET", "/v1/users", "city-office").headers


def test_reduced_service_slows_down_polling(city: Any) -> None:
    """While something is put off, the same read within 15 s gets 429; without load it does not."""
    url = "/v1/check-ins?shelter=S0"
    assert city.call("GET", url, "city-office").status == 200
    city.app.services.pressure.level = 1
    assert [city.call("GET", url, "city-office").status for _ in range(2)] == [200, 429]
    assert city.call("GET", "/v1/check-ins?shelter=S1", "city-office").status == 200


def test_refusal_names_the_registered_problem() -> None:
    """The problem is the one registered for reduced capacity."""
    pressure = Pressure(level=1)
    with pytest.raises(ApiError) as refused:
        pressure.admit("P3")
    assert refused.value.status == 503
