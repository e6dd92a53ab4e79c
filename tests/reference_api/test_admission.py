"""Under load what is least urgent is put off first, and what saves lives never."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_api.admission import CALM_S, CLASSES, LAG_S, PEAK_CALM_S, RETRY_AFTER_S, Pressure
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
    """After load that lasted, one class comes back for each calm time; a new peak in between starts the time again."""
    pressure = Pressure()
    late_s = LAG_S["disaster"][1]
    for at_s in range(11):
        pressure.observe(late_s, "disaster", float(at_s))
    assert pressure.shed == ("P3", "P2")
    assert pressure.retry_after_s == RETRY_AFTER_S
    pressure.observe(0.0, "disaster", 11.0)
    pressure.observe(late_s * 0.6, "disaster", 12.0)
    pressure.observe(0.0, "disaster", 13.0)
    pressure.observe(0.0, "disaster", 12.9 + CALM_S)
    assert pressure.level == 2
    pressure.observe(0.0, "disaster", 13.0 + CALM_S)
    assert pressure.level == 1


def test_a_single_peak_is_soon_over() -> None:
    """What one long request puts off is served again soon, and whoever was put off is told to ask again soon."""
    pressure = Pressure()
    pressure.observe(LAG_S["disaster"][0], "disaster", 100.0)
    assert pressure.shed == ("P3",)
    assert pressure.retry_after_s == 1
    pressure.observe(0.0, "disaster", 100.1)
    pressure.observe(0.0, "disaster", 100.09 + PEAK_CALM_S)
    assert pressure.level == 1
    pressure.observe(0.0, "disaster", 100.11 + PEAK_CALM_S)
    assert pressure.level == 0


def test_peaks_that_follow_each_other_are_one_load() -> None:
    """A class that came back too early is put off for longer each time; after quiet, a peak is a single one again."""
    pressure = Pressure()
    calm_s = []
    now_s = 0.0
    for _ in range(4):
        pressure.observe(LAG_S["disaster"][0], "disaster", now_s)
        begin_s = now_s
        while pressure.level:
            now_s += 0.1
            pressure.observe(0.0, "disaster", now_s)
        calm_s.append(now_s - begin_s)
    assert calm_s == sorted(calm_s)
    assert calm_s[-1] > 4 * PEAK_CALM_S
    now_s += 2 * CALM_S
    pressure.notice(now_s)
    pressure.observe(LAG_S["disaster"][0], "disaster", now_s)
    assert pressure.retry_after_s == 1


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
