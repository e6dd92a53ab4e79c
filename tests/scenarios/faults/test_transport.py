"""Faults between the town and its city OS: what each kind does, and that the oracle finds what it breaks."""

import json
from collections import Counter
from datetime import datetime
from io import BytesIO

import jsonschema
import numpy as np
import pytest
from faulty_city import behind, faulty_city
from scripted import Scripted
from small_city import START, SmallCity, in_process, small_people

from agents.city_os.port import FailureKind
from agents.city_os.transport import Request
from agents.errors import NoConnection, NoReplyInTime
from conformance.contract.operations import load_document
from scenarios.faults.answers import made_up
from scenarios.faults.form import (
    AddedLatency,
    AnyFault,
    CellLoss,
    CityHallLink,
    ClockSkew,
    DoubledWrite,
    ErrorAnswer,
    LostWrite,
    Outage,
    PowerLoss,
    SlowTrickle,
    StaleReads,
)
from scenarios.faults.injection import operations
from scenarios.faults.log import FaultLog
from scenarios.faults.transport import Terms
from scenarios.record import FindingKind
from scenarios.seeding import home_district, person_ids
from twin.events import ReceptionChannel, SafetyStatus
from twin.population import Mode
from twin.shelters import Hazard


def holders(city: SmallCity, count: int = 12) -> list[int]:
    """Rows of people with an ID."""
    return [int(row) for row in np.flatnonzero(city.population.has_id)[:count]]


def told(*faults: AnyFault, terms: Terms | None = None) -> tuple[SmallCity, Scripted]:
    """The small town with a city OS behind faults, and what really reached the city OS."""
    town, population = small_people()
    inner = Scripted(in_process(town, population), lambda _: None)
    transport = behind(inner, *faults, terms=terms)
    inner.requests.clear()
    return SmallCity.over(town, population, transport), inner


def reached(inner: Scripted, ending: str) -> list[Request]:
    """Requests that reached the city OS at paths that end so."""
    return [one for one in inner.requests if one.url.partition("?")[0].endswith(ending)]


def test_without_faults_nothing_changes() -> None:
    """An empty file of faults: byte for byte the same is said and answered."""
    town, population = small_people()
    plain = Scripted(in_process(town, population), lambda _: None)
    SmallCity.over(town, population, plain).live()
    city, inner = told()
    city.live()
    assert city.kinds() == set()
    skip = {"authorization"}  # secrets are made anew for each city OS
    said, also = (
        [(one.method, one.url, one.at_s, {k: v for k, v in one.headers.items() if k not in skip}) for one in requests]
        for requests in (plain.requests, inner.requests)
    )
    assert also == said


def test_an_outage_fails_its_operation_and_no_other() -> None:
    """Exactly the calls of the operation in the window fail, without reaching the city OS."""
    city, inner = told(Outage(name="down", operations=("reportSafety",), at="0:20", until="0:30"))
    one, *_ = holders(city)
    tries = {at_s: city.city_os.report_safety(at_s, one, SafetyStatus.SAFE) for at_s in (1199, 1200, 1799.9, 1800)}
    kinds = {at_s: answer.failure.kind if answer.failure else None for at_s, answer in tries.items()}
    assert kinds == {1199: None, 1200: FailureKind.UNREACHABLE, 1799.9: FailureKind.UNREACHABLE, 1800: None}
    assert len(reached(inner, "/safety-reports")) == 2
    assert city.city_os.put_position(1500, one, (1.0, 2.0)).ok
    assert city.city_os.shelter_board(1500).ok
    assert set(city.recorder.errors) == {"reportSafety"}


def test_a_whole_morning_with_one_operation_down_errs_there_alone() -> None:
    """All that the town says in a morning: errors of other operations there are none."""
    city, _ = faulty_city(Outage(name="down", operations=("putLocation",)))
    city.live()
    assert {name for name, count in city.recorder.errors.items() if count} == {"putLocation"}
    assert city.recorder.errors["putLocation"] == city.recorder.calls["putLocation"]


def test_the_silent_take_as_long_as_anybody_waits() -> None:
    """Nobody answers: the wait is the time-out, in simulated time, whatever a second of waiting counts."""
    for factor in (1.0, 4.0):
        city, _ = faulty_city(
            Outage(name="gone", operations=("listShelterStatus",), how="silent"), terms=Terms(factor, 8.0)
        )
        city.city_os._latency_factor = factor
        answer = city.city_os.shelter_board(0.0)
        assert answer.failure is not None
        assert (answer.failure.kind, answer.latency_s) == (FailureKind.TIMEOUT, 8.0)


