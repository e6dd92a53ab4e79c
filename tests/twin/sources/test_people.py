"""People: the totals named in the data hold, and everybody's properties fit together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import seeds, tiny_town, towns

from twin.errors import InvalidPopulation
from twin.parameters import load_parameters
from twin.population import (
    CONSENT_COLUMN,
    CONSENT_RULES,
    ConsentRule,
    DataCategory,
    Mode,
    Phone,
    Population,
    Recipient,
)
from twin.randomness import Stream
from twin.sources.people import populate
from twin.town import Town

PARAMETERS = load_parameters("twin")
TOWN = tiny_town(113_386, 48_983, tuple(np.linspace(1.0, 3.0, 400)))


@pytest.fixture(scope="module")
def whole() -> Population:
    """All people of a town with the totals of Aizu-Wakamatsu."""
    return populate(TOWN, stream=Stream(1), parameters=PARAMETERS)


def test_totals_of_the_town_hold_exactly(whole: Population) -> None:
    """People, households, IDs, support register, consents to it and cars are the figures of the data."""
    assert (whole.people, whole.households) == (113_386, 48_983)
    assert whole.has_id.sum() == 24_000
    assert whole.needs_support.sum() == round(0.063 * 113_386)
    assert whole.plan_consent.sum() == round(0.401 * whole.needs_support.sum())
    assert whole.has_plan.sum() == round(0.10 * whole.needs_support.sum())
    assert whole.cars.sum() == round(1.535 * 48_983)
    assert whole.share == 1.0


def test_ids_follow_the_use_of_the_portal(whole: Population) -> None:
    """IDs by decade of age are in proportion to the survey's use, to half a person."""
    first = np.array(PARAMETERS.row("people.id.from_age"))
    use = np.array(PARAMETERS.row("people.id.use"))
    band = np.searchsorted(first, whole.age, side="right") - 1
    wanted = use * np.bincount(band)
    wanted *= 24_000 / wanted.sum()
    assert np.abs(np.bincount(band[whole.has_id], minlength=len(use)) - wanted).max() < 1.0


def test_phones_follow_their_ages(whole: Population) -> None:
    """In each age band the shares of smartphones and other phones are the parameters', to half a person."""
    first = PARAMETERS.row("people.phone.from_age")
    band = np.searchsorted(first, whole.age, side="right") - 1
    for phone, name in ((Phone.SMARTPHONE, "smartphone"), (Phone.FEATURE, "feature")):
        wanted = np.array(PARAMETERS.row(f"people.phone.{name}")) * np.bincount(band)
        assert np.abs(np.bincount(band[whole.phone == phone], minlength=len(first)) - wanted).max() <= 1.0


def test_neighbourhoods_have_their_share(whole: Population) -> None:
    """Each neighbourhood has its share of households to one; people scatter as sizes of its households do."""
    weights = np.array([place.weight for place in TOWN.neighbourhoods])
    households = np.bincount(whole.neighbourhood, minlength=len(weights))
    assert np.abs(households - weights * whole.households).max() < 1.0
    people = np.bincount(whole.neighbourhood[whole.household], minlength=len(weights))
    deviation = whole.household_size().std() * np.sqrt(households)
    assert (np.abs(people - weights * whole.people) < 4.5 * deviation + 1.0).all()


def test_consents_hold_their_shares(whole: Population) -> None:
    """Among ID holders each consent has its share to 1.5 percentage points (four standard deviations at 24,000)."""
    given_share = whole.consents[whole.has_id].mean(axis=0)
    for category_row, category in enumerate(DataCategory):
        for recipient in Recipient:
            for mode in Mode:
                wanted = PARAMETERS.row(f"people.consent.{recipient}.{mode}")[category_row]
                column = CONSENT_COLUMN[ConsentRule(category, recipient, mode)]
                assert abs(given_share[column] - wanted) < 0.015


def test_some_deny_the_city_in_peace_and_permit_it_in_a_disaster(whole: Population) -> None:
    """Who permits in peace permits in a disaster, and many only then; trust in recipients hangs together."""
    normal, disaster = (
        whole.consents[whole.has_id, CONSENT_COLUMN[ConsentRule(DataCategory.SAFETY, Recipient.MUNICIPALITY, mode)]]
        for mode in (Mode.NORMAL, Mode.DISASTER)
    )
    assert disaster[normal].all()
    assert 0.3 < disaster[~normal].mean() < 0.95
    welfare = whole.consents[
        whole.has_id, CONSENT_COLUMN[ConsentRule(DataCategory.SAFETY, Recipient.WELFARE, Mode.NORMAL)]
    ]
    assert welfare[normal].mean() > welfare[~normal].mean() + 0.2


def test_walking_speeds_are_those_of_the_ages(whole: Population) -> None:
    """Mean speed of people aged 30 who need no support is Weidmann's; those who need support are slower than 1 m/s."""
    thirty = (whole.age == 30) & ~whole.needs_support
    assert whole.walking_speed_mps[thirty].mean() == pytest.approx(1.54, abs=0.03)
    assert whole.walking_speed_mps[whole.needs_support].max() <= 0.5 * 1.3
    assert whole.walking_speed_mps.min() >= 0.2


