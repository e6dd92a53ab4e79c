"""Search: what is asked for and nothing else, in pages that are whole."""

from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ward import HOSPITAL, Ward

from reference_api.fhir.search.criteria import Context, all_hold, condition, read_criterion
from reference_api.fhir.search.parameters import index

JST = timezone(timedelta(hours=9))
HL7 = "http://terminology.hl7.org/CodeSystem/observation-category"
OWN = "patient/*.cruds"


def lab(
    ward: Ward, code: str, at: str | None, status: str = "final", system: str = "http://loinc.org"
) -> dict[str, Any]:
    """A laboratory result of c0."""
    coding = {"code": code} | ({"system": system} if system else {})
    return {
        "resourceType": "Observation",
        "status": status,
        "category": [{"coding": [{"system": HL7, "code": "laboratory"}]}],
        "code": {"coding": [coding], "text": "検査"},
        "subject": {"reference": f"Patient/{ward.patient('c0')}"},
        "valueString": "1",
    } | ({} if at is None else {"effectiveDateTime": at})


@pytest.fixture
def filled(ward: Ward) -> Ward:
    """Twelve results of c0 on four days, one without a date."""
    for number in range(11):
        code, day = ("718-7", "4548-4", "1742-6")[number % 3], number % 4 + 12
        ward.create(
            "c0", lab(ward, code, f"2027-01-{day}T0{number % 10}:30:00+09:00", ("final", "amended")[number % 2])
        )
    ward.create("c0", lab(ward, "local", None, system=""))
    return ward


QUERIES = [
    (
        "code",
        ["718-7", "http://loinc.org|4548-4", "http://loinc.org|", "|local", "|718-7", "718-7,1742-6", "urn:x|718-7"],
    ),
    ("status", ["final", "final,amended", "http://hl7.org/fhir/observation-status|amended"]),
    ("date", ["2027-01-12", "ge2027-01-14", "lt2027-01-13T03:00:00Z", "sa2027-01-13", "ne2027-01-12", "2027"]),
    ("category", ["laboratory", f"{HL7}|laboratory", "vital-signs"]),
    ("combo-code", ["718-7", "nothing"]),
]
PAIRS = st.lists(
    st.sampled_from([(name, value) for name, values in QUERIES for value in values]), min_size=1, max_size=3
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PAIRS)
def test_search_finds_what_the_predicates_hold_of(filled: Ward, pairs: list[tuple[str, str]]) -> None:
    """The server finds exactly the resources of which every criterion holds, taken one by one."""
    context = Context("http://127.0.0.1:8080/fhir", filled.city.clock.now_s())
    criteria = [read_criterion("Observation", name, value, context) for name, value in pairs]
    everything = filled.search("Observation", "c0", scope=OWN)
    expected = [
        one["id"]
        for one in everything
        if all_hold([found for found in criteria if found], index(one, one["id"], 1, context.base_url))
    ]
    found = filled.call("GET", f"Observation?{urlencode(pairs)}", "c0", scope=OWN).json
    assert [entry["resource"]["id"] for entry in found.get("entry", [])] == expected
    assert found["total"] == len(expected)
    form = urlencode(pairs).encode()
    posted = filled.call(
        "POST", "Observation/_search", "c0", form, scope=OWN, content_type="application/x-www-form-urlencoded"
    )
    assert {**posted.json, "meta": None} == {**found, "meta": None}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 5),
    st.sampled_from(["", "date", "-date", "_lastUpdated", "-_lastUpdated", "_id", "-date,_id", "_lastUpdated,-date"]),
    st.sampled_from(["", "status=final", "code=718-7,4548-4"]),
)
def test_pages_together_are_the_whole_in_order(filled: Ward, count: int, sort: str, narrowed: str) -> None:
    """Whatever their size and order, pages hold each match once, in the order of one page, with every filter kept."""
    query = "&".join(part for part in (narrowed, f"_sort={sort}" if sort else "") if part)
    whole = [one["id"] for one in filled.search(f"Observation?{query}&_count=500", "c0", scope=OWN)]
    paged = [one["id"] for one in filled.search(f"Observation?{query}&_count={count}", "c0", scope=OWN)]
    assert paged == whole
    assert max(Counter(paged).values()) == 1


