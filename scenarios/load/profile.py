"""Profiles: the calls of a disaster's first minutes without a run, from figures with their sources."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files

import msgspec
import numpy as np
import numpy.typing as npt

from scenarios.load.calls import ANYBODY, CHECK_IN, DueCall
from scenarios.load.errors import TooFewPeople
from scenarios.load.recording import RECEIVES
from scenarios.load.replay import Timing
from scenarios.load.target import Target
from twin.population import Mode
from twin.randomness import Stream

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SHELTERS_OPENED = 30
"""Shelters that the city office opens at the beginning. Source: none; a third of the 102. Confidence C."""

POSITION_TTL_S = 900
"""How long a position holds. Source: agents.city_os.rest."""


class _Reports(msgspec.Struct, frozen=True):
    share: float
    curve: list[tuple[float, float]]


class _Polls(msgspec.Struct, frozen=True):
    share: float
    every_s: float


class _CheckIns(msgspec.Struct, frozen=True):
    share: float
    within_s: float


class Profile(msgspec.Struct, frozen=True):
    """What people with an ID do; shares (0..1) are of them, times in seconds."""

    duration_s: float
    opening_s: float
    hazard: str
    reports: _Reports
    board: _Polls
    family: _Polls
    position: _Polls
    check_ins: _CheckIns


@cache
def profiles() -> Mapping[str, Profile]:
    """The profiles that ship, by name."""
    text = files("scenarios.load").joinpath("data/profiles.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Profile])


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of call: when and by whom (positions among those who take part), and how it is written."""

    name: str
    at_s: FloatArray
    who: IntArray


@dataclass(frozen=True)
class Crowd:
    """Rows of the people with an ID who take part, and their homes (degrees)."""

    rows: IntArray
    lon: FloatArray
    lat: FloatArray


def crowd_of(target: Target, ids: int | None) -> Crowd:
    """The first ``ids`` people with an ID, all of them if None.

    Raises:
        TooFewPeople: the target has not so many.
    """
    holders = np.flatnonzero(target.population.has_id)
    if ids is not None and ids > len(holders):
        raise TooFewPeople("ids", ids, len(holders))
    rows = np.asarray(holders[:ids], np.int64)
    home = target.population.household[rows]
    people = target.population
    lon, lat = target.directory.projection.to_degrees(people.home_x_m[home], people.home_y_m[home])
    return Crowd(rows, np.asarray(lon), np.asarray(lat))


def profile_calls(profile: Profile, target: Target, crowd: Crowd, timing: Timing, until_s: float) -> Iterator[DueCall]:
    """Calls in the order of their times, made as they are asked for: an hour of a city has millions.

    The times of the scenario are those since its beginning; ``timing`` makes them times of the load.
    """
    writer = _Writer(target, crowd, timing)
    number = 0
    for call in writer.opening(profile.hazard):
        yield msgspec.structs.replace(call, number=number)
        number += 1
    kinds = _kinds(profile, len(crowd.rows), until_s)
    at_s = np.concatenate([kind.at_s for kind in kinds])
    who = np.concatenate([kind.who for kind in kinds])
    what = np.concatenate([np.full(len(kind.at_s), row) for row, kind in enumerate(kinds)])
    for place in np.argsort(at_s, kind="stable").tolist():
        if at_s[place] >= timing.from_s:
            yield writer.call(number, kinds[what[place]].name, int(who[place]), float(at_s[place]))
            number += 1


def _kinds(profile: Profile, people: int, until_s: float) -> list[_Kind]:
    everybody = np.arange(people)
    opened_s = profile.opening_s * Stream(0).uniform("load opens the app", everybody)
    kinds = [
        _polls("board", profile.board, opened_s, until_s),
        _polls("family", profile.family, opened_s, until_s),
        _polls("position", profile.position, opened_s, until_s),
        _once("report", profile.reports.share, _report_times(profile.reports, everybody), until_s),
    ]
    received_s = profile.check_ins.within_s * Stream(0).uniform("load is received", everybody)
    return [*kinds, _once("check_in", profile.check_ins.share, received_s, until_s)]


def _taking_part(name: str, share: float, people: int) -> IntArray:
    return np.flatnonzero(Stream(0).uniform(f"load takes part: {name}", np.arange(people)) < share)


