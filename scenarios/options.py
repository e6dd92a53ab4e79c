"""RunOptions: what the user asked for on the command line, after its form was checked."""

from dataclasses import dataclass
from pathlib import Path

from scenarios.language import Language

REFERENCE, IDEAL, NONE = "reference", "ideal", "none"
"""Words for --city-os that are no address: the reference in process, a model without faults of its own, none."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """A run as it was asked for; None leaves a thing to the scenario.

    ``scenario`` is a shipped name or a path, ``city_os`` reference, ideal, none or an address, ``baseline`` whether the
    same town lives through it without a city OS too, ``command`` the words typed, ``lean`` whether the report and the
    exchanges are left out, which take most of the space, ``faults`` a file of faults to put in front of the city OS.
    """

    scenario: str
    out: Path
    town: str | None = None
    data: Path | None = None
    roads: Path | None = None
    city_os: str = REFERENCE
    people: int | None = None
    seed: int | None = None
    hours: float | None = None
    baseline: bool = False
    language: Language = Language.EN
    command: str = ""
    lean: bool = False
    faults: Path | None = None
