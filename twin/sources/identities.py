"""Personal data of people on demand: made-up names, numbers and addresses, each with its canary marker."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from twin.canaries import marker
from twin.population import Identity, PersonalField, Phone, Population, Sex
from twin.randomness import Stream
from twin.town import Town

MAIL_DOMAIN = "citizen.example"
"""Reserved: no mail is ever delivered there (RFC 2606)."""

_BLOCKS = 30
_NUMBERS = 20
_DAYS_OF_A_YEAR = 365
_SEXES = tuple(Sex)
_NO_PHONE = int(Phone.NONE)
# A member of an enumeration is looked up much slower than a name of the module.
_NAME, _NAME_KANA = PersonalField.NAME, PersonalField.NAME_KANA
_PHONE, _EMAIL = PersonalField.PHONE, PersonalField.EMAIL
_ADDRESS, _PLAN_NOTE = PersonalField.ADDRESS, PersonalField.PLAN_NOTE


@dataclass(frozen=True, slots=True)
class _Names:
    """What names are put together from; a pair is kanji and kana."""

    as_of: date
    surnames: tuple[tuple[str, str], ...]
    eras: tuple[tuple[int, Any], ...]
    plan_notes: tuple[str, ...]

    def given(self, birth_year: int, sex: Sex, word: int) -> tuple[str, str]:
        """A given name of the era and sex."""
        by_sex = next(names for first, names in reversed(self.eras) if birth_year >= first)
        names: tuple[tuple[str, str], ...] = by_sex[sex]
        return names[word % len(names)]


class _Facts(NamedTuple):
    """What a person's data are made of, as plain numbers: those of numpy would cost several times as much."""

    person: int
    sex: int
    age: int
    has_phone: bool
    has_plan: bool
    neighbourhood: int
    own: int
    """Random bits of the person."""
    shared: int
    """Random bits of the household."""


def identity(population: Population, town: Town, person: int) -> Identity:
    """Personal data of the person in a row of the population, the same at every call."""
    stream, household = Stream(population.seed), int(population.household[person])
    facts = _Facts(
        person,
        int(population.sex[person]),
        int(population.age[person]),
        bool(population.phone[person] != _NO_PHONE),
        bool(population.has_plan[person]),
        int(population.neighbourhood[household]),
        stream.word("identity.person", person),
        stream.word("identity.household", household),
    )
    return _identity(population.seed, town, facts)


def identities(population: Population, town: Town, people: Sequence[int]) -> list[Identity]:
    """Personal data of several people at once, in their order.

    Who has no phone has neither number nor e-mail address, who has no plan has no plan note: these are empty.
    """
    rows = np.asarray(people, dtype=np.int64)
    stream, household = Stream(population.seed), population.household[rows]
    columns = (
        rows,
        population.sex[rows],
        population.age[rows],
        population.phone[rows] != _NO_PHONE,
        population.has_plan[rows],
        population.neighbourhood[household],
        stream.words("identity.person", rows),
        stream.words("identity.household", household),
    )
    return [
        _identity(population.seed, town, _Facts(*facts))
        for facts in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _identity(seed: int, town: Town, facts: _Facts) -> Identity:
    person, sex, own, shared = facts.person, _SEXES[facts.sex], facts.own, facts.shared
    names = _names()
    birth = _birth(names.as_of, facts.age, own >> 32)
    surname = names.surnames[shared % len(names.surnames)]
    given = names.given(birth.year, sex, own & 0xFFFF)
    return Identity(
        person=person,
        name=f"{surname[0]} {given[0]} {marker(seed, person, _NAME)}",
        name_kana=f"{surname[1]} {given[1]} {marker(seed, person, _NAME_KANA)}",
        phone=marker(seed, person, _PHONE) if facts.has_phone else "",
        email=f"{marker(seed, person, _EMAIL)}@{MAIL_DOMAIN}" if facts.has_phone else "",
        address=f"{_address(town, facts.neighbourhood, shared)} {marker(seed, person, _ADDRESS)}",
        plan_note=(
            f"{names.plan_notes[own % len(names.plan_notes)]} {marker(seed, person, _PLAN_NOTE)}"
            if facts.has_plan
            else ""
        ),
        birth_date=birth.isoformat(),
        sex=sex,
    )


def _birth(as_of: date, age: int, word: int) -> date:
    return as_of.replace(year=as_of.year - age) - timedelta(days=word % _DAYS_OF_A_YEAR)


def _address(town: Town, neighbourhood: int, word: int) -> str:
    place = town.neighbourhoods[neighbourhood]
    return f"{town.name}{place.name}{1 + (word >> 16) % _BLOCKS}番{1 + (word >> 32) % _NUMBERS}号"


@lru_cache(maxsize=1)
def _names() -> _Names:
    table = tomllib.loads(files("twin").joinpath("data", "people_names.toml").read_text(encoding="utf-8"))
    return _Names(
        as_of=table["as_of"],
        surnames=_pairs(table["surnames"]),
        eras=tuple((era["from_year"], (_pairs(era["male"]), _pairs(era["female"]))) for era in table["eras"]),
        plan_notes=tuple(table["plan_notes"]),
    )


def _pairs(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((kanji, kana) for kanji, kana in (text.split(" ") for text in texts))
