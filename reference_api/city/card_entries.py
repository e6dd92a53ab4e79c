"""Entries of evacuee cards: what was written on a card, by whom, and what is known beside it, each with its source."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from reference_api.city.shapes import Name, Sex
from reference_api.store.protocol import Row, Store

CATEGORIES: Mapping[str, str] = {
    "name": "profile.basic",
    "name_kana": "profile.basic",
    "sex": "profile.basic",
    "birth_date": "profile.basic",
    "address": "profile.basic",
    "phone": "profile.contact",
    "contact": "profile.contact",
    "family": "family",
    "needs": "support_flag",
    "medication": "medication_condition",
    "pets": "checkin",
    "car": "checkin",
    "publish_name": "checkin",
    "note": "checkin",
}
"""Category of the consent catalogue that guards each item of a card. Source: contract, schema EvacueeCardItems."""

KNOWN = ("name", "name_kana", "sex", "birth_date", "address", "phone")
"""Items that an account, or what was told at reception, answers beforehand."""

NUMBER_DIGITS = 12
"""Of a card's number: 40 bits, so that a guess hits one of 50,000 cards once in 2e7. Source: none. Confidence C."""

Line = Annotated[str, msgspec.Meta(max_length=400)]
Need = Literal[
    "wheelchair",
    "walking",
    "hearing",
    "vision",
    "language",
    "infant",
    "pregnancy",
    "diet",
    "medical_device",
    "care",
    "other",
]


class Items(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What may be written on a card; an item that is not there is not written."""

    name: Name | None = None
    name_kana: Name | None = None
    sex: Sex | None = None
    birth_date: Annotated[str, msgspec.Meta(max_length=10)] | None = None
    address: Line | None = None
    phone: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    contact: Line | None = None
    family: Annotated[list[Name], msgspec.Meta(max_length=30)] | None = None
    needs: Annotated[list[Need], msgspec.Meta(max_length=20)] | None = None
    medication: bool | None = None
    pets: Annotated[list[Name], msgspec.Meta(max_length=20)] | None = None
    car: Name | None = None
    publish_name: bool | None = None
    note: Annotated[str, msgspec.Meta(max_length=2000)] | None = None

    def written(self) -> dict[str, Any]:
        """The items that are there."""
        return {name: value for name in CATEGORIES if (value := getattr(self, name)) is not None}


class Entry(msgspec.Struct, frozen=True):
    """An item as it stands on a card; ``by`` is the recipient that wrote it, ``as_of_s`` Unix seconds or None."""

    value: Any
    source: str
    as_of_s: float | None
    by: str = ""


Entries = dict[str, list[Entry]]
"""Entries by item. Who may not see what another wrote writes beside it: nothing is lost, nor told by its lack."""


class Card(NamedTuple):
    """A card as it is kept."""

    number: str
    entries: Entries


_ENTRIES = msgspec.json.Decoder(Entries)


async def read_card(store: Store, person: str) -> Card | None:
    """The card of a person (key as in disclosure.person_key), None if nothing was written."""
    row = await store.one("SELECT number, entries FROM evacuee_card WHERE person = ?", (person,))
    return None if row is None else Card(row[0], _ENTRIES.decode(row[1]))


async def write_card(store: Store, person: str, entries: Entries, now_s: float) -> None:
    """Keep a person's entries; a new card gets a number that says nothing of the person."""
    await store.run(
        "INSERT INTO evacuee_card (person, number, entries, updated_at_s, version) VALUES (?, ?, ?, ?, 1)"
        " ON CONFLICT (person) DO UPDATE SET entries = excluded.entries, updated_at_s = excluded.updated_at_s,"
        " version = evacuee_card.version + 1",
        (person, new_number(), msgspec.json.encode(entries).decode(), now_s),
    )


async def erase_card(store: Store, person: str) -> None:
    """Erase what was written on a person's card."""
    await store.run("DELETE FROM evacuee_card WHERE person = ?", (person,))


async def merge_cards(store: Store, old: str, new: str, now_s: float) -> None:
    """A person turned out to be another: what the other's card does not say is taken from the old one."""
    before, after = await read_card(store, old), await read_card(store, new)
    if before is None:
        return
    await erase_card(store, old)
    await write_card(store, new, {**before.entries, **(after.entries if after else {})}, now_s)


def new_number() -> str:
    """A random number of digits; not derived from anything."""
    return "".join(secrets.choice("0123456789") for _ in range(NUMBER_DIGITS))


def prefilled(source: str, row: Row, as_of_s: float | None = None, by: str = "") -> dict[str, Entry]:
    """Entries from columns ``KNOWN`` of an account or of what was told; ``as_of_s`` is Unix seconds."""
    return {
        name: Entry(value, source, as_of_s, by) for name, value in zip(KNOWN, row, strict=True) if value is not None
    }


def newest(entries: Sequence[Entry]) -> Entry:
    """The entry that counts: the one written last."""
    return max(reversed(entries), key=lambda entry: entry.as_of_s or 0.0)


def rewritten(seen: Mapping[str, Entry], items: Items, source: str, now_s: float, by: str) -> dict[str, Entry]:
    """Entries after a card is written anew by whoever saw ``seen``: what is the same stays as it was entered."""
    entries: dict[str, Entry] = {}
    for name, value in items.written().items():
        same = name in seen and seen[name].value == value
        entries[name] = seen[name] if same else Entry(value, source, now_s, by)
    return entries
