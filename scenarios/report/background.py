"""What stands behind the figures: the timeline, the assumptions, the definitions, how to reproduce."""

from datetime import timedelta

from scenarios.language import Text
from scenarios.metrics import definitions
from scenarios.report.markup import Markup, element, joined, words
from scenarios.report.material import Material
from scenarios.report.tables import Cell, columns, table
from scenarios.report.texts import has_phrase, hours_since_start, phrase, plain
from twin.parameters import Confidence, Parameter, Value
from twin.town import Provenance


def timeline_section(material: Material) -> Markup:
    """Orders and events, in order."""
    record = material.record
    rows: list[list[Cell]] = []
    for one in sorted(record.timeline, key=lambda entry: entry.at_s):
        clock = (record.scenario.start + timedelta(seconds=one.at_s)).strftime("%m-%d %H:%M")
        rows.append([hours_since_start(one.at_s), clock, phrase(f"topic.{one.topic}"), one.text])
    if not rows:
        return element("p", words(phrase("page.none")), class_="remark")
    return table(columns("at clock topic event"), rows, numbers_from=4)


def assumptions_section(material: Material) -> Markup:
    """Where data come from, and every value that is an assumption or was changed."""
    return joined(
        (
            element("h3", words(phrase("assumption.provenance"))),
            _provenance_table(material.record.provenance),
            element("h3", words(phrase("assumption.parameters"))),
            element("p", words(phrase("assumption.why"))),
            parameter_table(questionable(material)),
        )
    )


def questionable(material: Material) -> list[Parameter]:
    """Parameters of confidence C, and those that the scenario changed."""
    every = material.record.parameters.values()
    return [one for one in every if one.confidence is Confidence.C or one.overridden]


def subject(provenance: Provenance) -> Text:
    """What a provenance is about, in words where there are any."""
    key = f"subject.{provenance.subject}"
    return phrase(key) if has_phrase(key) else plain(provenance.subject)


def _provenance_table(entries: tuple[Provenance, ...]) -> Markup:
    rows: list[list[Cell]] = []
    for one in entries:
        badge = element("span", words(phrase(f"standing.{one.standing}")), class_=f"badge {one.standing}")
        rows.append([subject(one), badge, Text(one.source_ja, one.source_en)])
    return table(columns("part standing source"), rows, numbers_from=3)


def parameter_table(parameters: list[Parameter]) -> Markup:
    """Values of parameters, their ranges and sources; those that were changed are marked."""
    if not parameters:
        return element("p", words(phrase("assumption.none")), class_="remark")
    rows: list[list[Cell]] = []
    for one in parameters:
        name = joined((words(Text(one.meaning_ja, one.meaning_en)), element("code", one.key, class_="key")))
        changed = element("b", " ", words(phrase("assumption.changed"))) if one.overridden else Markup("")
        value = joined((f"{shown(one.value)} {unit(one.unit)}", changed))
        bounds = element("span", f"{one.low:g}–{one.high:g}", class_="nowrap")
        rows.append([name, value, bounds, one.confidence, one.source])
    headings = columns("parameter value range")
    return table([*headings, Text("確度", "Conf."), *columns("source")], rows, numbers_from=5)


def shown(value: Value) -> str:
    """A parameter's value as text; a list with commas."""
    return ", ".join(f"{one:g}" for one in value) if isinstance(value, tuple) else f"{value:g}"


def unit(symbol: str) -> str:
    """A unit as shown beside a number; "1" is none."""
    return "" if symbol == "1" else symbol


def definitions_section(material: Material) -> Markup:
    """What each metric means, and the command that makes this report again."""
    rows: list[list[Cell]] = []
    for name, one in definitions().items():
        label = joined((words(one.label), element("code", name, class_="key")))
        symbol = words(phrase(f"unit.{one.unit.replace(' ', '_')}"))
        rows.append([label, element("span", symbol, class_="nowrap"), one.text])
    return joined(
        (
            element("h3", words(phrase("definition.metrics"))),
            table(columns("metric unit definition"), rows, numbers_from=3),
            element("h3", words(phrase("definition.reproduce"))),
            element("p", words(phrase("definition.reproduce_text"))),
            element("pre", material.record.header.command),
            _hash_table(material),
        )
    )


def _hash_table(material: Material) -> Markup:
    hashes = material.record.header.input_hashes
    if not hashes:
        return Markup("")
    rows = [[name, element("code", value)] for name, value in sorted(hashes.items())]
    return table(columns("input hash"), rows, numbers_from=2)
