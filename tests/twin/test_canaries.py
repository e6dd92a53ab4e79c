"""Canary markers: told from everything else, found in any body."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import seeds

from twin.canaries import MARKER_PATTERN, marker, read_marker, scan
from twin.errors import InvalidPopulation
from twin.population import PersonalField

people = st.integers(0, 999_999)
fields = st.sampled_from(PersonalField)
text_fields = st.sampled_from([field for field in PersonalField if field is not PersonalField.PHONE])


@given(seeds, people, fields)
def test_marker_tells_whose_it_is(seed: int, person: int, field: PersonalField) -> None:
    """A marker is found by the pattern as a whole and read back."""
    text = marker(seed, person, field)
    assert MARKER_PATTERN.fullmatch(text)
    assert read_marker(seed, text) == (person, field)


@given(seeds, seeds, people, text_fields)
def test_marker_of_another_seed_is_rejected(seed: int, other: int, person: int, field: PersonalField) -> None:
    """A text marker of another run is nobody's."""
    if seed != other:
        assert read_marker(other, marker(seed, person, field)) is None


@given(seeds, people, text_fields, st.integers(2, 13), st.integers(1, 31))
def test_one_changed_character_is_rejected(
    seed: int, person: int, field: PersonalField, place: int, shift: int
) -> None:
    """A text marker with one character changed is nobody's."""
    alphabet = "0123456789abcdefghjklmnprstuvwxy"
    text = marker(seed, person, field)
    wrong = alphabet[(alphabet.index(text[place]) + shift) % len(alphabet)]
    assert read_marker(seed, text[:place] + wrong + text[place + 1 :]) is None


@given(seeds, st.integers(0, 999_999))
def test_nine_of_ten_check_digits_are_rejected(seed: int, person: int) -> None:
    """Of the ten numbers that name a person exactly one is theirs."""
    number = marker(seed, person, PersonalField.PHONE)
    assert sum(read_marker(seed, number[:-1] + digit) is not None for digit in "0123456789") == 1


@given(seeds, st.lists(st.tuples(people, text_fields), max_size=5), st.text(max_size=20))
def test_scan_finds_all_markers_between_any_text(
    seed: int, canaries: list[tuple[int, PersonalField]], noise: str
) -> None:
    """Markers are found with any text around them, even with nothing or a half marker between."""
    body = "".join(noise + "zq" + marker(seed, person, field) for person, field in canaries)
    assert scan(seed, body.encode()) == set(canaries)
    assert scan(seed, json.dumps(body).encode()) == set(canaries)


@given(seeds, st.binary(max_size=400))
def test_other_bytes_hold_no_marker(seed: int, body: bytes) -> None:
    """Arbitrary bytes hold no marker."""
    assert scan(seed, body) == set()


@pytest.mark.parametrize("written", ["0900{}{}", "090-0{}-{}", "+81900{}{}", "+81-90-0{}-{}", "+81 90-0{}-{}"])
def test_phone_is_found_however_written(written: str) -> None:
    """A number is found with and without hyphens and in international form."""
    digits = re.sub(r"\D", "", marker(5, 113_385, PersonalField.PHONE))[4:]
    number = written.format(digits[:3], digits[3:])
    assert scan(5, f'{{"phone":"{number}"}}'.encode()) == {(113_385, PersonalField.PHONE)}


@pytest.mark.parametrize("around", ["1{}", "{}1", "a{}", "{}f", "0.{}"])
def test_digits_inside_something_longer_are_no_phone(around: str) -> None:
    """Digits of a longer number or name are not taken for a phone number."""
    number = marker(5, 113_385, PersonalField.PHONE).replace("-", "")
    assert scan(5, around.format(number).encode()) == set()


@pytest.mark.parametrize("person", [-1, 10**6])
def test_rows_without_a_marker_are_named(person: int) -> None:
    """A row that no marker can hold is an error that says so."""
    with pytest.raises(InvalidPopulation, match=str(person)):
        marker(1, person, PersonalField.NAME)
