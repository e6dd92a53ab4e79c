"""Observations: figures that others measured, each with its source, read from the data files of the room."""

import enum
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from scenarios.language import Text
from scenarios.statistics import NO_INTERVAL, Interval, share_interval


class Relation(enum.StrEnum):
    """What a figure is to the parameters that produce the simulated one."""

    HELD_OUT = "held out"
    """No parameter was set with this figure in view: a test."""
    INFORMED = "informed"
    """A parameter names this figure among its sources: agreement says that the chain loses nothing, no more."""


class Unit(enum.StrEnum):
    """Units of observed figures."""

    SHARE = "share"
    SECONDS = "s"
    PER_HOUR = "1/h"
    PEOPLE = "people"
    SHELTERS = "shelters"


class Form(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a data file: only the keys named here."""


class Figure(Form, frozen=True, kw_only=True):
    """One observed figure.

    ``n`` is the number asked, 0 if not published. ``measure`` and ``of`` name what is counted in a run and among whom;
    both are empty where the figure is taken from something else than a run, or the model has no such mechanism.
    """

    key: str
    label_en: str
    label_ja: str
    value: float
    unit: Unit
    relation: Relation
    source: str
    confidence: str
    n: int = 0
    measure: str = ""
    of: str = ""
    from_s: float = 0.0
    until_s: float = 0.0
    note: str = ""

    @property
    def label(self) -> Text:
        """The name in both languages."""
        return Text(self.label_ja, self.label_en)

    @property
    def sampling(self) -> Interval:
        """What a sample of ``n`` leaves open about a share; none where n or the error is not known."""
        if self.unit is not Unit.SHARE or not self.n:
            return NO_INTERVAL
        return share_interval(self.value * self.n, self.n)


class Words(Form, frozen=True, kw_only=True):
    """The prose of a page; ``summary_ja`` is the short Japanese one."""

    title_en: str
    title_ja: str
    observed: str
    run: str
    reading: str
    not_covered: str
    summary_ja: str


class Drill(Form, frozen=True, kw_only=True):
    """A measured reception: ``mean_s`` a person through a ``channel``, ``n`` people, 0 if not published."""

    key: str
    place_en: str
    place_ja: str
    channel: str
    mean_s: float
    n: int
    relation: Relation
    source: str
    confidence: str
    note: str = ""


class Case(Form, frozen=True, kw_only=True):
    """All that is known of one case of validation."""

    words: Words
    figure: tuple[Figure, ...] = ()
    drill: tuple[Drill, ...] = ()

    def figures(self) -> dict[str, Figure]:
        """The figures by key."""
        return {one.key: one for one in self.figure}


class Preface(Form, frozen=True, kw_only=True):
    """What stands on the first page and above every table."""

    legend: str
    introduction: str
    summary_ja: str


def read_case(name: str) -> Case:
    """The case of a data file."""
    return msgspec.convert(_table(name), Case)


def read_preface() -> Preface:
    """The words of the first page."""
    return msgspec.convert(_table("summary"), Preface)


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(files("scenarios.validation").joinpath("data", f"{name}.toml").read_text(encoding="utf-8"))


def scenario_path(name: str) -> Path:
    """The scenario that stands for a case."""
    return Path(str(files("scenarios.validation").joinpath("library", f"{name}.toml")))
