"""Street patterns with the measured statistics of Japanese towns.

The pattern is a ladder drawn by chance: long streets at irregular distances, and cross streets that meet each of them
with a stagger, so that most junctions have three arms and many streets are short. Blind alleys and streets aslant fill
the blocks, ends that nearly meet become a crossing, and slow waves bend the whole.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.parameters import Parameters
from twin.randomness import Stream
from twin.sources.draft import BoolArray, Draft, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in metres."""

    west_m: float
    south_m: float
    east_m: float
    north_m: float


@dataclass(frozen=True)
class _Rungs:
    """Cross streets: the strip each lies in, where along it foot and head stand, whether and where it ends blind."""

    strip: IntArray
    foot_m: FloatArray
    head_m: FloatArray
    is_blind: BoolArray
    reach: FloatArray


def street_pattern(box: Box, parameters: Parameters, stream: Stream) -> Draft:
    """Streets that fill a box.

    Source: measured on the walking network of Ube and the driving network of Tachikawa (OpenStreetMap); the parameters
    ``streets.*`` in data/streets.toml carry the figures.
    """
    half = 0.5 * float(np.hypot(box.east_m - box.west_m, box.north_m - box.south_m))
    lines = _lines(half, parameters, stream)
    rungs = _rungs(half, len(lines) - 1, parameters, stream)
    plan = _ladder(lines, rungs, parameters.number("streets.snap_m"), stream)
    angle = parameters.number("streets.angle_rad")
    along, across = _waved(plan.x_m, plan.y_m, parameters, stream)
    x_m = 0.5 * (box.west_m + box.east_m) + along * np.cos(angle) - across * np.sin(angle)
    y_m = 0.5 * (box.south_m + box.north_m) + along * np.sin(angle) + across * np.cos(angle)
    inside = (x_m >= box.west_m) & (x_m <= box.east_m) & (y_m >= box.south_m) & (y_m <= box.north_m)
    bent = Draft(x_m, y_m, plan.a, plan.b, _lengths(x_m, y_m, plan, parameters, stream), plan.highway)
    return bent.keep_nodes(inside)


def _lines(half_m: float, parameters: Parameters, stream: Stream) -> FloatArray:
    """Positions across of the long streets."""
    mean, cv = parameters.number("streets.strip_m"), parameters.number("streets.strip_cv")
    count = _enough(2.0 * half_m / mean, cv)
    steps = stream.lognormal("streets.strip", np.arange(count), mean=mean, cv=cv)
    return np.cumsum(steps) - half_m - mean


def _enough(mean_count: float, cv: float) -> int:
    """Steps that reach across all but surely: the mean number and five standard deviations of their sum more."""
    return int(mean_count + 5.0 * cv * np.sqrt(mean_count)) + 2


def _rungs(half_m: float, strips: int, parameters: Parameters, stream: Stream) -> _Rungs:
    number = parameters.number
    count = _enough(2.0 * half_m / number("streets.rung_m"), number("streets.rung_cv"))
    steps = stream.lognormal(
        "streets.rung", np.arange(count), mean=number("streets.rung_m"), cv=number("streets.rung_cv")
    )
    shape, ids = (strips + 1, count), np.arange((strips + 1) * count)
    wander = stream.normal("streets.wander", ids).reshape(shape) * number("streets.wander_m")
    stagger = stream.normal("streets.stagger", ids).reshape(shape) * number("streets.stagger_m")
    # In order along each long street: cross streets slant but never cross one another between two long streets.
    foot = np.sort(np.cumsum(steps) - half_m - number("streets.rung_m") + wander, axis=1)
    head = np.sort(foot + stagger, axis=1)[1:]
    strip, cell = np.repeat(np.arange(strips), count), ids[: strips * count]
    exists = stream.uniform("streets.missing", cell) > number("streets.missing_share")
    alleys = stream.uniform("streets.alley", cell) < number("streets.alley_share")
    cuts = stream.uniform("streets.cut", cell) < number("streets.cut_share")
    alley_foot, _ = _inside(cell[alleys], (foot[:-1], head), stream, slant=False)
    cut_foot, cut_head = _inside(cell[cuts], (foot[:-1], head), stream, slant=True)
    through = int(exists.sum()) + int(cuts.sum())
    low, high = parameters.row("streets.alley_reach")
    return _Rungs(
        strip=np.concatenate((strip[exists], strip[cuts], strip[alleys])),
        foot_m=np.concatenate((foot[:-1].ravel()[exists], cut_foot, alley_foot)),
        head_m=np.concatenate((head.ravel()[exists], cut_head, alley_foot)),
        is_blind=np.repeat([False, True], [through, len(alley_foot)]),
        reach=low + (high - low) * stream.uniform("streets.reach", np.arange(through + len(alley_foot))),
    )


