"""Study: the form of a study file: plans, seeds, uncertain parameters, and what is to be measured."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, field

from scenarios.scenario import (
    MAX_HOURS,
    MAX_PEOPLE,
    CityOsTerms,
    Form,
    Impact,
    Name,
    ScenarioEvent,
    Season,
    Text,
    Weather,
)
from twin.shelters import Hazard

MAX_CELLS = 100_000

DEFAULTS = "defaults"
"""Name of the parameter set in which every parameter has its own value."""

Slug = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$",
        description="A short name for files: small letters, digits, - and _",
        examples=["three-more"],
    ),
]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Number = Annotated[float, Meta(ge=-1e12, le=1e12)]
Behaviour = dict[str, float | tuple[float, ...]]


class Changes(Form, frozen=True, kw_only=True):
    """What stands in place of the scenario's own; what is not given stays."""

    town: Name | None = None
    hazard: Hazard | None = None
    season: Season | None = None
    start: Annotated[datetime, Meta(tz=True)] | None = None
    duration_h: Annotated[float, Meta(gt=0, le=MAX_HOURS)] | None = None
    people: Annotated[int, Meta(ge=1, le=MAX_PEOPLE)] | None = None
    city_os: CityOsTerms | None = None
    weather: Weather | None = None
    impact: tuple[Impact, ...] = ()
    behaviour: Behaviour = field(default_factory=dict)


class Drop(Form, frozen=True, kw_only=True):
    """Events of the scenario that a plan leaves out: all of a kind, or those of a kind at one time."""

    kind: Name
    at: Name | None = None


class Plan(Form, frozen=True, kw_only=True):
    """One way to act: the scenario with events left out, others added, and values changed."""

    name: Slug
    title_ja: Text
    title_en: Text
    set: Changes = Changes()
    drop: tuple[Drop, ...] = ()
    event: tuple[ScenarioEvent, ...] = ()


class ParameterSet(Form, frozen=True, kw_only=True):
    """One state of what is not known: values of parameters, in place of the defaults, in every plan."""

    name: Slug
    behaviour: Behaviour


class Varied(Form, frozen=True, kw_only=True):
    """A parameter to screen, between ``low`` and ``high``; those of the parameter's own file if not given."""

    key: Name
    low: Number | None = None
    high: Number | None = None


class Screening(Form, frozen=True, kw_only=True):
    """Which of many uncertain parameters matter: elementary effects after Morris.

    ``levels`` is the number of values that each parameter can take, even; ``plan`` the plan that is run, the first if
    not given; ``seeds`` how many seeds each point is run with, from the study's first on.
    """

    method: Literal["morris"] = "morris"
    trajectories: Annotated[int, Meta(ge=2, le=1000)] = 10
    levels: Literal[2, 4, 6, 8, 10, 12] = 4
    seeds: Annotated[int, Meta(ge=1, le=100)] = 1
    plan: Name | None = None
    parameter: Annotated[tuple[Varied, ...], Meta(min_length=1, max_length=200)]


class Measured(Form, frozen=True, kw_only=True):
    """A metric to show; ``by`` names the part, e.g. { district = "04" }, which pages call by the names given here."""

    name: Name
    by: dict[str, str] = field(default_factory=dict)
    district_ja: Text | None = None
    district_en: Text | None = None


class Study(Form, frozen=True, kw_only=True):
    """A question of many runs: scenarios x plans x parameter sets x seeds.

    ``seeds`` is how many (then 1, 2, 3, ...) or which; ``set`` holds for every plan; the first plan is the one that the
    others are held against.
    """

    name: Slug
    title_ja: Text
    title_en: Text
    scenarios: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=100)]
    seeds: Annotated[int, Meta(ge=1, le=10_000)] | Annotated[tuple[Seed, ...], Meta(min_length=1, max_length=10_000)]
    city_os: Literal["none", "ideal", "reference"] = "none"
    set: Changes = Changes()
    plan: Annotated[tuple[Plan, ...], Meta(min_length=1, max_length=100)]
    parameter_set: tuple[ParameterSet, ...] = ()
    screening: Screening | None = None
    metric: tuple[Measured, ...] = ()

    def all_seeds(self) -> tuple[int, ...]:
        """The seeds, each once."""
        return tuple(range(1, self.seeds + 1)) if isinstance(self.seeds, int) else tuple(dict.fromkeys(self.seeds))

    def measured(self) -> tuple[Measured, ...]:
        """What is shown: the study's own choice, or the figures on which such decisions usually turn."""
        return self.metric or USUAL

    def screened_plan(self) -> Plan:
        """The plan that is screened."""
        wanted = self.screening.plan if self.screening else None
        return next((one for one in self.plan if one.name == wanted), self.plan[0])


USUAL = (
    Measured(name="t90_s"),
    Measured(name="unassisted"),
    Measured(name="help_wait_p50_s"),
    Measured(name="diverted"),
    Measured(name="over_capacity_person_h", by={"capacity": "standard"}),
    Measured(name="safety_confirmed_share"),
)
"""Figures shown if the study names none. Source: NUREG/CR-7002 (90 % time), and the cards of a run's report."""

PARTS = frozenset({"district", "shelter", "channel", "mode", "support", "capacity", "at_h"})
"""Parts by which metrics are told."""