@given(towns(), seeds, st.floats(0.01, 1.0))
def test_people_fit_together(town: Town, seed: int, share: float) -> None:
    """In any town and sample, rows refer to rows that exist and properties do not contradict each other."""
    wanted = max(1, round(share * town.people))
    made = populate(town, stream=Stream(seed), parameters=PARAMETERS, people=wanted)
    assert made.people == wanted
    assert made.share == wanted / town.people
    assert (made.household == np.repeat(np.arange(made.households), made.household_size())).all()
    assert (made.household_size() >= 1).all()
    assert (made.age[made.household_start[:-1]] >= 18).all()
    assert (town.home_neighbourhood[made.home_node] == made.neighbourhood).all()
    assert not (made.uses_app & ~made.has_id).any()
    assert (made.phone[made.uses_app] == Phone.SMARTPHONE).all()
    assert not (made.plan_consent & ~made.needs_support).any()
    assert not (made.has_plan & ~made.plan_consent).any()
    assert made.consents.shape == (made.people, len(CONSENT_RULES))
    assert not made.consents[~made.has_id].any()
    assert made.away_neighbourhood.max() < len(town.neighbourhoods)
    assert made.away_neighbourhood.min() >= -1
    assert (made.relatives_neighbourhood != made.neighbourhood).all()
    adults = np.bincount(made.household[made.age >= 18], minlength=made.households)
    assert (made.cars <= adults).all()


@given(towns(), seeds)
def test_supporters_are_able_adults(town: Town, seed: int) -> None:
    """Whoever has a plan has an able adult as supporter, never themselves; nobody else has one."""
    parameters = PARAMETERS.with_overrides({"people.support.plan": 0.25, "people.support.share": 0.15})
    made = populate(town, stream=Stream(seed), parameters=parameters)
    assert (made.supporter[~made.has_plan] == -1).all()
    planned = np.flatnonzero(made.has_plan)
    supporter = made.supporter[planned]
    assert (supporter >= 0).all()
    assert (supporter != planned).all()
    assert not made.needs_support[supporter].any()
    assert ((made.age[supporter] >= 18) & (made.age[supporter] <= 74)).all()


@given(towns(), seeds, st.data())
def test_a_sample_is_part_of_the_town(town: Town, seed: int, data: st.DataObject) -> None:
    """Households of a sample have the homes and, but for the last, the members that they have in the whole town."""
    wanted = data.draw(st.integers(1, town.people))
    everybody = populate(town, stream=Stream(seed), parameters=PARAMETERS)
    some = populate(town, stream=Stream(seed), parameters=PARAMETERS, people=wanted)
    by_home = {
        home: tuple(everybody.age[start:end])
        for home, start, end in zip(
            zip(everybody.home_x_m, everybody.home_y_m, strict=True),
            everybody.household_start[:-1],
            everybody.household_start[1:],
            strict=True,
        )
    }
    cut = 0
    for row, home in enumerate(zip(some.home_x_m, some.home_y_m, strict=True)):
        members = tuple(some.age[some.household_start[row] : some.household_start[row + 1]])
        assert members == by_home[home][: len(members)]
        cut += members != by_home[home]
    assert cut <= 1


@pytest.mark.parametrize("people", [500, 5_000])
def test_a_sample_keeps_the_shares(people: int) -> None:
    """Sizes of households and shares of ages in a sample are the town's, to two standard deviations of a fair draw."""
    everybody = populate(TOWN, stream=Stream(9), parameters=PARAMETERS)
    some = populate(TOWN, stream=Stream(9), parameters=PARAMETERS, people=people)
    tolerance = 2.0 * 0.5 / np.sqrt(some.households)
    for size in (1, 2, 3, 4):
        whole_share = (everybody.household_size() == size).mean()
        assert abs((some.household_size() == size).mean() - whole_share) < tolerance
    for age in (18, 40, 65, 80):
        assert abs((some.age < age).mean() - (everybody.age < age).mean()) < tolerance


@given(seeds)
def test_one_household_more_leaves_the_others_their_homes(seed: int) -> None:
    """With one household more, every home that was there before is there still."""
    before = populate(tiny_town(300, 130), stream=Stream(seed), parameters=PARAMETERS)
    after = populate(tiny_town(302, 131), stream=Stream(seed), parameters=PARAMETERS)
    homes = set(zip(after.home_x_m, after.home_y_m, strict=True))
    assert sum(home not in homes for home in zip(before.home_x_m, before.home_y_m, strict=True)) == 0


def test_the_seed_decides_everything() -> None:
    """The same seed gives the same people, another seed others."""
    one, same, other = (populate(tiny_town(), stream=Stream(seed), parameters=PARAMETERS) for seed in (4, 4, 5))
    for name in ("age", "sex", "home_x_m", "phone", "has_id", "supporter", "walking_speed_mps", "consents"):
        assert (getattr(one, name) == getattr(same, name)).all()
    assert (one.home_x_m != other.home_x_m).any()


@pytest.mark.parametrize("people", [0, -5, 301])
def test_people_who_are_not_there_cannot_be_asked_for(people: int) -> None:
    """Fewer than one or more people than the town has is an error that says what to ask for."""
    with pytest.raises(InvalidPopulation, match="ask for 1 to 300"):
        populate(tiny_town(300, 130), stream=Stream(1), parameters=PARAMETERS, people=people)
