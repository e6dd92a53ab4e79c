"""A disk that is full in the middle of check-ins, and has room again later."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from resilience.caller import Caller, raw
from resilience.desks import Traffic
from resilience.judging import Compared, compare
from resilience.outcome import Row
from resilience.places import Place, traffic_on
from resilience.server import Server

PEOPLE, DESKS, WORKERS = 3_000, 16, 2
FULL_AFTER, FULL_S = 1_000, 6.0
"""After how many acknowledgements the disk is full, and for how long."""

BLOCK = 4_096
LOOK_S = 0.1


@dataclass
class Ballast:
    """A file that fills a disk to the last byte, again and again until it is taken away."""

    path: Path

    def fill(self) -> None:
        """Take what is left."""
        with self.path.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(BLOCK))
            except OSError:
                return

    def remove(self) -> None:
        """Give it back."""
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Starved:
    """What a full disk did: answers 503 while it was full, acknowledgements meanwhile, and statuses of reads."""

    compared: Compared
    acknowledged: int
    board: frozenset[int]
    probe: frozenset[int]


async def press_and_fill(
    server: Server, traffic: Traffic, ballast: Ballast, after: int, *, full_s: float, mend: Callable[[], None]
) -> Starved:
    """Send everybody's check-ins while the disk is full for a time; ``mend`` is what an operator does then."""
    traffic.begin()
    await traffic.ledger.wait_for(after)
    before, board, probe = len(traffic.ledger.acknowledged), set[int](), set[int]()
    reader = Caller(server.port)
    until_s = time.monotonic() + full_s
    while time.monotonic() < until_s:
        await asyncio.to_thread(ballast.fill)
        board.add((await reader.ask(raw("GET", "/v1/shelters/status", {}))).status)
        probe.add((await reader.ask(raw("GET", "/healthz", {}))).status)
        await asyncio.sleep(LOOK_S)
    reader.close()
    meanwhile = len(traffic.ledger.acknowledged) - before
    ballast.remove()
    await asyncio.to_thread(mend)
    await traffic.end()
    compared = await compare(traffic.ledger, server.port, traffic.token, traffic.sent)
    return Starved(compared, meanwhile, frozenset(board), frozenset(probe))


def starved(place: Place) -> Row:
    """The experiment at full size on the disk that the place has for itself."""
    assert place.disk is not None
    with place.serving(PEOPLE, WORKERS) as server:
        traffic = traffic_on(server, place.folder, PEOPLE, DESKS)
        ballast = Ballast(place.disk / "ballast")
        seen = asyncio.run(press_and_fill(server, traffic, ballast, FULL_AFTER, full_s=FULL_S, mend=place.mend))
        count = len(server.processes())
    ledger = traffic.ledger
    reads_go_on = seen.board == {200} or place.databases is not None
    return Row(
        name=f"disk full, {place.name}",
        done=f"{len(traffic.sent):,} check-ins from {DESKS} desks on {WORKERS} workers; after {FULL_AFTER:,} the disk "
        f"of the database and of temporary files was full for {FULL_S:.0f} s",
        asked="0 lost, 0 doubled; 503 with Retry-After for writes, reads go on; no traceback; room again: all goes on",
        found=f"{seen.compared.told()}; {ledger.statuses[503]:,} answers 503, unexpected answers "
        f"{ledger.failures or 'none'}, {ledger.statuses[0]} without an answer; {seen.acknowledged} acknowledged while "
        f"it was full; board {sorted(seen.board)}, /healthz {sorted(seen.probe)}; {count} workers at the end",
        holds=seen.compared.holds
        and reads_go_on
        and ledger.statuses[503] > 0
        and seen.probe == {200}
        and count == WORKERS
        and ledger.is_clean
        and server.is_clean,
    )
