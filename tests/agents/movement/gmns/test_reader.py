"""GMNS tables: every fault at once with its place, and nothing that depends on the order of rows."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.errors import InvalidTables
from agents.movement.gmns.reader import Traffic, read_traffic
from agents.movement.simulate import Moved, simulate

NODES = "node_id,x_coord,y_coord\na,0,0\nb,100,0\nc,200,0\nd,300,0\n"
LINKS = """link_id,from_node_id,to_node_id,directed,length,lanes,free_speed,capacity
ab,a,b,1,100,2,36,1800
bc,b,c,false,100,1,36,900
cd,c,d,TRUE,100,1,18,600
"""
TRIPS = """trip_id,origin_node_id,destination_node_id,departure_time,mode,speed
t1,a,d,0,car,
t2,a,d,0,car,
t3,b,d,5,foot,1.25
t4,c,b,0,car,
"""
CLOSURES = "link_id,start_time,end_time\nbc,10,20\ncd,10,\n"


def write(folder: Path, **texts: str) -> list[Path]:
    """The files, each as it should be unless its text is given."""
    whole = {"node": NODES, "link": LINKS, "trips": TRIPS, **texts}
    for name, text in whole.items():
        (folder / f"{name}.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    return [folder / f"{name}.csv" for name in whole]


def faults_of(folder: Path, **texts: str) -> list[str]:
    """Faults as ``file:line: text``, the folder left out."""
    with pytest.raises(InvalidTables) as caught:
        read_traffic(*write(folder, **texts))
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def test_columns_become_whole_links_in_si(tmp_path: Path) -> None:
    """Values per lane are multiplied by lanes, units are SI, and a link of both directions becomes two rows."""
    read = read_traffic(*write(tmp_path))
    network = read.named.network
    assert [read.named.link_ids[row] for row in read.named.link_of] == ["ab", "bc", "bc", "cd"]
    assert list(zip(network.link_from.tolist(), network.link_to.tolist(), strict=True)) == [
        (0, 1),
        (1, 2),
        (2, 1),
        (2, 3),
    ]
    assert network.capacity_vps.tolist() == pytest.approx([1.0, 0.25, 0.25, 1 / 6])
    assert network.in_capacity_vps.tolist() == network.capacity_vps.tolist() == network.merge_priority.tolist()
    assert network.free_speed_mps.tolist() == pytest.approx([10.0, 10.0, 10.0, 5.0])
    assert network.jam_density_vpm[0] == pytest.approx(2 * network.jam_density_vpm[3])
    assert read.trips.mode.tolist() == [1, 1, 0, 1]
    assert read.trips.speed_mps[2] == 1.25


def test_optional_columns_are_taken(tmp_path: Path) -> None:
    """Jam density, backward wave, in-capacity and priority are read where they stand, and as usual where empty."""
    head, *rows = LINKS.splitlines()
    more = [f"{head},jam_density,wave_speed,in_capacity,merge_priority", f"{rows[0]},200,18,900,3"]
    read = read_traffic(*write(tmp_path, link="\n".join([*more, *(f"{row},,,," for row in rows[1:])])))
    usual = read_traffic(*write(tmp_path)).named.network
    network = read.named.network
    assert (network.jam_density_vpm[0], network.wave_speed_mps[0]) == (pytest.approx(0.4), pytest.approx(5.0))
    assert (network.in_capacity_vps[0], network.merge_priority[0]) == (0.5, 3.0)
    for name in ("jam_density_vpm", "wave_speed_mps", "in_capacity_vps", "merge_priority"):
        assert getattr(network, name)[1:].tolist() == getattr(usual, name)[1:].tolist()


def test_closures_hold_for_both_directions(tmp_path: Path) -> None:
    """A closure closes each direction of its link, and without an end it is for good."""
    read = read_traffic(*write(tmp_path, closures=CLOSURES))
    assert [(one.links.tolist(), one.begin_s, one.end_s, one.is_closed) for one in read.changes] == [
        ([1, 2], 10.0, 20.0, True),
        ([3], 10.0, np.inf, True),
    ]


def test_byte_order_mark_and_line_ends_are_accepted(tmp_path: Path) -> None:
    """Files as spreadsheets save them hold the same."""
    saved = {name: "\ufeff" + text.replace("\n", "\r\n") for name, text in (("node", NODES), ("trips", TRIPS))}
    plain, marked = read_traffic(*write(tmp_path)), read_traffic(*write(tmp_path, **saved))
    assert marked.trip_ids == plain.trip_ids
    assert marked.trips.departure_s.tolist() == plain.trips.departure_s.tolist()


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """Numbers, ids, nodes, words, times and ways: each with file and line, in their order."""
    found = faults_of(
        tmp_path,
        node=NODES + "a,0,zero\n",
        link=LINKS + "ab,a,x,2,0,1,-3,nan\nef,a,b,1,1e300,0,inf,1_000\n",
        trips=TRIPS + "t1,a,z,-1,bus,\nt9,a,b,0,foot,0\n,a,b,0,car,\n",
        closures="link_id,start_time,end_time\nzz,5,4\nab,later,7\n",
    )
    assert [one.partition(": ")[0] + " " + one.partition(": ")[2].partition(" is ")[0][:40] for one in found] == [
        "node.csv:6 node_id 'a' stands in line 2 already; gi",
        "node.csv:6 y_coord",
        "link.csv:5 link_id 'ab' stands in line 2 already; g",
        "link.csv:5 to_node_id 'x'",
        "link.csv:5 directed",
        "link.csv:5 capacity",
        "link.csv:5 length",
        "link.csv:5 free_speed",
        "link.csv:6 lanes",
        "link.csv:6 capacity",
        "link.csv:6 length",
        "link.csv:6 free_speed",
        "trips.csv:6 trip_id 't1' stands in line 2 already; g",
        "trips.csv:6 destination_node_id 'z'",
        "trips.csv:6 departure_time",
        "trips.csv:6 mode",
        "trips.csv:7 speed",
        "trips.csv:8 trip_id",
        "closures.csv:2 link_id 'zz'",
        "closures.csv:2 end_time 4 does not lie after start_time",
        "closures.csv:3 start_time",
    ]


def test_trips_without_a_way_are_faults(tmp_path: Path) -> None:
    """A destination that no way leads to is told for each trip, once everything else is right."""
    assert faults_of(tmp_path, trips=TRIPS + "t5,d,a,0,car,\nt6,b,a,0,foot,1\n") == [
        "trips.csv:6: no way leads from node d to node a; add links, or correct the trip",
        "trips.csv:7: no way leads from node b to node a; add links, or correct the trip",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "link.csv: the file is empty"),
        ("\n\n", "link.csv: the file is empty"),
        (LINKS.splitlines()[0], "link.csv: there are no rows"),
        (LINKS.replace(",length", ",len").replace("lanes,", ""), "link.csv:1: columns missing: length, lanes; found"),
        (LINKS.replace("lanes", "length"), "link.csv:1: columns missing: lanes; found"),
        (LINKS + "\udcff", "link.csv:5: the byte 0xff in this line is not UTF-8"),
        (LINKS + 'x"y,"', "link.csv:5: not comma-separated"),
        (LINKS.replace("ab,a,b,1", "ab,a,b,1,1"), "link.csv:2: 9 cells in a table of 8"),
    ],
)
def test_files_that_are_no_tables(tmp_path: Path, text: str, fault: str) -> None:
    """What cannot be read as a table of links is told in one line."""
    assert next(one for one in faults_of(tmp_path, link=text) if one.startswith("link.csv")).startswith(fault)


def test_ranges_are_told_in_plain_numbers(tmp_path: Path) -> None:
    """No exponent stands in a range, and a number without a unit ends without a blank."""
    links = "\n".join(f"{row},merge_priority" if not place else f"{row},0" for place, row in enumerate(LINKS.split()))
    found = faults_of(tmp_path, node=NODES + "e,zero,0\n", link=links)
    assert found[0] == "node.csv:6: x_coord is 'zero'; give a number from -100,000,000 to 100,000,000 m"
    assert found[1] == "link.csv:2: merge_priority is '0'; give a number from 0.000001 to 1,000,000"


def test_a_missing_file_is_a_fault_beside_others(tmp_path: Path) -> None:
    """A file that is not there keeps the faults of the others from nobody, and nodes are then not called unknown."""
    paths = write(tmp_path, trips=TRIPS.replace("0,car", "soon,car"))
    paths[0].unlink()
    with pytest.raises(InvalidTables) as caught:
        read_traffic(*paths)
    assert [fault.kind for fault in caught.value.faults] == ["missing_file", "number", "number", "number"]


def test_speed_is_asked_of_walkers_only(tmp_path: Path) -> None:
    """A table of cars needs no column of speeds; a walker without one is a fault."""
    rows = [line.rsplit(",", 1)[0] for line in TRIPS.splitlines()]
    assert faults_of(tmp_path, trips="\n".join(rows))[0].startswith("trips.csv:1: columns missing: speed")
    cars = read_traffic(*write(tmp_path, trips="\n".join(row for row in rows if "foot" not in row)))
    assert cars.trip_ids == ["t1", "t2", "t4"]


def outcome(read: Traffic, moved: Moved) -> dict[str, tuple[int, str, float]]:
    """What became of each trip, by its id."""
    row_of = zip(read.trip_ids, read.trip_rows.tolist(), strict=True)
    return {one: (int(moved.status[row]), repr(moved.arrival_s[row]), moved.distance_m[row]) for one, row in row_of}


def shuffled(text: str, order: list[int]) -> str:
    """The same table with its rows in another order."""
    head, *rows = text.splitlines()
    return "\n".join([head, *(rows[row] for row in order)])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_neither_order_nor_names_matter(tmp_path: Path, data: st.DataObject) -> None:
    """With rows in any order, and longer ids of the same order, everybody arrives at the same time to the last bit."""
    trips = TRIPS + "".join(f"u{number},a,d,{number % 3},car,\n" for number in range(6))
    first = read_traffic(*write(tmp_path, trips=trips))
    texts = {"node": NODES, "link": LINKS, "trips": trips}
    orders = {name: list(range(len(text.splitlines()) - 1)) for name, text in texts.items()}
    other = read_traffic(
        *write(
            tmp_path,
            **{name: shuffled(text, data.draw(st.permutations(orders[name]))) for name, text in texts.items()},
        )
    )
    moved = [simulate(one.named.network, one.trips, until_s=1000.0) for one in (first, other)]
    assert outcome(first, moved[0]) == outcome(other, moved[1])
