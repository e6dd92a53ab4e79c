"""Made-up towns and runs for the tests of metrics, files and report."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import numpy as np
import pytest

from scenarios.language import Text
from scenarios.record import (
    Fact,
    Finding,
    FindingKind,
    LinkClosure,
    NotificationResult,
    OperationCalls,
    RunHeader,
    RunRecord,
    ScenarioFacts,
    StepSeries,
    TimelineEntry,
    Topic,
)
from twin.events import EventKind, Intent, ReceptionChannel, Refuge, SafetyChannel, TravelMode, WarningChannel
from twin.parameters import Confidence, Parameter, Parameters
from twin.population import CONSENT_RULES, Population
from twin.randomness import Stream
from twin.roads import Roads
from twin.shelters import Fitness, Hazard, Shelter, ShelterKind
from twin.state import TownState
from twin.town import District, Neighbourhood, Provenance, Standing, Town
from twin.trace import EventColumns, Trace
from twin.units import Projection

Row = tuple[float, EventKind, int, int, int]
STEP_S = 600.0


def make_roads(columns: int, rows: int, spacing_m: float) -> Roads:
    """A slightly bent grid of two-way streets, every fifth of them a main street."""
    stream = Stream(1)
    nodes = np.arange(columns * rows)
    x_m = (nodes % columns - columns / 2) * spacing_m + 25 * stream.normal("x", nodes)
    y_m = (nodes // columns - rows / 2) * spacing_m + 25 * stream.normal("y", nodes)
    east = nodes[nodes % columns < columns - 1]
    north = nodes[nodes // columns < rows - 1]
    start = np.concatenate((east, north))
    end = np.concatenate((east + 1, north + columns))
    line = np.concatenate((east // columns, north % columns))
    main = line % 10 == 0
    highway = np.where(line % 30 == 0, "trunk", np.where(main, "tertiary", "residential"))
    link_from = np.concatenate((start, end)).astype(np.int32)
    link_to = np.concatenate((end, start)).astype(np.int32)
    links = len(link_from)
    return Roads(
        node_x_m=x_m,
        node_y_m=y_m,
        link_from=link_from,
        link_to=link_to,
        length_m=np.hypot(x_m[link_from] - x_m[link_to], y_m[link_from] - y_m[link_to]),
        free_speed_mps=np.full(links, 10.0),
        lanes=np.ones(links),
        capacity_vps=np.full(links, 0.5),
        car_allowed=np.ones(links, bool),
        walk_allowed=np.ones(links, bool),
        highway=tuple(np.tile(highway, 2).tolist()),
        is_synthetic=True,
    )


def make_shelter(row: int, district: int, place: tuple[float, float], capacity: int, kind: ShelterKind) -> Shelter:
    """A shelter with more places by its own figure than by the standard."""
    return Shelter(
        id=f"S{row:03d}",
        name=f"第{row}小学校",
        kind=kind,
        x_m=place[0],
        y_m=place[1],
        node=0,
        address="",
        district=district,
        capacity_persons=0 if kind is ShelterKind.SITE else capacity * 2,
        capacity_standard_persons=0 if kind is ShelterKind.SITE else capacity,
        capacity_is_estimate=row % 2 == 0,
        fitness={Hazard.EARTHQUAKE: Fitness.SUITED},
    )


def make_town(districts: int, shelters: int, columns: int, spacing_m: float = 90.0) -> Town:
    """A square town; two neighbourhoods a district, every third shelter an open-air site."""
    stream = Stream(2)
    half = columns * spacing_m / 2
    rows = np.arange(districts)
    x_m, y_m = (half * 0.9 * (2 * stream.uniform(axis, rows) - 1) for axis in "xy")
    places = [(half * 0.9 * (2 * u - 1), half * 0.9 * (2 * v - 1)) for u, v in _points(stream, shelters)]
    weight, radius_m = 1 / (2 * districts), half / 5
    neighbourhoods = [
        Neighbourhood(f"N{d}-{k}", f"{d}町{k}丁目", d, float(x_m[d]) + 150 * k, float(y_m[d]), radius_m, 0, weight)
        for d in range(districts)
        for k in range(2)
    ]
    kinds = [ShelterKind.SITE if row % 3 == 2 else ShelterKind.GENERAL for row in range(shelters)]
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    return Town(
        code="072028",
        name="試験市",
        name_en="Testville",
        projection=Projection(37.4947, 139.9299),
        districts=tuple(
            District(f"{d:02d}", f"第{d}地区", f"District {d}", float(x_m[d]), float(y_m[d])) for d in range(districts)
        ),
        neighbourhoods=tuple(neighbourhoods),
        roads=make_roads(columns, columns, spacing_m),
        shelters=tuple(
            make_shelter(row, row % districts, places[row], 40 + 17 * row % 400, kinds[row]) for row in range(shelters)
        ),
        office_node=0,
        exit_nodes=np.array([0], np.int32),
        home_nodes=np.arange(columns * columns, dtype=np.int32),
        home_neighbourhood=(np.arange(columns * columns) % len(neighbourhoods)).astype(np.int32),
        boundary=np.column_stack((1.2 * half * np.cos(angle), 1.2 * half * np.sin(angle))),
        provenance=(
            Provenance("streets", Standing.SYNTHETIC, "統計に合わせて合成", "Generated to fit statistics"),
            Provenance("capacities", Standing.ESTIMATE, "床面積から推計", "Estimated from floor area"),
            Provenance("districts", Standing.DATA, "市の統計", "City statistics"),
        ),
    )


def _points(stream: Stream, count: int) -> list[tuple[float, float]]:
    rows = np.arange(count)
    return list(zip(stream.uniform("u", rows).tolist(), stream.uniform("v", rows).tolist(), strict=True))


def make_population(town: Town, people: int, needing: Sequence[int] = ()) -> Population:
    """Households of two (the last may be one person), spread over the neighbourhoods in turn."""
    start = np.append(np.arange(0, people, 2), people).astype(np.int32)
    households = len(start) - 1
    household = np.repeat(np.arange(households, dtype=np.int32), np.diff(start))
    needs = np.zeros(people, bool)
    needs[list(needing)] = True
    zeros = partial(np.zeros, households)
    return Population(
        seed=1,
        household_start=start,
        home_node=zeros(np.int32),
        home_x_m=zeros(),
        home_y_m=zeros(),
        neighbourhood=(np.arange(households) % len(town.neighbourhoods)).astype(np.int32),
        cars=zeros(np.int8),
        floors=zeros(np.int8),
        relatives_neighbourhood=np.full(households, -1, np.int32),
        household=household,
        age=np.full(people, 40, np.int16),
        sex=np.zeros(people, np.int8),
        phone=np.zeros(people, np.int8),
        has_id=np.zeros(people, bool),
        uses_app=np.zeros(people, bool),
        needs_support=needs,
        has_plan=np.zeros(people, bool),
        plan_consent=np.zeros(people, bool),
        supporter=np.full(people, -1, np.int32),
        walking_speed_mps=np.full(people, 1.2),
        away_neighbourhood=np.full(people, -1, np.int32),
        consents=np.zeros((people, len(CONSENT_RULES)), bool),
        provenance=(Provenance("people", Standing.SYNTHETIC, "国勢調査の周辺分布", "Margins of the census"),),
    )


def make_events(rows: Sequence[Row]) -> EventColumns:
    """Events of rows (time_s, kind, person, place, detail), in any order."""
    trace = Trace()
    for time_s, kind, person, place, detail in rows:
        trace.record(kind, time_s, np.array([person]), place, detail)
    return trace.columns()


def sample(events: EventColumns, people: int, shelters: int, duration_s: float) -> tuple[np.ndarray, ...]:
    """Times, counts of states and headcounts every 10 minutes, by the fold itself."""
    state = TownState.all_at_home(people, shelters)
    times = np.arange(0.0, duration_s + 1, STEP_S)
    edges = np.searchsorted(events.time_s, times, side="right")
    counts, headcounts, begin = [], [], 0
    for edge in edges:
        for row in range(begin, edge):
            kind = EventKind(int(events.kind[row]))
            state.apply(kind, events.person[row : row + 1], events.place[row : row + 1])
        begin = edge
        counts.append(state.counts())
        headcounts.append(state.headcount())
    return times, np.array(counts), np.array(headcounts)


def make_parameters() -> Parameters:
    """One official figure and one assumption."""
    made = [
        Parameter(key, 0.8, "1", 0.7, 0.9, confidence, "Factor by night", "夜間の倍率", "JCCA 264")
        for key, confidence in (("walking.night_factor", Confidence.A), ("decision.delay_factor", Confidence.C))
    ]
    return Parameters({one.key: one for one in made})


def make_record(
    rows: Sequence[Row] | EventColumns,
    *,
    people: int = 8,
    needing: Sequence[int] = (),
    town: Town | None = None,
    duration_s: float = 7200.0,
    **changes: Any,
) -> RunRecord:
    """A run with the given events, truthful city OS, and any field of RunRecord changed."""
    town = make_town(districts=2, shelters=3, columns=4) if town is None else town
    events = rows if isinstance(rows, EventColumns) else make_events(rows)
    times, counts, headcount = changes.pop("sampled", None) or sample(events, people, len(town.shelters), duration_s)
    record = RunRecord(
        header=RunHeader("citytwin run drill --seed 7", "0.1.0", 7, "reference", connected=True, input_hashes={}),
        scenario=ScenarioFacts(
            "drill",
            Text("訓練", "Drill"),
            Hazard.EARTHQUAKE,
            datetime(2027, 1, 20, 17, 30, tzinfo=timezone(timedelta(hours=9))),
            duration_s,
            (Fact(Text("積雪", "Snow"), Text("20 cm", "20 cm")),),
        ),
        town=town,
        population=make_population(town, people, needing),
        parameters=make_parameters(),
        events=events,
        steps=StepSeries(times, counts, headcount, headcount.copy()),
        opened=np.ones(len(town.shelters), bool),
        wall_s=1.5,
    )
    return replace(record, **changes)


def make_big_record(people: int = 113_386, shelters: int = 150, columns: int = 100) -> RunRecord:
    """A run of a whole town with about six events a person, for looking at the report and for its speed."""
    town = make_town(districts=20, shelters=shelters, columns=columns)
    events, times, counts, headcount = _big_events(people, town)
    needing = np.arange(0, people, 16)
    return make_record(
        events,
        people=people,
        needing=needing.tolist(),
        town=town,
        duration_s=12 * 3600.0,
        sampled=(times, counts, headcount),
        notifications=(
            NotificationResult(120.0, Text("大地震発生", "Strong earthquake"), 24_000, 23_990, 10, 0),
            NotificationResult(
                3600.0, Text("避難指示（第3地区）", "Evacuation order (District 3)"), 1_200, 1_205, 0, 5
            ),
        ),
        calls=tuple(
            OperationCalls(name, calls, errors)
            for name, calls, errors in (
                ("checkIn", 31_022, 12),
                ("reportSafety", 9_110, 0),
                ("listEvacuees", 5_040, 3),
                ("getShelters", 22_310, 0),
                ("notify", 2, 0),
            )
        ),
        closures=tuple(LinkClosure(link, 0.0) for link in range(50, 70)),
        gridlocked_links=np.arange(90, 93, dtype=np.int32),
        timeline=(
            TimelineEntry(0.0, Topic.HAZARD, Text("震度6強の地震", "Earthquake, intensity 6 upper")),
            TimelineEntry(120.0, Topic.CITY_OS, Text("都市OSが災害時モードに入る", "City OS declares a disaster")),
            TimelineEntry(600.0, Topic.SHELTER, Text("避難所を開設", "Shelters open")),
            TimelineEntry(
                3600.0, Topic.ORDER, Text("第3地区に避難指示（警戒レベル4）", "Level 4 order for District 3")
            ),
            TimelineEntry(7200.0, Topic.ROAD, Text("国道の通行止め", "Highway closed")),
        ),
    )


def _big_events(people: int, town: Town) -> tuple[Any, ...]:
    stream, trace, everybody = Stream(3), Trace(), np.arange(people)
    draw = partial(stream.uniform, entities=everybody)
    shelters = len(town.shelters)
    warned_s = 60 + 1800 * draw("warned")
    trace.record(EventKind.WARNED, warned_s, everybody, -1, stream.below("channel", everybody, len(WarningChannel)))
    trace.record(EventKind.DECIDED, warned_s + 60, everybody, -1, Intent.STAY)
    leaves = draw("leaves") < 0.45
    away = draw("refuge") < 0.4
    left_s = warned_s + stream.lognormal("delay", everybody, mean=3600, cv=0.8)
    trip_s = stream.lognormal("trip", everybody, mean=1500, cv=0.6)
    by_car = (draw("car") < 0.3).astype(np.int64)
    hub = np.minimum(stream.below("a", everybody, shelters), stream.below("b", everybody, shelters))
    to_shelter, elsewhere = np.flatnonzero(leaves & ~away), np.flatnonzero(leaves & away)
    trace.record(EventKind.DEPARTED, left_s[leaves], everybody[leaves], -1, by_car[leaves])
    trace.record(
        EventKind.SETTLED, (left_s + trip_s)[elsewhere], elsewhere, -1, stream.below("r", elsewhere, len(Refuge) - 1)
    )
    queued_s = (left_s + trip_s)[to_shelter]
    channel = stream.choice("desk", to_shelter, np.array([5.0, 2.0, 1.0, 1.0]))
    wait_s = stream.lognormal("wait", to_shelter, mean=400, cv=1.2) / (1 + channel) + 15
    trace.record(EventKind.QUEUED, queued_s, to_shelter, hub[to_shelter], channel)
    trace.record(EventKind.CHECKED_IN, queued_s + wait_s, to_shelter, hub[to_shelter], channel)
    trace.record(EventKind.SAFETY_CONFIRMED, queued_s + wait_s, to_shelter, hub[to_shelter], SafetyChannel.CHECK_IN)
    home = np.flatnonzero(~leaves)
    confirmed = home[stream.uniform("safe", home) < 0.6]
    trace.record(
        EventKind.SAFETY_CONFIRMED,
        20_000 * stream.uniform("when", confirmed) + 600,
        confirmed,
        -1,
        stream.choice("how", confirmed, np.array([2.0, 0.0, 3.0, 2.0, 1.0])),
    )
    needing = np.arange(0, people, 16)
    trace.record(EventKind.HELP_NEEDED, warned_s[needing], needing)
    helped = needing[stream.uniform("helped", needing) < 0.8]
    trace.record(EventKind.HELP_REACHED, warned_s[helped] + 9000 * stream.uniform("h", helped), helped, -1, 1)
    trace.record(EventKind.DIVERTED, queued_s[::40] - 900, to_shelter[::40], hub[to_shelter][::40], 1)
    stranded = elsewhere[::500]
    trace.record(EventKind.STRANDED, left_s[stranded] + trip_s[stranded] + 1, stranded, 5, TravelMode.CAR)
    return _clip(trace.columns(), people, shelters)


def _clip(events: EventColumns, people: int, shelters: int) -> tuple[Any, ...]:
    kept = events.time_s <= 12 * 3600.0
    clipped = EventColumns(*(getattr(events, name)[kept] for name in events.__dataclass_fields__))
    return clipped, *_sample_columns(clipped, people, shelters)


def _sample_columns(events: EventColumns, people: int, shelters: int) -> tuple[np.ndarray, ...]:
    """As ``sample``, a kind at a time between two samples; exact enough where nobody has two events in one step."""
    state, begin, counts, headcounts = TownState.all_at_home(people, shelters), 0, [], []
    times = np.arange(0.0, 12 * 3600.0 + 1, STEP_S)
    order = [EventKind.AWAY, EventKind.DEPARTED, EventKind.DIVERTED, EventKind.QUEUED, EventKind.CHECKED_IN]
    for edge in np.searchsorted(events.time_s, times, side="right"):
        step = EventColumns(*(getattr(events, name)[begin:edge] for name in events.__dataclass_fields__))
        for kind in (*order, EventKind.SETTLED, EventKind.STRANDED):
            part = step.of(kind)
            state.apply(kind, part.person, part.place)
        begin = edge
        counts.append(state.counts())
        headcounts.append(state.headcount())
    return times, np.array(counts), np.array(headcounts)


def break_city_os(record: RunRecord) -> RunRecord:
    """The same run against a city OS that drops check-ins and shows a plan to somebody without a right to it."""
    said = record.steps.headcount_true - record.steps.headcount_true // 10
    where = Text("第0小学校", "Shelter S000")
    return replace(
        record,
        steps=replace(record.steps, headcount_said=said),
        findings=(
            Finding(FindingKind.HEADCOUNT, 600.0, where, "120", "108", "getShelters"),
            Finding(FindingKind.LOST, 1200.0, where, "listed", "absent", "listEvacuees", people=(1, 5)),
            Finding(FindingKind.GHOST, 1200.0, where, "absent", "listed", "listEvacuees", strangers=("x-1",)),
            Finding(
                FindingKind.LEAK, 1800.0, Text("町内会の名簿", "Association's list"), "-", "plan", "getList", cases=3
            ),
        ),
    )


@pytest.fixture(scope="session")
def run_of() -> Callable[..., RunRecord]:
    """Makes a run of rows (time_s, kind, person, place, detail)."""
    return make_record


@pytest.fixture(scope="session")
def big_run() -> Callable[..., RunRecord]:
    """Makes a run of a whole town."""
    return make_big_record


@pytest.fixture(scope="session")
def broken() -> Callable[[RunRecord], RunRecord]:
    """Turns a run's city OS into one that drops check-ins and leaks."""
    return break_city_os


@pytest.fixture(scope="session")
def rows_of() -> Callable[..., list[Row]]:
    """Makes the events of one person who goes to a shelter: departs, queues, is received."""

    def journey(person: int, shelter: int, *times_s: float, channel: int = ReceptionChannel.PAPER) -> list[Row]:
        kinds = (EventKind.DEPARTED, EventKind.QUEUED, EventKind.CHECKED_IN)
        details = (TravelMode.FOOT, channel, channel)
        return [(at, k, person, shelter, d) for at, k, d in zip(times_s, kinds, details, strict=False)]

    return journey
