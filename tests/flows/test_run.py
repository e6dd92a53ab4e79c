"""The drill from its scenario to its report, with each kind of city OS: what lies in the folder, and what it says."""

import csv
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flows.runs import drill, silent

from agents.city_os.service import discover
from conformance.contract.exchange import Exchange, read_exchanges
from scenarios.connection import reference_transport
from scenarios.metrics import WITHOUT, definitions, value_of
from scenarios.reader import find_scenario
from scenarios.run import RunResult, set_stage
from twin.events import EventKind, ReceptionChannel, State
from twin.state import TownState
from twin.trace import EventColumns, Trace

FILES = {
    "trace.parquet",
    "people.parquet",
    "trips.parquet",
    "exchanges.jsonl",
    "metrics.json",
    "districts.csv",
    "shelters.csv",
    "timeline.csv",
    "districts.geojson",
    "shelters.geojson",
    "report.html",
}
METRICS = [
    "people",
    "households",
    "evacuees",
    "arrived",
    "t50_s",
    "t90_s",
    "t100_s",
    "peak_occupancy",
    "over_capacity_person_h",
    "reception_wait_p50_s",
    "reception_wait_p95_s",
    "unassisted",
    "safety_confirmed_share",
    "headcount_error_max",
    "ghost_people",
    "lost_people",
    "consent_leaks",
    "api_calls",
    "api_errors",
    "stranded",
    "gridlocked_links",
    "wall_s",
]
"""Metrics that every run has, whatever else is measured."""

ZERO = [
    "headcount_error_max",
    "ghost_people",
    "lost_people",
    "consent_leaks",
    "notification_missed",
    "unanswered",
    "api_errors",
]
"""Metrics that are zero where a city OS does what it should."""

PEOPLE = 400
BOM = b"\xef\xbb\xbf"
STATES = slice(2, 2 + len(State))
"""Columns of timeline.csv, behind time and clock."""


@pytest.fixture(scope="module")
def secrets() -> list[str]:
    """Secrets of all clients of the drill's city OS."""
    stage = set_stage(drill(Path("unused")), silent)
    service = discover(reference_transport(stage.town, stage.population, stage.scenario.start))
    clients = [*service.clients.values(), *service.associations.values()]
    assert len(clients) > len(service.clients)
    return [one.secret for one in clients]


def metrics_of(result: RunResult) -> dict[str, Any]:
    """Values of metrics.json for the whole town, by name."""
    rows = json.loads((result.folder / "metrics.json").read_text())["metrics"]
    return {row["name"]: row["value"] for row in rows if not row["by"]}


