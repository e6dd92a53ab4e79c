"""The page: sections in order, style and switch of language within; one file, nothing fetched."""

from collections.abc import Sequence
from pathlib import Path

from scenarios.language import Language
from scenarios.metrics import Metric
from scenarios.outcomes import Outcomes
from scenarios.record import RunRecord
from scenarios.report.background import assumptions_section, definitions_section, timeline_section
from scenarios.report.city_os import city_os_section, verdict
from scenarios.report.difference import difference_section, was_compared
from scenarios.report.headline import cards, contents, title_block
from scenarios.report.markup import Markup, element, joined
from scenarios.report.material import Material
from scenarios.report.movement import movement_section
from scenarios.report.shell import section, whole_page
from scenarios.report.shelters import shelters_section
from scenarios.report.support import support_section
from scenarios.report.tables import district_table, shelter_table
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
    main = element(
        "main",
        title_block(material),
        verdict(material),
        contents(sections),
        *(section(name, content) for name, content in sections.items()),
    )
    title = f"{record.scenario.title.in_language(language)} – {record.town.name} – citytwin"
    return whole_page(title, language, main, made_by=record.header.version)


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
