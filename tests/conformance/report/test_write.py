"""Reports: the canonical form, and every file made of it."""

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from made_runs import HOSTILE, run_of

from conformance.errors import PlanError
from conformance.report.annotations import github_annotations
from conformance.report.document import Document, document_of, encoded
from conformance.report.write import FILES, write_reports, write_results
from conformance.results_reading import read_results
from conformance.text import Text
from conformance.verdict import Verdict


def told(text: str = "told") -> Document:
    """A document with one result of each verdict."""
    return document_of(run_of(text=text), "en", notes=[Text("a note", "注記")])


def test_canonical_form_has_the_members_of_the_issue(tmp_path: Path) -> None:
    """results.json has summary, target, suite and results with their members."""
    write_results(run_of(), tmp_path, "ja")
    read = json.loads((tmp_path / "results.json").read_bytes())
    assert read["summary"] == {verdict.value: 1 for verdict in Verdict}
    assert read["target"] == "https://city.example"
    first = read["results"][0]
    wanted = {"id", "requirement", "level", "verdict", "clauses", "title", "message", "expected", "actual", "exchanges"}
    assert wanted | {"duration_s"} <= first.keys()
    assert first["title"] == first["titles"]["ja"]


def test_same_run_gives_the_same_bytes() -> None:
    """The document has a stable order."""
    assert encoded(told()) == encoded(told())


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Reading undoes writing, and a report made again is the same."""
    write_results(run_of(), tmp_path / "a", "en")
    write_reports(read_results(tmp_path / "a" / "results.json"), tmp_path / "b", "en")
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"summary": 1}'])
def test_other_files_are_told_apart(tmp_path: Path, content: bytes) -> None:
    """What is no results.json is a fault of the plan's kind."""
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(PlanError):
        read_results(path)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


@pytest.mark.parametrize("language", ["ja", "en"])
def test_nothing_of_a_hostile_server_becomes_markup(tmp_path: Path, language: str) -> None:
    """Scripts, handlers and pictures of an answer stay text, in every file."""
    write_results(run_of(text=HOSTILE), tmp_path, language)  # type: ignore[arg-type]
    page = (tmp_path / "report.html").read_text("utf-8")
    parser = _Tags()
    parser.feed(page)
    names = [tag for tag, _ in parser.seen]
    assert names.count("script") == 1
    assert not {"img", "iframe", "object", "link", "base"} & set(names)
    assert not [attribute for _, attributes in parser.seen for attribute in attributes if attribute.startswith("on")]
    ET.fromstring((tmp_path / "junit.xml").read_bytes())  # noqa: S314 - our own file
    ET.fromstring((tmp_path / "badge.svg").read_bytes())  # noqa: S314 - our own file


def test_page_asks_nothing_of_the_network(tmp_path: Path) -> None:
    """The page has no address but in links, and forbids everything by its policy."""
    write_results(run_of(), tmp_path, "en")
    parser = _Tags()
    page = (tmp_path / "report.html").read_text("utf-8")
    parser.feed(page)
    for tag, attributes in parser.seen:
        assert not {"src", "srcset", "action"} & attributes.keys(), tag
        assert "href" not in attributes or tag == "a"
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert "default-src 'none'" in policy[1]


def test_links_within_the_page_lead_somewhere(tmp_path: Path) -> None:
    """Each link to a place of the page has one place."""
    write_results(run_of(), tmp_path, "en")
    parser = _Tags()
    parser.feed((tmp_path / "report.html").read_text("utf-8"))
    places = [attributes["id"] for _, attributes in parser.seen if "id" in attributes]
    assert len(places) == len(set(places))
    wanted = {
        str(attributes["href"])[1:] for _, attributes in parser.seen if str(attributes.get("href", "")).startswith("#")
    }
    assert wanted <= set(places)


def test_junit_counts_what_it_holds(tmp_path: Path) -> None:
    """Each suite's counts are those of its cases; fail is a failure, error and config errors, the unknown skipped."""
    write_results(run_of(), tmp_path, "en")
    root = ET.fromstring((tmp_path / "junit.xml").read_bytes())  # noqa: S314 - our own file
    assert root.tag == "testsuites"
    kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(cases)
        for attribute, tag in kinds.items():
            assert int(suite.attrib[attribute]) == sum(case.find(tag) is not None for case in cases)
        order = [child.tag for child in suite]
        assert order == ["properties", *["testcase"] * len(cases), "system-out", "system-err"]
        for case in cases:
            assert {"name", "classname", "time"} == set(case.attrib)
            assert all(child.attrib.get("type") for child in case if child.tag in ("failure", "error"))
    totals = {name: sum(int(suite.attrib[name]) for suite in root) for name in kinds}
    assert totals == {"failures": 1, "errors": 2, "skipped": 3}


def test_an_accepted_failure_fails_nothing(tmp_path: Path) -> None:
    """What a baseline accepts is skipped in JUnit, a notice on GitHub, and told on the page."""
    write_results(run_of(accepted=True), tmp_path, "en")
    root = ET.fromstring((tmp_path / "junit.xml").read_bytes())  # noqa: S314 - our own file
    assert not root.findall(".//failure")
    lines = github_annotations(document_of(run_of(accepted=True))).splitlines()
    assert [line for line in lines if line.startswith("::notice") and " fail " in line]
    assert "Accepted deviation" in (tmp_path / "report.html").read_text("utf-8")


def test_table_has_a_row_for_each_result(tmp_path: Path) -> None:
    """The CSV is read back with as many rows, and no cell is taken for a formula."""
    write_results(run_of(text="=1+1"), tmp_path, "en")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "results.csv").read_text("utf-8-sig"))))
    assert len(rows) == len(Verdict)
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


def test_annotations_are_one_line_each() -> None:
    """Line ends, percent signs and colons of messages are escaped as GitHub demands."""
    text = github_annotations(told("100 %\nx::error title=y::z"))
    lines = text.splitlines()
    assert len(lines) == 6
    for line in lines:
        assert re.fullmatch(r"::(error|warning|notice) title=[^:,]*::.*", line)
    assert "100 %25%0Ax::error" in lines[0]


@pytest.mark.parametrize(
    ("verdicts", "colour"),
    [
        ((Verdict.PASS, Verdict.OMIT), "#1b6e3c"),
        ((Verdict.PASS, Verdict.FAIL), "#a11a12"),
        ((Verdict.OMIT,), "#5a6472"),
        ((Verdict.PASS, Verdict.ERROR), "#5a6472"),
    ],
)
def test_badge_is_green_only_where_something_passed_and_nothing_failed(
    tmp_path: Path, verdicts: tuple[Verdict, ...], colour: str
) -> None:
    """The badge's colour follows the run."""
    write_results(run_of(verdicts), tmp_path, "en")
    assert colour in (tmp_path / "badge.svg").read_text("utf-8")
