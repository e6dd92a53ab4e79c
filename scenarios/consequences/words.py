"""Figures of a study of faults as people read them: what a minute adds, and what can be said of an objective."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scenarios.consequences.points import Line
from scenarios.consequences.results import Found, Panel, Worth
from scenarios.language import Text
from scenarios.report.texts import SECONDS_PER_MINUTE, number, phrase, plain
from scenarios.study.words import is_sure, reaches_level, shown_range, title_of


@dataclass(frozen=True, slots=True)
class Scale:
    """How a metric is drawn: times ``factor``, in ``unit``."""

    factor: float
    unit: Text


def scale_of(panel: Panel) -> Scale:
    """Minutes for times, percentage points for shares, else the metric's own unit."""
    if panel.definition.unit == "s":
        return Scale(1.0 / SECONDS_PER_MINUTE, phrase("compare.minutes"))
    if panel.metric.name.endswith("_share"):
        return Scale(100.0, phrase("curves.points"))
    return Scale(1.0, phrase(f"unit.{panel.definition.unit.replace(' ', '_')}"))


def shown_rate(panel: Panel, rate: float | None) -> Text:
    """What each minute adds, with its sign and unit; seconds of a time."""
    if rate is None:
        return number(None)
    unit = phrase("curves.seconds") if panel.definition.unit == "s" else scale_of(panel).unit
    told = _signed(panel, rate)
    return Text(f"{told}{unit.ja}", f"{told} {unit.en}")


def _signed(panel: Panel, rate: float) -> str:
    value = rate if panel.definition.unit == "s" else rate * scale_of(panel).factor
    told = f"{abs(value):,.0f}" if abs(value) >= 100 else f"{abs(value):.2g}"
    sign = "±" if float(told.replace(",", "")) == 0 else "+" if value > 0 else "−"
    return f"{sign}{told}"


def rate_range(panel: Panel, worth: Worth) -> Text:
    """The interval of what each minute adds; nothing where there is none."""
    interval = worth.interval
    if interval.low is None or interval.high is None:
        return Text("", "")
    return shown_range(plain(_signed(panel, interval.low)), plain(_signed(panel, interval.high)), interval.level)


def costs_of(found: Found, line: Line, scenario: str, title: Text) -> Iterator[Text]:
    """One or two sentences: what each minute costs in a scenario, and up to where no harm is left."""
    panels = found.of(line, scenario)
    if all(one.is_untouched for one in panels):
        yield phrase("curves.nothing", scenario=title, hit=number(panels[0].gaps[-1].hit))
        return
    moved = [one for one in panels if one.worth is not None and _is_sure(one.worth)]
    if moved:
        yield phrase("curves.costs", scenario=title, parts=_listed([_cost(one) for one in moved]))
    elif line.is_from_zero:
        is_known = any(one.worth is not None and reaches_level(one.worth.interval) for one in panels)
        yield phrase("curves.unclear" if is_known else "curves.too_few", scenario=title)
    yield from _objective(panels, line)


def _cost(panel: Panel) -> Text:
    worth = panel.worth
    if worth is None:
        return Text("", "")
    rate, label, bounds = shown_rate(panel, worth.slope), title_of(panel.metric), rate_range(panel, worth)
    return Text(f"「{label.ja}」が{rate.ja}{bounds.ja}", f"“{label.en}” by {rate.en} {bounds.en}".rstrip())


def _is_sure(worth: Worth) -> bool:
    return worth.safe_min is not None and is_sure(worth.interval)


def _objective(panels: Sequence[Panel], line: Line) -> Iterator[Text]:
    judged = [(one.worth.safe_min, one) for one in panels if one.worth is not None]
    known = [(safe, one) for safe, one in judged if safe is not None]
    if not known:
        return
    unknown = [title_of(one.metric) for safe, one in judged if safe is None]
    safe = min(one for one, _ in known)
    first, last = line.points[0].at_min, line.points[-1].at_min
    held_by = _listed([title_of(one.metric) for value, one in known if value == safe])
    if safe == last:
        yield phrase("curves.safe_of" if unknown else "curves.safe_throughout", last=f"{last:g}", metrics=held_by)
    else:
        key = "curves.safe_until" if safe else "curves.safe_nowhere"
        yield phrase(key, safe=f"{safe:g}", first=f"{first:g}", metrics=held_by)
    if unknown:
        yield phrase("curves.not_judged", metrics=_listed(unknown))


def _listed(parts: Sequence[Text]) -> Text:
    return Text("、".join(one.ja for one in parts), "; ".join(one.en for one in parts))


def until_words(line: Line, worth: Worth) -> tuple[Text, Text]:
    """Up to where no harm is left, and from where there surely is some."""
    if worth.safe_min is None:
        return number(None), number(None)
    last = line.points[-1].at_min
    safe = phrase("curves.up_to_all" if worth.safe_min == last else "curves.up_to", minutes=f"{worth.safe_min:g}")
    if not worth.safe_min:
        safe = phrase("curves.not_even", minutes=f"{line.points[0].at_min:g}")
    harmful = phrase("curves.from", minutes=f"{worth.harmful_min:g}") if worth.harmful_min else number(None)
    return safe, harmful