def test_latency_is_simulated_time() -> None:
    """A latency is waited for in the town's time; beyond patience it is a time-out, but what was said was heard."""
    city, _ = faulty_city(AddedLatency(name="slow", constant_s=3.0, operations=("reportSafety",)))
    assert city.city_os.report_safety(0.0, holders(city)[0], SafetyStatus.SAFE).latency_s == pytest.approx(3.0)
    late, inner = told(AddedLatency(name="slow", constant_s=30.0, operations=("reportSafety",)), terms=Terms(1.0, 10.0))
    answer = late.city_os.report_safety(0.0, holders(late)[0], SafetyStatus.SAFE)
    assert answer.failure is not None
    assert (answer.failure.kind, answer.latency_s) == (FailureKind.TIMEOUT, 10.0)
    assert len(reached(inner, "/safety-reports")) == 1


def test_a_trickle_takes_as_long_as_its_bytes() -> None:
    """An answer at so many bytes a second."""
    city, _ = faulty_city(
        SlowTrickle(name="drops", bytes_per_s=100, operations=("listShelterStatus",)), terms=Terms(1.0, 1000.0)
    )
    transport = city.city_os._caller._transport
    response = transport.send(Request("GET", "/v1/shelters/status"))
    assert response.elapsed_s == pytest.approx(len(response.body) / 100)


@pytest.mark.parametrize("delivered", ["", "delivered"])
def test_errors_come_in_the_form_of_the_operation(delivered: str) -> None:
    """Status, form and name of the fault; what was asked is done only if the fault says so."""
    fault = ErrorAnswer(
        name="busy", status=503, retry_after_s=7, delivered=bool(delivered), operations=("reportSafety", "issueToken")
    )
    city, inner = told(fault)
    answer = city.city_os.report_safety(0.0, holders(city)[0], SafetyStatus.SAFE)
    assert answer.failure is not None
    assert answer.failure.status == 503
    assert len(reached(inner, "/token")) == (1 if delivered else 0)
    response = city.city_os._caller._transport.send(Request("POST", "/v1/safety-reports"))
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.headers["retry-after"], response.headers["citytwin-fault"]) == ("7", "busy")
    assert json.loads(response.body)["status"] == 503
    oauth = city.city_os._caller._transport.send(Request("POST", "/token"))
    assert json.loads(oauth.body) == {"error": "server_error"}
    assert len(reached(inner, "/safety-reports")) == (1 if delivered else 0)


def test_a_lost_check_in_is_found_by_the_oracle() -> None:
    """Answered well and never delivered: the people are in the shelter and on no list, and the headcount is short."""
    city, inner = told(LostWrite(name="lost", operations=("checkIn",), share=0.3))
    city.begin()
    city.evacuate()
    city.check(1200.0)
    # Who went on to another shelter, and whose second check-in was lost, is still listed at the first.
    assert city.kinds() == {FindingKind.HEADCOUNT, FindingKind.LOST, FindingKind.GHOST}
    assert not city.recorder.errors
    asked = city.recorder.calls["checkIn"]
    assert 0 < len(reached(inner, "/check-ins")) < asked


def test_a_lost_safety_report_is_found_by_the_oracle() -> None:
    """Who was told that the report was taken, and is not on the city's list, is found; and nobody else."""
    fault = LostWrite(name="lost", operations=("reportSafety",), share=0.25)
    plain, (city, inner) = faulty_city()[0], told(fault)
    for one in (plain, city):
        one.begin()
        for person in holders(one, 40):
            assert one.city_os.report_safety(1300.0 + person, person, SafetyStatus.SAFE).ok
        one.oracle.check_safety(1500.0)
    listed = plain.city_os.known_safe(1600.0).value
    assert listed is not None
    arrived = {request.at_s - 1300.0 for request in reached(inner, "/safety-reports") if request.method == "POST"}
    (finding,) = city.oracle.findings
    assert finding.kind is FindingKind.LOST
    assert 0 < len(arrived) < 40
    assert set(finding.people) == set(listed.people.tolist()) - arrived
    assert not plain.oracle.findings


