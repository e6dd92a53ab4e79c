"""The page: sections in order, style and switch of language within; one file, nothing fetched."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from scenarios.language import Language
from scenarios.metrics import Metric
from scenarios.outcomes import Outcomes
from scenarios.record import RunRecord
from scenarios.report.background import assumptions_section, definitions_section, timeline_section
from scenarios.report.city_os import city_os_section, verdict
from scenarios.report.difference import difference_section, was_compared
from scenarios.report.headline import cards, contents, title_block
from scenarios.report.markup import Markup, element, escaped, joined, words
from scenarios.report.material import Material
from scenarios.report.movement import movement_section
from scenarios.report.shelters import shelters_section
from scenarios.report.support import support_section
from scenarios.report.tables import district_table, shelter_table
from scenarios.report.texts import phrase
from scenarios.report.town_map import map_section


def write_report(
    path: Path, record: RunRecord, outcomes: Outcomes, metrics: Sequence[Metric], language: Language
) -> None:
    """Write the report as one HTML file that holds both languages and opens in ``language``."""
    path.write_text(report_html(record, outcomes, metrics, language), encoding="utf-8", newline="")


def report_html(record: RunRecord, outcomes: Outcomes, metrics: Sequence[Metric], language: Language) -> str:
    """The whole page; equal for equal runs, whatever time they took."""
    material = Material(record, outcomes, tuple(metrics))
    sections = _sections(material)
    body = element(
        "body",
        element("button", words(phrase("page.switch")), type="button", id="switch"),
        element(
            "main",
            title_block(material),
            verdict(material),
            contents(sections),
            *(_section(name, content) for name, content in sections.items()),
        ),
        element("footer", words(phrase("page.generated", version=record.header.version))),
        element("script", Markup(_asset("switch.js"))),
    )
    page = element("html", _head(record, language), body, lang=language, data_lang=language)
    return f"<!DOCTYPE html>\n{page}\n"


def _sections(material: Material) -> dict[str, Markup]:
    compared = {"difference": difference_section(material)} if was_compared(material) else {}
    return {
        "headline": cards(material),
        **compared,
        "map": map_section(material.record, material.metrics),
        "movement": movement_section(material),
        "shelters": shelters_section(material),
        "support": support_section(material),
        "city_os": city_os_section(material),
        "tables": joined((district_table(material), shelter_table(material))),
        "timeline": timeline_section(material),
        "assumptions": assumptions_section(material),
        "definitions": definitions_section(material),
    }


def _section(name: str, content: Markup) -> Markup:
    heading = element("h2", words(phrase(f"section.{name}")))
    return element("section", heading, content, id=name.replace("_", "-"))


def _head(record: RunRecord, language: Language) -> Markup:
    title = f"{record.scenario.title.in_language(language)} – {record.town.name} – citytwin"
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="generator", content=f"citytwin {record.header.version}"),
        # The page may fetch nothing at all, whatever a hostile name tries.
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("title", escaped(title)),
        element("style", Markup(_asset("style.css"))),
    )


_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def _asset(name: str) -> str:
    return files("scenarios.report").joinpath(name).read_text(encoding="utf-8")
