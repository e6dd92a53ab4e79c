"""Street patterns with the measured statistics of Japanese towns.

The pattern is a ladder drawn by chance: long streets at irregular distances, and cross streets that meet each of them
with a stagger, so that most junctions have three arms and many streets are short. Blind alleys and streets aslant fill
the blocks, ends that nearly meet become a crossing, and slow waves bend the whole.
"""

from dataclasses import dataclass

import numpy as np

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

    def holds(self, x_m: FloatArray, y_m: FloatArray, *, margin_m: float = 0.0) -> BoolArray:
        """Which points lie inside, or no farther outside than the margin."""
        along = (x_m >= self.west_m - margin_m) & (x_m <= self.east_m + margin_m)
        return np.asarray(along & (y_m >= self.south_m - margin_m) & (y_m <= self.north_m + margin_m))

    def turned(self, along_m: FloatArray, across_m: FloatArray, angle_rad: float) -> tuple[FloatArray, FloatArray]:
        """Points given from the middle along and across streets of some direction."""
        x_m = 0.5 * (self.west_m + self.east_m) + along_m * np.cos(angle_rad) - across_m * np.sin(angle_rad)
        y_m = 0.5 * (self.south_m + self.north_m) + along_m * np.sin(angle_rad) + across_m * np.cos(angle_rad)
        return x_m, y_m


@dataclass(frozen=True)
class _Rungs:
    """Cross streets: the strip each lies in, where along it foot and head stand, whether and where it ends blind."""

    strip: IntArray
    foot_m: FloatArray
    head_m: FloatArray
    is_blind: BoolArray
    reach: FloatArray


@dataclass(frozen=True)
class _Ladder:
    """The plan before it is bent; x is along the long streets, y across. The first of the streets are the long ones."""

    x_m: FloatArray
    y_m: FloatArray
    a: IntArray
    b: IntArray
    long_streets: int


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
    # Most of the ladder lies outside the box: it is neither bent nor measured.
    near = np.flatnonzero(box.holds(*box.turned(plan.x_m, plan.y_m, angle), margin_m=_most_moved_m(parameters)))
    x_m, y_m = box.turned(*_waved(plan.x_m[near], plan.y_m[near], parameters, stream), angle)
    inside = box.holds(x_m, y_m)
    return _clipped(plan, near[inside], (x_m[inside], y_m[inside]), parameters, stream)


def _clipped(
    plan: _Ladder, nodes: IntArray, places: tuple[FloatArray, FloatArray], parameters: Parameters, stream: Stream
) -> Draft:
    """The streets between these nodes of a ladder, which have come to stand at other places."""
    row = np.full(len(plan.x_m), -1, dtype=np.int64)
    row[nodes] = np.arange(len(nodes))
    streets = np.flatnonzero((row[plan.a] >= 0) & (row[plan.b] >= 0))
    a, b = row[plan.a[streets]], row[plan.b[streets]]
    x_m, y_m = places
    straight = np.hypot(x_m[a] - x_m[b], y_m[a] - y_m[b])
    # An exponential excess: most streets are straight, a few wind.
    excess = -np.log(stream.uniform("streets.bend", streets)) * parameters.number("streets.bend")
    highway = np.where(streets < plan.long_streets, "unclassified", "residential")
    return Draft(x_m, y_m, a, b, np.maximum(straight * (1.0 + excess), 1.0), highway)


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


def _ladder(lines: FloatArray, rungs: _Rungs, snap_m: float, stream: Stream) -> _Ladder:
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
    return _Ladder(x_all, y_all, a, b, len(run))


def _most_moved_m(parameters: Parameters) -> float:
    """How far the waves move a point at most, and a metre more."""
    height_m = parameters.number("streets.wave_steepness") * sum(parameters.row("streets.wave_m")) / (2.0 * np.pi)
    return float(np.sqrt(2.0) * height_m) + 1.0


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
