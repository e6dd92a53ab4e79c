"""CurveStudy: the form of a study of faults: curves of one fault with one thing about it varied, and what is drawn."""

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from scenarios.scenario import At, Form, Name, Text
from scenarios.study.form import Changes, Measured, Seed, Slug

MINUTES_MOST = 1440
"""Longest time on an axis (min): a day."""

Minutes = Annotated[float, Meta(ge=0, le=MINUTES_MOST)]
Values = Annotated[tuple[Minutes, ...], Meta(min_length=1, max_length=100)]
Times = Annotated[tuple[At, ...], Meta(min_length=1, max_length=100)]

LENGTH, DELAY, AGE, START = "length_min", "delay_min", "age_min", "start"
"""Keys of a curve that may be varied."""


class Curve(Form, frozen=True, kw_only=True):
    """One fault, of which one thing is varied: the key that holds a list.

    ``length_min`` is how long it lasts (to the end if not given), ``delay_min`` how late answers come (kind latency),
    ``age_min`` how old they are (kind stale), ``start`` when it begins. With a list among the first three, each further
    start makes a curve of its own; with none, the starts are what is varied. ``fault`` is as in a file of faults,
    without ``name``, ``at`` and ``until``.
    """

    name: Slug
    title_ja: Text
    title_en: Text
    start: Times = ("0:00",)
    length_min: Minutes | Values | None = None
    delay_min: Minutes | Values | None = None
    age_min: Minutes | Values | None = None
    fault: dict[str, Any]


class Drawn(Measured, frozen=True, kw_only=True):
    """A metric to draw; a change for the worse of at most ``harm``, in the metric's unit, is no harm.

    What counts people or calls is meant of the whole town; of a sample, harm is as much smaller.
    """

    harm: Annotated[float, Meta(ge=0, le=1e9)] = 0.0


class CurveStudy(Form, frozen=True, kw_only=True):
    """What faults cost: scenarios x points of curves x seeds, each held against the same town without a fault.

    ``seeds`` is how many (then 1, 2, 3, ...) or which; ``city_os`` is reference (in process) or ideal (a flawless model
    of one, many times as fast); ``set`` holds for every run.
    """

    name: Slug
    title_ja: Text
    title_en: Text
    scenarios: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=100)]
    seeds: Annotated[int, Meta(ge=1, le=10_000)] | Annotated[tuple[Seed, ...], Meta(min_length=1, max_length=10_000)]
    city_os: Literal["reference", "ideal"] = "reference"
    set: Changes = Changes()
    curve: Annotated[tuple[Curve, ...], Meta(min_length=1, max_length=100)]
    metric: tuple[Drawn, ...] = field(default_factory=tuple)


USUAL = (
    Drawn(name="unassisted"),
    Drawn(name="t90_s"),
    Drawn(name="reception_wait_p95_s"),
    Drawn(name="safety_confirmed_share"),
)
"""Figures drawn if the study names none. Source: the consequences that issue 6 asks for, of those that ship."""
