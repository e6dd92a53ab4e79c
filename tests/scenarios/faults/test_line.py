"""Faults on the line of an ideal city OS: each kind does what it does before the reference, to the very same calls."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from two_cities import assert_alike, ideal_city, reference_city, talks

from scenarios.errors import NoTrickleOnLine
from scenarios.faults.effects import Terms
from scenarios.faults.form import (
    KINDS,
    AddedLatency,
    AnyFault,
    CellLoss,
    CityHallLink,
    ClockSkew,
    DoubledWrite,
    ErrorAnswer,
    FaultFile,
    LostWrite,
    Outage,
    PowerLoss,
    SlowTrickle,
    StaleReads,
)
from scenarios.faults.line import check_for_line

FAULTS: dict[str, list[AnyFault]] = {
    "latency": [AddedLatency(name="slow", median_s=3.0, p95_s=15.0, share=0.7)],
    "error": [
        ErrorAnswer(name="busy", share=0.2),
        ErrorAnswer(name="done", share=0.3, delivered=True, status=500),
        ErrorAnswer(name="token", share=0.2, status=401),
    ],
    "outage": [
        Outage(name="gone", share=0.3, by="call"),
        Outage(name="never", share=0.2),
        Outage(name="silent", share=0.2, by="call", how="silent"),
    ],
    "stale": [StaleReads(name="old", age_s=300.0, share=0.6)],
    "lost_write": [LostWrite(name="lost", share=0.4)],
    "doubled_write": [
        DoubledWrite(name="again", share=0.4),
        DoubledWrite(name="anew", share=0.4, new_key=True),
    ],
    "cell_loss": [CellLoss(name="cell", share=0.6, until="0:10", burst_s=400.0), CellLoss(name="more", at="0:20")],
    "power_loss": [PowerLoss(name="power", until="0:10", burst_s=4000.0), PowerLoss(name="more", at="1:30", share=0.5)],
    "city_hall_link": [CityHallLink(name="hall", at="0:02", until="0:12")],
    "clock_skew": [ClockSkew(name="skew", low_s=-900.0, high_s=900.0, by="call")],
}


def test_every_kind_is_tried_or_refused() -> None:
    """No kind of fault is forgotten; what needs bytes on a wire is refused, with its name and what to do."""
    assert {*FAULTS, "trickle"} == set(KINDS)
    file = FaultFile(fault=(*FAULTS["stale"], SlowTrickle(name="drops", bytes_per_s=9.0)))
    with pytest.raises(NoTrickleOnLine, match=r"fault drops: .*--city-os reference"):
        check_for_line(file)


@pytest.mark.parametrize("kind", FAULTS)
@settings(max_examples=4)
@given(talk=talks(), factor=st.sampled_from([0.0, 1.0, 2.5]))
def test_a_fault_does_the_same_on_a_line(kind: str, talk: list[tuple[float, tuple[Any, ...]]], factor: float) -> None:
    """Whatever is asked, the same calls are hit, and what comes of them is the same, waiting included."""
    faults, terms = FAULTS[kind], Terms(latency_factor=factor, timeout_s=10.0)
    assert_alike(reference_city(*faults, terms=terms), ideal_city(*faults, terms=terms), talk)