def test_sorting_by_date(filled: Ward) -> None:
    """Dates come in order, those without one last, in both directions."""
    for sort, reverse in (("date", False), ("-date", True)):
        dates = [one.get("effectiveDateTime") for one in filled.search(f"Observation?_sort={sort}", "c0", scope=OWN)]
        assert dates[-1] is None
        assert dates[:-1] == sorted((one for one in dates if one), reverse=reverse)


def test_paging_misses_nothing_that_stays(filled: Ward) -> None:
    """What is made or deleted between two pages neither hides nor doubles what was there all the time."""
    first = filled.call("GET", "Observation?_count=3", "c0", scope=OWN).json
    before = [one["id"] for one in filled.search("Observation", "c0", scope=OWN)]
    for gone in (before[1], before[4]):
        assert filled.call("DELETE", f"Observation/{gone}", "c0").status == 204
    filled.create("c0", lab(filled, "718-7", "2020-01-01"))
    seen = [entry["resource"]["id"] for entry in first["entry"]]
    (url,) = [link["url"] for link in first["link"] if link["relation"] == "next"]
    seen += [one["id"] for one in filled.search(url, "c0", scope=OWN)]
    assert [one for one in seen if one in before] == [one for one in before if one != before[4]]


def links(bundle: Any) -> dict[str, str]:
    """Links of a Bundle by relation."""
    return {link["relation"]: link["url"] for link in bundle["link"]}


def test_links_tell_what_was_understood(filled: Ward) -> None:
    """The self link has the parameters that counted; the next link has them too, with a cursor for them alone."""
    query = "code=718-7&_count=2&colour=red&_sort=-date"
    found = filled.call("GET", f"Observation?{query}", "c0", scope=OWN).json
    assert found["type"] == "searchset"
    understood = [("code", "718-7"), ("_count", "2"), ("_sort", "-date")]
    assert parse_qsl(urlsplit(links(found)["self"]).query) == understood
    following = parse_qsl(urlsplit(links(found)["next"]).query)
    assert following[:-1] == understood
    cursor = following[-1][1]
    for other in (
        f"Observation?code=4548-4&_count=2&_sort=-date&_cursor={cursor}",
        f"Observation?_count=2&_sort=-date&_cursor={cursor}",
        f"Observation?code=718-7&_count=2&_sort=-date&_cursor={cursor}x",
        f"DiagnosticReport?code=718-7&_count=2&_sort=-date&_cursor={cursor}",
    ):
        assert filled.call("GET", other, "c0", scope=OWN).status == 400, other
    assert filled.call("GET", links(found)["next"], "c1", scope=OWN).status == 400


def test_unknown_parameters_are_left_out_or_refused(filled: Ward) -> None:
    """A client chooses: lenient, and the self link tells; or strict, and the search is refused."""
    assert filled.call("GET", "Observation?colour=red", "c0", prefer="handling=lenient").status == 200
    assert filled.call("GET", "Observation?colour=red", "c0", prefer="handling=strict").status == 400
    assert filled.call("GET", "Observation?code=718-7&_count=1", "c0", prefer="handling=strict").status == 200


