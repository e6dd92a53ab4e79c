"""Casting: which of the target's people play the people of a recording, once or several times over."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.city_os.directory import Directory
from scenarios.load.errors import TooFewPeople
from scenarios.load.recording import Recorded

LOCAL_ID = re.compile(r"^[ct]\d{7}$")
"""Identifiers by which recordings speak of people: with (c) and without a city-OS ID (t). Source: scenarios.seeding."""


def subject_of(call: Recorded) -> str:
    """The person whom a call is about (local ID or temp_id), "" if it is about nobody in particular."""
    kind, _, row = call.actor.partition(":")
    return f"c{int(row):07d}" if kind == "citizen" else _named(call.body)


def _named(body: Mapping[str, Any]) -> str:
    people = (body, body.get("subject"), body.get("unregistered"))
    found = (one.get(member) for one in people if isinstance(one, Mapping) for member in ("sub", "temp_id"))
    return next((one for one in found if isinstance(one, str) and LOCAL_ID.match(one)), "")


@dataclass(frozen=True)
class Cast:
    """Rows of the target's people, by recorded identifier and copy; a person who is not in a copy is left out."""

    copies: int
    rows: Mapping[tuple[str, int], int]
    ids: int

    def row(self, recorded: str, copy: int) -> int | None:
        """Who plays somebody in a copy."""
        return self.rows.get((recorded, copy))


def cast_people(recorded: Iterable[str], directory: Directory, ids: int | None = None) -> Cast:
    """Give each recorded person one of the target's, of the same kind, in every copy another.

    ``ids`` is how many people with a city-OS ID take part, all recorded ones if None; the others are as many times as
    many. In the first copy people play themselves where the target knows them; else, and in further copies, somebody
    of their neighbourhood if one is left.

    Raises:
        TooFewPeople: the target has not so many people, with or without an ID.
    """
    people = sorted({one for one in recorded if one})
    base = sum(one.startswith("c") for one in people)
    factor = 1.0 if ids is None or not base else ids / base
    copies = max(1, int(np.ceil(factor)))
    rows: dict[tuple[str, int], int] = {}
    for mark, has_account in (("c", True), ("t", False)):
        kind = [one for one in people if one.startswith(mark)]
        wanted = [(one, copy) for copy in range(copies) for one in _evenly(kind, factor - copy)]
        available = int(np.count_nonzero(directory.has_account == has_account))
        if len(wanted) > available:
            raise TooFewPeople("ids" if has_account else "others", len(wanted), available)
        rows |= _given(wanted, directory, has_account=has_account)
    return Cast(copies, rows, sum(one.startswith("c") for one, _ in rows))


def shares(count: int, factor: float) -> list[bool]:
    """Which of ``count`` things take part in a copy of which ``factor`` (0..1) does: as many, evenly apart."""
    share = min(1.0, max(0.0, factor))
    steps = np.floor(np.arange(count + 1) * share + 1e-9)
    return list((np.diff(steps) > 0).tolist())


def _evenly(people: Sequence[str], factor: float) -> list[str]:
    return [one for one, takes_part in zip(people, shares(len(people), factor), strict=True) if takes_part]


def _given(wanted: Sequence[tuple[str, int]], directory: Directory, *, has_account: bool) -> dict[tuple[str, int], int]:
    """Rows for those wanted: first those who play themselves, then neighbours, then anybody."""
    given: dict[tuple[str, int], int] = {}
    for one, copy in wanted:
        row = directory.person_row.get(one)
        if copy == 0 and row is not None:
            given[one, copy] = row
    taken = set(given.values())
    free: dict[int, list[int]] = defaultdict(list)
    for row in np.flatnonzero(directory.has_account == has_account).tolist()[::-1]:
        if row not in taken:
            free[int(directory.neighbourhood[row])].append(row)
    rest = [played for played in wanted if played not in given]
    for played in rest:
        home = directory.person_row.get(played[0])
        pool = free.get(int(directory.neighbourhood[home])) if home is not None else None
        if pool:
            given[played] = pool.pop()
    left = [row for pool in free.values() for row in pool]
    for played in (played for played in rest if played not in given):
        given[played] = left.pop()
    return given