def rows_of(result: RunResult, name: str) -> list[list[str]]:
    """Rows of a CSV file, the heading first."""
    with (result.folder / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def trace_of(result: RunResult) -> EventColumns:
    """What happened."""
    return Trace.read(result.folder / "trace.parquet").columns()


def exchanges_of(result: RunResult) -> list[Exchange]:
    """What was said."""
    with (result.folder / "exchanges.jsonl").open("rb") as file:
        return list(read_exchanges(file))


def test_all_files_are_there_and_nothing_else(made: RunResult) -> None:
    """The folder holds the files that are promised; nothing unfinished lies beside it."""
    assert {one.name for one in made.folder.iterdir()} == FILES
    assert not list(made.folder.parent.glob(".*partial*"))
    assert made.report == made.folder / "report.html"


def test_metrics_have_the_shape_that_is_promised(made: RunResult) -> None:
    """metrics.json is what the run returned, each with unit and definition, and says what run it was."""
    written = json.loads((made.folder / "metrics.json").read_text())
    assert set(written) == {"run", "metrics"}
    assert {tuple(row) for row in written["metrics"]} == {("name", "value", "unit", "by", "definition")}
    assert [(row["name"], row["value"]) for row in written["metrics"]] == [
        (one.name, one.value) for one in made.metrics
    ]
    assert all(row["unit"] and row["definition"] for row in written["metrics"])
    assert {"command", "version", "seed", "hashes"} <= set(written["run"])
    assert written["run"]["hashes"]["scenario"] == hashlib.sha256(find_scenario("drill").read_bytes()).hexdigest()
    assert (written["run"]["command"], written["run"]["seed"]) == ("citytwin run drill", 1)


def test_every_metric_is_there(made: RunResult) -> None:
    """Each metric that is promised is there, for the whole town or by capacity, and none twice."""
    given = [(one.name, *one.by.items()) for one in made.metrics]
    assert len(given) == len(set(given))
    assert set(METRICS) - {one[0] for one in given if len(one) == 1} == {"over_capacity_person_h"}
    assert ("over_capacity_person_h", ("capacity", "town")) in given
    assert ("over_capacity_person_h", ("capacity", "standard")) in given
    assert {one[0] for one in given} == set(definitions())


def test_people_are_conserved_in_every_sample(made: RunResult) -> None:
    """The states of each row of timeline.csv add up to everybody, from the start to the end."""
    heading, *rows = rows_of(made, "timeline.csv")
    assert [float(row[0]) for row in rows] == [600.0 * step for step in range(13)]
    assert {sum(int(cell) for cell in row[STATES]) for row in rows} == {PEOPLE}
    assert all(len(row) == len(heading) for row in rows)


def test_the_written_trace_gives_the_written_timeline(made: RunResult) -> None:
    """Whoever folds trace.parquet gets the states of timeline.csv, sample by sample."""
    events = trace_of(made)
    state = TownState.all_at_home(PEOPLE, len(rows_of(made, "shelters.csv")) - 1)
    done = 0
    for row in rows_of(made, "timeline.csv")[1:]:
        until = int(np.searchsorted(events.time_s, float(row[0]), side="right"))
        for at in range(done, until):
            state.apply(EventKind(events.kind[at]), events.person[at : at + 1], int(events.place[at]))
        done = until
        assert state.counts().tolist() == [int(cell) for cell in row[STATES]]


def test_tables_open_in_a_spreadsheet(made: RunResult) -> None:
    """Each CSV file begins with the mark by which spreadsheets know UTF-8, and its rows are as long as its heading."""
    for name in ("districts.csv", "shelters.csv", "timeline.csv"):
        content = (made.folder / name).read_bytes()
        assert content.startswith(BOM)
        assert content.count(BOM) == 1
        heading, *rows = rows_of(made, name)
        assert rows
        assert {len(row) for row in rows} == {len(heading)}
    assert sum(int(row[2]) for row in rows_of(made, "districts.csv")[1:]) == PEOPLE


def test_maps_lie_where_the_town_is(made: RunResult) -> None:
    """Each GeoJSON file is a collection of features, all of them in Aizu."""
    for name, kind in (("districts", {"Polygon", "MultiPolygon"}), ("shelters", {"Point"})):
        collection = json.loads((made.folder / f"{name}.geojson").read_text())
        assert collection["type"] == "FeatureCollection"
        shapes = [one["geometry"] for one in collection["features"] if one["geometry"]]
        assert len(shapes) == len(rows_of(made, f"{name}.csv")) - 1
        assert {shape["type"] for shape in shapes} <= kind
        pairs = np.array([pair for shape in shapes for pair in points_of(shape["coordinates"])])
        assert (np.abs(pairs - (139.93, 37.5)) < 0.5).all()


def points_of(coordinates: list[Any]) -> list[list[float]]:
    """Longitude and latitude of every point of a geometry."""
    if isinstance(coordinates[0], float):
        return [coordinates]
    return [pair for part in coordinates for pair in points_of(part)]


class References(HTMLParser):
    """Collects whatever a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note references of an element."""
        self.tags.add(tag)
        self.found += [
            value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action", "srcset")
        ]


def test_the_report_fetches_nothing(made: RunResult) -> None:
    """report.html is one whole page of both languages that refers to nothing but itself."""
    text = made.report.read_text()
    page = References()
    page.feed(text)
    assert {"html", "svg", "table", "h1"} <= page.tags
    assert not {"link", "iframe", "object", "embed"} & page.tags
    assert all(one.startswith(("#", "data:")) for one in page.found)
    assert not re.findall(r"@import|url\(\s*['\"]?(?!#|data:)", text)
    assert "防災訓練" in text
    assert "Disaster drill" in text


def test_no_secret_is_written(made: RunResult, secrets: list[str]) -> None:
    """Neither a client's secret nor a token stands in any file; what was said is kept in order."""
    exchanges = exchanges_of(made)
    assert [one.number for one in exchanges] == list(range(len(exchanges)))
    given = [one.request_headers["authorization"] for one in exchanges if "authorization" in one.request_headers]
    assert all(re.fullmatch(r"(Basic|Bearer) \*\*\*[0-9a-f]{8}", one) for one in given)
    tokens = [one.response_body for one in exchanges if one.operation_id == "issueToken"]
    assert all(re.search(r'"access_token":\s*"\*\*\*[0-9a-f]{8}"', one) for one in tokens)
    written = [(made.folder / name).read_bytes() for name in FILES]
    assert not [secret for secret in secrets for content in written if secret.encode() in content]


@pytest.mark.parametrize("adapter", ["reference", "http"])
def test_the_reference_city_os_is_right(adapter: str, request: pytest.FixtureRequest) -> None:
    """In process and over HTTP the oracle finds nothing, no call fails, and every call is written down."""
    result: RunResult = request.getfixturevalue(adapter)
    values = metrics_of(result)
    assert {name: values[name] for name in ZERO} == dict.fromkeys(ZERO, 0)
    assert result.findings == ()
    assert values["api_calls"] == len(exchanges_of(result)) > PEOPLE / 2
    assert 'class="verdict good"' in result.report.read_text()


def test_without_city_os_nothing_is_said_of_one(none: RunResult) -> None:
    """Nothing is asked, nothing is compared, and the report says so."""
    values = metrics_of(none)
    assert exchanges_of(none) == []
    assert (values["api_calls"], values["headcount_error_max"], values["consent_leaks"]) == (0, None, None)
    assert 'class="verdict none"' in none.report.read_text()
    assert set(trace_of(none).of(EventKind.CHECKED_IN).detail.tolist()) == {ReceptionChannel.PAPER}
    assert len(trace_of(none).of(EventKind.SAFETY_REPORTED)) == 0


def test_people_do_what_does_not_hang_on_the_city_os(none: RunResult, reference: RunResult, http: RunResult) -> None:
    """The earth shakes for everybody: the same people are away, decide, and need help, at the same times."""
    alone = trace_of(none)
    for other in (trace_of(reference), trace_of(http)):
        for kind in (EventKind.AWAY, EventKind.WARNED, EventKind.DECIDED, EventKind.HELP_NEEDED):
            ours, theirs = alone.of(kind), other.of(kind)
            assert len(ours) > 0
            assert np.array_equal(ours.person, theirs.person)
            assert np.array_equal(ours.time_s, theirs.time_s)
            assert np.array_equal(ours.detail, theirs.detail)


def test_a_city_os_is_of_use(none: RunResult, reference: RunResult) -> None:
    """With a city OS people tell their safety by app, are received by app and card, and more are known to be safe."""
    channels = set(trace_of(reference).of(EventKind.CHECKED_IN).detail.tolist())
    assert {ReceptionChannel.APP, ReceptionChannel.CARD} <= channels
    assert len(trace_of(reference).of(EventKind.SAFETY_REPORTED)) > 0
    share = "safety_confirmed_share"
    assert (value_of(reference.metrics, share) or 0) > (value_of(none.metrics, share) or 0)


def test_the_baseline_is_the_run_without_a_city_os(none: RunResult, reference: RunResult) -> None:
    """The numbers set against those of the city OS are those of a run of its own without one; the report shows both."""
    alone = {one.name: one.value for one in none.metrics if not one.by and one.name != "wall_s"}
    beside = {one.name: one.value for one in reference.metrics if one.by == WITHOUT}
    assert alone == beside
    assert 'id="difference"' in reference.report.read_text()
    assert 'id="difference"' not in none.report.read_text()
