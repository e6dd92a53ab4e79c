"""Population in columns: one row for each person and each household; Person and Identity are views of a row."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.town import Provenance

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
Int8Array = npt.NDArray[np.int8]
Int16Array = npt.NDArray[np.int16]
Int32Array = npt.NDArray[np.int32]


class Sex(enum.IntEnum):
    """Sex as in the resident register."""

    MALE = 0
    FEMALE = 1


class Phone(enum.IntEnum):
    """What a person can be reached by when out of hearing."""

    NONE = 0
    FEATURE = 1
    SMARTPHONE = 2


class DataCategory(enum.StrEnum):
    """Kinds of personal data that consent is given for, as far as a disaster needs them.

    Source: S1, table of data items with opt-in holder and purpose; the codes of the contract's consent catalogue.
    """

    BASIC = "profile.basic"
    CONTACT = "profile.contact"
    LOCATION = "location"
    SUPPORT_FLAG = "support_flag"
    SAFETY = "safety"
    CHECKIN = "checkin"
    PLAN = "plan"


class Recipient(enum.StrEnum):
    """Who data are given to; the codes of the contract's consent catalogue."""

    FAMILY = "family"
    SUPPORTER = "supporter"
    ASSOCIATION = "association"
    WELFARE = "welfare"
    MUNICIPALITY = "municipality"
    MEDICAL = "medical"
    ACQUAINTANCE = "acquaintance"
    EMPLOYER = "employer"


class Mode(enum.StrEnum):
    """Which rules hold."""

    NORMAL = "normal"
    DRILL = "drill"
    DISASTER = "disaster"


@dataclass(frozen=True, slots=True)
class ConsentRule:
    """One column of the consent matrix: may ``recipient`` see ``category`` in ``mode``."""

    category: DataCategory
    recipient: Recipient
    mode: Mode


CONSENT_RULES: tuple[ConsentRule, ...] = tuple(
    ConsentRule(category, recipient, mode) for category in DataCategory for recipient in Recipient for mode in Mode
)
"""Columns of ``Population.consents``, in order."""

CONSENT_COLUMN: Mapping[ConsentRule, int] = {rule: column for column, rule in enumerate(CONSENT_RULES)}


class PersonalField(enum.StrEnum):
    """Personal fields that carry a canary marker, with the category that guards each in CATEGORY_OF_FIELD."""

    NAME = "name"
    NAME_KANA = "name_kana"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    PLAN_NOTE = "plan_note"


CATEGORY_OF_FIELD: Mapping[PersonalField, DataCategory] = {
    PersonalField.NAME: DataCategory.BASIC,
    PersonalField.NAME_KANA: DataCategory.BASIC,
    PersonalField.ADDRESS: DataCategory.BASIC,
    PersonalField.PHONE: DataCategory.CONTACT,
    PersonalField.EMAIL: DataCategory.CONTACT,
    PersonalField.PLAN_NOTE: DataCategory.PLAN,
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Personal data of one person, made up, each text ending in that field's own canary marker.

    ``birth_date`` is ISO 8601; ``sex`` is 0 male, 1 female.
    """

    person: int
    name: str
    name_kana: str
    phone: str
    email: str
    address: str
    plan_note: str
    birth_date: str
    sex: Sex


@dataclass(frozen=True)
class Population:
    """Everybody, sorted by household.

    The members of household h are rows ``household_start[h]`` to ``household_start[h + 1] - 1``.

    Person columns: ``household``, ``age`` (years), ``sex``, ``phone``, ``has_id`` (city-OS ID), ``uses_app``,
    ``needs_support`` (避難行動要支援者), ``has_plan`` (個別避難計画), ``plan_consent`` (peacetime consent to give the
    register entry to helpers), ``supporter`` (row of the supporter, -1 if none), ``walking_speed_mps`` (free, by day,
    on dry ground), ``away_neighbourhood`` (where they are by day if not at home, -1 at home all day), ``consents``
    shape (people, len(CONSENT_RULES)).
    Household columns: ``household_start`` (households + 1), ``home_node``, ``home_x_m``, ``home_y_m``,
    ``neighbourhood``, ``cars``, ``floors`` (of the home), ``relatives_neighbourhood`` (-1 none, -2 out of town).
    """

    seed: int
    household_start: Int32Array
    home_node: Int32Array
    home_x_m: FloatArray
    home_y_m: FloatArray
    neighbourhood: Int32Array
    cars: Int8Array
    floors: Int8Array
    relatives_neighbourhood: Int32Array
    household: Int32Array
    age: Int16Array
    sex: Int8Array
    phone: Int8Array
    has_id: BoolArray
    uses_app: BoolArray
    needs_support: BoolArray
    has_plan: BoolArray
    plan_consent: BoolArray
    supporter: Int32Array
    walking_speed_mps: FloatArray
    away_neighbourhood: Int32Array
    consents: BoolArray
    provenance: tuple[Provenance, ...] = ()
    share: float = 1.0
    """Share of the whole population that this is, 1 unless a sample was asked for."""

    @property
    def people(self) -> int:
        """Number of people."""
        return len(self.household)

    @property
    def households(self) -> int:
        """Number of households."""
        return len(self.home_node)

    def household_size(self) -> Int32Array:
        """Number of people of each household."""
        return np.diff(self.household_start)

    def members(self, households: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The people of these households, one household after another, and for each its place in ``households``."""
        first, size = self.household_start[households], self.household_size()[households]
        place = np.repeat(np.arange(len(households)), size)
        # Counted through, and moved to where each household begins.
        return np.arange(len(place)) + np.repeat(first + size - np.cumsum(size), size), place
