"""Town, District and Neighbourhood: what the town is even when nobody acts."""

import enum
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from twin.roads import Roads
from twin.shelters import Shelter
from twin.units import Projection


class Standing(enum.StrEnum):
    """How far a figure can be trusted, shown on every output."""

    DATA = "data"
    ESTIMATE = "estimate"
    SYNTHETIC = "synthetic"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where one part of the town comes from; ``subject`` is e.g. "streets", texts are for readers of the report."""

    subject: str
    standing: Standing
    source_ja: str
    source_en: str


@dataclass(frozen=True, slots=True)
class District:
    """A district (地区): the unit of orders, tables and maps. Centre in metres."""

    code: str
    name: str
    name_en: str
    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The area of one neighbourhood association (町内会区域); ``weight`` is its share of the town's people, 0..1."""

    code: str
    name: str
    district: int
    x_m: float
    y_m: float
    radius_m: float
    node: int
    weight: float


@dataclass(frozen=True)
class Town:
    """A municipality: districts, neighbourhoods, roads, shelters, boundary.

    ``code`` is the six-digit 全国地方公共団体コード as text (a leading zero counts). ``boundary`` is a ring of points
    (x_m, y_m), shape (n, 2), or None where none is known. ``home_nodes``/``home_neighbourhood`` list the nodes of the
    roads where people can live and the neighbourhood of each. ``people`` and ``households`` are the register's totals,
    by default those of Aizu-Wakamatsu on 2023-04-01.

    Source: City of Aizu-Wakamatsu, digital disaster-prevention project, FY2023 summary (totals).
    """

    code: str
    name: str
    name_en: str
    projection: Projection
    districts: tuple[District, ...]
    neighbourhoods: tuple[Neighbourhood, ...]
    roads: Roads
    shelters: tuple[Shelter, ...]
    office_node: int
    exit_nodes: npt.NDArray[np.int32]
    home_nodes: npt.NDArray[np.int32]
    home_neighbourhood: npt.NDArray[np.int32]
    boundary: npt.NDArray[np.float64] | None = None
    provenance: tuple[Provenance, ...] = field(default=())
    people: int = 113_386
    households: int = 48_983
