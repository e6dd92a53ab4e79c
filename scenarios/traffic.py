"""Movement alone: tables of a network and its trips in, arrivals and counts out."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agents.errors import InvalidTables
from agents.movement.gmns.reader import Traffic, read_traffic
from agents.movement.simulate import ARRIVED, MOVING, STRANDED, Moved, simulate
from scenarios.errors import Fault, ScenarioError
from scenarios.language import Language, say
from scenarios.output_files import OutputFiles
from scenarios.progress import Tell

STATUS = {MOVING: "moving", ARRIVED: "arrived", STRANDED: "stranded"}

ARRIVAL_COLUMNS = ("trip_id", "status", "arrival_time", "distance")
COUNT_COLUMNS = ("link_id", "time", "entered", "left")

MOST_COUNTS = 20_000_000
"""Rows that a table of counts may have: about 0.5 GB. Confidence C; it catches a wrong unit of --count-every."""

MOST_PLANS = 1_000_000
"""Times that routes may be planned anew: every 10 s of four months. Confidence C; it catches a wrong unit."""

DECIMALS = 6
"""Decimals of times and distances in tables: microseconds and micrometres, far below what is known."""


@dataclass(frozen=True, slots=True)
class TrafficOptions:
    """What the user asked for, after its form was checked; times in seconds, ``informed`` a share in 0..1."""

    node: Path
    link: Path
    trips: Path
    out: Path
    until: float
    reroute: float | None = None
    informed: float = 1.0
    seed: int = 0
    closures: Path | None = None
    counts: Path | None = None
    count_every: float = 600.0


def run_traffic(options: TrafficOptions, tell: Tell) -> tuple[Traffic, Moved]:
    """Read, move and write.

    Raises:
        ScenarioError: Inputs cannot be used (each fault is told), or outputs cannot be written; then none is.
    """
    check_places(options)
    tell("traffic_read", 0.0)
    traffic = _read(options)
    check_steps(options, len(traffic.named.link_ids))
    outputs = [path for path in (options.out, options.counts) if path is not None]
    with OutputFiles(*outputs) as files:
        tell("traffic_move", 0.0)
        moved = simulate(
            traffic.named.network,
            traffic.trips,
            until_s=options.until,
            changes=traffic.changes,
            reroute_s=options.reroute,
            informed_share=options.informed,
            seed=options.seed,
            count_every_s=options.count_every if options.counts else None,
            progress=partial(tell, "traffic_move"),
        )
        tell("traffic_write", 0.0)
        files.write(options.out, arrivals_csv(traffic, moved))
        if options.counts:
            files.write(options.counts, counts_csv(traffic, moved))
    return traffic, moved


def check_places(options: TrafficOptions) -> None:
    """Refuse to write over what is read, or two files into one.

    Raises:
        ScenarioError: An output's place is taken.
    """
    read = [options.node, options.link, options.trips, *filter(None, [options.closures])]
    taken = {path.resolve() for path in read}
    faults = []
    for path in filter(None, [options.out, options.counts]):
        if path.resolve() in taken:
            faults.append(Fault("", "output_taken", {"path": path}))
        taken.add(path.resolve())
    if faults:
        raise ScenarioError(faults)


def check_steps(options: TrafficOptions, links: int) -> None:
    """Refuse intervals so short that the run would not end in anybody's time, or the counts fill the disk.

    Raises:
        ScenarioError: An interval is too short.
    """
    rows = links * math.floor(options.until / options.count_every) if options.counts else 0
    plans = math.floor(options.until / options.reroute) if options.reroute else 0
    asked = (("many_counts", rows, MOST_COUNTS), ("many_plans", plans, MOST_PLANS))
    faults = [
        Fault("", kind, {"count": f"{count:,}", "most": f"{most:,}"}) for kind, count, most in asked if count > most
    ]
    if faults:
        raise ScenarioError(faults)


def _read(options: TrafficOptions) -> Traffic:
    try:
        return read_traffic(options.node, options.link, options.trips, options.closures)
    except InvalidTables as error:
        faults = [Fault(fault.where, "table", {"what": fault.text}) for fault in error.faults]
        raise ScenarioError(faults) from error


def arrivals_csv(traffic: Traffic, moved: Moved) -> str:
    """What became of each trip, in the order of the trips' file; the time is empty for who did not arrive."""
    rows = traffic.trip_rows
    columns = (
        traffic.trip_ids,
        [STATUS[status] for status in moved.status[rows].tolist()],
        _written(moved.arrival_s[rows]),
        _written(moved.distance_m[rows]),
    )
    return _csv(ARRIVAL_COLUMNS, zip(*columns, strict=True))


def counts_csv(traffic: Traffic, moved: Moved) -> str:
    """Cars that entered and left each link until each time, both directions of a link together."""
    ids, link_of = traffic.named.link_ids, traffic.named.link_of

    def rows() -> Iterator[tuple[str, str, int, int]]:
        for time, entered, left in zip(_written(moved.count_time_s), moved.entered, moved.left, strict=True):
            of_links = (_by_link(values, link_of, len(ids)) for values in (entered, left))
            yield from ((one, time, *both) for one, *both in zip(ids, *of_links, strict=True))

    return _csv(COUNT_COLUMNS, rows())


def _by_link(values: npt.NDArray[np.int64], link_of: npt.NDArray[np.int32], links: int) -> list[int]:
    total = np.zeros(links, dtype=np.int64)
    np.add.at(total, link_of, values)
    counts: list[int] = total.tolist()
    return counts


def summary(traffic: Traffic, moved: Moved, language: Language) -> Iterator[str]:
    """What became of all trips in one line, and each gridlock in one."""
    arrived_s = moved.arrival_s[moved.status == ARRIVED]
    median, late = (f"{np.quantile(arrived_s, share):,.0f}" if len(arrived_s) else "-" for share in (0.5, 0.9))
    counts = {name: f"{np.count_nonzero(moved.status == status):,}" for status, name in STATUS.items()}
    yield say(
        language,
        "traffic.summary",
        trips=f"{len(moved.status):,}",
        queued=f"{moved.queued:,}",
        median=median,
        late=late,
        **counts,
    )
    for ring in moved.gridlocks:
        links = " > ".join(traffic.named.link_ids[traffic.named.link_of[row]] for row in ring)
        yield say(language, "traffic.gridlock", links=links)


def _written(values: npt.NDArray[np.float64]) -> list[str]:
    """Numbers without needless zeros, empty where there is none."""
    return ["" if math.isnan(one) else f"{one:.{DECIMALS}f}".rstrip("0").rstrip(".") for one in values.tolist()]


def _csv(head: Sequence[str], rows: Iterator[tuple[object, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()
