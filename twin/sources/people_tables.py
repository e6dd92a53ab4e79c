"""Tables of the people data files: the age pyramid and the kinds of household."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pyramid:
    """People by age band (``first_age``..``last_age``, both included) and sex; ``people`` has shape (bands, 2)."""

    first_age: Int64Array
    last_age: Int64Array
    people: FloatArray


@dataclass(frozen=True, slots=True)
class HouseholdKinds:
    """Kinds of household, one row each: who belongs to it, its weight within its size, its reference person's age.

    ``members`` are texts of the letters H (reference person), P (partner), C (child), E (parent), S (other adult).
    """

    members: tuple[str, ...]
    size: Int64Array
    size_households: FloatArray
    weight: FloatArray
    age_mean: FloatArray
    age_sd: FloatArray
    age_low: Int64Array
    age_high: Int64Array


def read_rows(name: str) -> list[Mapping[str, str]]:
    """Rows of a CSV file of twin/data; lines that begin with # are comments."""
    text = files("twin").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def _floats(rows: list[Mapping[str, str]], column: str) -> FloatArray:
    return np.array([float(row[column]) for row in rows])


def _integers(rows: list[Mapping[str, str]], column: str) -> Int64Array:
    return np.array([int(row[column]) for row in rows], dtype=np.int64)


def read_pyramid() -> Pyramid:
    """The age pyramid of Aizu-Wakamatsu, projected for 2025, whose shape stands for every town."""
    rows = read_rows("people_pyramid.csv")
    people = np.column_stack((_floats(rows, "male"), _floats(rows, "female")))
    return Pyramid(_integers(rows, "first_age"), _integers(rows, "last_age"), people)


def read_household_kinds() -> HouseholdKinds:
    """The kinds of household, ordered by size."""
    rows = sorted(read_rows("people_households.csv"), key=lambda row: len(row["members"]))
    members = tuple(row["members"] for row in rows)
    return HouseholdKinds(
        members=members,
        size=np.array([len(kind) for kind in members], dtype=np.int64),
        size_households=_floats(rows, "size_households"),
        weight=_floats(rows, "weight"),
        age_mean=_floats(rows, "age_mean"),
        age_sd=_floats(rows, "age_sd"),
        age_low=_integers(rows, "age_low"),
        age_high=_integers(rows, "age_high"),
    )
