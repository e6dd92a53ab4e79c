"""Scenario: its times, its schema, its files."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from scenario_values import scenarios

from scenarios.reader import find_scenario, read_scenario, shipped_scenarios
from scenarios.scenario import Alert, Declare, EndDisaster, Order, Scenario
from scenarios.schema import FILE_NAME, scenario_schema, schema_text
from scenarios.writer import scenario_text


@pytest.mark.parametrize(
    ("at", "seconds"), [("0:00", 0), ("0:10", 600), ("2:30", 9000), ("0:00:30", 30), ("100:00", 360000)]
)
def test_at_is_hours_and_minutes(at: str, seconds: int) -> None:
    """``at`` counts hours, minutes and, if given, seconds after the start."""
    assert EndDisaster(at=at).at_s == seconds


@given(scenarios())
def test_timeline_is_ordered_and_whole(scenario: Scenario) -> None:
    """The timeline holds every event once, by time."""
    timeline = scenario.timeline()
    assert [event.at_s for event in timeline] == sorted(event.at_s for event in scenario.event)
    assert sorted(map(repr, timeline)) == sorted(map(repr, scenario.event))


def test_equal_times_keep_the_order_of_the_file() -> None:
    """Of two events at one time the first in the file comes first."""
    scenario = read_scenario(find_scenario("flood_night"))
    orders = [event.level for event in scenario.timeline() if isinstance(event, Order) and event.at == "1:30"]
    assert orders == [4, 3]


def test_shipped_scenarios_are_what_they_say() -> None:
    """The three scenarios ship; only the drill is one, and it takes a few hundred people."""
    assert shipped_scenarios() == ["drill", "earthquake_winter", "flood_night"]
    read = {name: read_scenario(find_scenario(name)) for name in shipped_scenarios()}
    assert [name for name, one in read.items() if one.is_drill] == ["drill"]
    assert 100 <= (read["drill"].people or 0) < 1000
    assert any(isinstance(event, Alert) for event in read["earthquake_winter"].event)
    assert [event.at for event in read["earthquake_winter"].event if isinstance(event, Declare)] == ["0:10"]
    assert {event.level for event in read["flood_night"].event if isinstance(event, Order)} == {3, 4, 5}


def test_schema_file_is_that_of_the_types() -> None:
    """The schema in the file is made from the types (mend with ``python -m scenarios.schema``)."""
    path = Path(str(find_scenario("drill"))).parents[1] / "schema" / FILE_NAME
    assert path.read_text(encoding="utf-8") == schema_text()


@pytest.mark.parametrize("name", ["drill", "earthquake_winter", "flood_night"])
def test_schema_accepts_the_shipped_files(name: str) -> None:
    """An editor that knows the schema finds no fault in the shipped files."""
    _validate(tomllib.loads(find_scenario(name).read_text(encoding="utf-8")))


@given(scenarios())
def test_schema_accepts_what_the_writer_writes(scenario: Scenario) -> None:
    """Schema and reader agree on every scenario."""
    _validate(tomllib.loads(scenario_text(scenario)))


@pytest.mark.parametrize(
    "spoil",
    [{"duration_h": -1}, {"titel": "x"}, {"event": [{"kind": "order", "at": "0:00", "level": 6}]}, {"hazard": "rain"}],
)
def test_schema_refuses_what_the_reader_refuses(spoil: dict[str, object]) -> None:
    """The schema knows ranges, keys and kinds."""
    table = tomllib.loads(find_scenario("drill").read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError):
        _validate({**table, **spoil})


def _validate(table: dict[str, object]) -> None:
    # TOML has dates of its own, JSON has texts.
    plain = json.loads(json.dumps(table, default=str))
    jsonschema.Draft202012Validator(scenario_schema()).validate(plain)
