"""FaultFile: the form of a faults file: what goes wrong with which operations, where, when, how often."""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from msgspec import Meta

from scenarios.scenario import At, Form, Name, Share
from scenarios.study.form import Seed, Slug

MAX_FAULTS = 200

FOR_GOOD = ""
"""Stands for ``until`` where a fault never ends."""

Seconds = Annotated[float, Meta(ge=0, le=86_400)]
SomeSeconds = Annotated[float, Meta(gt=0, le=86_400)]
Skew = Annotated[float, Meta(ge=-86_400, le=86_400)]
ErrorStatus = Annotated[int, Meta(ge=400, le=599)]
Drawn = Literal["call", "subject"]
"""What a share is of: of calls, each drawn anew; or of subjects, so that the same people are hit again and again."""


class TimedFault(Form, frozen=True, kw_only=True, tag_field="kind"):
    """A fault in force from ``at`` until ``until``: on operations (or service classes) and districts; none named, all.

    ``by`` is what ``share`` is a share of.
    """

    name: Slug
    at: At = "0:00"
    until: At = FOR_GOOD
    operations: Annotated[
        tuple[Name, ...], Meta(description="Operations of the contract, or service classes P0 to P3; all if none")
    ] = ()
    districts: Annotated[tuple[Name, ...], Meta(description="Codes or names of districts; all if none")] = ()
    share: Share = 1.0
    by: Drawn = "call"

    @property
    def kind(self) -> str:
        """The word for the kind of fault."""
        return str(self.__struct_config__.tag)

    @property
    def from_s(self) -> float:
        """Seconds from the start to the beginning."""
        return seconds_of(self.at)

    @property
    def until_s(self) -> float:
        """Seconds from the start to the end, which is no longer part of it; inf for good."""
        return float("inf") if self.until == FOR_GOOD else seconds_of(self.until)


class AddedLatency(TimedFault, frozen=True, kw_only=True, tag="latency"):
    """The answer comes later: by ``constant_s``, or by a log-normal time with a median and a 95th percentile."""

    constant_s: SomeSeconds | None = None
    median_s: SomeSeconds | None = None
    p95_s: SomeSeconds | None = None


class ErrorAnswer(TimedFault, frozen=True, kw_only=True, tag="error"):
    """The service answers an error; ``delivered``: it did what it was asked all the same."""

    status: ErrorStatus = 503
    delivered: bool = False
    retry_after_s: Annotated[int, Meta(ge=0, le=86_400)] | None = None


class Outage(TimedFault, frozen=True, kw_only=True, tag="outage"):
    """The service is gone: the connection breaks off, or nobody answers; for a share below 1, to the same people."""

    by: Drawn = "subject"
    how: Literal["refused", "silent"] = "refused"


class SlowTrickle(TimedFault, frozen=True, kw_only=True, tag="trickle"):
    """The answer comes in drops."""

    bytes_per_s: Annotated[float, Meta(ge=1, le=1_000_000_000)]


class StaleReads(TimedFault, frozen=True, kw_only=True, tag="stale"):
    """Reads answer what they answered some time ago."""

    age_s: SomeSeconds


class LostWrite(TimedFault, frozen=True, kw_only=True, tag="lost_write"):
    """A write is answered well, and never reaches the service."""


class DoubledWrite(TimedFault, frozen=True, kw_only=True, tag="doubled_write"):
    """A write reaches the service twice; ``new_key``: the second time under another Idempotency-Key."""

    new_key: bool = False


class CellLoss(TimedFault, frozen=True, kw_only=True, tag="cell_loss"):
    """The mobile network is down: phones of citizens and associations reach nobody.

    ``burst_s``: apps keep what they could not send, and all send it within so many seconds of the end. Such an app has
    a token from before: requests for tokens are let through.
    """

    by: Drawn = "subject"
    burst_s: SomeSeconds | None = None


class PowerLoss(TimedFault, frozen=True, kw_only=True, tag="power_loss"):
    """Power is lost: as CellLoss, and the receptions of shelters reach nobody either."""

    by: Drawn = "subject"
    burst_s: SomeSeconds | None = None


class CityHallLink(TimedFault, frozen=True, kw_only=True, tag="city_hall_link"):
    """The link to the city hall's network (LGWAN) is down: the city office and the register's imports reach nobody."""

    by: Drawn = "subject"


class ClockSkew(TimedFault, frozen=True, kw_only=True, tag="clock_skew"):
    """Phones' clocks are wrong, each by its own time between ``low_s`` and ``high_s``."""

    by: Drawn = "subject"
    low_s: Skew
    high_s: Skew


AnyFault = (
    AddedLatency
    | ErrorAnswer
    | Outage
    | SlowTrickle
    | StaleReads
    | LostWrite
    | DoubledWrite
    | CellLoss
    | PowerLoss
    | CityHallLink
    | ClockSkew
)


class FaultFile(Form, frozen=True, kw_only=True):
    """Faults of a service, and the seed of what chance decides in them."""

    seed: Seed = 1
    fault: Annotated[tuple[AnyFault, ...], Meta(max_length=MAX_FAULTS)] = ()


def seconds_of(at: str) -> float:
    """Seconds of a time written as hours, minutes and perhaps seconds: "1:30", "0:00:10"."""
    hours, minutes, *seconds = (int(part) for part in at.split(":"))
    return float(hours * 3600 + minutes * 60 + sum(seconds))


KINDS: Mapping[str, type[TimedFault]] = {str(one.__struct_config__.tag): one for one in get_args(AnyFault)}
"""Forms of faults by their kind."""
