"""Telephones under faults: dead for those whose calls to the city OS the same faults stop."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from small_city import small_people

from scenarios.faults.cells import cells_of
from scenarios.faults.form import CellLoss, CityHallLink, FaultFile, Outage, PowerLoss, TimedFault
from scenarios.faults.injection import CITIZEN, Asked, Injector
from scenarios.seeding import home_district, person_ids

TOWN, PEOPLE = small_people()
EVERYBODY = np.arange(PEOPLE.people)
CODES = tuple(one.code for one in TOWN.districts)
TIMES = st.floats(0.0, 7200.0)


def cut(at_s: float, *faults: TimedFault) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whose phone is dead at a time."""
    cells = cells_of(FaultFile(seed=3, fault=faults), TOWN, PEOPLE)  # type: ignore[arg-type]
    assert cells is not None
    return np.asarray(cells.cut_off(at_s, EVERYBODY))


@given(
    kind=st.sampled_from([CellLoss, PowerLoss]),
    share=st.floats(0.0, 1.0),
    districts=st.sets(st.sampled_from(CODES)),
    at_s=TIMES,
)
def test_the_same_people_cannot_phone_who_cannot_report(
    kind: type[TimedFault], share: float, districts: set[str], at_s: float
) -> None:
    """Whoever a fault keeps from the service, at that place and time, it keeps from the telephone, and nobody else."""
    fault = kind(name="cell", share=share, districts=tuple(sorted(districts)), at="0:20", until="1:00")
    injector, homes = Injector(FaultFile(seed=3, fault=(fault,))), home_district(TOWN, PEOPLE)  # type: ignore[arg-type]
    stopped = [
        injector.next(Asked("POST", "reportSafety", one, CITIZEN, CODES[homes[row]], at_s)).stop is not None
        for row, one in enumerate(person_ids(PEOPLE))
    ]
    assert cut(at_s, fault).tolist() == stopped


@given(low=st.floats(0.0, 1.0), high=st.floats(0.0, 1.0), by=st.sampled_from(["call", "subject"]), at_s=TIMES)
def test_a_larger_share_cuts_more_and_spares_nobody(low: float, high: float, by: str, at_s: float) -> None:
    """Shares share their draws, whatever they are of."""
    fewer, more = (cut(at_s, CellLoss(name="a", share=share, by=by)) for share in sorted((low, high)))  # type: ignore[arg-type]
    assert not (fewer & ~more).any()


@given(at_s=TIMES)
def test_faults_add_up(at_s: float) -> None:
    """Two faults cut off whom either does."""
    one, other = CellLoss(name="a", share=0.3, until="1:00"), PowerLoss(name="b", share=0.5, at="0:30")
    assert np.array_equal(cut(at_s, one, other), cut(at_s, one) | cut(at_s, other))


def test_some_people_only_part_of_the_time() -> None:
    """By subject, the same people throughout; by call, everybody now and then."""
    fixed = [cut(at_s, CellLoss(name="a", share=0.5)) for at_s in (0.0, 60.0, 3600.0)]
    assert all(np.array_equal(fixed[0], one) for one in fixed)
    anew = [cut(at_s, CellLoss(name="a", share=0.5, by="call")) for at_s in range(20)]
    assert np.any(anew, axis=0).all()
    assert not np.all(anew, axis=0).any()


def test_no_other_fault_is_one_of_telephones() -> None:
    """Neither what happens at the service, nor what names calls of it, nor the office's own line."""
    faults = (Outage(name="a"), CityHallLink(name="b"), CellLoss(name="c", operations=("reportSafety",)))
    assert cells_of(FaultFile(fault=faults), TOWN, PEOPLE) is None
    assert cells_of(FaultFile(), TOWN, PEOPLE) is None
    assert cells_of(None, TOWN, PEOPLE) is None
