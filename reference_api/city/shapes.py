"""Shapes that several requests share, as the contract's schemas have them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from reference_api.errors import ApiError, Fault, invalid
from reference_api.services import Services

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Areas = Annotated[list[Code], msgspec.Meta(min_length=1, max_length=2000)]
Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Name = Annotated[str, msgspec.Meta(max_length=200)]
Sex = Literal["male", "female", "unknown"]


class Told(msgspec.Struct, kw_only=True):
    """What a person without an account tells of themselves at a desk or at the door."""

    name: Name | None = None
    name_kana: Name | None = None
    sex: Sex | None = None
    birth_date: date | None = None
    address: Annotated[str, msgspec.Meta(max_length=400)] | None = None
    phone: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    neighbourhood: Code | None = None
    household_size: Annotated[int, msgspec.Meta(ge=1, le=99)] | None = None


class Point(msgspec.Struct):
    """A GeoJSON point, longitude before latitude (RFC 7946 section 3.1.1)."""

    type: Literal["Point"]
    coordinates: Annotated[list[float], msgspec.Meta(min_length=2, max_length=3)]

    def degrees(self, pointer: str) -> tuple[float, float]:
        """Longitude and latitude.

        Raises:
            ApiError: validation, if they lie outside the globe.
        """
        longitude_deg, latitude_deg = self.coordinates[:2]
        if not (-180.0 <= longitude_deg <= 180.0 and -90.0 <= latitude_deg <= 90.0):
            raise invalid(pointer + "/coordinates", "range")
        return longitude_deg, latitude_deg


def point(longitude_deg: float, latitude_deg: float) -> dict[str, object]:
    """A GeoJSON point."""
    return {"type": "Point", "coordinates": [longitude_deg, latitude_deg]}


def exactly_one(first: object, second: object, pointer: str, names: str) -> None:
    """Demand one of two members.

    Raises:
        ApiError: validation.
    """
    if (first is None) == (second is None):
        raise ApiError("validation", f"give exactly one of {names}", faults=[invalid(pointer, "exactly_one").faults[0]])


async def known_places(services: Services, codes: list[str]) -> list[str]:
    """Codes of districts and neighbourhoods in order, each once.

    Raises:
        ApiError: validation, with every code that no place has.
    """
    districts = await districts_of_places(services)
    faults = [Fault(f"/areas/{number}", "unknown_area") for number, code in enumerate(codes) if code not in districts]
    if faults:
        raise ApiError("validation", faults=faults)
    return sorted(set(codes))


async def districts_of_places(services: Services) -> Mapping[str, str]:
    """District of each neighbourhood, and of each district itself, by code; a district's code wins over the other."""

    async def read() -> dict[str, str]:
        inside: dict[str, str] = dict(await services.store.all("SELECT code, district FROM neighbourhood"))
        return inside | {row[0]: row[0] for row in await services.store.all("SELECT code FROM district")}

    return await services.memory.recall("districts of places", read)
