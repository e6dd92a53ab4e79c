"""Who plays whom, and which calls are due when."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from load_values import board, check_in, check_out, declare, directory_of, report, write_recording

from scenarios.load.calls import CHECK_IN, DueCall
from scenarios.load.casting import cast_people, shares
from scenarios.load.errors import TooFewPeople
from scenarios.load.recording import read_recording
from scenarios.load.replay import Replay, Timing, replay

BEGINS = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
API = "http://127.0.0.1:1/v1"


@given(st.integers(0, 200), st.floats(0.0, 1.0))
def test_a_share_takes_part_evenly(count: int, share: float) -> None:
    """As many take part as the share says, and never two neighbours' worth more in any beginning."""
    taking_part = shares(count, share)
    for some in range(count + 1):
        assert abs(sum(taking_part[:some]) - some * share) < 1.0


@given(st.integers(1, 40), st.integers(0, 20), st.integers(1, 200))
def test_nobody_plays_two_and_as_many_play_as_asked(with_id: int, without_id: int, ids: int) -> None:
    """Every copy of everybody is another person of the same kind; ``ids`` of them have an ID."""
    recorded = [f"c{row:07d}" for row in range(with_id)] + [f"t{row:07d}" for row in range(without_id)]
    directory = directory_of(200, 200 * 20)
    cast = cast_people(recorded, directory, ids)
    assert len(set(cast.rows.values())) == len(cast.rows)
    assert all(directory.has_account[row] == name.startswith("c") for (name, _), row in cast.rows.items())
    assert cast.ids == ids
    others = len(cast.rows) - ids
    assert abs(others - without_id * ids / with_id) < 1.0 + 1e-6


def test_people_play_themselves_first() -> None:
    """Without multiplication everybody whom the target knows is who they were."""
    directory = directory_of(5, 5)
    cast = cast_people(["c0000003", "t0000007"], directory)
    assert dict(cast.rows) == {("c0000003", 0): 3, ("t0000007", 0): 7}


def test_too_few_people_are_told() -> None:
    """The target's number of IDs is the most that can take part."""
    with pytest.raises(TooFewPeople, match="11 people with a city-OS ID are to take part, the target has 10"):
        cast_people([f"c{row:07d}" for row in range(5)], directory_of(10, 0), 11)


def replayed(folder: Path, ids: int | None = None, timing: Timing | None = None) -> Replay:
    """A recording against a target of 40 people with and 40 without an ID."""
    return replay(read_recording(folder), directory_of(40, 40), API, timing or Timing(BEGINS), ids=ids)


def test_speed_and_beginning_move_every_call(tmp_path: Path) -> None:
    """A call of the scenario's time t is due (t - from) / speed after the beginning."""
    folder = write_recording(tmp_path / "r", board(100.0), board(160.0))
    timing = Timing(BEGINS, from_s=100.0, speed=30.0)
    assert [call.due_s for call in replayed(folder, timing=timing).calls] == [0.0, 2.0]


def test_copies_keep_everybodys_shape_and_offices_stay_alone(tmp_path: Path) -> None:
    """With three times the people everybody's calls come three times, by others; the office declares once."""
    folder = write_recording(tmp_path / "r", declare(), board(5.0), report(10.0, 1, "a"), report(30.0, 1, "b"))
    calls = replayed(folder, ids=3).calls
    assert Counter(call.operation for call in calls) == {
        "declareDisaster": 1,
        "listShelterStatus": 3,
        "reportSafety": 6,
    }
    times: dict[str, list[float]] = {}
    for call in calls:
        if call.operation == "reportSafety":
            times.setdefault(call.actor, []).append(call.due_s)
    assert len(times) == 3
    assert [round(last - first, 9) for first, last in times.values()] == [20.0, 20.0, 20.0]


def test_who_leaves_speaks_of_the_number_that_the_target_gave(tmp_path: Path) -> None:
    """Leaving needs the answer to the check-in, and the next check-in waits for its turn."""
    who = {"sub": "c0000001"}
    folder = write_recording(
        tmp_path / "r", check_in(0.0, who, "9", "a"), check_out(10.0, "9"), check_in(20.0, who, "10", "b", "E2")
    )
    first, leaves, second = replayed(folder).calls
    assert (first.gives, leaves.after, leaves.takes) == (CHECK_IN, first.number, CHECK_IN)
    assert leaves.url == API + "/check-ins/{}/check-out"
    assert (second.after, second.takes) == (leaves.number, "")


def test_who_came_before_the_part_is_left_out_when_leaving(tmp_path: Path) -> None:
    """Nobody can leave a shelter of which the target does not know that they are in it."""
    folder = write_recording(
        tmp_path / "r", check_in(0.0, {"sub": "c0000001"}, "9", "a"), check_out(10.0, "9"), board(11)
    )
    recorded = read_recording(folder, from_s=5.0)
    done = replay(recorded, directory_of(3, 0), API, Timing(BEGINS, 5.0))
    assert ([call.operation for call in done.calls], done.left_out) == (["listShelterStatus"], 1)


def test_a_person_without_id_is_told_of_as_the_target_knows_them(tmp_path: Path) -> None:
    """Names and addresses of a recording are nobody's at the target: the person who plays has their own."""
    who = {"unregistered": {"temp_id": "t0000002", "name": "somebody else"}}
    folder = write_recording(tmp_path / "r", check_in(0.0, who, "9", "a"))
    body = told(replayed(folder).calls[0])
    assert body["unregistered"]["name"] != "somebody else"
    assert body["unregistered"]["temp_id"].startswith("t")
    assert body["observed_at"] == "2026-11-21T12:00:00.000+00:00"


def test_an_association_speaks_of_people_of_its_own_area(tmp_path: Path) -> None:
    """In every copy it is the association of the area where that person lives."""
    spoken_of = {**report(0.0, 0, "a"), "actor": "association:2"}
    spoken_of["body"] = {**spoken_of["body"], "subject": {"sub": "c0000001"}}
    directory = directory_of(40, 0)
    for call in replayed(write_recording(tmp_path / "r", spoken_of), ids=9).calls:
        row = directory.person_row[told(call)["subject"]["sub"]]
        assert call.actor == f"association:{directory.neighbourhood_codes[directory.neighbourhood[row]]}"


def test_a_next_page_needs_the_one_before(tmp_path: Path) -> None:
    """Where a page begins is known to the target alone."""
    page = {"actor": "city_office", "operation_id": "listLocations", "method": "GET", "url": "/v1/locations?limit=500"}
    folder = write_recording(tmp_path / "r", page, {**page, "url": page["url"] + "&cursor=old"})
    first, second = replayed(folder).calls
    assert (second.after, second.takes, first.gives) == (first.number, "cursor", "cursor")
    assert second.url == API + "/locations?limit=500&cursor={}"


def told(call: DueCall) -> dict[str, dict[str, str]]:
    """What a call says."""
    said: dict[str, dict[str, str]] = msgspec.json.decode(call.body)
    return said