@pytest.mark.parametrize(
    "operation",
    sorted(
        name
        for name, one in operations().items()
        if one.method != "GET" and one.profile not in ("core-oidc", "sandbox") and name != "decideConsents"
    ),
)
def test_answers_that_are_made_up_keep_the_contract(operation: str) -> None:
    """What a lost write is answered with has the shape that the contract asks for."""
    one = operations()[operation]
    answered = made_up(operation, {"shelter_id": "E1"}, b'{"unheard_of":"by the contract"}', "key")
    said = load_document()["paths"][one.path][one.method.lower()]["responses"][str(answered.status)]
    if "$ref" in said:
        said = load_document()["components"]["responses"][said["$ref"].rpartition("/")[2]]
    content = said.get("content", {})
    assert bool(content) == bool(answered.body)
    if "application/json" in content:
        schema = {**content["application/json"]["schema"], "components": load_document()["components"]}
        jsonschema.Draft202012Validator(schema).validate(json.loads(answered.body))


def test_made_up_ids_are_nobody_elses() -> None:
    """Two lost writes are answered with two ids, the same write always with the same."""
    ids = [json.loads(made_up("checkIn", {}, b"", key).body)["id"] for key in ("a", "a", "b")]
    assert ids[0] == ids[1] != ids[2]


def test_a_doubled_write_arrives_twice_and_does_no_more_than_once() -> None:
    """Under the same key a city OS that keeps the contract is not moved by it: the oracle finds nothing."""
    city, inner = told(DoubledWrite(name="twice", operations=("checkIn", "reportSafety")))
    city.live()
    assert city.kinds() == set()
    keys = Counter(one.headers["idempotency-key"] for one in reached(inner, "/safety-reports") if one.method == "POST")
    assert set(keys.values()) == {2}


def test_a_doubled_write_may_come_under_another_key() -> None:
    """Then each goes out under a key of its own."""
    city, inner = told(DoubledWrite(name="twice", operations=("reportSafety",), new_key=True))
    city.city_os.report_safety(0.0, holders(city)[0], SafetyStatus.SAFE)
    first, second = reached(inner, "/safety-reports")
    assert first.body == second.body
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]


def test_stale_reads_tell_what_was_true_before() -> None:
    """The board is that of ten minutes ago, and the oracle finds the headcount wrong; later it is right again."""
    city, _ = faulty_city(StaleReads(name="old", age_s=600, operations=("listShelterStatus",), at="0:10", until="1:00"))
    city.begin()
    for minute in range(10):
        city.oracle.check_headcounts(60.0 * minute, city.state.headcount())
    assert city.kinds() == set()
    city.check_in(601.0, 0, 1)
    board = city.city_os.shelter_board(900.0)
    assert board.value is not None
    assert board.value.headcount.tolist()[0] == 0
    city.oracle.check_headcounts(900.0, city.state.headcount())
    assert city.kinds() == {FindingKind.HEADCOUNT}
    board = city.city_os.shelter_board(1501.0)
    assert board.value is not None
    assert board.value.headcount.tolist()[0] == 1
    city.check_in(1600.0, 0, 2)
    board = city.city_os.shelter_board(3600.0)
    assert board.value is not None
    assert board.value.headcount.tolist()[0] == 2


def by_district(city: SmallCity) -> list[list[int]]:
    """Rows of people with an ID, district by district."""
    home = home_district(city.town, city.population)
    return [[row for row in holders(city, 10_000) if home[row] == one][:10] for one in range(2)]


def test_a_lost_cell_cuts_its_district_off_and_bursts_when_it_is_back() -> None:
    """Phones of the district reach nobody; all of what their apps kept arrives within the burst, and is known."""
    town, _ = small_people()
    code = town.districts[0].code
    city, inner = told(CellLoss(name="cell", districts=(code,), until="0:30", burst_s=60))
    lost, well = by_district(city)
    late: list[float] = []
    city.city_os._caller._transport.late = lambda _, request, __: late.append(request.at_s)  # type: ignore[attr-defined]
    outcomes = [city.city_os.report_safety(1000.0 + row, row, SafetyStatus.SAFE).ok for row in (*lost, *well)]
    assert outcomes == [False] * len(lost) + [True] * len(well)
    assert city.city_os.check_in(1100.0, 0, lost[0], ReceptionChannel.PAPER).ok
    before = len(reached(inner, "/safety-reports"))
    city.city_os.shelter_board(1800.0)
    city.city_os.shelter_board(1860.0)
    assert before == len(well)
    assert len(late) >= len(lost)
    assert all(1800.0 <= at_s <= 1860.0 for at_s in late)
    assert late == sorted(late)


