"""People outside of shelters are counted where they are supplied; who and where is told by consent only."""

from typing import Any

import jsonschema
import pytest
from consent_values import act, give

from conformance.contract.operations import load_document
from reference_api.clock import instant

SCHEMAS = load_document()["components"]["schemas"]
URL = "/v1/off-shelter-evacuees"
AT, LATER = "2027-01-15T07:00:00+09:00", "2027-01-15T08:00:00+09:00"
CAR = {
    "place": "car",
    "description": "駐車場 𠮷",
    "position": {"type": "Point", "coordinates": [139.93, 37.5]},
    "persons": 3,
    "needs": ["infant"],
    "shelter_id": "S0",
    "observed_at": AT,
}


def report(city: Any, who: str, **members: Any) -> Any:
    """Somebody says where people are."""
    return city.call("POST", URL, who, {**CAR, **members})


def counted(city: Any) -> tuple[int, int]:
    """People and households outside who are supplied from S0, as anybody may read."""
    status = city.call("GET", "/v1/shelters/S0/status").json
    return status["off_shelter_persons"], status["off_shelter_households"]


def test_report_goes_from_creation_to_gone(city: Any) -> None:
    """Made, read, changed, deleted; each step is counted at the shelter."""
    made = report(city, "c0")
    where = made.headers["location"]
    assert (made.status, made.json["sub"], counted(city)) == (201, "c0", (3, 1))
    schema = {"$ref": "#/components/schemas/OffShelterEvacuees", "components": {"schemas": SCHEMAS}}
    jsonschema.Draft202012Validator(schema).validate(made.json)
    assert city.call("GET", where, "c0").json == made.json
    body = {**CAR, "persons": 5, "households": 2, "observed_at": LATER}
    assert city.call("PUT", where, "c0", body).problem == "precondition-required"
    changed = city.call("PUT", where, "c0", body, if_match=made.headers["etag"])
    assert (changed.json["persons"], counted(city)) == (5, (5, 2))
    assert city.call("DELETE", where, "c0", if_match=made.headers["etag"]).problem == "precondition-failed"
    assert city.call("DELETE", where, "c0", if_match=changed.headers["etag"]).status == 204
    assert city.call("GET", where, "c0").problem == "gone"
    assert counted(city) == (0, 0)


def test_person_is_counted_once(city: Any) -> None:
    """Another report of the same person replaces an older observation, and an older one changes nothing."""
    first = report(city, "c0")
    assert report(city, "c0", persons=4, observed_at=LATER).status == 200
    late = report(city, "shelter-desk", sub="c0", persons=9)
    assert (late.status, late.json["id"], late.json["persons"]) == (200, first.json["id"], 4)
    assert "description" not in late.json
    assert counted(city) == (4, 1)
    for _ in range(2):
        report(city, "shelter-desk", persons=2)
    assert counted(city) == (8, 3)


def test_everybody_is_listed_and_few_are_named(city: Any) -> None:
    """The city sees all counts; place, position and needs of those with ID only where consent or law permits."""
    report(city, "c0")
    report(city, "c5", persons=2)
    report(city, "shelter-desk", temp_id="a", persons=1)

    def listed() -> list[tuple[int, bool]]:
        items = city.everything(f"{URL}?shelter_id=S0&limit=1", "city-office")
        return [(item["persons"], "position" in item) for item in items]

    assert listed() == [(3, False), (2, False), (1, True)]
    assert city.call("GET", f"{URL}/2", "city-office").problem == "not-found"
    city.declare("disaster", "d0", "d1")
    assert listed() == [(3, True), (2, True), (1, True)]
    assert city.call("GET", f"{URL}/2", "city-office").json["needs"] == ["infant"]


def test_a_delta_follows_consent_and_mode(city: Any) -> None:
    """Where and who comes with the next delta when it may be told, and goes with it when it may not any more."""
    report(city, "c5")
    as_of = city.call("GET", URL, "city-office").json["as_of"]

    def delta() -> list[bool]:
        nonlocal as_of
        city.clock.set_s(city.clock.now_s() + 600)
        since = as_of.replace("+", "%2B")
        as_of = instant(city.clock.now_s())
        return ["position" in item for item in city.everything(f"{URL}?updated_since={since}", "city-office")]

    assert delta() == [False]
    assert delta() == []
    record = give(city, "c5", data_categories=["checkin"])
    assert delta() == [True]
    act(city, "c5", record, "withdrawal")
    assert delta() == [False]
    city.declare("disaster", "d0")
    assert delta() == [True]


def test_what_is_deleted_is_no_disclosure(city: Any) -> None:
    """A tombstone tells nothing of the person, so the person's log has nothing of it."""
    made = report(city, "c0")
    city.declare("disaster", "d0")
    assert city.call("DELETE", made.headers["location"], "c0", if_match=made.headers["etag"]).status == 204
    city.everything(f"{URL}?updated_since=2020-01-01T00:00:00Z", "city-office")
    assert city.everything("/v1/access-log", "c0") == []


def test_citizen_speaks_and_sees_for_themselves(city: Any) -> None:
    """Another's report is neither made, read nor changed."""
    assert report(city, "c0", sub="c1").problem == "insufficient-scope"
    assert report(city, "c0", temp_id="a").problem == "insufficient-scope"
    other = report(city, "c1")
    where = other.headers["location"]
    for method, body in (("GET", None), ("PUT", CAR), ("DELETE", None)):
        assert city.call(method, where, "c0", body, if_match=other.headers["etag"]).problem == "not-found"


def test_deleted_report_is_a_tombstone(city: Any) -> None:
    """A delta tells that a report is no more, and nothing else of it."""
    made = report(city, "shelter-desk")
    city.call("DELETE", made.headers["location"], "shelter-desk", if_match=made.headers["etag"])
    since = made.json["updated_at"].replace("+", "%2B")
    delta = city.everything(f"{URL}?updated_since={since}", "city-office")
    assert [set(item) for item in delta] == [{"id", "removed", "updated_at"}]
    assert city.everything(URL, "city-office") == []


@pytest.mark.parametrize(
    "members", [{"persons": 0}, {"shelter_id": "S9"}, {"place": "moon"}, {"sub": "c0", "temp_id": "a"}]
)
def test_faulty_report_counts_nobody(city: Any, members: dict[str, Any]) -> None:
    """Nobody, an unknown shelter, an unknown place, two persons in one: 422."""
    assert report(city, "shelter-desk", **members).problem == "validation"
    assert counted(city) == (0, 0)
