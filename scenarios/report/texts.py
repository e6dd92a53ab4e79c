"""Texts of the report in both languages, and numbers as people read them."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from scenarios.language import Text
from scenarios.metrics import Number
from twin.units import SECONDS_PER_HOUR

SECONDS_PER_MINUTE = 60.0
NO_VALUE = Text("－", "–")


@cache
def _table() -> Mapping[str, Text]:
    table = tomllib.loads(files("scenarios.report").joinpath("texts.toml").read_text(encoding="utf-8"))
    return {
        f"{group}.{key}": Text(row["ja"], row["en"]) for group, entries in table.items() for key, row in entries.items()
    }


def phrase(key: str, **values: object) -> Text:
    """The text of ``texts.toml`` for a dotted key; a value that is a Text fills each language with its own words."""
    text = _table()[key]
    if not values:
        return text
    ja = {name: value.ja if isinstance(value, Text) else value for name, value in values.items()}
    en = {name: value.en if isinstance(value, Text) else value for name, value in values.items()}
    return Text(text.ja.format(**ja), text.en.format(**en))


def plain(text: str) -> Text:
    """A text that is the same in both languages."""
    return Text(text, text)


def number(value: Number, decimals: int = 0) -> Text:
    """A number with thousands apart, "–" for none."""
    return NO_VALUE if value is None else plain(f"{value:,.{decimals}f}")


def percent(share: Number) -> Text:
    """A share (0..1) in per cent; a small share keeps a decimal, none is "–"."""
    if share is None:
        return NO_VALUE
    digits = 0 if share == 0 or share >= 0.1 else 1 if share >= 0.001 else 2
    return Text(f"{100 * share:,.{digits}f}%", f"{100 * share:,.{digits}f} %")


def duration(time_s: Number) -> Text:
    """A duration in hours and minutes, below ten minutes in minutes and seconds."""
    if time_s is None:
        return NO_VALUE
    if time_s < 10 * SECONDS_PER_MINUTE:
        minutes, seconds = divmod(round(time_s), 60)
        return Text(f"{minutes}分{seconds:02d}秒", f"{minutes} min {seconds:02d} s")
    hours, minutes = divmod(round(time_s / SECONDS_PER_MINUTE), 60)
    return Text(f"{hours}時間{minutes:02d}分", f"{hours} h {minutes:02d} min") if hours else minutes_text(minutes)


def minutes_text(minutes: int) -> Text:
    """Whole minutes."""
    return Text(f"{minutes}分", f"{minutes} min")


def hours_since_start(time_s: float) -> str:
    """A time as h:mm since the start."""
    hours, minutes = divmod(int(time_s // SECONDS_PER_MINUTE), 60)
    return f"{hours}:{minutes:02d}"


def in_hours(time_s: float) -> float:
    """Seconds as hours."""
    return time_s / SECONDS_PER_HOUR


def has_phrase(key: str) -> bool:
    """Whether ``texts.toml`` has this key."""
    return key in _table()
