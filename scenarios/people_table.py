"""The people of a run as a file beside its trace: what a reader needs to tell by home and need what became of whom.

Row i is person i of the trace. Nobody in it exists, and no name is in it.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from twin.arrow import arrow_table
from twin.population import Population
from twin.town import Town

PEOPLE = "people.parquet"
IDENTITY_KEY = b"identity"
COLUMNS = ("household", "district", "needs_support", "age")


@dataclass(frozen=True, slots=True)
class PeopleTable:
    """Who lives in a run, one row each.

    ``district`` is the row of the home's district in districts.csv. ``identity`` is equal for the same people in the
    same homes: what they own or agreed to does not enter, so that plans which change it can be compared.
    """

    household: npt.NDArray[np.int32]
    district: npt.NDArray[np.int32]
    needs_support: npt.NDArray[np.bool_]
    age: npt.NDArray[np.int16]
    identity: str

    @property
    def people(self) -> int:
        """Number of people."""
        return len(self.household)


def people_table(population: Population, town: Town) -> PeopleTable:
    """The table of a population."""
    district = np.array([one.district for one in town.neighbourhoods], np.int32)
    return PeopleTable(
        population.household,
        district[population.neighbourhood[population.household]],
        population.needs_support,
        population.age,
        identity_of(population),
    )


def identity_of(population: Population) -> str:
    """A hash of who lives where: households, homes, ages, sexes."""
    parts = (
        population.household_start.astype(np.int64),
        np.rint(population.home_x_m * 2).astype(np.int64),  # half metres, as in the trace's files
        np.rint(population.home_y_m * 2).astype(np.int64),
        population.age.astype(np.int64),
        population.sex.astype(np.int64),
    )
    digest = hashlib.sha256()
    for part in parts:
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def write_people(path: Path, table: PeopleTable) -> None:
    """Write the table as Parquet, byte-equal for equal people."""
    columns = {name: getattr(table, name) for name in COLUMNS}
    written = arrow_table(columns).replace_schema_metadata({IDENTITY_KEY: table.identity})
    pq.write_table(written, path, compression="zstd")


def read_people(path: Path) -> PeopleTable:
    """Read a table that ``write_people`` wrote.

    Raises:
        OSError: it cannot be read.
        KeyError: it is no table of people.
        pyarrow.ArrowInvalid: it is no Parquet file.
    """
    table = pq.read_table(path)
    identity = (table.schema.metadata or {})[IDENTITY_KEY].decode()
    household, district, needs_support, age = (table.column(name).to_numpy() for name in COLUMNS)
    return PeopleTable(household, district, needs_support, age, identity)
