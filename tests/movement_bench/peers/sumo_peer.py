"""Eclipse SUMO's mesoscopic model on a workload: writes its files, runs ``netconvert`` and ``sumo --mesosim``.

Run by our own interpreter; only the two programs come from the peer's environment. What is the same: nodes, links,
lengths, speeds, ways, departures; a car takes 1 / (jam density) of a lane; the headway of a link is that of its
capacity, by SUMO's own parameters for edge types (gross headway = tau + length of a car / speed). What differs:
departures and insertions go by whole seconds, edges are cut into segments of 98 m, junctions have no control
(``--meso-junction-control`` is off, its default), nobody is ever teleported. Walkers are persons with a walk each, at
their own speed (pedestrian model "nonInteracting").
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import click
import numpy as np

from movement_bench.peers.measured import run_measured
from movement_bench.workload import CAR, UNTIL_S, Workload

_GAP_M = 2.5


def write_network(work: Workload, folder: Path, programs: Path) -> None:
    """Plain XML from the arrays, then ``net.xml`` by netconvert."""
    nodes = [
        f'<node id="{row}" x="{x:.2f}" y="{y:.2f}" type="priority"/>'
        for row, (x, y) in enumerate(zip(work.node_x_m.tolist(), work.node_y_m.tolist(), strict=True))
    ]
    (folder / "plain.nod.xml").write_text("<nodes>" + "\n".join(nodes) + "</nodes>")
    edges = [
        f'<edge id="{row}" from="{a}" to="{b}" numLanes="{max(1, round(lanes))}" speed="{speed:.4f}"'
        f' length="{max(length, 0.1):.3f}" type="{_kind(capacity, lanes, speed)}"/>'
        for row, (a, b, lanes, speed, length, capacity) in enumerate(_rows(work))
    ]
    (folder / "plain.edg.xml").write_text("<edges>" + "\n".join(edges) + "</edges>")
    command = [str(programs / "netconvert"), "-n", "plain.nod.xml", "-e", "plain.edg.xml", "-o", "net.xml"]
    command += ["--no-internal-links", "--junctions.limit-turn-speed", "-1", "--offset.disable-normalization"]
    command += ["--no-warnings", "--check-lane-foes.all", "false", "--ignore-errors"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    flows = {_kind(row[5], row[2], row[3]): (row[5] / max(1, round(row[2])), row[3]) for row in _rows(work)}
    types = "\n".join(_type(work, kind, flow) for kind, flow in flows.items())
    (folder / "types.xml").write_text(f"<additional>{types}</additional>")


def _rows(work: Workload) -> list[tuple[int, int, float, float, float, float]]:
    columns = (work.link_from, work.link_to, work.lanes, work.free_speed_mps, work.length_m, work.capacity_vps)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _kind(capacity: float, lanes: float, speed: float) -> str:
    return f"t{capacity:.4f}_{lanes:.2f}_{speed:.2f}"


def _type(work: Workload, kind: str, flow: tuple[float, float]) -> str:
    """SUMO's headways of a kind of edge: those of its capacity, however full it is."""
    capacity_vps, speed_mps = flow
    tau_s = max(0.0, 1.0 / capacity_vps - _car_m(work) / speed_mps)
    taus = " ".join(f'{name}="{tau_s:.3f}"' for name in ("tauff", "taufj", "taujf", "taujj"))
    return f'<type id="{kind}"><meso {taus}/></type>'


def _car_m(work: Workload) -> float:
    return float(work.lanes[0] / work.jam_density_vpm[0])


def write_trips(work: Workload, ways: tuple[np.ndarray, np.ndarray], path: Path) -> None:
    """All cars and walkers, each with its way, in the order of departures; who is there already is left out."""
    start, link = ways
    length_m = work.length_m
    with path.open("w") as out:
        out.write(f'<routes><vType id="c" length="{_car_m(work) - _GAP_M:.3f}" minGap="{_GAP_M}" speedFactor="1"')
        out.write(' speedDev="0" maxSpeed="100" sigma="0"/><vType id="p" vClass="pedestrian" maxSpeed="100"')
        out.write(' speedFactor="1" speedDev="0"/>\n')
        rows = zip(start[:-1].tolist(), start[1:].tolist(), work.mode.tolist(), strict=True)
        for trip, (first, last, mode) in enumerate(rows):
            if first == last:
                continue
            links = link[first:last]
            edges = " ".join(map(str, links.tolist()))
            depart = f'id="{trip}" depart="{work.departure_s[trip]:.2f}"'
            if mode == CAR:
                out.write(f'<vehicle {depart} type="c" departSpeed="max"><route edges="{edges}"/></vehicle>\n')
            else:
                end_m = length_m[links[-1]]
                out.write(f'<person {depart} type="p" departPos="0"><walk edges="{edges}" arrivalPos="{end_m:.3f}"')
                out.write(f' speed="{work.speed_mps[trip]:.4f}"/></person>\n')
        out.write("</routes>\n")


def arrivals(folder: Path, work: Workload, start: np.ndarray) -> np.ndarray:
    """Arrival of each trip from SUMO's own table; who starts at the goal arrives on departure."""
    arrival_s = np.where(np.diff(start) == 0, work.departure_s, np.nan)
    for _, element in ET.iterparse(folder / "tripinfo.xml"):  # noqa: S314 - our own run wrote it
        if element.tag == "tripinfo":
            arrival_s[int(element.get("id", ""))] = float(element.get("arrival", "nan"))
        elif element.tag == "personinfo":
            walk = element.find("walk")
            if walk is not None:
                arrival_s[int(element.get("id", ""))] = float(walk.get("arrival", "nan"))
        else:
            continue
        element.clear()
    return np.where(arrival_s < 0.0, np.nan, arrival_s)


def main() -> None:
    """``python -m movement_bench.peers.sumo WORKLOAD WAYS RESULT FOLDER PROGRAMS``."""
    workload, ways_file, result, folder, programs = (Path(one).absolute() for one in sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    work = Workload.load(workload)
    with np.load(ways_file) as arrays:
        start, link = arrays["start"], arrays["link"]
    if not (folder / "trips.xml").is_file():
        write_network(work, folder, programs)
        write_trips(work, (start, link), folder / "trips.xml")
    command = [str(programs / "sumo"), "--mesosim", "-n", "net.xml", "-r", "trips.xml", "-a", "types.xml"]
    command += ["--route-steps", "0", "--time-to-teleport", "-1", "--end", f"{UNTIL_S:.0f}", "--no-step-log"]
    command += ["--duration-log.statistics", "--tripinfo-output", "tripinfo.xml", "--no-warnings"]
    command += ["--pedestrian.model", "nonInteracting", "--ignore-route-errors"]
    told, peak_mb, share = run_measured(command, folder)
    # By SUMO's own clock, without the time in which it reads its files, at the share of a core that it got.
    found = re.search(r"Duration: ([0-9.]+)\s*(ms|s)", told)
    if found is None:
        raise SystemExit(f"sumo did not say how long it took:\n{told}")
    took_s = float(found.group(1)) * (0.001 if found.group(2) == "ms" else 1.0) * share
    np.savez(result, arrival_s=arrivals(folder, work, start))
    click.echo(json.dumps({"runs_s": [took_s], "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
