"""Figures of a study as people read them: metrics and their parts, values with units, differences with a sign."""

import msgspec

from scenarios.language import Text
from scenarios.metrics import Number, definitions
from scenarios.report.texts import duration, has_phrase, number, percent, phrase, plain
from scenarios.scenario import ScenarioEvent
from scenarios.statistics import LEVEL, Difference, Interval
from scenarios.study.form import Changes, Drop, Measured

ROUNDING = 0.0005
"""How far a level may fall short of the one asked for before it is told: half of the last digit shown."""


def reaches_level(found: Difference | Interval) -> bool:
    """Whether an interval reaches the level asked for, as far as levels are shown."""
    return found.level >= LEVEL - ROUNDING


def is_sure(found: Difference | Interval) -> bool:
    """Whether an interval of the level asked for leaves zero out."""
    if found.low is None or found.high is None or not reaches_level(found):
        return False
    return found.low > 0 or found.high < 0


def title_of(metric: Measured) -> Text:
    """A metric's label, with the part that it is of."""
    label = definitions()[metric.name].label
    if not metric.by:
        return label
    parts = [_part(metric, part, value) for part, value in sorted(metric.by.items())]
    ja, en = "・".join(one.ja for one in parts), ", ".join(one.en for one in parts)
    return Text(f"{label.ja}（{ja}）", f"{label.en} ({en})")


def _part(metric: Measured, part: str, value: str) -> Text:
    """The part by the name that the file gives it, else by its code."""
    if part == "capacity":
        return phrase(f"replications.capacity_{value}")
    if part == "district" and metric.district_ja and metric.district_en:
        return Text(metric.district_ja, metric.district_en)
    return phrase(f"study.by_{part}", value=value)


def shown_value(metric: Measured, value: Number) -> Text:
    """A value with its unit."""
    unit = definitions()[metric.name].unit
    if unit == "s":
        return duration(value)
    if metric.name.endswith("_share"):
        return percent(value)
    whole = value is None or float(value).is_integer() or abs(value) >= 100
    return number(value, 0 if whole else 1)


def shown_gap(metric: Measured, gap: Number) -> Text:
    """A difference with its sign."""
    if gap is None:
        return number(None)
    if gap == 0:
        return Text("±0", "±0")
    sign = "+" if gap > 0 else "−"
    is_share = metric.name.endswith("_share")
    size = phrase("compare.points", points=f"{100 * abs(gap):.1f}") if is_share else shown_value(metric, abs(gap))
    return Text(sign + size.ja, sign + size.en)


def shown_range(low: Text, high: Text, level: float = LEVEL) -> Text:
    """An interval in brackets; the level where it is not the one asked for."""
    told = phrase("study.reached", level=percent(level)) if level < LEVEL - ROUNDING else Text("", "")
    ja, en = (f", {told.ja}", f", {told.en}") if told.ja else ("", "")
    return Text(f"（{low.ja}～{high.ja}{ja}）", f"({low.en} to {high.en}{en})")


def dropped(drop: Drop) -> Text:
    """An event that is left out."""
    kind = phrase(f"events.{drop.kind}")
    return kind if drop.at is None else Text(f"{drop.at} {kind.ja}", f"{drop.at} {kind.en}")


def added(event: ScenarioEvent) -> Text:
    """An event that is added: when, what, and where or how much."""
    table = {key: value for key, value in msgspec.to_builtins(event).items() if value is not None}
    kind, at = phrase(f"events.{table.pop('kind')}"), table.pop("at")
    shown = {key: value for key, value in table.items() if value not in _EMPTY and (key, value) not in _USUAL}
    rest = [_told(key, value) for key, value in shown.items()]
    ja, en = "・".join(one.ja for one in rest), ", ".join(one.en for one in rest)
    return Text(f"{at} {kind.ja}" + (f"（{ja}）" if ja else ""), f"{at} {kind.en}" + (f" ({en})" if en else ""))


def _told(key: str, value: object) -> Text:
    """A key of an event in words where there are some, else as it is written."""
    if key == "shelters" and has_phrase(f"events.of_{value}"):
        return phrase(f"events.of_{value}")
    if key == "share" and isinstance(value, float):
        return percent(value)
    if key == "more":
        return phrase("events.more", number=_plain(value))
    if key == "districts":
        return phrase("events.districts", where=_plain(value))
    return plain(f"{key} = {_plain(value)}")


_EMPTY: tuple[object, ...] = ([], ())

_USUAL = (("districts", "all"), ("share", 1.0))
"""Values of events that need not be told."""


def changed(changes: Changes) -> list[str]:
    """What is set, as it is written."""
    table = msgspec.to_builtins(changes)
    behaviour = table.pop("behaviour")
    plain = {key: value for key, value in table.items() if value is not None and value not in _EMPTY}
    return [f"{key} = {_plain(value)}" for key, value in {**plain, **behaviour}.items()]


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return "・".join(_plain(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(one)}" for key, one in value.items() if one is not None)
    if isinstance(value, bool):
        return str(value).lower()  # as in TOML
    return f"{value:g}" if isinstance(value, float) else str(value)
