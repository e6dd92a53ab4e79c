"""Desks of shelters that send check-ins, each until it is acknowledged, and write down what they were told."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import msgspec
from hostile import LEAKS

from resilience.caller import LOST, Answer, Caller, raw

FIRST, LATER = "2027-01-15T07:00:00+09:00", "2027-01-15T08:00:00+09:00"
SHELTERS, MOVES = 3, 3
"""Everybody arrives in one of three shelters, and every third person is in S1 later: a check-in of its own."""

PAUSE_S = 0.2
"""How long a desk waits before it asks again without an answer."""

LONGEST_PAUSE_S = 0.5
"""The same after a 503, whatever Retry-After says: the more often it is asked, the harder the test."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One check-in; ``key`` is its Idempotency-Key, the same for every attempt."""

    person: int
    shelter: str
    observed_at: str

    @property
    def key(self) -> str:
        """Its Idempotency-Key."""
        return f"c{self.person}-{self.shelter}-{self.observed_at}"

    def request(self, token: str) -> bytes:
        """The bytes that are sent."""
        body = msgspec.json.encode({"sub": f"c{self.person}", "channel": "card", "observed_at": self.observed_at})
        headers = {"authorization": f"Bearer {token}", "idempotency-key": self.key}
        return raw("POST", f"/v1/shelters/{self.shelter}/check-ins", headers, body)


def arrivals(people: Iterable[int]) -> list[Arrival]:
    """What a desk sends of these people, in this order."""
    found = []
    for person in people:
        found.append(Arrival(person, f"S{person % SHELTERS}", FIRST))
        if person % MOVES == 0:
            found.append(Arrival(person, "S1", LATER))
    return found


def shared_out(people: int, desks: int) -> list[list[Arrival]]:
    """What each of some desks sends; one person is one desk's."""
    return [arrivals(range(desk, people, desks)) for desk in range(desks)]


@dataclass
class Ledger:
    """What was acknowledged: the id of each check-in by its key, written down before anything else is sent.

    ``statuses`` counts all answers, ``leaks`` are answers that show the inside of the server. ``longest_gap_s`` is the
    longest time without an acknowledgement, ``latencies_s`` how long each attempt took that was acknowledged.
    """

    journal: TextIO
    acknowledged: dict[str, str] = field(default_factory=dict)
    changed_ids: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    leaks: list[bytes] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)
    longest_gap_s: float = 0.0
    _last_s: float | None = None
    _awaited: list[tuple[int, asyncio.Event]] = field(default_factory=list)

    @classmethod
    def in_folder(cls, folder: Path) -> "Ledger":
        """An empty ledger with its journal in a folder."""
        return cls((folder / "acknowledged.txt").open("w", encoding="ascii"))

    def note(self, arrival: Arrival, answer: Answer) -> None:
        """Write down an acknowledgement; one that names another id than before is kept apart."""
        now_s = asyncio.get_running_loop().time()
        self.longest_gap_s = max(self.longest_gap_s, now_s - (self._last_s or now_s))
        self._last_s = now_s
        told = msgspec.json.decode(answer.body)["id"]
        self.journal.write(f"{arrival.key} {told}\n")
        self.journal.flush()
        if self.acknowledged.setdefault(arrival.key, told) != told:
            self.changed_ids.append(arrival.key)
        while self._awaited and len(self.acknowledged) >= self._awaited[0][0]:
            self._awaited.pop(0)[1].set()

    def count(self, answer: Answer) -> None:
        """Count an answer, and look whether it shows what it must not."""
        self.statuses[answer.status] += 1
        self.leaks += [answer.body[:300] for leak in LEAKS if leak in answer.body]

    async def wait_for(self, count: int) -> None:
        """Return at the moment at which that many are acknowledged; ask in the order of counts."""
        reached = asyncio.Event()
        if len(self.acknowledged) < count:
            self._awaited.append((count, reached))
            await reached.wait()

    def latency_ms(self, share: float) -> float:
        """What this share of acknowledgements took at most (ms)."""
        return sorted(self.latencies_s)[int(len(self.latencies_s) * share)] * 1e3

    @property
    def is_clean(self) -> bool:
        """Whether every answer was an acknowledgement or a 503, and none showed what it must not."""
        return not self.failures and not self.leaks

    @property
    def failures(self) -> dict[int, int]:
        """Answers that are none of 200, 201 and 503, by status."""
        return {status: count for status, count in sorted(self.statuses.items()) if status not in (200, 201, 503, LOST)}


async def work(ledger: Ledger, port: int, token: str, todo: Sequence[Arrival], pause_s: float = 0.0) -> None:
    """Send check-ins one after the other, each until it is acknowledged, ``pause_s`` between them."""
    caller = Caller(port)
    for arrival in todo:
        while True:
            asked_s = time.monotonic()
            answer = await caller.ask(arrival.request(token))
            ledger.count(answer)
            if answer.status in (200, 201):
                ledger.latencies_s.append(time.monotonic() - asked_s)
                ledger.note(arrival, answer)
                break
            await asyncio.sleep(PAUSE_S if answer.retry_after_s is None else min(answer.retry_after_s, LONGEST_PAUSE_S))
        if pause_s:
            await asyncio.sleep(pause_s)
    caller.close()


@dataclass
class Traffic:
    """Desks at work on a server; ``todo`` is what each of them sends."""

    port: int
    token: str
    ledger: Ledger
    todo: Sequence[Sequence[Arrival]]
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def begin(self, pause_s: float = 0.0) -> None:
        """Let all desks begin, ``pause_s`` after each acknowledgement."""
        works = (work(self.ledger, self.port, self.token, one, pause_s) for one in self.todo)
        self._tasks = [asyncio.create_task(one) for one in works]

    @property
    def sent(self) -> list[Arrival]:
        """Everything that is sent."""
        return [arrival for part in self.todo for arrival in part]

    @property
    def is_over(self) -> bool:
        """Whether everything was acknowledged."""
        return all(task.done() for task in self._tasks)

    async def end(self) -> None:
        """Wait until everything was acknowledged."""
        await asyncio.gather(*self._tasks)
