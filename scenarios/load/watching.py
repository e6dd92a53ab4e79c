"""Watching: while the load runs, the board is asked as anybody may, and held against what was acknowledged by then."""

import threading
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import msgspec

from agents.city_os.http import HttpTransport
from agents.city_os.messages import Board
from agents.city_os.transport import Request
from agents.errors import TransportFault
from scenarios.language import Text
from scenarios.load.aftermath import stays_of
from scenarios.load.calls import DueCall, Measured
from scenarios.load.clock import unix_s
from scenarios.load.recording import LEAVES, RECEIVES
from scenarios.load.target import Target
from scenarios.record import Finding, FindingKind

EVERY_S = 5.0
"""How often the board is asked. Source: none; the reference lets a board be kept for as long. Confidence C."""

FRESH_S = 60.0
"""How old a headcount may be. Source: contract C7, shelter status at most 60 s."""

OPERATION = "listShelterStatus"
OPEN = "open"
"""Status of a shelter that takes people. Source: contract, schema ShelterStatus."""


@dataclass(frozen=True, slots=True)
class Look:
    """One answer of the board: asked and answered (seconds after the beginning), headcount by shelter's row.

    ``shut`` are the shelters that it told to take nobody.
    """

    asked_s: float
    answered_s: float
    headcount: Mapping[int, int]
    shut: frozenset[int] = frozenset()


@dataclass
class BoardWatch:
    """Asks the board every few seconds beside the load, from ``begins_s`` (Unix seconds) on, until it is closed."""

    target: Target
    begins_s: float
    looks: list[Look] = field(default_factory=list)
    unanswered: int = 0
    _enough: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _watch(self) -> None:
        transport = HttpTransport(self.target.url)
        decoder = msgspec.json.Decoder(Board)
        while not self._enough.wait(EVERY_S):
            asked_s = unix_s() - self.begins_s
            try:
                answer = transport.send(Request("GET", self.target.api_base + "/shelters/status"))
                board = decoder.decode(answer.body)
            except (TransportFault, msgspec.DecodeError):
                self.unanswered += 1
                continue
            rows = self.target.directory.shelter_row
            counts = {rows[one.id]: one.headcount for one in board.items if one.id in rows}
            shut = frozenset(rows[one.id] for one in board.items if one.id in rows and one.status != OPEN)
            self.looks.append(Look(asked_s, unix_s() - self.begins_s, counts, shut))
        transport.close()


def check_looks(
    looks: Iterable[Look], rows: Sequence[Measured], calls: Mapping[int, DueCall], target: Target
) -> list[Finding]:
    """Headcounts that cannot have been true at any moment of the last minute; each shelter is told once.

    A headcount is at least those received and acknowledged a minute before, less those whose leaving was sent, and at
    most those whose reception was sent, less those whose leaving was acknowledged a minute before.
    """
    moves = _moves(rows, stays_of(calls.values(), target.directory))
    found: dict[int, Finding] = {}
    for look in looks:
        for shelter, said in look.headcount.items():
            low, high = bounds(moves.get(shelter, ()), look)
            if not low <= said <= high and shelter not in found:
                name = target.town.shelters[shelter].name
                found[shelter] = Finding(
                    FindingKind.HEADCOUNT, look.asked_s, Text(name, name), f"{low}…{high}", str(said), OPERATION
                )
    return sorted(found.values(), key=lambda one: one.at_s)


def against_board(looks: Sequence[Look], rows: Iterable[Measured], stays: Mapping[int, tuple[int, int]]) -> int:
    """Check-ins sent to a shelter of which the target's board said last that it takes nobody.

    In life people who read the board would have gone elsewhere; those of a replay do not change their minds.
    """
    answered = [look.answered_s for look in looks]
    count = 0
    for one in rows:
        place = bisect_right(answered, one.sent_s) - 1
        if one.operation == RECEIVES and place >= 0:
            count += stays[one.call][1] in looks[place].shut
    return count


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody received (+1) or leaving (-1): when it was sent, and when acknowledged (infinity: never)."""

    step: int
    sent_s: float
    done_s: float


def bounds(moves: Iterable[Move], look: Look) -> tuple[int, int]:
    """The least and the greatest headcount that a look may have seen."""
    low = high = 0
    for move in moves:
        surely = move.done_s <= look.asked_s - FRESH_S
        perhaps = move.sent_s <= look.answered_s
        low += surely if move.step > 0 else -perhaps
        high += perhaps if move.step > 0 else -surely
    return max(0, low), max(0, high)


def _moves(rows: Sequence[Measured], stays: Mapping[int, tuple[int, int]]) -> dict[int, list[Move]]:
    moves: dict[int, list[Move]] = {}
    for one in rows:
        if one.operation in (RECEIVES, LEAVES):
            step = 1 if one.operation == RECEIVES else -1
            move = Move(step, one.sent_s, one.done_s if one.succeeded else float("inf"))
            moves.setdefault(stays[one.call][1], []).append(move)
    return moves
