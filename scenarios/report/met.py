"""What people met where the city OS, or paper, failed them: wrong statuses, walks to ask, safety that nobody knows."""

from scenarios.failings import MOMENTS_H
from scenarios.language import Language, Text
from scenarios.metrics import Number, definitions, metric
from scenarios.report.markup import Markup, element, joined, words
from scenarios.report.material import Material
from scenarios.report.tables import Cell, table
from scenarios.report.texts import phrase
from scenarios.summary import value_words
from twin.units import SECONDS_PER_HOUR

MET = (
    "wrong_status_seen",
    "wrong_status_followed",
    "wrong_status_turned_away",
    "asked_at_shelter",
    "queue_peak",
    "messages_unsent",
    "message_late_s",
)
UNKNOWN = ("unknown_to_family", "unknown_to_association", "unknown_to_city")


def met_tables(material: Material) -> Markup:
    """A table of cases, and one of whose safety was unknown to whom by when."""
    title = element("h3", words(phrase("met.title")))
    cases: list[list[Cell]] = [[definitions()[name].label, _shown(name, material.value(name))] for name in MET]
    met = table([phrase("met.what"), phrase("met.value")], cases, numbers_from=1)
    moments = [str(hours) for hours in MOMENTS_H if hours * SECONDS_PER_HOUR < material.record.scenario.duration_s]
    rows: list[list[Cell]] = []
    for name in UNKNOWN:
        by_then = [_shown(name, material.value(name, at_h=hours)) for hours in moments]
        rows.append([definitions()[name].label, *by_then, _shown(name, material.value(name))])
    headings = [phrase("met.unknown"), *(phrase("met.after", hours=hours) for hours in moments), phrase("met.end")]
    note = element("p", words(phrase("met.reading")), class_="remark")
    return joined((title, met, table(headings, rows, numbers_from=1), note))


def _shown(name: str, value: Number) -> Text:
    one = metric(name, value)
    return Text(value_words(one, Language.JA), value_words(one, Language.EN))
