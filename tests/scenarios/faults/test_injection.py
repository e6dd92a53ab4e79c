"""Which faults hit which calls: windows, shares, the same people, keys."""

import math
from dataclasses import replace

import pytest
from faulty_city import asked, injector
from hypothesis import given
from hypothesis import strategies as st

from scenarios.faults.form import (
    AddedLatency,
    AnyFault,
    CellLoss,
    CityHallLink,
    ClockSkew,
    DoubledWrite,
    ErrorAnswer,
    LostWrite,
    Outage,
    PowerLoss,
    StaleReads,
)
from scenarios.faults.injection import (
    ANYBODY,
    ASSOCIATION,
    CITIZEN,
    CITY_OFFICE,
    DESK,
    DISCOVERY,
    Asked,
    concerns,
    is_in_force,
    latency_s,
    operations,
)

ALL = sorted(operations())


def people_hit(fault: AnyFault, people: int = 2000, calls: int = 3, seed: int = 1) -> list[int]:
    """How many calls of each person are hit."""
    decides = injector(fault, seed=seed)
    return [sum(bool(decides.next(asked(subject=f"c{row}")).hits) for _ in range(calls)) for row in range(people)]


@given(share=st.floats(0, 1), seed=st.integers(0, 2**63 - 1))
def test_share_of_calls_converges(share: float, seed: int) -> None:
    """Of many calls, the share is hit, to 5 standard deviations."""
    decides = injector(ErrorAnswer(name="x", share=share), seed=seed)
    hit = sum(bool(decides.next(asked(subject=f"c{row % 50}")).hits) for row in range(2000))
    assert abs(hit - 2000 * share) <= 5 * math.sqrt(2000 * share * (1 - share)) + 1e-9


def test_shares_of_nothing_and_of_everything_leave_nothing_to_chance() -> None:
    """A share of 0 hits no call, of 1 every call."""
    assert set(people_hit(ErrorAnswer(name="x", share=0.0))) == {0}
    assert set(people_hit(ErrorAnswer(name="x", share=1.0))) == {3}


def test_a_partial_outage_hits_the_same_people_again() -> None:
    """A share of subjects: who is hit is hit at each call, and nobody else is."""
    hit = people_hit(Outage(name="x", share=0.3))
    assert set(hit) == {0, 3}
    assert sum(hit) / 3 == pytest.approx(600, abs=5 * math.sqrt(2000 * 0.3 * 0.7))
    other = Outage(name="x", share=0.3, operations=("putLocation",))
    decides = injector(other)
    again = [bool(decides.next(asked("putLocation", f"c{row}", method="PUT")).hits) for row in range(2000)]
    assert again == [bool(calls) for calls in hit]


def test_a_wider_share_hits_whom_a_narrower_one_hit() -> None:
    """Common draws: raising a share adds people and takes none away."""
    narrow, wide = (people_hit(Outage(name="x", share=share)) for share in (0.2, 0.4))
    assert all(more >= less for less, more in zip(narrow, wide, strict=True))


def test_faults_draw_apart() -> None:
    """Two faults with other names, or another seed, hit other calls."""
    first = people_hit(ErrorAnswer(name="x", share=0.5))
    assert first == people_hit(ErrorAnswer(name="x", share=0.5))
    assert first != people_hit(ErrorAnswer(name="y", share=0.5))
    assert first != people_hit(ErrorAnswer(name="x", share=0.5), seed=2)


@given(st.permutations([f"c{row}" for row in range(8)] * 3))
def test_the_order_of_callers_does_not_matter(order: list[str]) -> None:
    """A person's n-th call is hit or not whoever called before: so a proxy and a run decide alike."""
    decides = injector(ErrorAnswer(name="x", share=0.5))
    found: dict[str, list[bool]] = {}
    for subject in order:
        found.setdefault(subject, []).append(bool(decides.next(asked(subject=subject)).hits))
    alone = injector(ErrorAnswer(name="x", share=0.5))
    for subject, hits in found.items():
        assert hits == [bool(alone.next(asked(subject=subject)).hits) for _ in hits]


@given(at_s=st.floats(0, 7200))
def test_a_fault_holds_from_its_beginning_and_not_at_its_end(at_s: float) -> None:
    """The window is half open."""
    fault = Outage(name="x", at="0:10", until="0:40")
    assert bool(injector(fault).next(asked(at_s=at_s)).hits) is (600 <= at_s < 2400)


@given(operation=st.sampled_from(ALL), method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]))
def test_an_outage_of_an_operation_hits_it_and_nothing_else(operation: str, method: str) -> None:
    """Named operations and classes are hit exactly; discovery and the sandbox only if they are named."""
    assert concerns(Outage(name="x", operations=("reportSafety",)), method, operation) is (operation == "reportSafety")
    one = operations()[operation]
    is_p0 = one.service_class == "P0" and operation not in DISCOVERY
    assert concerns(Outage(name="x", operations=("P0",)), method, operation) is is_p0
    assert concerns(Outage(name="x", operations=(operation,)), method, operation)


