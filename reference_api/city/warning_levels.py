"""Warning levels (警戒レベル) of evacuation information, 3 to 5."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec


class WarningLevel(msgspec.Struct, frozen=True):
    """A warning level: its name, what it asks people to do, and how it is said in CAP."""

    kind: str
    ja: str
    en: str
    urgency: str
    severity: str
    certainty: str
    response: str
    instruction: Mapping[str, str]


@cache
def warning_levels() -> Mapping[str, WarningLevel]:
    """Read ``warning_levels.toml``: warning levels by number."""
    text = files("reference_api").joinpath("data", "warning_levels.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, WarningLevel])
