"""The map: to scale, each street once, classes that hold all districts."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.metrics import measure
from scenarios.outcomes import follow
from scenarios.record import RunRecord
from scenarios.report.town_map import (
    BANDS,
    MAP_UNITS,
    bands_for,
    map_section,
    radius,
    segments,
    share_css,
    streets,
    view_of,
)
from twin.town import Town


@pytest.fixture(scope="module")
def town(big_run: Callable[..., RunRecord]) -> Town:
    """A small town."""
    return big_run(people=200, shelters=6, columns=10).town


def test_view_is_to_scale_and_north_up(town: Town) -> None:
    """A metre east and a metre north have the same length, and north is up."""
    view = view_of(town)
    x, y = view.place(np.array([0.0, 1000.0, 0.0]), np.array([0.0, 0.0, 1000.0]))
    assert x[1] - x[0] == pytest.approx(y[0] - y[2], abs=1)
    assert x[1] - x[0] == pytest.approx(1000 * view.units_per_m, abs=1)


def test_all_homes_and_shelters_are_on_the_map(town: Town) -> None:
    """Nobody lives off the edge, and no shelter lies there."""
    view = view_of(town)
    x_m = np.append(town.roads.node_x_m[town.home_nodes], [one.x_m for one in town.shelters])
    y_m = np.append(town.roads.node_y_m[town.home_nodes], [one.y_m for one in town.shelters])
    x, y = view.place(x_m, y_m)
    assert x.min() >= 0
    assert x.max() <= MAP_UNITS
    assert y.min() >= 0
    assert y.max() <= view.height


def test_each_street_is_drawn_once(town: Town) -> None:
    """Of a street's two directions one is drawn; coordinates are whole."""
    drawn = streets(town, view_of(town))
    assert len(re.findall("M", drawn)) == town.roads.links // 2
    assert "." not in "".join(re.findall(r' d="([^"]*)"', drawn))
    assert len(re.findall("<path", drawn)) == 3


def test_no_links_are_an_empty_path(town: Town) -> None:
    """Without closed roads the path is empty."""
    assert segments(town, view_of(town), np.empty(0, np.int64)) == ""


@given(st.lists(st.one_of(st.none(), st.floats(0, 200_000)), max_size=20))
def test_classes_hold_every_time(times: list[float | None]) -> None:
    """Each time falls in one of the classes, none has its own, and later times never get an earlier class."""
    bands = bands_for(times)
    for time_s in times:
        if time_s is None:
            assert bands.css(time_s) == "t-none"
        else:
            row = int(bands.css(time_s).removeprefix("t-"))
            low = bands.low_min + row * bands.width_min
            assert low <= time_s / 60 < low + bands.width_min
            assert 0 <= row < BANDS


@pytest.mark.parametrize(
    ("share", "css"),
    [(None, "o-site"), (0.0, "o-0"), (0.5, "o-0"), (0.51, "o-1"), (1.0, "o-1"), (1.01, "o-2"), (2.5, "o-3")],
)
def test_share_classes(share: float | None, css: str) -> None:
    """Exactly full is not over capacity."""
    assert share_css(share) == css


def test_area_of_a_circle_grows_with_capacity() -> None:
    """Four times the places give about twice the radius beyond the least."""
    assert (radius(1600) - radius(0)) == pytest.approx(2 * (radius(400) - radius(0)), abs=1)


def test_links_off_the_map_are_not_drawn(town: Town) -> None:
    """A map of a part holds the links of that part only."""
    whole = view_of(town)
    part = replace(whole, units_per_m=4 * whole.units_per_m)
    links = np.arange(town.roads.links)
    drawn = segments(town, part, links)
    assert 0 < drawn.count("M") < segments(town, whole, links).count("M") / 2


def test_centre_is_shown_where_the_town_is_wide(big_run: Callable[..., RunRecord]) -> None:
    """A town with a far hamlet gets a second map of its centre; a compact one does not."""
    record = big_run(people=2000, shelters=6, columns=10)
    people, roads = record.population, record.town.roads
    nodes = np.arange(people.households) % roads.nodes
    compact = replace(
        record, population=replace(people, home_x_m=roads.node_x_m[nodes], home_y_m=roads.node_y_m[nodes])
    )
    middle = replace(record, population=replace(people, home_x_m=people.home_x_m * 0, home_y_m=people.home_y_m * 0))
    for run, maps in ((compact, 1), (middle, 2)):
        assert map_section(run, measure(run, follow(run))).count('class="map"') == maps
