"""Stays: how observations of arrivals and departures, in whatever order they come in, become who is where.

A person's newest observation says where they are; an older one that comes in late changes the history only. Stays of
a person do not overlap. An older arrival becomes a stay that ended with the person's next observation, and one inside
a stay that goes on has no length. Of observations at the same time the one that came in last is the newest.
"""

from typing import NamedTuple

from reference_api.call import Call
from reference_api.city.shelters import demand_shelter
from reference_api.services import Services
from reference_api.store.protocol import Store


class Stay(NamedTuple):
    """A check-in as it is kept; ``ended_s`` is None while the person is there, ``seen_s`` when they were last seen."""

    id: int
    shelter_id: str
    channel: str
    arrived_s: float
    ended_s: float | None
    transferred_from: str | None
    sub: str | None
    temp_id: str | None
    person: str
    seen_s: float
    recorded_for: str

    def covers(self, at_s: float) -> bool:
        """Whether the person was there at a time (Unix seconds)."""
        return self.arrived_s <= at_s and (self.ended_s is None or at_s < self.ended_s)


COLUMNS = (
    "id, shelter_id, channel, observed_at_s, checked_out_at_s, transferred_from, sub, temp_id, person, seen_at_s,"
    " recorded_for"
)
"""Columns of ``check_in`` in the order of ``Stay``."""

BEFORE_ALL = float("-inf")


class Arrival(NamedTuple):
    """Somebody was seen to arrive at a shelter; ``at_s`` is Unix seconds, ``person`` as in disclosure.person_key.

    ``household`` tells households apart and nothing else.
    """

    shelter_id: str
    person: str
    sub: str | None
    temp_id: str | None
    household: str
    channel: str
    at_s: float


class Outcome(NamedTuple):
    """What an observation changed: counted, already_here, history, checked_out or noted, and the stay it concerns."""

    kind: str
    stay: Stay | None


async def arrive(services: Services, call: Call, arrival: Arrival) -> tuple[str, Stay]:
    """Take an arrival in; must run inside a transaction. The kind is counted, already_here or history.

    Raises:
        ApiError: not-found or gone, of the shelter.
    """
    store = services.store
    last, newest_s = await _last(store, arrival.person)
    if arrival.at_s < newest_s:
        await demand_shelter(services, arrival.shelter_id)
        return await _arrived_earlier(services, call, arrival)
    present = last if last is not None and last.ended_s is None else None
    if present is not None and present.shelter_id == arrival.shelter_id:
        if arrival.at_s > present.seen_s:
            await store.run("UPDATE check_in SET seen_at_s = ? WHERE id = ?", (arrival.at_s, present.id))
        return "already_here", present
    if present is not None:
        await _end(services, call, present, arrival.at_s)
    stay = await _insert(services, call, arrival, None, None if present is None else present.shelter_id)
    if not await _count(services, call, arrival.shelter_id, 1):
        await demand_shelter(services, arrival.shelter_id)
    return "counted", stay


async def depart(services: Services, call: Call, person: str, at_s: float) -> Outcome:
    """Take a departure in, from wherever the person is; must run inside a transaction.

    A departure of which no stay is known is noted: it ends the arrival before it, should that be told of later.
    """
    store = services.store
    last, newest_s = await _last(store, person)
    if last is not None and last.ended_s is None and at_s >= last.seen_s:
        return Outcome("checked_out", await _end(services, call, last, at_s))
    covering = await _covering(store, person, at_s) if at_s < newest_s else None
    if covering is None or covering.ended_s is None:
        await _note(store, person, at_s)
        return Outcome("noted" if covering is None else "history", covering)
    await _note(store, person, covering.ended_s)
    return Outcome("history", await _shorten(store, covering, at_s))


async def stays_of(store: Store, person: str) -> list[Stay]:
    """All stays of a person, the earliest first."""
    rows = await store.all(f"SELECT {COLUMNS} FROM check_in WHERE person = ? ORDER BY observed_at_s, id", (person,))
    return [Stay(*row) for row in rows]


async def present_stay(store: Store, person: str) -> Stay | None:
    """Where a person is, None if in no shelter."""
    row = await store.one(
        f"SELECT {COLUMNS} FROM check_in WHERE person = ? AND checked_out_at_s IS NULL",
        (person,),
    )
    return None if row is None else Stay(*row)


async def newest_s(store: Store, person: str) -> float:
    """When a person was last observed (Unix seconds), minus infinity if never."""
    return (await _last(store, person))[1]