@pytest.mark.parametrize(
    "query",
    ["code:above=1", "date:missing=true", "patient.name=x", "subject:Patient.name=x", "date=now", "code=", "_count=x",
     "_count=-1", "_sort=colour", "_sort=", "_cursor=x", "code=%00", "_lastUpdated=x", "code=" + ",".join("x" * 101),
     "&".join(f"a{number}=1" for number in range(101))],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused(filled: Ward, query: str) -> None:
    """Modifiers that are not offered, chains and values that are none are 400, however lenient."""
    answer = filled.call("GET", f"Observation?{query}", "c0")
    assert (answer.status, answer.json["resourceType"]) == (400, "OperationOutcome")


def test_patients_are_named_in_every_way(filled: Ward) -> None:
    """A bare id, a typed one and a URL of this server name the same patient; a URL of another server names nobody."""
    own = filled.patient("c0")
    found = [
        filled.search(f"Observation?{name}={quote(value)}", "c0", scope=OWN)
        for value in (own, f"Patient/{own}", f"http://127.0.0.1:8080/fhir/Patient/{own}")
        for name in ("patient", "subject", "subject:Patient")
    ]
    assert all(one == found[0] and len(one) == 12 for one in found)
    for value in (f"http://other.example/fhir/Patient/{own}", f"Group/{own}", "a99999", "x"):
        assert filled.search(f"Observation?patient={quote(value)}", "c0", scope=OWN) == []


def test_patient_is_included_once(filled: Ward) -> None:
    """``_include`` adds the Patient after the matches, once, and counts it not."""
    found = filled.call("GET", "Observation?_include=Observation:patient&_count=5", "c0", scope=OWN).json
    modes = [(entry["resource"]["resourceType"], entry["search"]["mode"]) for entry in found["entry"]]
    assert modes == [("Observation", "match")] * 5 + [("Patient", "include")]
    assert found["total"] == 12
    scope = "patient/Observation.rs"
    found = filled.call("GET", "Observation?_include=Observation:patient", "c0", scope=scope).json
    assert {entry["resource"]["resourceType"] for entry in found["entry"]} == {"Observation"}


def test_summary_counts(filled: Ward) -> None:
    """``_summary=count`` and ``_count=0`` give the total without an entry."""
    for query in ("_summary=count", "_count=0"):
        found = filled.call("GET", f"Observation?{query}&code=718-7", "c0", scope=OWN).json
        assert (found["total"], "entry" in found) == (4, False)


def test_last_updated(filled: Ward) -> None:
    """Resources are found by when the server wrote them."""
    moment = datetime.fromtimestamp(filled.city.clock.now_s(), JST)
    filled.city.clock.set_s(filled.city.clock.now_s() + 60)
    newest = filled.create("c0", lab(filled, "718-7", "2020-01-01")).json["id"]
    later = quote(f"gt{moment.isoformat()}")
    assert [one["id"] for one in filled.search(f"Observation?_lastUpdated={later}", "c0", scope=OWN)] == [newest]
    assert len(filled.search(f"Observation?_lastUpdated={quote(moment.isoformat())}", "c0", scope=OWN)) == 12


def test_body_measurements_are_vital_signs_too(ward: Ward) -> None:
    """Height and weight, coded for HL7 and JP Core, are found under both systems' categories."""
    for item, value in (("body-height", 172.5), ("body-weight", 65.2), ("pulse-rate", 72)):
        assert ward.create("c0", ward.observed(item, "c0", value)).status == 201
    jp = "http://jpfhir.jp/fhir/core/CodeSystem/JP_SimpleObservationCategory_CS"
    assert len(ward.search(f"Observation?category={HL7}|vital-signs", "c0", scope=OWN)) == 3
    assert len(ward.search(f"Observation?category={jp}|body-measurement", "c0", scope=OWN)) == 2


def test_medication_is_found_by_its_printed_name(ward: Ward) -> None:
    """``code:text`` finds the name as it is printed, whatever its width."""
    statement = {
        "resourceType": "MedicationStatement",
        "status": "active",
        "medicationCodeableConcept": {"text": "アムロジピンＯＤ錠５ｍｇ"},
        "subject": {"reference": f"Patient/{ward.patient('c0')}"},
        "effectivePeriod": {"start": "2027-01-01"},
    }
    assert ward.create("c0", statement).status == 201
    assert len(ward.search(f"MedicationStatement?code:text={quote('ｱﾑﾛｼﾞﾋﾟﾝOD錠5mg')}", "c0", scope=OWN)) == 1
    assert len(ward.search("MedicationStatement?effective=ge2027-06", "c0", scope=OWN)) == 1
    assert ward.search(f"MedicationStatement?code:text={quote('OD錠')}", "c0", scope=OWN) == []


def test_totals_are_absent_or_right_for_a_hospital(filled: Ward) -> None:
    """Where consent decides on each patient a total is told on request only, and then it is that of what is shown."""
    for sub in ("c1", "c2"):
        assert filled.create(sub, filled.pulse(sub)).status == 201
    assert "total" not in filled.call("GET", "Observation", HOSPITAL).json
    shown = filled.search("Observation", HOSPITAL)
    assert len(shown) == 13
    assert filled.call("GET", "Observation?_total=accurate", HOSPITAL).json["total"] == 13
    assert filled.call("GET", "Observation?_summary=count", HOSPITAL).json["total"] == 13


def test_no_criteria_hold_always() -> None:
    """A search for nothing in particular has a condition that always holds."""
    assert condition([]) == ("1 = 1", [])
