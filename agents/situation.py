"""Situation: what strikes the town and what is ordered when, in rows of the town; the scenario made concrete."""

import enum
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.population import Mode
from twin.shelters import Hazard

RowArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]


class Season(enum.IntEnum):
    """Season; the order of the rows in the light parameters."""

    SPRING = 0
    SUMMER = 1
    AUTUMN = 2
    WINTER = 3


class Snow(enum.IntEnum):
    """Snow on the ground; the order of the rows in the snow parameters."""

    NONE = 0
    SHALLOW = 1
    BELOW_KNEE = 2


@dataclass(frozen=True, slots=True)
class Instruction:
    """Something that the scenario makes happen at ``at_s``."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Declare(Instruction):
    """The city declares a disaster or drill in districts (rows), or goes back to normal."""

    mode: Mode
    districts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Alert(Instruction):
    """A message to everybody of the districts that asks for nothing."""

    districts: tuple[int, ...]
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Order(Instruction):
    """An evacuation order of level 3, 4 or 5 for districts."""

    districts: tuple[int, ...]
    level: int
    reason: str


@dataclass(frozen=True, slots=True)
class SetShelters(Instruction):
    """Shelters (rows) open or close."""

    shelters: tuple[int, ...]
    is_open: bool


@dataclass(frozen=True, slots=True)
class SendVehicles(Instruction):
    """The city office rings the people of its list in districts (rows) and sends welfare vehicles to those who wait."""

    districts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SetLinks(Instruction):
    """Links of the roads (rows) open or close; ``walkers`` says whether walkers cannot pass a closed one either."""

    links: RowArray
    is_open: bool
    walkers: bool = True


class Service(enum.StrEnum):
    """What can fail at homes."""

    POWER = "power"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class SetService(Instruction):
    """Power or the mobile network is lost at a share (0..1) of the homes of districts, or is back at all of them."""

    service: Service
    districts: tuple[int, ...]
    share: float
    is_up: bool


@dataclass(frozen=True)
class Situation:
    """What strikes the town.

    ``start_hour`` is the local time of the start in hours; ``shaking`` says that everybody feels it at 0 s.
    ``damaged_share`` and ``flooded_share`` hold, for each district, the share (0..1) of homes half or more destroyed
    and of homes in the flooded zone. ``instructions`` are ordered by time.
    """

    hazard: Hazard
    season: Season
    snow: Snow
    start_hour: float
    duration_s: float
    shaking: bool
    damaged_share: FloatArray
    flooded_share: FloatArray
    instructions: tuple[Instruction, ...]
    night: bool | None = None
    """Dark (True) or light (False) throughout; None: the sun decides."""

    @property
    def is_drill(self) -> bool:
        """Whether the city declares a drill: nobody is in danger, and everybody knows it."""
        return any(isinstance(one, Declare) and one.mode is Mode.DRILL for one in self.instructions)

    def is_night(self, at_s: float, sunset_h: float, sunrise_h: float) -> bool:
        """Whether it is dark at a time since the start."""
        if self.night is not None:
            return self.night
        hour = (self.start_hour + at_s / 3600.0) % 24.0
        return hour >= sunset_h or hour < sunrise_h
