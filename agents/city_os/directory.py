"""Directory: rows of the town and the population beside the identifiers that a service knows them by."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from agents.errors import InvalidDirectory
from twin.population import Identity, Sex
from twin.units import Projection


@dataclass(frozen=True)
class Directory:
    """Who is who.

    ``person_ids`` has a text for each person: the local ID of those with ``has_account``, for the others the temp_id
    by which desks and associations speak of them. ``neighbourhood`` is the row of each person's home neighbourhood.
    ``identity_of`` tells what a person without ID gives at a desk.

    Raises:
        InvalidDirectory: an identifier stands for two rows, or columns differ in length.
    """

    person_ids: Sequence[str]
    has_account: npt.NDArray[np.bool_]
    neighbourhood: npt.NDArray[np.int32]
    shelter_ids: Sequence[str]
    neighbourhood_codes: Sequence[str]
    district_codes: Sequence[str]
    projection: Projection
    identity_of: Callable[[int], Identity]

    def __post_init__(self) -> None:
        people = len(self.person_ids)
        if len(self.has_account) != people or len(self.neighbourhood) != people:
            raise InvalidDirectory(
                f"{people} person ids, but {len(self.has_account)} has_account and "
                f"{len(self.neighbourhood)} neighbourhood; give one of each for every person"
            )
        for what, ids in (("person", self.person_ids), ("shelter", self.shelter_ids)):
            twice = [one for one, times in Counter(ids).items() if times > 1]
            if twice:
                raise InvalidDirectory(f"{what} id {twice[0]!r} stands for several rows; give each row its own")

    @cached_property
    def person_row(self) -> dict[str, int]:
        """Row of each person, by identifier."""
        return {one: row for row, one in enumerate(self.person_ids)}

    @cached_property
    def shelter_row(self) -> dict[str, int]:
        """Row of each shelter, by identifier."""
        return {one: row for row, one in enumerate(self.shelter_ids)}

    def told_at_desk(self, person: int) -> dict[str, str]:
        """What a person without ID tells at a desk; there is no phone number of those who have no phone.

        Source: the contract, schema UnregisteredPerson.
        """
        identity = self.identity_of(person)
        told = {
            "temp_id": self.person_ids[person],
            "name": identity.name,
            "name_kana": identity.name_kana,
            "sex": "male" if identity.sex is Sex.MALE else "female",
            "birth_date": identity.birth_date,
            "address": identity.address,
            "phone": identity.phone,
            "neighbourhood": self.neighbourhood_codes[self.neighbourhood[person]],
        }
        return {member: value for member, value in told.items() if value}