def _once(name: str, share: float, at_s: FloatArray, until_s: float) -> _Kind:
    who = _taking_part(name, share, len(at_s))
    who = who[at_s[who] < until_s]
    return _Kind(name, at_s[who], who)


def _polls(name: str, polls: _Polls, opened_s: FloatArray, until_s: float) -> _Kind:
    """Everybody asks again and again, each from their own first time on."""
    who = _taking_part(name, polls.share, len(opened_s))
    phase_s = polls.every_s * Stream(0).uniform(f"load phase: {name}", who)
    first_s = opened_s[who] + phase_s
    rounds = np.arange(max(1, int(np.ceil(until_s / polls.every_s))))
    at_s = (first_s[:, None] + polls.every_s * rounds[None, :]).ravel()
    asked = at_s < until_s
    return _Kind(name, at_s[asked], np.repeat(who, len(rounds))[asked])


def _report_times(reports: _Reports, everybody: IntArray) -> FloatArray:
    """When each would report: the curve read backwards from a draw."""
    times, shares = zip(*[(0.0, 0.0), *reports.curve], strict=True)
    return np.asarray(np.interp(Stream(0).uniform("load reports safety", everybody), shares, times))


@dataclass(frozen=True)
class _Writer:
    """Writes calls as the contract has them."""

    target: Target
    crowd: Crowd
    timing: Timing

    def opening(self, hazard: str) -> Iterator[DueCall]:
        """The city office declares a disaster and opens shelters."""
        areas = [one.code for one in self.target.town.districts]
        declared = {"mode": Mode.DISASTER, "hazard": hazard, "areas": areas, "declared_at": self._moment(0.0)}
        yield self._made("declareDisaster", "POST", "/disaster-events", "city_office", declared)
        for one in self.target.town.shelters[:SHELTERS_OPENED]:
            said = {"status": "open", "observed_at": self._moment(0.0)}
            yield self._made("setShelterStatus", "PUT", f"/shelters/{one.id}/status", "city_office", said)

    def call(self, number: int, name: str, who: int, at_s: float) -> DueCall:
        """One call of somebody of the crowd."""
        due_s = self.timing.due_s(at_s)
        person = self.target.directory.person_ids[self.crowd.rows[who]]
        base, actor, moment = self.target.api_base, f"citizen:{person}", self._moment(due_s)
        if name == "board":
            url = f"{base}/shelters/status"
            return DueCall(number, due_s, "listShelterStatus", "GET", url, ANYBODY, reader=person)
        if name == "family":
            url = f"{base}/safety-reports?audience=family&limit=500"
            return DueCall(number, due_s, "listSafetyReports", "GET", url, actor)
        if name == "position":
            point = {"type": "Point", "coordinates": [round(self.crowd.lon[who], 7), round(self.crowd.lat[who], 7)]}
            body = _text({"position": point, "observed_at": moment, "ttl_s": POSITION_TTL_S})
            return DueCall(number, due_s, "putLocation", "PUT", f"{base}/users/{person}/location", actor, body)
        if name == "report":
            body = _text({"status": "safe", "observed_at": moment, "method": "app"})
            return DueCall(number, due_s, "reportSafety", "POST", f"{base}/safety-reports", actor, body, keyed=True)
        shelter = who % min(SHELTERS_OPENED, len(self.target.town.shelters))
        url = f"{base}/shelters/{self.target.town.shelters[shelter].id}/check-ins"
        body = _text({"channel": "card", "observed_at": moment, "sub": person})
        desk = f"shelter_desk:{shelter}"
        return DueCall(number, due_s, RECEIVES, "POST", url, desk, body, keyed=True, gives=CHECK_IN)

    def _made(self, operation: str, method: str, path: str, actor: str, body: Mapping[str, object]) -> DueCall:
        return DueCall(0, 0.0, operation, method, self.target.api_base + path, actor, _text(body))

    def _moment(self, due_s: float) -> str:
        return (self.timing.begins + timedelta(seconds=due_s)).isoformat(timespec="milliseconds")


def _text(body: Mapping[str, object]) -> str:
    return msgspec.json.encode(body, enc_hook=float).decode()
