"""Parameters as data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.parameters import Parameters, load_parameters

FILES = (("twin", "parameters.toml"), ("agents", "parameters.toml"), ("agents", "movement.toml"))


@pytest.fixture(params=FILES, ids="/".join)
def parameters(request: pytest.FixtureRequest) -> Parameters:
    """The parameters of each shipped file."""
    return load_parameters(*request.param)


def test_every_default_lies_in_its_own_range(parameters: Parameters) -> None:
    """A shipped value is one that an override would be allowed to set."""
    assert [key for key, one in parameters.items() if not one.admits(one.value)] == []


def test_every_default_says_where_it_comes_from(parameters: Parameters) -> None:
    """Source, unit and both meanings are there."""
    assert [key for key, one in parameters.items() if not (one.source and one.unit)] == []
    assert [key for key, one in parameters.items() if not (one.meaning_en and one.meaning_ja)] == []


@given(value=st.floats(0.6, 1.0))
def test_an_override_replaces_one_value_and_is_marked(value: float) -> None:
    """Only the named parameter changes."""
    before = load_parameters("agents")
    after = before.with_overrides({"walking.night_factor": value})
    assert after.number("walking.night_factor") == value
    assert after["walking.night_factor"].overridden
    assert {key for key in before if before[key] != after[key]} == {"walking.night_factor"}


def test_a_value_outside_the_range_or_of_another_shape_is_not_admitted() -> None:
    """Ranges hold element by element; a list is no number."""
    parameters = load_parameters("agents")
    assert not parameters["walking.night_factor"].admits(1.5)
    assert not parameters["walking.night_factor"].admits((0.8, 0.8))
    assert not parameters["walking.snow_factor"].admits((1.0, 0.8, 7.0))
