"""Model of a disaster: who is in which shelter, which mode holds where, and which safety report holds.

Pure: it knows of no city OS. Times are seconds on any clock. Source: contract C7, operations checkIn, uploadCheckIns,
linkCheckIn, declareDisaster and reportSafety.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

DRILL, DISASTER, NORMAL = "drill", "disaster", "normal"


@dataclass
class Stays:
    """Who is in which shelter: a person's newest observation says where they are, whatever came in first."""

    _seen_s: dict[str, int] = field(default_factory=dict)
    _where: dict[str, str] = field(default_factory=dict)
    _account: dict[str, str] = field(default_factory=dict)

    def arrive(self, person: str, shelter: str, at_s: int) -> bool:
        """Somebody was seen coming to a shelter; whether that is news."""
        return self._observe(person, shelter, at_s)

    def leave(self, person: str, at_s: int) -> bool:
        """Somebody was seen leaving; whether that is news."""
        return self._observe(person, None, at_s)

    def link(self, person: str, account: str) -> None:
        """Somebody who was received without an ID has one: from now on both are the same person."""
        if person in self._seen_s:
            self._seen_s[account] = self._seen_s.pop(person)
        if person in self._where:
            self._where[account] = self._where.pop(person)
        self._account[person] = account

    def where(self, person: str) -> str | None:
        """The shelter that somebody is in."""
        return self._where.get(self.person(person))

    def is_known(self, person: str) -> bool:
        """Whether somebody was ever seen."""
        return self.person(person) in self._seen_s

    def is_linked(self, person: str) -> bool:
        """Whether somebody received without an ID was linked."""
        return person in self._account

    def headcount(self, shelter: str) -> int:
        """How many are in a shelter."""
        return sum(one == shelter for one in self._where.values())

    def person(self, name: str) -> str:
        """Who somebody is: the account where they were linked."""
        return self._account.get(name, name)

    def _observe(self, person: str, shelter: str | None, at_s: int) -> bool:
        name = self.person(person)
        if at_s < self._seen_s.get(name, at_s):
            return False
        self._seen_s[name] = at_s
        if shelter is None:
            self._where.pop(name, None)
        else:
            self._where[name] = shelter
        return True


@dataclass
class Modes:
    """Which mode holds in which area, and by which declaration; areas lie beside each other."""

    held: dict[str, tuple[str, str]] = field(default_factory=dict)
    said: dict[str, frozenset[str]] = field(default_factory=dict)

    def refuses(self, mode: str, areas: Iterable[str]) -> bool:
        """Whether a declaration contradicts what holds: a drill where there is a disaster."""
        return mode == DRILL and any(self.mode(area) == DISASTER for area in areas)

    def already(self, mode: str, areas: Iterable[str]) -> str:
        """The declaration that said the same of just these areas and still holds in all; empty if there is none."""
        wanted = frozenset(areas)
        held = {self.held.get(area, ("", "")) for area in wanted}
        kind, number = next(iter(held))
        return number if len(held) == 1 and kind == mode and self.said.get(number) == wanted else ""

    def declare(self, mode: str, areas: Iterable[str], number: str) -> None:
        """A mode was declared."""
        named = self.said[number] = frozenset(areas)
        self.held = {area: one for area, one in self.held.items() if area not in named}
        if mode != NORMAL:
            self.held |= dict.fromkeys(named, (mode, number))

    def end(self, number: str) -> None:
        """A declaration was ended."""
        self.held = {area: one for area, one in self.held.items() if one[1] != number}

    def mode(self, area: str) -> str:
        """The mode of an area."""
        return self.held.get(area, (NORMAL, ""))[0]

    def numbers(self) -> list[str]:
        """Declarations of which something holds."""
        return sorted({number for _, number in self.held.values()})


@dataclass
class Reports:
    """Which safety report holds of each person: the one with the newest observation."""

    _held: dict[str, tuple[int, str]] = field(default_factory=dict)

    def report(self, person: str, at_s: int, mark: str) -> None:
        """A report has come in, whenever it was observed."""
        self._held[person] = max(self._held.get(person, (at_s, mark)), (at_s, mark))

    def holding(self) -> Mapping[str, str]:
        """The marks of the reports that hold, by person."""
        return {person: mark for person, (_, mark) in self._held.items()}
