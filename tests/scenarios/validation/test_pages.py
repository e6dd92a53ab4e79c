"""The committed pages of docs/validation: figures are those of the data files, or of a run that gives them again."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from scenarios.statistics import median_of
from scenarios.validation import occupancy, reception
from scenarios.validation.cases import NAMES, all_cases
from scenarios.validation.misfit import misfit
from scenarios.validation.observed import Drill, Relation, Unit, read_case
from scenarios.validation.page import SUMMARY, summary
from scenarios.validation.tables import Row, row_of, rows_in, shown

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "validation"
SURVEYS = ("joso", "hagibis")
NUMBER = re.compile(r"[+-]?[\d,]+(?:\.\d+)?")


def page(name: str) -> str:
    """The text of a committed page."""
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def rows(name: str) -> dict[str, Row]:
    """The rows of a committed page by key."""
    found = rows_in(page(name))
    assert len({row.key for row in found}) == len(found)
    return {row.key.strip("`"): row for row in found}


def first_number(cell: str) -> float:
    """The first number of a cell."""
    found = NUMBER.search(cell)
    assert found is not None, cell
    return float(found[0].replace(",", ""))


@pytest.mark.parametrize("name", SURVEYS)
def test_observed_figures_of_surveys_are_those_of_the_data_file(name: str) -> None:
    """All of the data file and nothing else stands in the page, but for what the run gives."""
    expected = {one.key: row_of(misfit(one, [])) for one in read_case(name).figure}
    for key, row in rows(name).items():
        wanted = expected.pop(key)
        assert (row.figure, row.observed, row.asked) == (wanted.figure, wanted.observed, wanted.asked)
        assert row.relation == wanted.relation
    assert expected == {}


def test_observed_figures_of_drills_are_those_of_the_data_file() -> None:
    """Each drill stands in three tables: as people an hour, and twice as seconds a person."""
    found = rows("drills")
    for drill in read_case("drills").drill:
        assert found.pop(f"queue_{drill.key}").observed == shown(reception.per_hour(drill.mean_s), Unit.PER_HOUR)
        assert found.pop(f"default_{drill.key}").observed == shown(drill.mean_s, Unit.SECONDS)
        assert found.pop(f"others_{drill.key}").observed == shown(drill.mean_s, Unit.SECONDS)
    assert found == {}


@pytest.mark.parametrize("name", NAMES)
def test_misfits_are_simulated_less_observed(name: str) -> None:
    """In every row the three cells agree, to the last digit shown; what is not modelled has no misfit."""
    for row in rows(name).values():
        if row.simulated == "not modelled":
            assert row.misfit == "–"
            continue
        digit = 0.1 if "." in row.misfit else 1.0
        expected = first_number(row.simulated) - first_number(row.observed)
        assert first_number(row.misfit) == pytest.approx(expected, abs=1.6 * digit), row


QUICK = [drill for drill in read_case("drills").drill if drill.key in {"app_sanda", "card_chiba", "paper_munakata"}]


@pytest.mark.parametrize("drill", QUICK, ids=lambda drill: drill.key)
def test_the_page_of_drills_is_what_the_command_gives(drill: Drill) -> None:
    """A drill run again over the page's ten seeds gives the page's cells."""
    ground, found = reception.Ground.prepared(), rows("drills")
    seeds = range(1, 11)
    hourly = median_of([reception.per_hour(ground.mean_s(drill, seed, reception.own_mean(drill))) for seed in seeds])
    seconds = median_of([ground.mean_s(drill, seed, {}) for seed in seeds])
    assert hourly is not None
    assert seconds is not None
    assert found[f"queue_{drill.key}"].simulated.startswith(shown(hourly, Unit.PER_HOUR))
    assert found[f"default_{drill.key}"].simulated.startswith(shown(seconds, Unit.SECONDS))
    others = reception.foretold_s(drill, read_case("drills").drill)
    assert found[f"others_{drill.key}"].simulated == shown(others, Unit.SECONDS)


@pytest.mark.shared_data
def test_the_counts_of_nanao_are_those_of_the_data_set(shared_data: Path) -> None:
    """Each count of the page is the sum over the shelters left out of the fit, on its day."""
    counts = occupancy.read_counts(shared_data / occupancy.COUNTS)
    _, tested = occupancy.halves(counts)
    observed = counts.total(tested)
    dated = [(key, row) for key, row in rows("nanao").items() if key.startswith(("settled_", "for_ever_"))]
    assert len(dated) == 12
    for key, row in dated:
        day = first_number(row.figure.removeprefix("day "))
        at = counts.at_day(day)
        assert row.observed == shown(float(observed[at]), Unit.PEOPLE), key


def test_nothing_fitted_is_tested_on_what_it_was_fitted_on() -> None:
    """Every count of Nanao's page is held out; what the parameter's source names is told as informed."""
    for key, row in rows("nanao").items():
        assert (row.relation == Relation.HELD_OUT) == (key != "first_week")


@pytest.mark.parametrize("name", NAMES)
def test_pages_hold_all_that_was_asked(name: str) -> None:
    """Observation, run, table, misfit, limits, a chart that is there, and a summary in Japanese."""
    text = page(name)
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings[:-1] == [
        "What was observed",
        "What was run",
        "Observed, simulated, misfit",
        "What the misfit means",
        "What is not covered",
    ]
    assert headings[-1].startswith("要約")
    assert "Seeds 1 to 10" in text
    (chart,) = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)
    assert ET.parse(FOLDER / chart).getroot().tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own file


@pytest.mark.parametrize("name", NAMES)
def test_prose_is_that_of_the_data_file(name: str) -> None:
    """What a page says of its misfit is what the data file says now."""
    words = read_case(name).words
    for part in (words.observed, words.run, words.reading, words.not_covered, words.summary_ja):
        assert part.strip() in page(name)


def test_the_first_page_holds_every_misfit() -> None:
    """The table of all misfits is that of the pages beside it."""
    assert (FOLDER / SUMMARY).read_text(encoding="utf-8") == summary(FOLDER, all_cases())
