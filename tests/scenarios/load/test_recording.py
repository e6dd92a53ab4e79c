"""What of a run's exchanges is replayed."""

from pathlib import Path

import pytest
from load_values import board, check_in, declare, report, write_recording

from scenarios.errors import UnusableRun
from scenarios.load.errors import UnusableRecording
from scenarios.load.recording import read_recording


def test_tokens_repeats_and_an_oracles_questions_are_left_out(tmp_path: Path) -> None:
    """Only what somebody of the town asked once is replayed."""
    oracles = {"actor": "city_office", "method": "GET", "url": "/v1/check-ins?shelter=E1"}
    token = {"actor": "citizen:1", "operation_id": "issueToken", "method": "POST", "url": "/token"}
    folder = write_recording(
        tmp_path / "r", token, report(1.0, 1, "k"), report(2.0, 1, "k"), {"operation_id": "listCheckIns", **oracles}
    )
    assert [call.at_s for call in read_recording(folder)] == [1.0]


def test_a_part_begins_with_what_the_office_had_done(tmp_path: Path) -> None:
    """A disaster that was declared before the part holds in it; what people did before is not in it."""
    folder = write_recording(tmp_path / "r", declare(0.0), report(10.0, 1, "a"), report(20.0, 2, "b"), board(40.0))
    part = read_recording(folder, from_s=15.0, until_s=40.0)
    assert [(call.operation, call.at_s) for call in part] == [("declareDisaster", 0.0), ("reportSafety", 20.0)]


def test_the_path_goes_on_from_the_base_wherever_that_was(tmp_path: Path) -> None:
    """A recording of one address can be replayed against another."""
    call = {**board(), "url": "/a/vendor/v1/shelters/status"}
    assert read_recording(write_recording(tmp_path / "r", call))[0].path == "/shelters/status"


def test_a_check_in_keeps_the_number_under_which_it_is_spoken_of(tmp_path: Path) -> None:
    """Who leaves is known by the number of the check-in."""
    folder = write_recording(tmp_path / "r", check_in(0.0, {"sub": "c0000001"}, "17", "k"))
    assert read_recording(folder)[0].made == "17"


def test_every_unknown_line_is_told_with_its_place(tmp_path: Path) -> None:
    """Unknown operations, known ones at other addresses and broken lines: all at once, each with its line."""
    folder = write_recording(
        tmp_path / "r", {**board(), "operation_id": "fly"}, board(), {**board(), "url": "/v1/moon"}
    )
    with (folder / "exchanges.jsonl").open("ab") as file:
        file.write(b"{]\n")
    with pytest.raises(UnusableRecording) as told:
        read_recording(folder)
    places = [fault.where.rpartition(":")[2] for fault in told.value.faults]
    assert places == ["1", "3", "4"]


@pytest.mark.parametrize("part", [(0.0, 0.0), (50.0, 60.0)])
def test_nothing_to_replay_is_told(tmp_path: Path, part: tuple[float, float]) -> None:
    """An empty part of a run is no load."""
    folder = write_recording(tmp_path / "r", declare(0.0), board(10.0))
    with pytest.raises(UnusableRecording, match="nothing to replay"):
        read_recording(folder, from_s=part[0], until_s=part[1])


def test_a_folder_without_exchanges_is_no_run(tmp_path: Path) -> None:
    """It is said what the folder lacks."""
    with pytest.raises(UnusableRun, match=r"exchanges\.jsonl"):
        read_recording(tmp_path)
