"""The page: complete, offline, in both languages, safe against hostile names, honest about faults."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenarios.language import Language, Text
from scenarios.metrics import measure
from scenarios.outcomes import follow
from scenarios.record import (
    Fact,
    Finding,
    FindingKind,
    NotificationResult,
    OperationCalls,
    RunHeader,
    RunRecord,
    TimelineEntry,
    Topic,
)
from scenarios.report.page import report_html, write_report
from twin.town import Provenance, Standing

MakeRun = Callable[..., RunRecord]
SECTIONS = (
    "headline",
    "map",
    "movement",
    "shelters",
    "support",
    "city-os",
    "tables",
    "timeline",
    "assumptions",
    "definitions",
)


def page_of(record: RunRecord, language: Language = Language.EN) -> str:
    """The report of a run."""
    outcomes = follow(record)
    return report_html(record, outcomes, measure(record, outcomes), language)


def parsed(page: str) -> ET.Element:
    """The page as a tree; it is well-formed XML as well as HTML."""
    parser = ET.XMLPullParser(["end"])
    parser.feed(page.removeprefix("<!DOCTYPE html>\n"))
    parser.close()
    return [element for _, element in parser.read_events()][-1]


def shown(page: str, language: Language) -> str:
    """What a reader of one language sees."""
    other = Language.EN if language is Language.JA else Language.JA
    root = parsed(page)
    for parent in list(root.iter()):
        for child in [one for one in parent if one.get("lang") == other]:
            child.text, child[:] = "", []
    return " ".join("".join(root.find("body").itertext()).split())


@pytest.fixture(scope="module")
def town_run(big_run: MakeRun) -> RunRecord:
    """A run of a small town in which the city OS told the truth."""
    return replace(big_run(people=3000, shelters=12, columns=10), notifications=())


def test_every_section_is_there(town_run: RunRecord) -> None:
    """All ten sections, each with a heading, linked from the contents."""
    root = parsed(page_of(town_run))
    sections = {one.get("id"): one for one in root.iter("section")}
    assert tuple(sections) == SECTIONS
    assert all(one.find("h2") is not None for one in sections.values())
    assert [link.get("href") for link in root.iter("a")] == [f"#{name}" for name in SECTIONS]


def test_every_figure_has_title_axis_and_reading(town_run: RunRecord) -> None:
    """Each figure has a title and one sentence to read it by; each chart of time names its axis."""
    root = parsed(page_of(town_run))
    figures = list(root.iter("figure"))
    assert len(figures) >= 10
    for figure in figures:
        assert figure.find("h3") is not None
        assert "".join(figure.find("figcaption").itertext()).strip()


def test_nothing_is_fetched(town_run: RunRecord) -> None:
    """No address, no outside file, no frame: the page is whole in itself, and a policy forbids the rest."""
    page = page_of(town_run)
    attributes = [(name, value) for one in parsed(page).iter() for name, value in one.items()]
    assert not [name for name, _ in attributes if "src" in name or name == "action"]
    assert all(value.startswith("#") for name, value in attributes if name.endswith("href"))
    assert not re.findall(r"https?://|url\(|@import", page)
    assert "default-src 'none'" in " ".join(value for name, value in attributes if name == "content")


@pytest.mark.parametrize("language", list(Language))
def test_opens_in_the_language_asked_for(town_run: RunRecord, language: Language) -> None:
    """The page opens in one language and holds the other; the switch is the only script."""
    root = parsed(page_of(town_run, language))
    assert (root.get("lang"), root.get("data-lang")) == (language, language)
    assert len(list(root.iter("script"))) == 1
    marked = [one.get("lang") for one in root.find("body").iter() if one.get("lang")]
    assert marked.count("ja") == marked.count("en") > 200


def test_english_readers_see_no_japanese_but_names(town_run: RunRecord) -> None:
    """What an English reader sees holds no Japanese apart from the names of places."""
    texts = shown(page_of(town_run), Language.EN)
    for shelter in town_run.town.shelters:
        texts = texts.replace(shelter.name, "")
    for district in town_run.town.districts:
        texts = texts.replace(district.name, "")
    # The switch names the other language in its own words.
    assert re.findall(r"[\u3040-\u30ff\u4e00-\u9fff]+", texts) == ["日本語"]


def test_same_run_same_bytes_whatever_it_took(town_run: RunRecord, tmp_path: Path) -> None:
    """The time on the wall leaves no mark in the report."""
    outcomes = follow(town_run)
    for name, run in {"a": town_run, "b": replace(town_run, wall_s=77.7)}.items():
        write_report(tmp_path / name, run, outcomes, measure(run, outcomes), Language.JA)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_truthful_city_os_is_said_to_be(town_run: RunRecord) -> None:
    """Without any difference the box at the top is green."""
    assert 'class="verdict good"' in page_of(town_run)


def test_broken_city_os_is_named_at_the_top(town_run: RunRecord, broken: Callable[[RunRecord], RunRecord]) -> None:
    """Each kind of fault stands in a red box before the first section, in words, with an example."""
    page = page_of(broken(town_run))
    box = page[page.index('class="verdict bad"') : page.index("<section")]
    for name in ("Wrong headcount", "People lost", "Ghost people", "Consent ignored", "同意のない開示", "listEvacuees"):
        assert name in box


def test_a_fault_without_a_finding_is_still_named(town_run: RunRecord) -> None:
    """A wrong headcount, a missed recipient or silence turn the box red although nobody wrote a finding."""
    wrong = town_run.steps.headcount_said.copy()
    wrong[-1, 0] += 3
    missed = (NotificationResult(0.0, Text("通知", "Message"), 5, 4, 1, 0),)
    silent = wrong * 0 - 1
    for changes, name in (
        ({"steps": replace(town_run.steps, headcount_said=wrong)}, "Wrong headcount"),
        ({"notifications": missed}, "Missed: 1, astray: 0."),
        ({"steps": replace(town_run.steps, headcount_said=silent)}, "No answer"),
    ):
        page = page_of(replace(town_run, **changes))
        assert name in page[page.index('class="verdict bad"') : page.index("<section")]


def test_without_city_os_the_report_says_so(town_run: RunRecord) -> None:
    """A run with paper and voice only says so at the top, and its empty section says why it is empty."""
    header = RunHeader("citytwin run drill --city-os none", "0.1.0", 7, "none", connected=False)
    steps = replace(town_run.steps, headcount_said=town_run.steps.headcount_said * 0 - 1)
    texts = shown(page_of(replace(town_run, header=header, steps=steps, calls=())), Language.EN)
    assert "A run without a city OS" in texts
    assert "it said nothing, sent no messages and was not called" in texts
    assert "none (paper and voice only)" in texts


def test_a_run_in_which_nothing_happens_has_a_report(run_of: MakeRun) -> None:
    """With no event at all every section still stands."""
    root = parsed(page_of(run_of([])))
    assert len(list(root.iter("section"))) == len(SECTIONS)
    assert "Nobody reached a refuge." in shown(page_of(run_of([])), Language.EN)


def test_assumptions_are_listed(town_run: RunRecord) -> None:
    """Parameters of confidence C are listed, official ones are not; synthetic parts are named at the top."""
    page = page_of(town_run)
    section = page[page.index('id="assumptions"') : page.index('id="definitions"')]
    assert "decision.delay_factor" in section
    assert "walking.night_factor" not in section
    assert "Synthetic or estimated: streets, capacities, people" in shown(page, Language.EN)


def test_overridden_values_are_listed_whatever_their_confidence(town_run: RunRecord) -> None:
    """A value that the scenario changed is shown with the new value."""
    changed = town_run.parameters.with_overrides({"walking.night_factor": 0.75})
    page = page_of(replace(town_run, parameters=changed))
    section = page[page.index('id="assumptions"') : page.index('id="definitions"')]
    assert "walking.night_factor" in section
    assert "0.75" in section


HOSTILE = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["</script><script>x()", "<img src=x onerror=y>", "'\"><b>", "{0} {name}", "\x00"]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(name=HOSTILE)
def test_hostile_names_never_break_out(run_of: MakeRun, name: str) -> None:
    """Whatever names a town, a scenario or a city OS bring, the page has the same elements and one script."""

    def elements(text: str) -> list[str]:
        return [one.tag for one in parsed(page_of(_named(run_of([]), text, name))).iter()]

    assert elements(name) == elements("harmless")


def _named(record: RunRecord, text: str, other: str) -> RunRecord:
    """The run with one text in every place that takes a text from outside."""
    # Two different words make two elements and equal ones make none, so that both runs must agree in that.
    both = Text(text, text + "x") if other is not None else Text(text, text)
    shelters = tuple(replace(one, name=text) for one in record.town.shelters)
    districts = tuple(replace(one, name=text, name_en=text + "x") for one in record.town.districts)
    town = replace(
        record.town,
        name=text,
        name_en=text + "x",
        shelters=shelters,
        districts=districts,
        provenance=(Provenance(text, Standing.ESTIMATE, text, text + "x"),),
    )
    scenario = replace(record.scenario, title=both, facts=(Fact(both, both),))
    header = RunHeader(text, text, 7, text, connected=True, input_hashes={text: text})
    return replace(
        record,
        town=town,
        scenario=scenario,
        header=header,
        findings=(Finding(FindingKind.LOST, 0.0, both, text, text, text),),
        notifications=(NotificationResult(0.0, both, 1, 1, 0, 0),),
        calls=(OperationCalls(text, 1, 0),),
        timeline=(TimelineEntry(0.0, Topic.ORDER, both),),
    )


def test_a_whole_town_takes_less_than_three_seconds(big_run: MakeRun) -> None:
    """Metrics and report of 113,386 people and some 440,000 events, and a page below 1.5 MB."""
    record = big_run()
    began = time.process_time()
    page = page_of(record)
    assert time.process_time() - began < 3.0
    assert len(page.encode()) < 1_500_000
