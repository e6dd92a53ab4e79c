"""Decisions of households and desks."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import behaviour
from agents.situation import Snow
from twin.events import Intent, ReceptionChannel
from twin.parameters import Parameters, load_parameters
from twin.shelters import Hazard

FloatArray = npt.NDArray[np.float64]

DRAWS = st.floats(min_value=1e-9, max_value=1 - 1e-9)


@pytest.fixture(scope="module")
def parameters() -> Parameters:
    """The shipped defaults."""
    return load_parameters("agents")


@given(draw=DRAWS, flooded=st.booleans(), level=st.integers(3, 4))
def test_a_higher_order_makes_nobody_stay(draw: float, flooded: bool, level: int) -> None:  # noqa: FBT001
    """Whoever leaves at one level leaves at the next as well."""
    parameters = load_parameters("agents")
    zone, one = np.array([flooded]), np.array([draw])
    lower = behaviour.leaves_at_level(level, zone, one, parameters)
    higher = behaviour.leaves_at_level(level + 1, zone, one, parameters)
    assert not (lower & ~higher).any()


def test_shares_of_leaving_are_those_of_the_parameters(parameters: Parameters) -> None:
    """Evenly spread draws leave in exactly the share given for damaged and for undamaged homes."""
    draw = (np.arange(1000) + 0.5) / 1000
    for damaged, key in ((True, "leaving.damaged_share"), (False, "leaving.undamaged_share")):
        left = behaviour.leaves_after_shaking(np.full(1000, damaged), draw, parameters)
        assert left.mean() == pytest.approx(parameters.number(key), abs=1e-3)


REFUGES = [Intent.UPSTAIRS, Intent.RELATIVES, Intent.CAR, Intent.SHELTER, Intent.OUT_OF_TOWN]
"""The order of the rows of refuge.*_shares."""


@pytest.mark.parametrize("hazard", [Hazard.EARTHQUAKE, Hazard.FLOOD])
def test_people_like_those_asked_end_up_where_those_did(hazard: Hazard, parameters: Parameters) -> None:
    """Where as many have relatives, cars and upper floors as among those asked, the survey's shares come out again."""
    shares, open_to = _survey(hazard, parameters), parameters.row("refuge.open_shares")
    upstairs, relatives, car = (_evenly(share) for share in open_to[:3])
    # Every combination of what is open meets every draw.
    grid = np.array(np.meshgrid(_evenly(None), upstairs, relatives, car, indexing="ij")).reshape(4, -1)
    chosen = behaviour.refuge(
        hazard, grid[0], has_upstairs=grid[1] > 0, has_relatives=grid[2] > 0, has_car=grid[3] > 0, parameters=parameters
    )
    assert [(chosen == intent).mean() for intent in REFUGES] == pytest.approx(shares, abs=0.011)


@pytest.mark.parametrize("hazard", [Hazard.EARTHQUAKE, Hazard.FLOOD])
def test_where_all_is_open_wishes_come_true(hazard: Hazard, parameters: Parameters) -> None:
    """Households to whom everything is open choose in the shares of the wishes: fewer shelters than in the survey."""
    draw = (np.arange(10_000) + 0.5) / 10_000
    everything = np.ones(10_000, np.bool_)
    chosen = behaviour.refuge(
        hazard, draw, has_relatives=everything, has_car=everything, has_upstairs=everything, parameters=parameters
    )
    shares, open_to = _survey(hazard, parameters), np.array(parameters.row("refuge.open_shares"))
    wanted = np.where(open_to < 1, shares / open_to, 0.0)
    wanted[REFUGES.index(Intent.SHELTER)] = 1 - wanted.sum()
    assert [(chosen == intent).mean() for intent in REFUGES] == pytest.approx(wanted, abs=2e-4)


@given(
    done=st.lists(st.floats(0.01, 1), min_size=5, max_size=5),
    open_to=st.lists(st.floats(0.2, 1), min_size=5, max_size=5),
)
def test_wishes_are_shares_and_give_the_deeds_back(done: list[float], open_to: list[float]) -> None:
    """Wishes lie in 0..1 and add up to 1; times what is open they are the deeds, or less where deeds are impossible."""
    shares, could = np.array(done) / sum(done), np.array(open_to)
    wish = behaviour.wished_shares(np.array(done), could)
    assert ((wish >= -1e-12) & (wish <= 1 + 1e-12)).all()
    assert wish.sum() == pytest.approx(1)
    others = np.array([intent != Intent.SHELTER for intent in REFUGES])
    wanted = (shares / could)[others].sum()
    assert (wish * could)[others] == pytest.approx(shares[others] / max(1.0, wanted))


def _survey(hazard: Hazard, parameters: Parameters) -> FloatArray:
    row = np.array(parameters.row("refuge.earthquake_shares" if hazard == Hazard.EARTHQUAKE else "refuge.flood_shares"))
    return row / row.sum()


def _evenly(share: float | None) -> FloatArray:
    """Fifty draws, or fifty households of which a share has something."""
    draw = (np.arange(50) + 0.5) / 50
    return draw if share is None else np.asarray(draw < share, np.float64)


