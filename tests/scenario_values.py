"""Hypothesis strategies for scenarios, and a scenario file to spoil."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st

from scenarios.scenario import (
    Alert,
    CityOsTerms,
    CloseRoad,
    CloseShelter,
    Declare,
    EndDisaster,
    Impact,
    NetworkLost,
    OpenShelter,
    Order,
    PowerLost,
    ReopenRoad,
    Restored,
    Scenario,
    ScenarioEvent,
    Season,
    SendVehicles,
    Service,
    ShelterGroup,
    Snow,
    Weather,
)
from twin.shelters import Hazard

HOURS = 24

GOOD = """\
title_ja = "試験"
title_en = "Test"
town = "synthetic"
hazard = "earthquake"
season = "winter"
start = 2027-01-22T18:00:00+09:00
duration_h = 2
seed = 1
people = 100
[city_os]
latency_factor = 1.0
timeout_s = 30
[weather]
snow = "none"
[behaviour]
leaving.damaged_share = 0.8
[[impact]]
damaged_share = 0.5
[[event]]
at = "0:10"
kind = "declare"
mode = "disaster"
[[event]]
at = "0:20"
kind = "order"
level = 4
districts = "all"
text_ja = "避難"
text_en = "Go"
"""
"""A scenario without a fault; line numbers of the tests count on it."""

shares = st.floats(0, 1)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
districts = st.sampled_from(["all", "exposed:1", "largest:12"]) | st.lists(names, min_size=1, max_size=3).map(tuple)
shelters = st.sampled_from(ShelterGroup) | st.lists(names, min_size=1, max_size=3).map(tuple)


def _at(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


times = st.integers(0, HOURS * 3600).map(_at)
boxes = st.tuples(st.floats(-180, 0), st.floats(-90, 0), st.floats(1, 180), st.floats(1, 90))
local_starts = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda one: one.replace(microsecond=0))  # noqa: DTZ001 - gets its zone below
offsets = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
starts = st.builds(lambda local, zone: local.replace(tzinfo=zone), local_starts, offsets)

events: st.SearchStrategy[ScenarioEvent] = st.one_of(
    st.builds(Alert, at=times, districts=districts, text_ja=names, text_en=names),
    st.builds(Order, at=times, level=st.integers(3, 5), districts=districts, text_ja=names, text_en=names),
    st.builds(Declare, at=times, mode=st.sampled_from(["disaster", "drill"]), districts=districts),
    st.builds(EndDisaster, at=times),
    st.builds(OpenShelter, at=times, shelters=shelters, share=shares, more=st.none() | st.integers(1, 9)),
    st.builds(SendVehicles, at=times),
    st.builds(CloseShelter, at=times, shelters=shelters),
    st.builds(PowerLost, at=times, districts=districts, share=shares),
    st.builds(NetworkLost, at=times, districts=districts, share=shares),
    st.builds(Restored, at=times, service=st.sampled_from(Service), districts=districts),
)


@st.composite
def closures(draw: st.DrawFn) -> list[ScenarioEvent]:
    """Roads that close under names of their own, some of which open again at the end."""
    closed = draw(st.lists(names, unique=True, max_size=3))
    boxed = st.none() | boxes
    found: list[ScenarioEvent] = [
        CloseRoad(
            at=draw(times),
            closure=name,
            share=draw(shares),
            districts=draw(districts),
            highway=draw(st.sampled_from([(), ("residential", "service")])),
            box=draw(boxed),
            walkers=draw(st.booleans()),
        )
        for name in closed
    ]
    again: Sequence[str] = draw(st.lists(st.sampled_from(closed), max_size=2)) if closed else []
    return [*found, *(ReopenRoad(at=_at(HOURS * 3600), closure=name) for name in again)]


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Any scenario that the reader accepts."""
    keys = st.from_regex(r"[a-z_]{1,8}(\.[a-z_]{1,8}){0,2}", fullmatch=True)
    behaviour = draw(st.dictionaries(keys, st.floats(0, 9) | st.tuples(st.floats(0, 9), st.floats(0, 9)), max_size=3))
    return Scenario(
        title_ja=draw(names),
        title_en=draw(names),
        town=draw(names),
        hazard=draw(st.sampled_from(Hazard)),
        season=draw(st.sampled_from(Season)),
        start=draw(starts),
        duration_h=draw(st.floats(HOURS, 720)),
        seed=draw(st.integers(0, 2**63 - 1)),
        people=draw(st.none() | st.integers(1, 1_200_000)),
        city_os=CityOsTerms(latency_factor=draw(st.floats(0, 1000)), timeout_s=draw(st.floats(0.1, 3600))),
        weather=Weather(snow=draw(st.sampled_from(Snow)), night=draw(st.none() | st.booleans())),
        impact=tuple(
            draw(
                st.lists(st.builds(Impact, districts=districts, damaged_share=shares, flooded_share=shares), max_size=3)
            )
        ),
        event=(*draw(st.lists(events, max_size=5)), *draw(closures())),
        behaviour=behaviour,
    )
