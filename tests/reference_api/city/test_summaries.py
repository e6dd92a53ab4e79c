"""Safety summaries: no cell below k can be worked out, from one row, from all rows, or from knowing how it is done."""

from collections import defaultdict
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reference_api.city.summaries import STATUSES, K, withhold

AT = "2027-01-15T07:00:00+09:00"
MOST = 13
"""Rows are tried up to this number a cell: above twice k nothing new happens."""


def told(*numbers: int) -> dict[str, int | None]:
    """A row as it is told."""
    table, _ = withhold({"d": dict(zip(STATUSES, numbers, strict=True))})
    return table["d"]


def test_who_knows_the_rules_cannot_tell_a_small_number() -> None:
    """For every row there is another one, told alike, in which the small number is another."""
    alike: dict[tuple[int | None, ...], list[tuple[int, ...]]] = defaultdict(list)
    for numbers in product(range(MOST + 1), repeat=len(STATUSES)):
        alike[tuple(told(*numbers).values())].append(numbers)
    for answer, rows in alike.items():
        if sum(rows[0]) > MOST:
            continue
        for place in range(len(STATUSES)):
            if answer[place] is None and any(0 < row[place] < K for row in rows):
                assert len({row[place] for row in rows}) > 1, (answer, rows)


@given(st.lists(st.integers(0, 40), min_size=3, max_size=3))
def test_no_small_number_is_told(numbers: list[int]) -> None:
    """Neither as a cell nor as a difference of the sum and the cells; what is told is true."""
    row = told(*numbers)
    cells = [row[name] for name in STATUSES]
    assert all(cell is None or cell == 0 or cell >= K for cell in cells)
    assert all(cell is None or cell == number for cell, number in zip(cells, numbers, strict=True))
    hidden = [number for cell, number in zip(cells, numbers, strict=True) if cell is None]
    if row["withheld"] is None:
        assert cells == [None, None, None]
        assert 0 < sum(numbers) < K
    else:
        assert row["withheld"] == sum(hidden)
        assert not hidden or (len(hidden) > 1 and sum(hidden) >= K)
    if all(number == 0 or number >= K for number in numbers):
        assert cells == numbers


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.integers(0, 6), min_size=3, max_size=3)))
def test_districts_withheld_whole_hide_one_another(rows: dict[str, list[int]]) -> None:
    """Their sum is told only where it is of two at least and leaves each of them open."""
    table, elsewhere = withhold({key: dict(zip(STATUSES, row, strict=True)) for key, row in rows.items()})
    hidden = [sum(rows[key]) for key, row in table.items() if row["withheld"] is None]
    if elsewhere is None:
        assert hidden
        assert len(hidden) == 1 or sum(hidden) < K or sum(hidden) in (len(hidden), len(hidden) * (K - 1))
    else:
        assert elsewhere == sum(hidden)
        assert not hidden or len(hidden) < elsewhere < len(hidden) * (K - 1)


def test_the_same_cells_are_withheld_whatever_is_asked_for(make_city: Any, make_seed: Any) -> None:
    """One district and all of them are told alike, so that their difference tells nothing."""
    city = make_city(make_seed(32))
    for number in range(32):
        status = "needs_help" if number in (0, 4) else "safe"
        city.call("POST", "/v1/safety-reports", f"c{number}", {"status": status, "observed_at": AT})
    whole = city.call("GET", "/v1/safety-summaries", "city-office").json
    assert whole["items"] == [
        {"district": "d0", "safe": None, "injured": 0, "needs_help": None, "withheld": 16},
        {"district": "d1", "safe": 16, "injured": 0, "needs_help": 0, "withheld": 0},
    ]
    assert (whole["k"], whole["withheld_districts"]) == (K, 0)
    for number, area in enumerate(("d0", "d1")):
        part = city.call("GET", f"/v1/safety-summaries?area={area}", "association-n0").json
        assert part == {"k": K, "items": [whole["items"][number]]}
    assert city.call("GET", "/v1/safety-summaries?area=zz", "city-office").json["items"] == []
