"""Replay: a recording as calls that are due to a target, spoken by its own people, as often as asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np

from agents.city_os.directory import Directory
from scenarios.load.calls import ANYBODY, CHECK_IN, CURSOR, ORDER, DueCall
from scenarios.load.casting import Cast, cast_people, shares, subject_of
from scenarios.load.recording import LEAVES, RECEIVES, Recorded
from twin.randomness import Stream

SPREAD_S = 60.0
"""Over how long copies of a person's calls are spread, so that they do not come at the same moment.

Source: none; the window in which agents meet movement, below which a run's times mean little. Confidence C.
"""

TIMES = ("observed_at", "declared_at", "issued_at")
"""Members that tell when something was seen or said; they are told anew, in the load's time."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When the load begins (aware), which time of the scenario that is, and how many times as fast it goes."""

    begins: datetime
    from_s: float = 0.0
    speed: float = 1.0

    def due_s(self, at_s: float) -> float:
        """Seconds from the beginning of the load to a time of the scenario."""
        return max(0.0, at_s - self.from_s) / self.speed


@dataclass(frozen=True)
class Replay:
    """Calls in the order of their times; ``ids`` people with a city-OS ID take part, ``left_out`` calls were not kept.

    Left out is who leaves a shelter that was entered before the part that is replayed.
    """

    calls: Sequence[DueCall]
    cast: Cast
    left_out: int

    @property
    def length_s(self) -> float:
        """From the beginning to the last call."""
        return self.calls[-1].due_s if self.calls else 0.0


def replay(
    recorded: Sequence[Recorded], directory: Directory, api_base: str, timing: Timing, *, ids: int | None = None
) -> Replay:
    """What is due to a target whose people are in ``directory``.

    Raises:
        TooFewPeople: the target has fewer people than take part.
    """
    about = subjects(recorded)
    writer = _Writer(directory, api_base, timing, cast_people(about, directory, ids))
    people = {one: row for row, one in enumerate(sorted({one for one in about if one}))}
    factor = 1.0 if ids is None or not writer.cast.ids else ids / max(1, sum(one.startswith("c") for one in people))
    anonymous = sum(call.actor == ANYBODY for call in recorded)
    taking_part = [shares(anonymous, factor - copy) for copy in range(writer.cast.copies)]
    reads = 0
    for call, subject in zip(recorded, about, strict=True):
        for copy in _copies(
            call, subject, writer.cast, [part[reads] for part in taking_part] if anonymous > reads else []
        ):
            unit = people[subject] if subject else reads
            writer.add(call, subject, copy, _shift_s(unit, copy, bool(subject)))
        reads += call.actor == ANYBODY
    return Replay(writer.calls(), writer.cast, writer.left_out)


def subjects(recorded: Sequence[Recorded]) -> list[str]:
    """Whom each call is about; who leaves is known by the check-in that let them in."""
    received: dict[str, str] = {}
    found = []
    for call in recorded:
        subject = subject_of(call)
        if call.operation == RECEIVES and call.made:
            received[call.made] = subject
        if call.operation == LEAVES:
            subject = received.get(call.path.split("/")[2], "")
        found.append(subject)
    return found


def _copies(call: Recorded, subject: str, cast: Cast, anonymous: Sequence[bool]) -> Iterator[int]:
    """The copies in which a call is made; offices and associations are there once, whatever the number of people."""
    if subject:
        yield from (copy for copy in range(cast.copies) if cast.row(subject, copy) is not None)
    elif call.actor == ANYBODY:
        yield from (copy for copy, takes_part in enumerate(anonymous) if takes_part)
    else:
        yield 0


def _shift_s(unit: int, copy: int, of_person: bool) -> float:  # noqa: FBT001 - what is drawn for
    if copy == 0:
        return 0.0
    return SPREAD_S * Stream(0).one("load copy of a person" if of_person else "load copy of a read", unit, copy)


