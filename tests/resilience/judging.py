"""Whether a service holds exactly what it acknowledged: nothing lost, nothing doubled, nothing that was never sent."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from resilience.caller import Answer, Caller, raw
from resilience.desks import Arrival, Ledger

READERS = 16
BEYOND = 1_000
"""So many numbers after the highest acknowledged one are asked for too. More than may be under way at once; PostgreSQL
leaves numbers out when a transaction is undone."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What the service holds against what it acknowledged; all counts of check-ins but ``headcounts_equal``.

    ``unknown`` are there and were never acknowledged though everything was; ``wrong`` are in another shelter or state
    than was said.
    """

    acknowledged: int
    lost: int
    doubled: int
    wrong: int
    headcounts_equal: bool

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.wrong) and self.headcounts_equal

    def told(self) -> str:
        """In words."""
        counts = "equal" if self.headcounts_equal else "NOT equal"
        wrong = f", {self.wrong} wrong" if self.wrong else ""
        return (
            f"{self.acknowledged:,} acknowledged: {self.lost} lost, {self.doubled} doubled{wrong}, headcounts {counts}"
        )


async def compare(ledger: Ledger, port: int, token: str, sent: Sequence[Arrival], beyond: int = BEYOND) -> Compared:
    """Ask the service for every check-in there may be, for the lists of all shelters, and for the board.

    All of ``sent`` must be acknowledged: a check-in beyond those was written twice.
    """
    bearer = {"authorization": f"Bearer {token}"}
    known = ledger.acknowledged
    highest = max(map(int, known.values()), default=0)
    there = await _each(port, bearer, range(1, highest + beyond))
    by_id = {known[one.key]: one for one in sent if one.key in known}
    last = {one.person: known[one.key] for one in sent if one.key in known}
    wrong = sum(one["id"] in by_id and not _is_as_sent(one, by_id[one["id"]], last) for one in there.values())
    caller = Caller(port)
    shelters = {one.shelter for one in sent}
    listed = [item for shelter in sorted(shelters) for item in await _listed(caller, bearer, shelter)]
    board = msgspec.json.decode((await caller.ask(raw("GET", "/v1/shelters/status", {}))).body)["items"]
    caller.close()
    present = Counter(by_id[number].shelter for number in last.values())
    counted = {item["id"]: item["headcount"] for item in board if item["headcount"]}
    return Compared(
        acknowledged=len(known),
        lost=len({*by_id} - {*there}) + len({*last.values()} - {*listed}),
        doubled=len({*there} - {*by_id}) + len(listed) - len({*listed}) + len(ledger.changed_ids),
        wrong=wrong + len({*listed} - {*last.values()}),
        headcounts_equal=counted == dict(present),
    )


async def _each(port: int, bearer: Mapping[str, str], numbers: Sequence[int]) -> dict[str, dict[str, object]]:
    """The check-ins with these numbers, as far as there are any."""
    found: dict[str, dict[str, object]] = {}

    async def read(part: Sequence[int]) -> None:
        caller = Caller(port)
        for number in part:
            answer = await _steady(caller, raw("GET", f"/v1/check-ins/{number}", bearer))
            assert answer.status in (200, 404), answer
            if answer.status == 200:
                found[str(number)] = msgspec.json.decode(answer.body)
        caller.close()

    await asyncio.gather(*(read(numbers[start::READERS]) for start in range(READERS)))
    return found


async def _steady(caller: Caller, request: bytes) -> Answer:
    """The answer to a read, asked again while there is none or while it is put off."""
    for _ in range(100):
        answer = await caller.ask(request)
        if answer.status not in (0, 429, 503):
            break
        await asyncio.sleep(min(answer.retry_after_s or 0.1, 5.0))
    return answer


async def _listed(caller: Caller, bearer: Mapping[str, str], shelter: str) -> list[str]:
    """Numbers of those who are in a shelter now, by the pages of its list."""
    found: list[str] = []
    cursor = ""
    while True:
        url = f"/v1/check-ins?shelter={shelter}&limit=500{cursor}"
        answer = await _steady(caller, raw("GET", url, bearer))
        assert answer.status == 200, answer
        page = msgspec.json.decode(answer.body)
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def _is_as_sent(there: Mapping[str, object], sent: Arrival, last: Mapping[int, str]) -> bool:
    state = "in" if last[sent.person] == there["id"] else "out"
    return there["shelter_id"] == sent.shelter and there["state"] == state
