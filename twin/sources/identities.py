"""Personal data of people on demand: made-up names, numbers and addresses, each with its canary marker."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any

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


def identity(population: Population, town: Town, person: int) -> Identity:
    """Personal data of the person in a row of the population, the same at every call."""
    return identities(population, town, (person,))[0]


def identities(population: Population, town: Town, people: Sequence[int]) -> list[Identity]:
    """Personal data of several people at once, in their order.

    Who has no phone has neither number nor e-mail address, who has no plan has no plan note: these are empty.
    """
    rows = np.asarray(people, dtype=np.int64)
    stream = Stream(population.seed)
    # Plain lists: one pass over numbers of numpy would cost several times as much.
    own = stream.words("identity.person", rows).tolist()
    shared = stream.words("identity.household", population.household[rows]).tolist()
    return [
        _identity(population, town, person, words)
        for person, words in zip(rows.tolist(), zip(own, shared, strict=True), strict=True)
    ]


def _identity(population: Population, town: Town, person: int, words: tuple[int, int]) -> Identity:
    own, shared = words
    names = _names()
    sex = Sex(int(population.sex[person]))
    birth = _birth(names.as_of, int(population.age[person]), own >> 32)
    surname = names.surnames[shared % len(names.surnames)]
    given = names.given(birth.year, sex, own & 0xFFFF)
    mark = {field: marker(population.seed, person, field) for field in PersonalField}
    reachable = population.phone[person] != Phone.NONE
    return Identity(
        person=person,
        name=f"{surname[0]} {given[0]} {mark[PersonalField.NAME]}",
        name_kana=f"{surname[1]} {given[1]} {mark[PersonalField.NAME_KANA]}",
        phone=mark[PersonalField.PHONE] if reachable else "",
        email=f"{mark[PersonalField.EMAIL]}@{MAIL_DOMAIN}" if reachable else "",
        address=f"{_address(population, town, person, shared)} {mark[PersonalField.ADDRESS]}",
        plan_note=(
            f"{names.plan_notes[own % len(names.plan_notes)]} {mark[PersonalField.PLAN_NOTE]}"
            if population.has_plan[person]
            else ""
        ),
        birth_date=birth.isoformat(),
        sex=sex,
    )


def _birth(as_of: date, age: int, word: int) -> date:
    return as_of.replace(year=as_of.year - age) - timedelta(days=word % _DAYS_OF_A_YEAR)


def _address(population: Population, town: Town, person: int, word: int) -> str:
    place = town.neighbourhoods[population.neighbourhood[population.household[person]]]
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
