"""The top of the report: what was run, and the key figures with what they mean."""

from scenarios.language import Text
from scenarios.metrics import Number, definitions
from scenarios.report.background import questionable, subject
from scenarios.report.markup import Markup, element, joined, words
from scenarios.report.material import Material
from scenarios.report.shelters import opened_places
from scenarios.report.texts import duration, number, percent, phrase, plain
from twin.town import Standing
from twin.units import SECONDS_PER_HOUR


def title_block(material: Material) -> Markup:
    """Title, circumstances, and what is synthetic."""
    scenario, town = material.record.scenario, material.record.town
    return element(
        "header",
        element("p", words(phrase("page.title")), " · ", words(Text(town.name, town.name_en)), class_="kicker"),
        element("h1", words(scenario.title)),
        _facts(material),
        element("p", words(phrase("page.caution")), class_="caution"),
        element("p", words(_marks(material)), class_="caution"),
    )


def _facts(material: Material) -> Markup:
    record = material.record
    start = record.scenario.start
    clock = f"{start:%H:%M} (UTC{start:%z})"
    people = {"people": number(record.population.people), "households": number(record.population.households)}
    city_os = plain(record.header.city_os) if record.header.connected else phrase("facts.no_city_os")
    pairs = [
        (phrase("facts.start"), Text(f"{start:%Y年}{start.month}月{start.day}日 {clock}", f"{start:%Y-%m-%d} {clock}")),
        (phrase("facts.duration"), _hours(record.scenario.duration_s)),
        (phrase("facts.hazard"), phrase(f"hazard.{record.scenario.hazard}")),
        *((fact.label, fact.value) for fact in record.scenario.facts),
        (phrase("facts.people"), phrase("facts.people_value", **people)),
        (phrase("facts.city_os"), city_os),
        (phrase("facts.seed"), plain(str(record.header.seed))),
    ]
    entries = [element("div", element("dt", words(label)), element("dd", words(value))) for label, value in pairs]
    return element("dl", *entries, class_="facts")


def _hours(time_s: float) -> Text:
    hours = f"{time_s / SECONDS_PER_HOUR:g}"
    return Text(f"{hours}時間", f"{hours} h")


def _marks(material: Material) -> Text:
    doubtful = [subject(one) for one in material.record.provenance if one.standing is not Standing.DATA]
    names = dict.fromkeys(doubtful) or {Text("なし", "nothing"): None}
    listed = Text("、".join(one.ja for one in names), ", ".join(one.en for one in names))
    marks = phrase("page.marks", subjects=listed, assumptions=len(questionable(material)))
    if material.record.population.share >= 1:
        return marks
    sample = phrase("page.sample", share=percent(material.record.population.share))
    return Text(marks.ja + sample.ja, f"{marks.en} {sample.en}")


def cards(material: Material) -> Markup:
    """Key figures, each with a sentence."""
    return element("div", *(_card(*one) for one in _card_texts(material)), class_="cards")


def _card(name: str, value: Text, meaning: Text) -> Markup:
    label = definitions()[name].label
    return element(
        "div",
        element("p", words(label), class_="label"),
        element("p", words(value), class_="value"),
        element("p", words(meaning), class_="meaning"),
        class_="card",
    )


def _card_texts(material: Material) -> list[tuple[str, Text, Text]]:
    return [*_movement_cards(material), *_shelter_cards(material), *_people_cards(material)]


def _movement_cards(material: Material) -> list[tuple[str, Text, Text]]:
    share = percent(_ratio(material.value("evacuees"), material.value("people")))
    times = {name: duration(material.value(f"{name}_s")) for name in ("t50", "t100")}
    return [
        (
            "evacuees",
            _persons(material.value("evacuees")),
            phrase("card.evacuees", share=share, arrived=material.shown("arrived")),
        ),
        ("t90_s", duration(material.value("t90_s")), phrase("card.t90", **times)),
    ]


def _shelter_cards(material: Material) -> list[tuple[str, Text, Text]]:
    places = {which: number(count) for which, count in opened_places(material).items()}
    over = {which: material.shown("over_capacity_person_h", capacity=which) for which in ("standard", "town")}
    wait = duration(material.value("reception_wait_p95_s"))
    median = duration(material.value("reception_wait_p50_s"))
    hours = Text(f"{over['standard'].ja}人時", f"{over['standard'].en} person h")
    return [
        ("peak_occupancy", _persons(material.value("peak_occupancy")), phrase("card.peak", **places)),
        ("over_capacity_person_h", hours, phrase("card.over", town=over["town"])),
        ("reception_wait_p95_s", wait, phrase("card.wait", median=median)),
    ]


def _people_cards(material: Material) -> list[tuple[str, Text, Text]]:
    needed = number(int(material.outcomes.help_needed.happened.sum()))
    safety = percent(material.value("safety_confirmed_share"))
    links = material.shown("gridlocked_links")
    return [
        ("unassisted", _persons(material.value("unassisted")), phrase("card.unassisted", needed=needed)),
        ("safety_confirmed_share", safety, phrase("card.safety")),
        ("stranded", _persons(material.value("stranded")), phrase("card.stranded", links=links)),
    ]


def _persons(value: Number) -> Text:
    return Text(f"{number(value).ja}人", number(value).en)


def _ratio(part: Number, whole: Number) -> float | None:
    return part / whole if part is not None and whole else None


def contents(sections: dict[str, Markup]) -> Markup:
    """Links to the sections."""
    links = [
        element("li", element("a", words(phrase(f"section.{name}")), href=f"#{name.replace('_', '-')}"))
        for name in sections
    ]
    return element("nav", element("ol", joined(links)), aria_label="目次 / Contents")
