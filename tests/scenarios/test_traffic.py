"""``citytwin traffic``: what is written, what is told, and that bad input touches nothing."""

import csv
from pathlib import Path

import pytest

from scenarios.cli import run_command

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "traffic"
FILES = tuple(str(EXAMPLE / f"{name}.csv") for name in ("node", "link", "trips"))


def table(path: Path) -> list[dict[str, str]]:
    """Rows of a file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_arrivals_are_written_in_the_order_of_the_trips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One row for each trip, with exact free times for those whom nobody hinders."""
    out = tmp_path / "arrivals.csv"
    assert run_command(["traffic", *FILES, "--until", "7200", "--out", str(out)]) == 0
    rows, trips = table(out), table(EXAMPLE / "trips.csv")
    assert list(rows[0]) == ["trip_id", "status", "arrival_time", "distance"]
    assert [row["trip_id"] for row in rows] == [trip["trip_id"] for trip in trips]
    assert {row["status"] for row in rows} == {"arrived"}
    # 640 m and 600 m at 40 km/h and 300 m at 30 km/h; 1,540 m.
    assert [float(rows[0]["arrival_time"]), float(rows[0]["distance"])] == pytest.approx([147.6, 1540.0])
    assert "184" in capsys.readouterr().out


def test_who_is_late_is_moving_and_has_no_time(tmp_path: Path) -> None:
    """At an early end nobody has arrived later, and who has not arrived has no time."""
    out = tmp_path / "arrivals.csv"
    assert run_command(["traffic", *FILES, "--until", "300", "--out", str(out), "--quiet"]) == 0
    rows = table(out)
    assert {row["status"] for row in rows} == {"arrived", "moving"}
    assert all((row["arrival_time"] == "") == (row["status"] == "moving") for row in rows)
    assert all(float(row["arrival_time"]) < 300 for row in rows if row["arrival_time"])


def test_a_closed_way_strands_or_delays(tmp_path: Path) -> None:
    """With every way into the school closed for good from the start nobody arrives, and the run ends."""
    out, closures = tmp_path / "arrivals.csv", tmp_path / "closures.csv"
    closures.write_text("link_id,start_time,end_time\nbank_road,0,\nring_road,0,\n")
    words = ["traffic", *FILES, "--until", "9000", "--out", str(out), "--closures", str(closures), "--quiet"]
    assert run_command(words) == 0
    assert {row["status"] for row in table(out)} == {"stranded"}


def test_counts_are_cumulative_and_conserve_cars(tmp_path: Path) -> None:
    """Counts grow, no link is left more often than entered, and in the end all cars have passed the last road."""
    out, counts = tmp_path / "arrivals.csv", tmp_path / "counts.csv"
    words = ["traffic", *FILES, "--until", "7200", "--out", str(out), "--counts", str(counts), "--count-every", "300"]
    assert run_command([*words, "--quiet"]) == 0
    rows = table(counts)
    assert list(rows[0]) == ["link_id", "time", "entered", "left"]
    for link in {row["link_id"] for row in rows}:
        of_link = [
            (float(row["time"]), int(row["entered"]), int(row["left"])) for row in rows if row["link_id"] == link
        ]
        assert of_link == sorted(of_link)
        assert all(left <= entered for _, entered, left in of_link)
    last = {row["link_id"]: int(row["left"]) for row in rows}
    assert last["bank_road"] + last["ring_road"] == 180


@pytest.mark.parametrize("language", ["en", "ja"])
def test_bad_input_is_told_and_touches_nothing(
    language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every fault comes with file and line in the language, the exit code is 2, and an old result is kept."""
    out, link = tmp_path / "arrivals.csv", tmp_path / "link.csv"
    out.write_text("old")
    link.write_text((EXAMPLE / "link.csv").read_text().replace(",640,", ",-640,"))
    words = ["traffic", FILES[0], str(link), FILES[2], "--until", "60", "--out", str(out), "--lang", language]
    assert run_command(words) == 2
    told = [line for line in capsys.readouterr().err.splitlines() if "link.csv" in line]
    assert [f"link.csv:{line}: length" in one for line, one in zip((2, 3), told, strict=True)] == [True, True]
    assert ("give a number" in told[0]) == (language == "en")
    assert (out.read_text(), len(list(tmp_path.iterdir()))) == ("old", 2)


@pytest.mark.parametrize(
    "wrong",
    [
        ["--until", "0"],
        ["--until", "nan"],
        ["--until", "inf"],
        ["--informed", "1.5"],
        ["--reroute", "0"],
        ["--reroute", "0.00001"],
        ["--counts", "counts.csv", "--count-every", "0.00001"],
        ["--counts", FILES[1]],
        ["--out", FILES[0]],
        ["--out", str(EXAMPLE)],
        ["--closures", "nowhere.csv"],
    ],
)
def test_impossible_options_are_refused(wrong: list[str], tmp_path: Path) -> None:
    """Options out of range, and outputs that would overwrite inputs, end with code 2 and change nothing."""
    before = {path.name: path.read_bytes() for path in EXAMPLE.iterdir()}
    words = ["traffic", *FILES, "--until", "60", "--out", str(tmp_path / "arrivals.csv"), "--quiet", *wrong]
    assert run_command(words) == 2
    assert {path.name: path.read_bytes() for path in EXAMPLE.iterdir()} == before
    assert list(tmp_path.iterdir()) == []
