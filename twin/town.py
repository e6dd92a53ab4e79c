"""Town, District and Neighbourhood: what the town is even when nobody acts."""

import enum
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from twin.errors import InvalidTown
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

    def __post_init__(self) -> None:
        """Check codes, rows and weights."""
        faults = [*_code_faults(self), *_row_faults(self), *_people_faults(self)]
        if faults:
            raise InvalidTown("\n".join(f"{self.name}: {fault}" for fault in faults))


def municipality_code_fault(code: str) -> str | None:
    """What is wrong with a 全国地方公共団体コード, None if nothing: six digits, the last a check digit.

    Source: MIC, 全国地方公共団体コード仕様: 11 - (6a + 5b + 4c + 3d + 2e) mod 11, its last digit.
    """
    if not (code.isascii() and code.isdigit()):
        return f"code {code!r} is not six digits"
    if len(code) == 5:
        return f"code {code!r} has five digits; did a spreadsheet drop the leading zero, or the check digit?"
    if len(code) != 6:
        return f"code {code!r} has {len(code)} digits, not six"
    weighted = sum(weight * int(digit) for weight, digit in zip((6, 5, 4, 3, 2), code, strict=False))
    check = (11 - weighted % 11) % 10
    return None if check == int(code[5]) else f"code {code!r} ends in {code[5]}, its check digit is {check}"


def _code_faults(town: Town) -> list[str]:
    faults = [fault for fault in [municipality_code_fault(town.code)] if fault]
    named = {
        "district code": [district.code for district in town.districts],
        "neighbourhood code": [place.code for place in town.neighbourhoods],
        "shelter id": [shelter.id for shelter in town.shelters],
    }
    for kind, codes in named.items():
        twice = sorted(code for code, count in Counter(codes).items() if count > 1)
        faults += [f"{kind} {code!r} stands more than once; give each its own" for code in twice]
    return faults


def _row_faults(town: Town) -> list[str]:
    nodes, districts = town.roads.nodes, len(town.districts)
    rows: dict[str, tuple[Iterable[int], int]] = {
        "the office's node": ([town.office_node], nodes),
        "an exit node": (town.exit_nodes.tolist(), nodes),
        "a home node": (town.home_nodes.tolist(), nodes),
        "the neighbourhood of a home node": (town.home_neighbourhood.tolist(), len(town.neighbourhoods)),
        "a neighbourhood's node": ([place.node for place in town.neighbourhoods], nodes),
        "a neighbourhood's district": ([place.district for place in town.neighbourhoods], districts),
        "a shelter's node": ([shelter.node for shelter in town.shelters], nodes),
        "a shelter's district": ([shelter.district for shelter in town.shelters], districts),
    }
    faults = []
    for what, (values, limit) in rows.items():
        outside = [value for value in values if not 0 <= value < limit]
        if outside:
            faults.append(f"{what} is row {outside[0]}, but rows run from 0 to {limit - 1}")
    return faults


def _people_faults(town: Town) -> list[str]:
    faults = []
    if len(town.home_nodes) == 0:
        faults.append("nobody can live anywhere: there are no home nodes")
    if len(town.home_nodes) != len(town.home_neighbourhood):
        faults.append(f"{len(town.home_nodes)} home nodes but {len(town.home_neighbourhood)} neighbourhoods of them")
    weights = [place.weight for place in town.neighbourhoods]
    if any(weight < 0.0 for weight in weights) or not math.isclose(sum(weights), 1.0, abs_tol=1e-6):
        faults.append(f"weights of the neighbourhoods must be 0 or more and add up to 1, not {sum(weights):.6f}")
    homeless = set(range(len(weights))) - set(town.home_neighbourhood.tolist())
    faults += [f"neighbourhood {town.neighbourhoods[row].name} has no home node" for row in sorted(homeless)]
    if any(min(shelter.capacity_persons, shelter.capacity_standard_persons) < 0 for shelter in town.shelters):
        faults.append("a shelter's capacity is below 0 people")
    return faults
