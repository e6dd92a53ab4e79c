"""Rows of a search over what is stored: read in order, judged by consent, counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reference_api.fhir import mirrors
from reference_api.fhir.compartment import Asker, Grant
from reference_api.fhir.search.criteria import MIRRORED, condition
from reference_api.fhir.search.query import Query, SortKey
from reference_api.fhir.stored import Version
from reference_api.paging import MAX_LIMIT
from reference_api.store.protocol import Row

BY_AGE = SortKey("r.id")
"""The order of creation: the last key of every sort, so that no two resources are equal in it."""

JUDGED_AT_ONCE = 500
"""Patients of one statement. Source: none; a page's worth. Confidence C."""


@dataclass(frozen=True, slots=True)
class Match:
    """A resource that was found and may be shown; ``account`` is the patient's."""

    account: int
    category: str
    version: Version


class StoredList:
    """What a search finds among the stored resources that the token reaches."""

    def __init__(self, asker: Asker, grants: Sequence[Grant], query: Query) -> None:
        self._asker = asker
        self._type = query.resource_type
        self._keys = [*query.sort, BY_AGE]
        self.where, self.values = _where(grants, query)

    async def fetch(self, after: Any, count: int) -> list[Row]:
        """At most ``count`` rows after a key, the key first."""
        where, values = self.where, self.values
        if after is not None:
            beyond, beyond_values = _beyond(self._keys, after)
            where, values = f"{where} AND ({beyond})", [*values, *beyond_values]
        names = [f"key_{place}" for place in range(len(self._keys))]
        keys = ", ".join(f"{key.expression} AS {name}" for name, key in zip(names, self._keys, strict=True))
        order = ", ".join(f"{name}{' DESC' * key.is_descending}" for name, key in zip(names, self._keys, strict=True))
        # The page is cut before its contents are fetched, so that no more than a page of them is ever sorted.
        page = (
            f"SELECT r.id, r.account_id, r.category, r.logical_id, r.version, r.updated_at_s, {keys}"
            f" FROM fhir_resource r WHERE {where} ORDER BY {order} LIMIT ?"
        )
        rows = await self._asker.services.store.all(
            f"SELECT p.account_id, p.category, p.logical_id, p.version, p.updated_at_s, v.content, {', '.join(names)}"
            f" FROM ({page}) p JOIN fhir_version v ON v.resource_id = p.id AND v.version = p.version ORDER BY {order}",
            (*values, count),
        )
        return [(list(row[6:]), *row[:6]) for row in rows]

    async def judge(self, rows: list[Row]) -> list[Match | None]:
        """What may be shown of the rows."""
        asker = self._asker
        accounts = {row[1] for row in rows}
        own = {asker.own} if asker.is_the_person else set()
        decided = await asker.decisions(accounts - own) if accounts - own else {}
        return [
            Match(row[1], row[2], Version(self._type, row[3], str(row[4]), row[5], row[6].encode()))
            if row[1] in own or (row[1] in decided and decided[row[1]][row[2]].permit)
            else None
            for row in rows
        ]


def _where(grants: Sequence[Grant], query: Query) -> tuple[str, list[Any]]:
    asked, asked_values = condition(query.criteria)
    opened = [grant.condition() for grant in grants]
    reach = " OR ".join(f"({text})" for text, _ in opened)
    values = [query.resource_type, *(value for _, of_grant in opened for value in of_grant), *asked_values]
    return f"r.type = ? AND r.deleted = 0 AND ({reach}) AND {asked}", values


def _beyond(keys: Sequence[SortKey], after: Sequence[Any]) -> tuple[str, list[Any]]:
    """The condition of coming after a key in the order of ``keys``."""
    texts: list[str] = []
    values: list[Any] = []
    for place, key in enumerate(keys):
        equal = [f"{before.expression} = ?" for before in keys[:place]]
        texts.append("(" + " AND ".join([*equal, f"{key.expression} {'<' if key.is_descending else '>'} ?"]) + ")")
        values += after[: place + 1]
    return " OR ".join(texts), values


async def count_all(asker: Asker, grants: Sequence[Grant], query: Query) -> int:
    """How many resources the search finds that may be shown."""
    if query.resource_type in MIRRORED:
        return await _count_mirrored(asker, grants, query)
    where, values = _where(grants, query)
    rows = await asker.services.store.all(
        f"SELECT r.account_id, r.category, COUNT(*) FROM fhir_resource r WHERE {where}"
        " GROUP BY r.account_id, r.category",
        values,
    )
    total = 0
    for start in range(0, len(rows), JUDGED_AT_ONCE):
        part = rows[start : start + JUDGED_AT_ONCE]
        decided = await asker.decisions({row[0] for row in part})
        total += sum(row[2] for row in part if row[0] in decided and decided[row[0]][row[1]].permit)
    return total


async def _count_mirrored(asker: Asker, grants: Sequence[Grant], query: Query) -> int:
    total, after = 0, 0
    while True:
        rows = await mirrors.fetch(asker, query.resource_type, grants, query.criteria, after, MAX_LIMIT)
        total += sum(mirrored is not None for _, mirrored in rows)
        if len(rows) < MAX_LIMIT:
            return total
        after = rows[-1][0]