@given(draw=DRAWS, open_to=st.tuples(st.booleans(), st.booleans(), st.booleans()), hazard=st.sampled_from(Hazard))
def test_nobody_goes_where_they_cannot(draw: float, open_to: tuple[bool, bool, bool], hazard: Hazard) -> None:
    """No relatives, no car, no upper floor: then that refuge is not chosen."""
    relatives, car, upstairs = open_to
    intent = behaviour.refuge(
        hazard,
        np.array([draw]),
        has_relatives=np.array([relatives]),
        has_car=np.array([car]),
        has_upstairs=np.array([upstairs]),
        parameters=load_parameters("agents"),
    )[0]
    assert intent != Intent.STAY
    assert relatives or intent != Intent.RELATIVES
    assert upstairs or intent != Intent.UPSTAIRS
    assert car or intent not in (Intent.CAR, Intent.OUT_OF_TOWN)


@given(distance_m=st.floats(0, 50_000), draw=DRAWS)
def test_without_a_car_nobody_drives(distance_m: float, draw: float) -> None:
    """A household without a car walks however far it is."""
    cars = np.zeros(1, np.int8)
    assert not behaviour.takes_car(np.array([distance_m]), cars, np.array([draw]), load_parameters("agents")).any()


@given(draw=DRAWS)
def test_a_farther_refuge_makes_nobody_walk(draw: float) -> None:
    """Whoever drives to a near refuge drives to a far one as well."""
    near, far = behaviour.takes_car(
        np.array([100.0, 5000.0]), np.ones(2, np.int8), np.full(2, draw), load_parameters("agents")
    )
    assert far or not near


@given(reach=st.lists(st.one_of(st.floats(0, 1e5), st.just(float("inf"))), min_size=1, max_size=20), data=st.data())
def test_the_nearest_shelter_is_the_nearest_usable_one(reach: list[float], data: st.DataObject) -> None:
    """The choice agrees with looking at every usable shelter that can be reached."""
    usable = data.draw(st.lists(st.booleans(), min_size=len(reach), max_size=len(reach)))
    open_to = [row for row, one in enumerate(reach) if usable[row] and np.isfinite(one)]
    expected = min(open_to, key=lambda row: reach[row], default=-1)
    assert behaviour.nearest_shelter(np.array(reach), np.array(usable)) == expected


def test_snow_and_night_only_slow_walkers(parameters: Parameters) -> None:
    """The factor lies in (0, 1], falls with the snow, and is lower at night."""
    by_day = [behaviour.walking_factor(snow, parameters, night=False) for snow in Snow]
    by_night = [behaviour.walking_factor(snow, parameters, night=True) for snow in Snow]
    assert by_day == sorted(by_day, reverse=True)
    assert by_day[0] == 1.0
    assert all(0 < dark < light for dark, light in zip(by_night, by_day, strict=True))


def test_without_a_city_os_everybody_is_received_on_paper(parameters: Parameters) -> None:
    """Nobody's phone or card helps at a desk that has no city OS."""
    channel = behaviour.reception_channel(connected=False, uses_app=True, has_id=True, draw=0.5, parameters=parameters)
    assert channel == ReceptionChannel.PAPER


@given(members=st.integers(1, 8), channel=st.sampled_from(ReceptionChannel))
def test_reception_time_grows_by_the_share_of_a_further_member(members: int, channel: ReceptionChannel) -> None:
    """A party of n takes the first member's time and n - 1 times the share of it."""
    parameters = load_parameters("agents")
    first_s = behaviour.reception_mean_s(channel, 1, parameters)
    share = parameters.number("reception.further_member_share")
    assert behaviour.reception_mean_s(channel, members, parameters) == pytest.approx(
        first_s * (1 + (members - 1) * share)
    )


@given(capacity=st.integers(0, 5000))
def test_every_shelter_has_a_desk(capacity: int) -> None:
    """Desks grow with the places, and there is always one."""
    parameters = load_parameters("agents")
    assert 1 <= behaviour.desks(capacity, parameters) <= behaviour.desks(capacity + 200, parameters)


@given(draw=DRAWS, rate_per_h=st.floats(1e-4, 0.5), later_per_h=st.floats(1e-4, 0.01), settled_h=st.floats(0.0, 240.0))
def test_a_stay_has_two_exponential_phases(
    draw: float, rate_per_h: float, later_per_h: float, settled_h: float
) -> None:
    """The share that stays as long as a draw says is that draw, by the two rates in turn."""
    overrides = {
        "sheltering.leaving_per_h": rate_per_h,
        "sheltering.settled_after_h": settled_h,
        "sheltering.settled_leaving_per_h": later_per_h,
    }
    hours = behaviour.stay_s(draw, load_parameters("agents").with_overrides(overrides)) / 3600.0
    effort = rate_per_h * min(hours, settled_h) + later_per_h * max(0.0, hours - settled_h)
    assert np.exp(-effort) == pytest.approx(draw, rel=1e-6)


def test_nobody_goes_home_at_rate_nought(parameters: Parameters) -> None:
    """A first rate of 0 keeps everybody for good, whatever the later one."""
    kept = parameters.with_overrides({"sheltering.leaving_per_h": 0.0})
    assert behaviour.stay_s(0.5, kept) == np.inf
