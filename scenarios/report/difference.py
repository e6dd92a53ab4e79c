"""With and without the city OS: the same people, the same draws, side by side."""

from scenarios.language import Text
from scenarios.metrics import WITHOUT, Number, definitions
from scenarios.report.markup import Markup, element, joined, words
from scenarios.report.material import Material
from scenarios.report.tables import table
from scenarios.report.texts import duration, number, percent, phrase

COMPARED = (
    "t50_s",
    "t90_s",
    "reception_wait_p50_s",
    "reception_wait_p95_s",
    "queueing_at_end",
    "diverted",
    "unassisted",
    "help_wait_p50_s",
    "safety_confirmed_share",
)
"""Numbers that a city OS can change, in the order of a person's way: hear, leave, arrive, be received, be known."""


def was_compared(material: Material) -> bool:
    """Whether the run was repeated without the city OS."""
    return any(one.by == WITHOUT for one in material.metrics)


def difference_section(material: Material) -> Markup:
    """A table: with, without, and the difference."""
    without = {one.name: one.value for one in material.metrics if one.by == WITHOUT}
    rows = []
    for name in COMPARED:
        here, there = material.value(name), without[name]
        rows.append([definitions()[name].label, _text(name, here), _text(name, there), _gap(name, here, there)])
    headings = [phrase("difference.what"), phrase("difference.with"), phrase("difference.without")]
    return joined(
        (
            table([*headings, phrase("difference.gap")], rows, numbers_from=1),
            element("p", words(phrase("difference.reading")), class_="remark"),
        )
    )


def _text(name: str, value: Number) -> Text:
    if name.endswith("_s"):
        return duration(value)
    return percent(value) if name.endswith("_share") else number(value)


def _gap(name: str, here: Number, there: Number) -> Text:
    """How much the city OS adds (+) or spares (−)."""
    if here is None or there is None:
        return number(None)
    gap = here - there
    sign = "+" if gap > 0 else "−" if gap < 0 else "±"
    is_share = name.endswith("_share")
    size = phrase("compare.points", points=f"{100 * abs(gap):.1f}") if is_share else _text(name, abs(gap))
    return Text(sign + size.ja, sign + size.en)
