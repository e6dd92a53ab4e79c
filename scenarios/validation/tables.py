"""Tables of misfits in Markdown: written, and read back for the summary and the tests."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scenarios.statistics import Interval
from scenarios.validation.misfit import Misfit
from scenarios.validation.observed import Unit

COLUMNS = ("key", "figure", "observed", "asked", "simulated", "misfit", "relative", "within errors", "relation")
NOTHING = "–"
NOT_MODELLED = "not modelled"

_FORMATS = {
    Unit.SHARE: ("{:.1f} %", "{:+.1f} points", 100.0),
    Unit.SECONDS: ("{:.1f} s", "{:+.1f} s", 1.0),
    Unit.PER_HOUR: ("{:,.0f} /h", "{:+,.0f} /h", 1.0),
    Unit.PEOPLE: ("{:,.0f}", "{:+,.0f}", 1.0),
    Unit.SHELTERS: ("{:,.0f}", "{:+,.0f}", 1.0),
}
"""How a value, and a difference of values, is written; what a value is multiplied by for it."""

_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table as it stands in a page, cell by cell in the order of COLUMNS."""

    key: str
    figure: str
    observed: str
    asked: str
    simulated: str
    misfit: str
    relative: str
    within_errors: str
    relation: str


def shown(value: float, unit: Unit) -> str:
    """A value in its unit."""
    text, _, factor = _FORMATS[unit]
    return text.format(value * factor)


def difference(value: float, unit: Unit) -> str:
    """A difference of values in their unit, with its sign."""
    _, text, factor = _FORMATS[unit]
    return text.format(value * factor)


def row_of(one: Misfit) -> Row:
    """A misfit as it is written."""
    figure = one.figure
    simulated, absolute, relative = one.simulated, one.absolute, one.relative
    label = f"{figure.label_en} / {figure.label_ja}" + (f" ({figure.note})" if figure.note else "")
    return Row(
        key=f"`{figure.key}`",
        figure=label,
        observed=shown(figure.value, figure.unit) + _range(figure.sampling, figure.unit),
        asked=f"{figure.n:,}" if figure.n else NOTHING,
        simulated=NOT_MODELLED
        if simulated is None
        else shown(simulated, figure.unit) + _range(one.interval, figure.unit),
        misfit=NOTHING if absolute is None else difference(absolute, figure.unit),
        relative=NOTHING if relative is None else f"{100 * relative:+.0f} %",
        within_errors={True: "yes", False: "no", None: NOTHING}[one.within_errors],
        relation=str(figure.relation),
    )


def _range(interval: Interval, unit: Unit) -> str:
    if interval.low is None or interval.high is None:
        return ""
    return f" [{shown(interval.low, unit)}, {shown(interval.high, unit)}]"


def table(misfits: Iterable[Misfit]) -> str:
    """The table of some misfits."""
    return written([row_of(one) for one in misfits])


def written(rows: Sequence[Row], first: Sequence[str] = ()) -> str:
    """Rows as a Markdown table; ``first`` has what stands before each, under the name of case."""
    names = (*(("case",) if first else ()), *COLUMNS)
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for number, row in enumerate(rows):
        cells = [*first[number : number + 1], *(getattr(row, name.replace(" ", "_")) for name in COLUMNS)]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def rows_in(page: str) -> list[Row]:
    """All rows of the tables of a page."""
    rows = []
    for line in page.splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in _CELL.split(line)[1:-1]]
        if len(cells) == len(COLUMNS) and cells[0].startswith("`"):
            rows.append(Row(*cells))
    return rows
