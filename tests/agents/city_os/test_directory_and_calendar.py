"""Directory and Calendar: rows beside identifiers, seconds beside dates."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_city import START

from agents.city_os.calendar import Calendar
from agents.errors import InvalidCalendar, InvalidDirectory
from scenarios.seeding import directory
from twin.population import Population
from twin.town import Town


def test_rows_and_identifiers_translate_both_ways(people: tuple[Town, Population]) -> None:
    """Each person and shelter is found again under its identifier."""
    who = directory(*people)
    assert [who.person_row[one] for one in who.person_ids] == list(range(people[1].people))
    assert [who.shelter_row[one] for one in who.shelter_ids] == list(range(len(people[0].shelters)))


def test_a_contradictory_directory_is_refused(people: tuple[Town, Population]) -> None:
    """An identifier for two people, or a column too short, is named."""
    who = directory(*people)
    with pytest.raises(InvalidDirectory, match="several rows"):
        replace(who, person_ids=[who.person_ids[1], *who.person_ids[1:]])
    with pytest.raises(InvalidDirectory, match="has_account"):
        replace(who, has_account=who.has_account[1:])


@given(st.floats(0.0, 1e6))
def test_times_come_back_from_dates(at_s: float) -> None:
    """A date is the start plus the seconds, with Japan's offset, to the millisecond."""
    calendar = Calendar(START)
    text = calendar.text(at_s)
    assert text.endswith("+09:00")
    assert calendar.seconds_at(datetime.fromisoformat(text)) == pytest.approx(at_s, abs=1.1e-3)


def test_a_start_without_zone_is_refused() -> None:
    """A calendar needs to know where its hours are."""
    with pytest.raises(InvalidCalendar, match="time zone"):
        Calendar(START.replace(tzinfo=None))
