"""Rows by numbers: what a dictionary would say."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agents.movement.numbering import ABSENT, Numbering, drop, find, put

ANY_NUMBER = st.integers(-(2**31), 2**31 - 1)
STEPS = st.lists(st.tuples(st.booleans(), st.lists(st.integers(0, 40) | ANY_NUMBER, max_size=10)), max_size=20)


@given(STEPS)
def test_numbers_come_and_go_as_in_a_dictionary(steps: list[tuple[bool, list[int]]]) -> None:
    """Numbers that are in use are refused and change nothing; all others get their rows, until they are taken out."""
    numbering, known, row = Numbering(), dict[int, int](), 0
    for adds, numbers in steps:
        if adds:
            twice = next((n for place, n in enumerate(numbers) if n in known or n in numbers[:place]), None)
            assert numbering.add(np.array(numbers, dtype=np.int32), row) == twice
            if twice is None:
                known.update(zip(numbers, range(row, row + len(numbers)), strict=True))
                row += len(numbers)
        else:
            gone = sorted({number for number in numbers if number in known})
            numbering.remove(np.array(gone, dtype=np.int32))
            known = {number: place for number, place in known.items() if number not in gone}
        asked = np.array([*known, 7, -1, 2**31 - 1], dtype=np.int32)
        assert numbering.rows_of(asked).tolist() == [known.get(number, ABSENT) for number in asked.tolist()]
        assert numbering.numbers.tolist() == sorted(known)
        assert sorted(numbering.rows.tolist()) == sorted(known.values())


@given(st.lists(ANY_NUMBER, unique=True, min_size=1, max_size=15), st.data())
def test_a_table_that_is_almost_full_loses_nobody(numbers: list[int], data: st.DataObject) -> None:
    """Whatever is taken out of sixteen places, the others are still found."""
    table, rows = np.zeros(16, dtype=np.int32), np.full(16, ABSENT, dtype=np.int64)
    given_numbers, found = np.array(numbers, dtype=np.int32), np.empty(len(numbers), dtype=np.int64)
    assert put(table, rows, given_numbers, np.arange(len(numbers))) == ABSENT
    gone = data.draw(st.lists(st.sampled_from(numbers), unique=True))
    drop(table, rows, np.array(gone, dtype=np.int32))
    find(table, rows, given_numbers, found)
    assert found.tolist() == [ABSENT if number in gone else row for row, number in enumerate(numbers)]


def test_thousands_of_numbers_have_room() -> None:
    """Added in small lots, all are found."""
    numbering, numbers = Numbering(), np.arange(5000, dtype=np.int32)
    for first in range(0, 5000, 50):
        assert numbering.add(3 * numbers[first : first + 50], first) is None
    assert numbering.rows_of(3 * numbers).tolist() == numbers.tolist()
    numbering.remove(3 * numbers)
    assert len(numbering.numbers) == len(numbering.rows) == 0