@dataclass
class _Writer:
    """Makes calls one after the other, in the recording's order, and puts them into the order of their times."""

    directory: Directory
    api_base: str
    timing: Timing
    cast: Cast
    left_out: int = 0
    _made: list[DueCall] = field(default_factory=list)
    _gives: dict[int, str] = field(default_factory=dict)
    _presence: dict[tuple[str, int], tuple[int, str]] = field(default_factory=dict)
    _pages: dict[tuple[str, str, int], int] = field(default_factory=dict)

    def add(self, call: Recorded, subject: str, copy: int, shift_s: float) -> None:
        """One call of a copy."""
        number = len(self._made)
        row = self.cast.row(subject, copy) if subject else None
        after, takes, path = self._needs(call, subject, copy, number)
        if call.operation == LEAVES and takes != CHECK_IN:
            self.left_out += 1
            return
        due_s = self.timing.due_s(call.at_s + shift_s)
        self._made.append(
            DueCall(
                number=number,
                due_s=due_s,
                operation=call.operation,
                method=call.method,
                url=self.api_base
                + (path.replace(subject, self.directory.person_ids[row]) if row is not None else path),
                actor=self._actor(call, row),
                body=self._body(call, row, due_s) if call.body else "",
                keyed=call.is_keyed,
                after=after,
                takes=takes,
                reader=f"{call.actor}/{copy}" if call.is_conditional else "",
            )
        )

    def _needs(self, call: Recorded, subject: str, copy: int, number: int) -> tuple[int, str, str]:
        """Which call must be answered before, what is taken from its answer, and the path with room for it."""
        if call.operation == RECEIVES:
            after, _ = self._presence.get((subject, copy), (-1, ""))
            self._presence[subject, copy] = number, RECEIVES
            self._gives[number] = CHECK_IN
            return after, "", call.path
        if call.operation == LEAVES:
            after, before = self._presence.get((subject, copy), (-1, ""))
            if before != RECEIVES:
                return -1, "", call.path
            self._presence[subject, copy] = number, LEAVES
            self._gives[number] = ORDER
            return after, CHECK_IN, "/check-ins/{}/check-out"
        key = (call.actor, call.operation, copy)
        before_page, self._pages[key] = self._pages.get(key, -1), number
        if call.path.endswith("cursor={}") and before_page >= 0:
            self._gives[before_page] = CURSOR
            return before_page, CURSOR, call.path
        return -1, "", call.path

    def _actor(self, call: Recorded, row: int | None) -> str:
        kind, _, place = call.actor.partition(":")
        if kind == "citizen" and row is not None:
            return f"citizen:{self.directory.person_ids[row]}"
        if kind == "association":
            # Only the association of their neighbourhood speaks of people.
            area = int(place) if row is None else int(self.directory.neighbourhood[row])
            return f"association:{self.directory.neighbourhood_codes[area]}"
        return call.actor

    def _body(self, call: Recorded, row: int | None, due_s: float) -> str:
        body: dict[str, Any] = dict(call.body)
        moment = self.timing.begins + timedelta(seconds=due_s)
        body |= {member: moment.isoformat(timespec="milliseconds") for member in TIMES if member in body}
        if row is not None:
            own_id, area = self.directory.person_ids[row], self.directory.neighbourhood[row]
            body |= {member: own_id for member in ("sub", "temp_id") if member in body}
            if isinstance(told := body.get("subject"), Mapping):
                body["subject"] = {
                    member: own_id if member in ("sub", "temp_id") else self.directory.neighbourhood_codes[area]
                    for member in told
                }
            if "unregistered" in body:
                body["unregistered"] = self.directory.told_at_desk(row)
        return msgspec.json.encode(body).decode()

    def calls(self) -> list[DueCall]:
        """All calls in the order of their times, numbered in it."""
        order = np.argsort([one.due_s for one in self._made], kind="stable").tolist() if self._made else []
        number = {old: new for new, old in enumerate(order)}
        return [
            msgspec.structs.replace(
                self._made[old],
                number=new,
                after=number.get(self._made[old].after, -1),
                gives=self._gives.get(old, ""),
            )
            for new, old in enumerate(order)
        ]
