"""Admission control: under load, what is less urgent is put off, so that what saves lives is still served.

Operations of class P3 are put off first, then P2, then P1 and only in a disaster; P0 never. Source: contract C7.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reference_api.errors import ApiError

CLASSES = ("P3", "P2", "P1")
"""Service classes in the order in which they are put off; P0 is never."""

_PLACES = {service_class: place for place, service_class in enumerate(CLASSES)}

LAG_S: Mapping[str, Sequence[float]] = {"normal": (0.5, 1.0, float("inf")), "disaster": (0.1, 0.2, 0.3)}
"""From which delay of the server on each class is put off, by mode.

Source: contract C7 promises 95 % of P0 within 1 s in a disaster, and all wait in one queue, some for two rounds of it:
the last class goes at a third of that. In normal times P2 is promised within 1 s, and nothing is kept back for P0.
Confidence C.
"""

ROOM: Mapping[str, Sequence[float]] = {"normal": (500, 1000, float("inf")), "disaster": (60, 120, 240)}
"""From which number of unanswered requests on a worker lets in no more of each class. Source: none; at 1,000 answers a
second 240 wait a quarter of a second, so that P0 keeps the most of its own. Confidence C."""

CALM_S = 5.0
"""How long at most the load must be below half of a threshold before the class is served again, and within how many
seconds a further peak belongs to the same load. Source: none. Confidence C."""

PEAK_CALM_S = 0.5
"""The same after a single peak, such as one long request; load that lasts demands as much longer as it has lasted.
Source: none, ten looks at the load. Confidence C."""

RETRY_AFTER_S = 30
"""When to ask again at the latest. Source: contract C7, a change is to be visible within 30 to 60 s. Confidence C."""

RETRY_SHARE = 3.0
"""For how many times as long as the load has lasted nobody need ask again, at most RETRY_AFTER_S. Source: none, load of
10 s is no peak. Confidence C."""


@dataclass(slots=True)
class Pressure:
    """How loaded a worker is. ``level`` is the number of classes of which nothing is served, 0 to 3.

    ``waiting`` are the requests that were let in and have no answer yet. Where they fill the room of a class, what
    comes further of it is put off, and classes that are less urgent wholly. Times are seconds on the loop's clock.
    """

    level: int = 0
    waiting: int = 0
    _calm_since_s: float | None = None
    _due_s: float = math.inf
    _mode: str = "normal"
    _loaded_since_s: float = -math.inf
    _loaded_at_s: float = -math.inf
    _lasted_s: float = 0.0

    def expect(self, due_s: float) -> None:
        """Say when the next measurement is due."""
        self._due_s = due_s

    def notice(self, now_s: float) -> None:
        """Raise the level if the next measurement is late already: a hundred requests may wait before it."""
        if now_s <= self._due_s:
            return
        level = _level(now_s - self._due_s, self._mode, share=1.0)
        if level > self.level:
            self._rise(level, now_s)

    def _rise(self, level: int, now_s: float) -> None:
        """There is load now, so that at least so many classes are put off wholly."""
        self.level, self._calm_since_s = max(self.level, level), None
        self._remember_load(now_s)

    @property
    def is_pressed(self) -> bool:
        """Whether anything might be put off."""
        return self.level > 0 or self.waiting >= ROOM[_row(self._mode)][0]

    def turns_away(self, service_class: str, now_s: float) -> bool:
        """Whether a request that comes now is put off, because its class is, or has no room left."""
        place = _PLACES.get(service_class, len(CLASSES))
        if place < self.level:
            return True
        if place == len(CLASSES) or self.waiting < ROOM[_row(self._mode)][place]:
            return False
        self._rise(place, now_s)
        return True

    def observe(self, lag_s: float, mode: str, now_s: float) -> None:
        """Take a measurement of how late the server is (s); the level rises at once and falls after a calm time."""
        self._mode = mode
        self.level = max(self.level, _level(lag_s, mode, share=1.0))
        if not self.level:
            return
        if _level(lag_s, mode, share=0.5) >= self.level:
            self._calm_since_s = None
            self._remember_load(now_s)
        elif self._calm_since_s is None:
            self._calm_since_s = now_s
        elif now_s - self._calm_since_s >= self._calm_s:
            self.level, self._calm_since_s = self.level - 1, None

    @property
    def _calm_s(self) -> float:
        """How long it must be calm before a class is served again; the last one, soon: its room bounds it."""
        return PEAK_CALM_S if self.level == len(CLASSES) else min(CALM_S, PEAK_CALM_S + self._lasted_s)

    def _remember_load(self, now_s: float) -> None:
        """Count how long the load lasts: peaks that follow each other closely are one load."""
        if now_s - self._loaded_at_s > CALM_S:
            self._loaded_since_s = now_s
        self._loaded_at_s = now_s
        self._lasted_s = now_s - self._loaded_since_s

    @property
    def retry_after_s(self) -> int:
        """When to ask again, in seconds: soon after a peak, later the longer the load lasts."""
        return min(RETRY_AFTER_S, math.ceil(PEAK_CALM_S + RETRY_SHARE * self._lasted_s))

    def gives_way(self, service_class: str) -> bool:
        """Whether an operation lets those pass that came with it and are more urgent, because a server is late."""
        return self.level > 0 and service_class != "P0" and self._due_s < math.inf

    @property
    def shed(self) -> tuple[str, ...]:
        """Service classes that are put off now."""
        return CLASSES[: self.level]

    def admit(self, service_class: str) -> None:
        """Let an operation of a class pass, or put it off.

        Raises:
            ApiError: temporary-reduced-capacity.
        """
        if self.level and service_class in self.shed:
            raise self.fault(service_class)

    def fault(self, service_class: str) -> ApiError:
        """What an operation of a class is told that is put off."""
        return ApiError(
            "temporary-reduced-capacity",
            f"operations of class {service_class} are put off while more urgent ones are served",
            headers={"retry-after": str(self.retry_after_s)},
        )

    def headers(self) -> dict[str, str]:
        """What every answer says while the service is reduced; nothing otherwise."""
        return {"city-os-shedding": ", ".join(self.shed)} if self.level else {}


def _level(lag_s: float, mode: str, *, share: float) -> int:
    """Number of classes whose threshold, times ``share``, is reached."""
    return sum(lag_s >= late_s * share for late_s in LAG_S[_row(mode)])


def _row(mode: str) -> str:
    """Which thresholds a mode has."""
    return "disaster" if mode == "disaster" else "normal"