async def _last(store: Store, person: str) -> tuple[Stay | None, float]:
    """The stay that goes on or ended last, and the time of the person's newest observation."""
    row = await store.one(
        f"SELECT {COLUMNS} FROM check_in WHERE person = ?"
        " ORDER BY CASE WHEN checked_out_at_s IS NULL THEN 0 ELSE 1 END, checked_out_at_s DESC LIMIT 1",
        (person,),
    )
    last = None if row is None else Stay(*row)
    if last is not None and last.ended_s is None:
        return last, last.seen_s
    ended_s = BEFORE_ALL if last is None or last.ended_s is None else last.ended_s
    noted = await store.one("SELECT MAX(at_s) FROM departure WHERE person = ?", (person,))
    return last, ended_s if noted is None or noted[0] is None else max(ended_s, noted[0])


async def _arrived_earlier(services: Services, call: Call, arrival: Arrival) -> tuple[str, Stay]:
    """An arrival older than what is known: history."""
    store = services.store
    stays = await stays_of(store, arrival.person)
    for stay in stays:
        if stay.shelter_id == arrival.shelter_id and (stay.arrived_s == arrival.at_s or stay.covers(arrival.at_s)):
            return "already_here", stay
    covering = next((stay for stay in stays if stay.covers(arrival.at_s)), None)
    if covering is None:
        ended_s = await _next_observation_s(store, stays, arrival)
    elif covering.ended_s is None:
        ended_s = arrival.at_s
    else:
        ended_s = covering.ended_s
        await _shorten(store, covering, arrival.at_s)
    return "history", await _insert(services, call, arrival, ended_s, None if covering is None else covering.shelter_id)


async def _next_observation_s(store: Store, stays: list[Stay], arrival: Arrival) -> float:
    later = [stay.arrived_s for stay in stays if stay.arrived_s >= arrival.at_s]
    noted = await store.one(
        "SELECT MIN(at_s) FROM departure WHERE person = ? AND at_s >= ?", (arrival.person, arrival.at_s)
    )
    if noted is not None and noted[0] is not None:
        later.append(noted[0])
    return min(later)


async def _covering(store: Store, person: str, at_s: float) -> Stay | None:
    return next((stay for stay in await stays_of(store, person) if stay.covers(at_s)), None)


async def _insert(
    services: Services, call: Call, arrival: Arrival, ended_s: float | None, transferred_from: str | None
) -> Stay:
    row = await services.store.one(
        "INSERT INTO check_in"
        " (shelter_id, sub, temp_id, person, channel, observed_at_s, received_at_s, transferred_from, recorded_by,"
        " recorded_for, seen_at_s, household, checked_out_at_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " RETURNING id",
        (
            arrival.shelter_id,
            arrival.sub,
            arrival.temp_id,
            arrival.person,
            arrival.channel,
            arrival.at_s,
            call.now_s,
            transferred_from,
            call.token.client_id,
            call.token.recipient,
            arrival.at_s,
            arrival.household,
            ended_s,
        ),
    )
    return Stay(
        row[0] if row else 0,
        arrival.shelter_id,
        arrival.channel,
        arrival.at_s,
        ended_s,
        transferred_from,
        arrival.sub,
        arrival.temp_id,
        arrival.person,
        arrival.at_s,
        call.token.recipient,
    )


async def _end(services: Services, call: Call, present: Stay, at_s: float) -> Stay:
    ended = await _shorten(services.store, present, at_s)
    await _count(services, call, present.shelter_id, -1)
    return ended


async def _shorten(store: Store, stay: Stay, at_s: float) -> Stay:
    await store.run("UPDATE check_in SET checked_out_at_s = ? WHERE id = ?", (at_s, stay.id))
    return stay._replace(ended_s=at_s)


async def _note(store: Store, person: str, at_s: float) -> None:
    await store.run(
        "INSERT INTO departure (person, at_s) VALUES (?, ?) ON CONFLICT (person, at_s) DO NOTHING", (person, at_s)
    )


async def _count(services: Services, call: Call, shelter_id: str, change: int) -> int:
    """Change a headcount; 0 if there is no such shelter, 1 if there is."""
    return await services.store.run(
        "UPDATE shelter SET headcount = headcount + ?, updated_at_s = ? WHERE id = ? AND deleted_at_s IS NULL",
        (change, call.now_s, shelter_id),
    )