def test_what_belongs_to_the_test_is_left_alone_unless_named() -> None:
    """An outage of everything leaves discovery and the sandbox's own operations; paths of nobody are hit."""
    everything = Outage(name="x")
    spared = {name for name in ALL if not concerns(everything, operations()[name].method, name)}
    assert {"getCityOs", "resetSandbox", "setSandboxClock"} <= spared
    assert not {"issueToken", "reportSafety", "getJwks"} & spared
    assert concerns(everything, "GET", "")


def test_writes_are_lost_and_doubled_reads_are_stale() -> None:
    """Each kind touches only operations that it can mean; tokens and questions that are posted are no writes."""
    writes = {name for name in ALL if concerns(LostWrite(name="x"), operations()[name].method, name)}
    assert {"reportSafety", "checkIn", "putLocation"} <= writes
    assert not {"issueToken", "decideConsents", "listShelters", "searchFhirByPost"} & writes
    assert writes == {name for name in ALL if concerns(DoubledWrite(name="x"), operations()[name].method, name)}
    stale = {name for name in ALL if concerns(StaleReads(name="x", age_s=60), operations()[name].method, name)}
    assert "listShelterStatus" in stale
    assert not stale & writes


@pytest.mark.parametrize(
    ("fault", "roles"),
    [
        (CellLoss(name="x"), {CITIZEN, ASSOCIATION}),
        (PowerLoss(name="x"), {CITIZEN, ASSOCIATION, DESK}),
        (CityHallLink(name="x"), {CITY_OFFICE}),
        (ClockSkew(name="x", low_s=0, high_s=1), {CITIZEN}),
        (Outage(name="x"), {CITIZEN, ASSOCIATION, DESK, CITY_OFFICE, ANYBODY}),
    ],
)
def test_losses_hit_those_whose_line_is_lost(fault: AnyFault, roles: set[str]) -> None:
    """A lost cell takes phones, lost power the receptions too, the city hall's link the city office."""
    every = (CITIZEN, ASSOCIATION, DESK, CITY_OFFICE, ANYBODY)
    assert {role for role in every if is_in_force(fault, replace(asked(), role=role))} == roles


def test_the_registers_import_goes_over_the_city_halls_link() -> None:
    """Whoever brings the register, it comes from the city hall's network."""
    assert is_in_force(CityHallLink(name="x"), Asked("POST", "importSupportRegister", "someone", "", "", 0.0))


def test_a_fault_of_a_district_leaves_others_alone() -> None:
    """Who lives elsewhere, or nobody knows where, is not hit."""
    fault = CellLoss(name="x", districts=("01",))
    hit = [one for one in ("01", "02", "") if is_in_force(fault, replace(asked(), district=one))]
    assert hit == ["01"]


def test_latency_has_the_median_and_the_95th_percentile_that_are_given() -> None:
    """Log-normal by inversion: the draws at 0.5 and 0.95 are the two, and of many draws half lie below the median."""
    fault = AddedLatency(name="x", median_s=2.0, p95_s=30.0)
    assert latency_s(fault, 0.5) == pytest.approx(2.0)
    assert latency_s(fault, 0.95) == pytest.approx(30.0)
    decides = injector(fault)
    drawn = [decides.next(asked(subject=f"c{row}")).latency_s for row in range(4000)]
    assert sum(one < 2.0 for one in drawn) == pytest.approx(2000, abs=5 * math.sqrt(1000))
    assert sum(one < 30.0 for one in drawn) == pytest.approx(3800, abs=5 * math.sqrt(190))


def test_a_phones_clock_is_always_wrong_by_the_same() -> None:
    """Skew belongs to the phone, within its bounds."""
    decides = injector(ClockSkew(name="x", low_s=-60, high_s=300))
    for row in range(100):
        first, second = (decides.next(asked(subject=f"c{row}")).skew_s for _ in range(2))
        assert first == second
        assert -60 <= first <= 300


def test_what_hits_a_call_together_adds_up() -> None:
    """Latencies add, the slowest trickle holds, the oldest age holds, the first stop stops."""
    decides = injector(
        AddedLatency(name="a", constant_s=1.0),
        AddedLatency(name="b", constant_s=2.0),
        Outage(name="c", how="silent"),
        CellLoss(name="d"),
    )
    injection = decides.next(asked())
    assert injection.latency_s == 3.0
    assert injection.stop is not None
    assert (injection.stop.name, injection.is_silent, injection.names) == ("c", True, "a, b, c, d")
    assert decides.hit == decides.concerned == {"a": 1, "b": 1, "c": 1, "d": 1}
