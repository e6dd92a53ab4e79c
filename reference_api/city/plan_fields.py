"""Fields of an individual evacuation plan, each with where its value came from and of which day it is."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from reference_api.call import Call, unix_s
from reference_api.city.shapes import Identifier, Instant
from reference_api.clock import instant
from reference_api.errors import ApiError, Fault
from reference_api.services import Services

T = TypeVar("T")

Text = Annotated[str, msgspec.Meta(max_length=1000)]
Source = Literal["city-os", "care", "disaster-app", "municipality", "entered"]

PREFILLED = ("city-os", "municipality")
"""Sources that the server itself writes when it fills a plan in."""
MUNICIPALITY = "municipality"


class Sourced(msgspec.Struct, Generic[T]):
    """A value, where it came from, and of which instant it is (now where it is left out)."""

    value: T
    source: Source = "entered"
    as_of: Instant | None = None


class Supporter(msgspec.Struct, omit_defaults=True):
    """Who helps (避難支援等実施者): 災対法 49-14(3)1 asks for name, address and phone."""

    name: Text
    address: Text | None = None
    phone: Text | None = None
    organisation: Text | None = None
    sub: Identifier | None = None


class Site(msgspec.Struct, omit_defaults=True):
    """Where to: a shelter of the list, or another place."""

    name: Text
    shelter_id: Identifier | None = None
    note: Text | None = None


class Line(msgspec.Struct):
    """A GeoJSON LineString (RFC 7946 section 3.1.4)."""

    type: Literal["LineString"]
    coordinates: Annotated[
        list[Annotated[list[float], msgspec.Meta(min_length=2, max_length=3)]],
        msgspec.Meta(min_length=2, max_length=1000),
    ]


class Route(msgspec.Struct, omit_defaults=True):
    """Which way."""

    description: Text
    line: Line | None = None


class Contact(msgspec.Struct, omit_defaults=True):
    """Whom to call."""

    name: Text
    phone: Text
    relationship: Text | None = None


class Medication(msgspec.Struct, omit_defaults=True):
    """Whether medicine must come along; category medication_condition."""

    needed: bool
    note: Text | None = None


_Few = msgspec.Meta(max_length=20)
Texts = Annotated[list[Text], _Few]
Supporters = Annotated[list[Supporter], _Few]
Sites = Annotated[list[Site], _Few]
Routes = Annotated[list[Route], _Few]
Contacts = Annotated[list[Contact], _Few]


class PlanFields(msgspec.Struct, kw_only=True):
    """Fields as they are sent: left out says nothing, null takes a field away.

    Source: 災対法 49-10(2) 1-6 (the first seven), 49-14(3) 1-3 and its ordinance (the others).
    """

    name: Sourced[Text] | msgspec.UnsetType | None = msgspec.UNSET
    name_kana: Sourced[Text] | msgspec.UnsetType | None = msgspec.UNSET
    birth_date: Sourced[Text] | msgspec.UnsetType | None = msgspec.UNSET
    sex: Sourced[Text] | msgspec.UnsetType | None = msgspec.UNSET
    address: Sourced[Text] | msgspec.UnsetType | None = msgspec.UNSET
    phone: Sourced[Text] | msgspec.UnsetType | None = msgspec.UNSET
    reasons: Sourced[Texts] | msgspec.UnsetType | None = msgspec.UNSET
    supporters: Sourced[Supporters] | msgspec.UnsetType | None = msgspec.UNSET
    sites: Sourced[Sites] | msgspec.UnsetType | None = msgspec.UNSET
    routes: Sourced[Routes] | msgspec.UnsetType | None = msgspec.UNSET
    contacts: Sourced[Contacts] | msgspec.UnsetType | None = msgspec.UNSET
    medication: Sourced[Medication] | msgspec.UnsetType | None = msgspec.UNSET
    considerations: Sourced[Text] | msgspec.UnsetType | None = msgspec.UNSET


FIELD_NAMES = PlanFields.__struct_fields__
FROM_ACCOUNT = ("name", "name_kana", "birth_date", "sex", "address", "phone")
"""Fields that the city OS holds of everybody with an account."""
Fields = dict[str, dict[str, Any]]
"""Fields as they are kept and shown: value, source, as_of by name."""


def sent(fields: PlanFields, call: Call) -> dict[str, dict[str, Any] | None]:
    """What a request says of fields.

    Raises:
        ApiError: validation, with every field whose source is not the caller's to give.
    """
    said = {name: getattr(fields, name) for name in FIELD_NAMES}
    faults = [
        Fault(f"/fields/{name}/source", "not_yours")
        for name, field in said.items()
        if isinstance(field, Sourced) and not _may_say(call, field.source)
    ]
    if faults:
        raise ApiError("validation", "this source is not the caller's to name", faults=faults)
    return {name: _kept(name, field, call.now_s) for name, field in said.items() if field is not msgspec.UNSET}


def _may_say(call: Call, source: str) -> bool:
    return source not in PREFILLED or (source == MUNICIPALITY and call.token.recipient == MUNICIPALITY)


def _kept(name: str, field: Sourced[Any] | None, now_s: float) -> dict[str, Any] | None:
    if field is None:
        return None
    as_of_s = now_s if field.as_of is None else _checked(field.as_of, name)
    return {"value": msgspec.to_builtins(field.value), "source": field.source, "as_of": instant(as_of_s)}


def _checked(moment: datetime, name: str) -> float:
    return unix_s(moment, f"/fields/{name}/as_of")


async def prefilled(services: Services, sub: str | None, temp_id: str | None, now_s: float) -> Fields:
    """Fields that the city OS and the register hold of a person; the register gives what the city OS does not."""
    columns = ", ".join(FROM_ACCOUNT)
    account = await services.store.one(f"SELECT {columns} FROM account WHERE sub = ?", (sub or "",))
    entry = await services.store.one(
        f"SELECT {columns}, reason FROM register_entry WHERE sub = ? OR temp_id = ? ORDER BY id LIMIT 1",
        (sub, temp_id),
    )
    found: Fields = {}
    for source, row in ((MUNICIPALITY, entry), ("city-os", account)):
        for name, value in zip(FROM_ACCOUNT, row or (), strict=False):
            if value:
                found[name] = {"value": value, "source": source, "as_of": instant(now_s)}
    if entry is not None and entry[-1]:
        found["reasons"] = {"value": [entry[-1]], "source": MUNICIPALITY, "as_of": instant(now_s)}
    return found
