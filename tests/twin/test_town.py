"""What must hold for every town."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import InvalidTown
from twin.roads import Roads
from twin.shelters import Shelter, ShelterKind
from twin.town import District, Neighbourhood, Town, municipality_code_fault
from twin.units import Projection


def small_town() -> Town:
    """Two nodes, one street, one district, two neighbourhoods, one shelter."""
    place = ("s", "体育館", ShelterKind.GENERAL, 0.0, 0.0, 0, "", 0, 10, 5)
    shelter = Shelter(*place, capacity_is_estimate=False, fitness={})
    roads = Roads(
        node_x_m=np.array([0.0, 100.0]),
        node_y_m=np.array([0.0, 0.0]),
        link_from=np.array([0, 1], dtype=np.int32),
        link_to=np.array([1, 0], dtype=np.int32),
        length_m=np.full(2, 100.0),
        free_speed_mps=np.full(2, 8.0),
        lanes=np.ones(2),
        capacity_vps=np.full(2, 0.2),
        car_allowed=np.ones(2, dtype=np.bool_),
        walk_allowed=np.ones(2, dtype=np.bool_),
        highway=("residential",) * 2,
    )
    return Town(
        code="072028",
        name="町",
        name_en="Town",
        projection=Projection(37.5, 139.9),
        districts=(District("01", "地区", "District", 0.0, 0.0),),
        neighbourhoods=(
            Neighbourhood("1", "北", 0, 0.0, 0.0, 50.0, 0, 0.25),
            Neighbourhood("2", "南", 0, 100.0, 0.0, 50.0, 1, 0.75),
        ),
        roads=roads,
        shelters=(shelter,),
        office_node=0,
        exit_nodes=np.array([1], dtype=np.int32),
        home_nodes=np.array([0, 1], dtype=np.int32),
        home_neighbourhood=np.array([0, 1], dtype=np.int32),
    )


@pytest.mark.parametrize("code", ["072028", "352021", "172022", "132021", "102016"])
def test_real_codes_are_right(code: str) -> None:
    """Codes of real municipalities pass the check digit."""
    assert municipality_code_fault(code) is None


@given(st.integers(0, 99_999), st.integers(1, 9))
def test_a_wrong_check_digit_is_found(number: int, shift: int) -> None:
    """For every first five digits exactly one last digit is right."""
    right = [digit for digit in range(10) if municipality_code_fault(f"{number:05d}{digit}") is None]
    assert len(right) == 1
    assert municipality_code_fault(f"{number:05d}{(right[0] + shift) % 10}") is not None


@pytest.mark.parametrize(("code", "words"), [("72028", "leading zero"), ("07202a", "six digits"), ("0720281", "7")])
def test_what_is_wrong_with_a_code_is_said(code: str, words: str) -> None:
    """Five digits, letters and too many digits each have their own words."""
    assert words in (municipality_code_fault(code) or "")


def test_all_contradictions_are_named_at_once() -> None:
    """Rows that do not exist, codes that stand twice and weights that do not add up are all in one message."""
    town = small_town()
    with pytest.raises(InvalidTown) as fault:
        replace(
            town,
            code="072021",
            office_node=9,
            exit_nodes=np.array([-1], dtype=np.int32),
            neighbourhoods=(town.neighbourhoods[0], replace(town.neighbourhoods[0], weight=0.5)),
            shelters=(town.shelters[0], replace(town.shelters[0], node=5, district=3, capacity_persons=-1)),
        )
    text = str(fault.value)
    for words in (
        "check digit is 8",
        "office's node is row 9",
        "an exit node is row -1",
        "neighbourhood code '1'",
        "shelter id 's'",
        "a shelter's node is row 5",
        "a shelter's district is row 3",
        "not 0.750000",
        "below 0 people",
    ):
        assert words in text, words


def test_a_neighbourhood_without_homes_is_named() -> None:
    """Every neighbourhood needs a home node, and every home node a neighbourhood."""
    with pytest.raises(InvalidTown, match=r"(?s)2 home nodes but 1.*南 has no home node"):
        replace(small_town(), home_neighbourhood=np.array([0], dtype=np.int32))


def test_a_town_without_homes_is_refused() -> None:
    """There must be somewhere to live."""
    nowhere = np.empty(0, dtype=np.int32)
    with pytest.raises(InvalidTown, match="nobody can live"):
        replace(small_town(), home_nodes=nowhere, home_neighbourhood=nowhere)
