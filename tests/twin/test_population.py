"""Population: the shape of the consent matrix and the views of a row."""

from dataclasses import fields
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twin.population import (
    CATEGORY_OF_FIELD,
    CONSENT_COLUMN,
    CONSENT_RULES,
    DataCategory,
    Mode,
    PersonalField,
    Population,
    Recipient,
)


def households_of(sizes: list[int]) -> Population:
    """Households of these sizes; every other column is empty."""
    columns: dict[str, Any] = {field.name: np.empty(0) for field in fields(Population)}
    columns["household_start"] = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))).astype(np.int32)
    return Population(**columns)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=30), st.data())
def test_members_are_the_rows_of_their_households(sizes: list[int], data: st.DataObject) -> None:
    """In whatever order households are asked for, and twice too: their rows, each with its household's place."""
    population = households_of(sizes)
    asked = data.draw(st.lists(st.integers(0, len(sizes) - 1)))
    people, place = population.members(np.array(asked, np.int64))
    start = population.household_start
    expected = [(row, at) for at, one in enumerate(asked) for row in range(start[one], start[one + 1])]
    assert list(zip(people.tolist(), place.tolist(), strict=True)) == expected


def test_consent_columns_cover_every_rule_once() -> None:
    """There is one column for each category, recipient and mode."""
    assert len(set(CONSENT_RULES)) == len(CONSENT_RULES) == len(DataCategory) * len(Recipient) * len(Mode)
    assert [CONSENT_COLUMN[rule] for rule in CONSENT_RULES] == list(range(len(CONSENT_RULES)))


def test_every_personal_field_is_guarded() -> None:
    """Every field with a canary has a category of consent."""
    assert set(CATEGORY_OF_FIELD) == set(PersonalField)
