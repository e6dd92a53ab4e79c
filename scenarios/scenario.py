"""Scenario: the question put to the town, frozen. The classes are also the form of the file and of its JSON Schema.

Times of events are ``at``, hours and minutes after the start ("0:10", "2:30", "0:00:30"); ``at_s`` is the same in
seconds. Districts and shelters are named by selectors that work in any town; ``scenarios.places`` turns them into rows.
"""

import enum
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from twin.shelters import Hazard

MAX_HOURS = 720
MAX_PEOPLE = 1_200_000


class Season(enum.StrEnum):
    """Season of the year."""

    SPRING = "spring"
    SUMMER = "summer"
    AUTUMN = "autumn"
    WINTER = "winter"


class Snow(enum.StrEnum):
    """Snow on the ground where people walk.

    Source: Central Disaster Management Council, walking speeds in snow (bosai-nippon 4980): shallow 36 m/min, below the
    knee 22 m/min.
    """

    NONE = "none"
    SHALLOW = "shallow"
    KNEE = "knee"


class ShelterGroup(enum.StrEnum):
    """Shelters by kind; a group leaves out those unsuited to the scenario's hazard."""

    ALL = "all"
    GENERAL = "general"
    WELFARE = "welfare"
    SITE = "site"


class Service(enum.StrEnum):
    """What can fail in a district."""

    POWER = "power"
    NETWORK = "network"


Share = Annotated[float, Meta(ge=0, le=1)]
Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
At = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,3}:[0-5][0-9](:[0-5][0-9])?$",
        description="Time after the start: hours, minutes, and seconds if wanted",
        examples=["0:10"],
    ),
]
DISTRICTS_PATTERN = "^(all|(exposed|largest):[1-9][0-9]{0,2})$"
"""What a text that selects districts looks like; the reader checks it.

msgspec 0.22 corrupts memory when it frees a union with a text that has a pattern of its own, so msgspec sees it only as
a part of the JSON Schema.
"""
DistrictSelector = (
    Annotated[
        str,
        Meta(
            description="all; exposed:N, the N districts most exposed to the hazard; largest:N, the N with most people",
            examples=["all", "exposed:3", "largest:2"],
            extra_json_schema={"pattern": DISTRICTS_PATTERN},
        ),
    ]
    | Annotated[tuple[Name, ...], Meta(min_length=1, description="Names or codes of districts")]
)
ShelterSelector = ShelterGroup | Annotated[tuple[Name, ...], Meta(min_length=1, description="Names or ids of shelters")]
Degrees = Annotated[float, Meta(ge=-180, le=180)]