def _inside(
    cells: IntArray, rungs: tuple[FloatArray, FloatArray], stream: Stream, *, slant: bool
) -> tuple[FloatArray, FloatArray]:
    """Foot and head of a further street in the block between a cross street and the next; aslant, from side to side."""
    foot, head = (side.ravel()[cells] for side in rungs)
    to_foot, to_head = (np.diff(side, axis=1, append=side[:, -1:]).ravel()[cells] for side in rungs)
    at = stream.uniform("streets.in_block", cells)
    if not slant:
        return foot + at * to_foot, head + at * to_head
    side = np.where(at < 0.5, 0.5 * at, 0.5 + 0.5 * at)
    return foot + side * to_foot, head + (1.0 - side) * to_head


def _ladder(lines: FloatArray, rungs: _Rungs, snap_m: float, stream: Stream) -> Draft:
    """The plan before it is bent; x is along the long streets, y across."""
    through = ~rungs.is_blind
    line = np.concatenate((rungs.strip, rungs.strip[through] + 1))
    along = np.concatenate((rungs.foot_m, rungs.head_m[through]))
    order = np.lexsort((along, line))
    line, along = line[order], along[order]
    # Ends that nearly meet often become one crossing.
    near = -np.log(stream.uniform("streets.snap", np.arange(len(order) - 1))) * snap_m
    fresh = np.concatenate(([True], (line[1:] != line[:-1]) | (np.diff(along) >= near)))
    node_of_end = np.empty(len(order), dtype=np.int64)
    node_of_end[order] = np.cumsum(fresh) - 1
    x_m, y_m, node_line = along[fresh], lines[line[fresh]], line[fresh]

    blind = np.flatnonzero(rungs.is_blind)
    foot, head = lines[rungs.strip[blind]], lines[rungs.strip[blind] + 1]
    top = np.empty(len(rungs.strip), dtype=np.int64)
    top[through] = node_of_end[len(rungs.strip) :]
    top[blind] = len(x_m) + np.arange(len(blind))
    reach = rungs.reach[blind]
    x_all = np.concatenate((x_m, rungs.foot_m[blind] * (1.0 - reach) + rungs.head_m[blind] * reach))
    y_all = np.concatenate((y_m, foot * (1.0 - reach) + head * reach))

    run = np.flatnonzero(node_line[1:] == node_line[:-1])
    a = np.concatenate((run, node_of_end[: len(rungs.strip)]))
    b = np.concatenate((run + 1, top))
    highway = np.repeat(["unclassified", "residential"], [len(run), len(rungs.strip)])
    return Draft(x_all, y_all, a, b, np.zeros(len(a)), highway)


def _waved(
    along_m: FloatArray, across_m: FloatArray, parameters: Parameters, stream: Stream
) -> tuple[FloatArray, FloatArray]:
    """The plan's points moved by a few slow waves."""
    waves = parameters.row("streets.wave_m")
    steepness = parameters.number("streets.wave_steepness")
    phases = 2.0 * np.pi * stream.uniform("streets.phase", np.arange(4 * len(waves))).reshape(-1, 4)
    x_m, y_m = along_m.copy(), across_m.copy()
    for wave_m, phase in zip(waves, phases, strict=True):
        turn = 2.0 * np.pi / wave_m
        height = steepness / turn
        x_m += height * np.sin(turn * across_m + phase[0]) * np.cos(turn * along_m / 2.0 + phase[1])
        y_m += height * np.sin(turn * along_m + phase[2]) * np.cos(turn * across_m / 2.0 + phase[3])
    return x_m, y_m


def _lengths(
    x_m: FloatArray, y_m: FloatArray, plan: Draft, parameters: Parameters, stream: Stream
) -> npt.NDArray[np.float64]:
    """Lengths along the bends of each street, in metres."""
    straight = np.hypot(x_m[plan.a] - x_m[plan.b], y_m[plan.a] - y_m[plan.b])
    # An exponential excess: most streets are straight, a few wind.
    excess = -np.log(stream.uniform("streets.bend", np.arange(len(straight)))) * parameters.number("streets.bend")
    return np.maximum(straight * (1.0 + excess), 1.0)