def test_lost_power_cuts_the_receptions_off_too() -> None:
    """The desk of the district's shelter reaches nobody, that of another district does."""
    town, _ = small_people()
    code = town.districts[town.shelters[0].district].code
    city, _ = faulty_city(PowerLoss(name="power", districts=(code,)))
    oks = [
        city.city_os.check_in(10.0, shelter, shelter, ReceptionChannel.PAPER).ok
        for shelter in range(len(town.shelters))
    ]
    assert oks == [one.district != town.shelters[0].district for one in town.shelters]


def test_the_city_halls_link_cuts_off_the_office_alone() -> None:
    """The office can neither declare nor order; citizens and desks go on."""
    city, _ = faulty_city(CityHallLink(name="lgwan"))
    assert not city.city_os.declare(0.0, Mode.DRILL, Hazard.EARTHQUAKE, [0]).ok
    assert not city.city_os.evacuees(0.0, 0).ok
    assert city.city_os.check_in(10.0, 0, 3, ReceptionChannel.PAPER).ok
    assert city.city_os.report_safety(10.0, holders(city)[0], SafetyStatus.SAFE).ok


def test_wrong_clocks_change_what_phones_say_and_nothing_else() -> None:
    """The time of observation moves by the phone's skew; the desk's stays."""
    city, inner = told(ClockSkew(name="clocks", low_s=120, high_s=120))
    city.city_os.report_safety(1000.0, holders(city)[0], SafetyStatus.SAFE)
    city.city_os.check_in(1000.0, 0, 3, ReceptionChannel.PAPER)
    (report,), (check_in,) = reached(inner, "/safety-reports"), reached(inner, "/check-ins")
    moments = [datetime.fromisoformat(json.loads(one.body)["observed_at"]) for one in (report, check_in)]
    assert [(one - START).total_seconds() for one in moments] == [1120.0, 1000.0]


def test_the_log_names_faults_and_nobody() -> None:
    """One line for each fault that hit a call: which, where in the contract, by a hash of whom."""
    city, _ = faulty_city(ErrorAnswer(name="busy", operations=("putLocation", "reportSafety")))
    file = BytesIO()
    city.city_os._caller._transport._log = FaultLog(file, 1)  # type: ignore[attr-defined]
    people = holders(city, 3)
    for person in (*people, people[0]):
        city.city_os.put_position(5.0, person, (1.0, 2.0))
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert {(one["fault"], one["kind"], one["operation"], one["path"]) for one in lines} == {
        ("busy", "error", "putLocation", "/v1/users/{sub}/location")
    }
    assert len({one["subject"] for one in lines}) == 3
    assert not any(one.encode() in file.getvalue() for one in person_ids(city.population))


def test_agents_of_every_kind_are_recognised() -> None:
    """What the town says in a morning is said by citizens, desks, associations and the office, and each is known."""
    city, _ = faulty_city(ErrorAnswer(name="all", share=0.0))
    injector = city.city_os._caller._transport._injector  # type: ignore[attr-defined]
    seen: Counter[tuple[str, str]] = Counter()
    decide = injector.next
    injector.next = lambda asked: (seen.update([(asked.role, asked.operation)]), decide(asked))[1]
    kinds: dict[str, set[str]] = {}
    city.recorder.observe(lambda one: kinds.setdefault(one.operation, set()).add(str(one.asker.kind)))
    city.live()
    role_of = {"citizen": "citizen_app", "anybody": ""}
    expected = {(role_of.get(kind, kind), operation) for operation, found in kinds.items() for kind in found}
    assert expected == set(seen)


def test_faults_of_the_connection_are_those_that_the_caller_knows() -> None:
    """A stop is a NoConnection or a NoReplyInTime, as from any transport."""
    for how, fault in (("refused", NoConnection), ("silent", NoReplyInTime)):
        city, _ = faulty_city(Outage(name="down", how=how))  # type: ignore[arg-type]
        with pytest.raises(fault, match="down"):
            city.city_os._caller._transport.send(Request("GET", "/v1/shelters"))