class Form(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file: only the keys named here, all of them frozen."""


class Weather(Form, frozen=True, kw_only=True):
    """Snow and light. ``night`` None: the sun decides, by date, hour and place."""

    snow: Snow = Snow.NONE
    night: bool | None = None


class Impact(Form, frozen=True, kw_only=True):
    """What the hazard does to homes: shares of the households of the districts. A later entry wins over an earlier."""

    districts: DistrictSelector = "all"
    damaged_share: Share = 0.0
    flooded_share: Share = 0.0


class CityOsTerms(Form, frozen=True, kw_only=True):
    """How the wait for a city OS counts: simulated seconds a second of waiting; when people give up."""

    latency_factor: Annotated[float, Meta(ge=0, le=1000)]
    timeout_s: Annotated[float, Meta(gt=0, le=3600)]


class TimedEvent(Form, frozen=True, kw_only=True, tag_field="kind"):
    """Something that is set to happen at a time."""

    at: At

    @property
    def at_s(self) -> float:
        """Seconds since the scenario's start."""
        hours, minutes, *seconds = (int(part) for part in self.at.split(":"))
        return float(hours * 3600 + minutes * 60 + sum(seconds))


class Alert(TimedEvent, frozen=True, kw_only=True, tag="alert"):
    """The city warns people by every channel that it has."""

    districts: DistrictSelector = "all"
    text_ja: Text
    text_en: Text


class Order(TimedEvent, frozen=True, kw_only=True, tag="order"):
    """Evacuation order (避難情報) of level 3 (elderly and slow people), 4 (everybody) or 5 (save your life now)."""

    level: Annotated[int, Meta(ge=3, le=5)]
    districts: DistrictSelector
    text_ja: Text
    text_en: Text


class Declare(TimedEvent, frozen=True, kw_only=True, tag="declare"):
    """The city OS is told that a disaster or a drill has begun."""

    mode: Literal["disaster", "drill"]
    districts: DistrictSelector = "all"


class EndDisaster(TimedEvent, frozen=True, kw_only=True, tag="end_disaster"):
    """The city OS is told that normal rules hold again."""


class OpenShelter(TimedEvent, frozen=True, kw_only=True, tag="open_shelter"):
    """Shelters open, of those that lie in ``districts``, the largest first.

    Of a group, so many that ``share`` of it is open from then on; with ``more``, so many that are not open then.
    """

    shelters: ShelterSelector
    share: Share = 1.0
    districts: DistrictSelector = "all"
    more: Annotated[int, Meta(ge=1, le=1000)] | None = None


class CloseShelter(TimedEvent, frozen=True, kw_only=True, tag="close_shelter"):
    """Shelters close: a group, or those named."""

    shelters: ShelterSelector


class SendVehicles(TimedEvent, frozen=True, kw_only=True, tag="send_vehicles"):
    """The city sends its welfare vehicles by its own list, before anybody calls.

    From then on its staff ring the listed households of the districts one after another; to those that wait for help, a
    vehicle is sent.
    """

    districts: DistrictSelector = "all"


class CloseRoad(TimedEvent, frozen=True, kw_only=True, tag="close_road"):
    """Roads close in both directions: a share, drawn by the seed, of those that lie in all that is named.

    ``box`` is west, south, east, north in degrees; ``highway`` are OpenStreetMap classes. ``walkers`` false: people on
    foot still get through (rubble, unploughed snow), cars do not.
    """

    closure: Name
    share: Share
    districts: DistrictSelector = "all"
    highway: tuple[Name, ...] = ()
    box: tuple[Degrees, Degrees, Degrees, Degrees] | None = None
    walkers: bool = True


class ReopenRoad(TimedEvent, frozen=True, kw_only=True, tag="reopen_road"):
    """The roads of a closure open again."""

    closure: Name


class PowerLost(TimedEvent, frozen=True, kw_only=True, tag="power_lost"):
    """A share of the households loses power."""

    districts: DistrictSelector
    share: Share = 1.0


class NetworkLost(TimedEvent, frozen=True, kw_only=True, tag="network_lost"):
    """A share of the phones loses its network."""

    districts: DistrictSelector
    share: Share = 1.0


class Restored(TimedEvent, frozen=True, kw_only=True, tag="restored"):
    """Power or network is back for everybody of the districts."""

    service: Service
    districts: DistrictSelector


ScenarioEvent = (
    Alert
    | Order
    | Declare
    | EndDisaster
    | OpenShelter
    | CloseShelter
    | SendVehicles
    | CloseRoad
    | ReopenRoad
    | PowerLost
    | NetworkLost
    | Restored
)


class Scenario(Form, frozen=True, kw_only=True):
    """A question: which town, hit by what, when, and what is set to happen.

    ``start`` is local time with its offset; ``people`` None means everybody; ``behaviour`` maps keys of parameters to
    the values that replace the defaults.
    """

    title_ja: Text
    title_en: Text
    town: Name
    hazard: Hazard
    season: Season
    start: Annotated[datetime, Meta(tz=True)]
    duration_h: Annotated[float, Meta(gt=0, le=MAX_HOURS)]
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    people: Annotated[int, Meta(ge=1, le=MAX_PEOPLE)] | None = None
    city_os: CityOsTerms
    weather: Weather = Weather()
    impact: tuple[Impact, ...] = ()
    event: tuple[ScenarioEvent, ...] = ()
    behaviour: dict[str, float | tuple[float, ...]] = {}

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.duration_h * 3600.0

    @property
    def is_drill(self) -> bool:
        """Whether all that is ever declared is a drill."""
        modes = {event.mode for event in self.event if isinstance(event, Declare)}
        return modes == {"drill"}

    def timeline(self) -> tuple[ScenarioEvent, ...]:
        """The events by time; those of one time as they stand in the file."""
        return tuple(sorted(self.event, key=lambda event: event.at_s))
