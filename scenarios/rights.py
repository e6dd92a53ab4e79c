"""Rights: who may see what of whom, by the people's consents and the law, in a formulation of its own.

The oracle judges a city OS by this. Nothing here is taken from a service's tables or decisions.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.city_os.asker import Asker, AskerKind
from scenarios.consent_purposes import purpose_of
from scenarios.seeding import home_district, home_neighbourhood
from twin.population import (
    CATEGORY_OF_FIELD,
    CONSENT_COLUMN,
    ConsentRule,
    DataCategory,
    Mode,
    PersonalField,
    Population,
    Recipient,
)
from twin.town import Town

BoolArray = npt.NDArray[np.bool_]

RECIPIENT_OF_ASKER: Mapping[AskerKind, Recipient] = {
    AskerKind.CITY_OFFICE: Recipient.MUNICIPALITY,
    AskerKind.SHELTER_DESK: Recipient.MUNICIPALITY,
    AskerKind.ASSOCIATION: Recipient.ASSOCIATION,
    AskerKind.CITIZEN: Recipient.FAMILY,
}
"""As whom an asker is given data; whoever asks without a token is nobody. Desks of shelters are the municipality's."""


@dataclass(frozen=True, slots=True)
class StatutoryRight:
    """A clause by which recipients may see categories of some people's data in some modes without being asked."""

    clause: str
    recipients: frozenset[Recipient]
    categories: frozenset[DataCategory]
    modes: frozenset[Mode]
    whom: str


@dataclass(frozen=True, slots=True)
class AnswerRight:
    """Fields that belong to an operation's answer about a category: whoever may know the category may be told them."""

    clause: str
    operation: str
    recipients: frozenset[Recipient]
    category: DataCategory
    fields: frozenset[PersonalField]


@cache
def load_statutory_rights() -> tuple[StatutoryRight, ...]:
    """Read the rules of ``data/rights.toml``."""
    return tuple(
        StatutoryRight(
            clause=row["clause"],
            recipients=frozenset(map(Recipient, row["recipients"])),
            categories=frozenset(map(DataCategory, row["categories"])),
            modes=frozenset(map(Mode, row["modes"])),
            whom=row["whom"],
        )
        for row in _table()["rule"]
    )


@cache
def load_answer_rights() -> tuple[AnswerRight, ...]:
    """Read the answers of ``data/rights.toml``."""
    return tuple(
        AnswerRight(
            clause=row["clause"],
            operation=row["operation"],
            recipients=frozenset(map(Recipient, row["recipients"])),
            category=DataCategory(row["category"]),
            fields=frozenset(map(PersonalField, row["fields"])),
        )
        for row in _table()["answer"]
    )


def _table() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(files("scenarios").joinpath("data/rights.toml").read_text(encoding="utf-8"))


@cache
def _categories(recipient: Recipient, field: PersonalField, operation: str) -> tuple[DataCategory, ...]:
    """The categories by any of which a recipient may see a field in the answer of an operation."""
    by_answer = (
        right.category
        for right in load_answer_rights()
        if right.operation == operation and recipient in right.recipients and field in right.fields
    )
    return (CATEGORY_OF_FIELD[field], *by_answer)


WHOM: Mapping[str, Callable[[Population], BoolArray]] = {
    "everybody": lambda people: np.ones(people.people, np.bool_),
    "register": lambda people: people.needs_support,
    "register_consent": lambda people: people.needs_support & people.plan_consent,
    "plan": lambda people: people.has_plan,
    "plan_consent": lambda people: people.has_plan & people.plan_consent,
}
"""Whom a right concerns, by the code in ``data/rights.toml``."""


_MODES = tuple(Mode)


class Rights:
    """Rights over the people of a town, in the modes that are known to be in force.

    An oracle judges by them in the modes that it knows of, an ideal city OS answers by them in those that it was told.
    """

    def __init__(self, town: Town, population: Population) -> None:
        self._population = population
        self._district = home_district(town, population)
        self._neighbourhood = home_neighbourhood(population)
        self._mode = np.full(population.people, _MODES.index(Mode.NORMAL), np.int8)
        self._kept: dict[tuple[Recipient, DataCategory, bool], BoolArray] = {}

    def declare(self, mode: Mode, districts: Sequence[int]) -> None:
        """From now on a mode holds for the people who live in these districts."""
        self._mode[np.isin(self._district, districts)] = _MODES.index(mode)
        self._kept.clear()

    def of(self, recipient: Recipient, category: DataCategory, purpose: str = "") -> BoolArray:
        """Of whom a recipient may see a category now, by consent or law; shape (people,).

        A consent counts if it was given for ``purpose``, where one is named. Limits of area and household are not in
        it: see ``may_see``.
        """
        key = (recipient, category, not purpose or purpose == purpose_of(category, recipient))
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = self._granted(*key)
        return kept

    def may_see(self, asker: Asker, person: int, field: PersonalField, operation: str = "") -> bool:
        """Whether an asker may see a field of a person now, in the answer of an operation."""
        if asker.kind is AskerKind.CITIZEN and asker.row == person:
            return True
        recipient = RECIPIENT_OF_ASKER.get(asker.kind)
        if recipient is None or not self._within_reach(asker, person):
            return False
        return any(bool(self.of(recipient, one)[person]) for one in _categories(recipient, field, operation))

    def _within_reach(self, asker: Asker, person: int) -> bool:
        household = self._population.household
        if asker.kind is AskerKind.ASSOCIATION:
            return bool(self._neighbourhood[person] == asker.row)
        return asker.kind is not AskerKind.CITIZEN or bool(household[person] == household[asker.row])

    def _granted(self, recipient: Recipient, category: DataCategory, by_consent: bool) -> BoolArray:  # noqa: FBT001
        granted = np.zeros(self._population.people, np.bool_)
        for number, mode in enumerate(_MODES):
            column = CONSENT_COLUMN[ConsentRule(category, recipient, mode)]
            allowed = self._population.consents[:, column] & self._population.has_id & by_consent
            for right in load_statutory_rights():
                if recipient in right.recipients and category in right.categories and mode in right.modes:
                    allowed = allowed | WHOM[right.whom](self._population)
            granted |= allowed & (self._mode == number)
        return granted
