"""Rings of a safety inquiry: exactly the items of the form, the person's own choice, and the history."""

from typing import Any
from urllib.parse import quote

import pytest
from consent_values import act
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.contract.catalogue import load_rings

AT, LATER = "2027-01-15T07:00:00+09:00", "2027-01-15T08:00:00+09:00"
HERE = {"type": "Point", "coordinates": [139.93, 37.49]}
SAID = {
    "condition": "右足を骨折",
    "whereabouts": "第一小学校",
    "contact": "0242-11",
    "nationality": "日本",
    "other_identifier": "青い上着",
}
PERSON = ("name", "name_kana", "birth_date", "sex", "address")
"""Items of the form that the city OS holds of the person."""
AUDIENCES = ("family", "association", "acquaintance", "employer", "public")
NOT_ITEMS = {"observed_at", "disclosure", "person", "status", "method", "position"}


def report(city: Any, who: str = "c1", **more: Any) -> Any:
    """A whole report on oneself."""
    body = {"status": "injured", "observed_at": AT, "position": HERE, **SAID, **more}
    return city.call("POST", "/v1/safety-reports", who, body)


def seen(city: Any, audience: str, who: str = "c6", sub: str = "c1") -> list[Any]:
    """What an audience is answered about a person."""
    query = f"?audience={audience}"
    if audience in ("acquaintance", "employer", "public"):
        query += "&name=" + quote(f"𠮷野󠄁 {sub[1:]}")
    items: list[Any] = city.everything("/v1/safety-reports" + query, who)
    return items


def items(answer: Any) -> set[str]:
    """Items of the form in an answer."""
    return (set(answer) - NOT_ITEMS) | (set(answer["person"]) & set(PERSON))


@pytest.mark.parametrize(
    ("ring", "audience", "who"),
    [(1, "family", "c0"), (2, "acquaintance", "c6"), (2, "employer", "c6"), (3, "public", "c6")],
)
def test_each_ring_is_answered_its_items_and_no_others(city: Any, ring: int, audience: str, who: str) -> None:
    """DIS-013: the item sets of the form, of which those are there that are known."""
    report(city, share_with=[audience])
    (answer,) = seen(city, audience, who)
    expected = set(load_rings()[ring - 1].items)
    assert items(answer) == expected & {*PERSON, *SAID, "injured"}
    assert answer["injured"] is True
    assert answer["disclosure"][0]["ring"] == ring
    if ring > 1:
        assert not {"status", "method", "position"} & set(answer)
        assert "sub" not in answer["person"]


def test_acquaintances_are_told_nothing_unless_the_person_said_so(city: Any) -> None:
    """CONS-012: not in a disaster either; unknown people and silent people are answered alike."""
    report(city)
    city.declare("disaster", "d0", "d1")
    for audience in ("acquaintance", "employer", "public"):
        assert seen(city, audience) == seen(city, audience, sub="c999") == []
    body = {
        "purpose": "safety_inquiry", "data_categories": ["safety"], "recipients": ["acquaintance"],
        "modes": ["disaster"], "state": "given",
    }  # fmt: skip
    record = city.call("POST", "/v1/consents", "c1", body).json
    assert len(seen(city, "acquaintance")) == 1
    assert seen(city, "public") == []
    act(city, "c1", record, "withdrawal")
    assert seen(city, "acquaintance") == []


def test_nobody_lists_everybody_by_inquiry(city: Any) -> None:
    """Whoever asks as acquaintance or public names whom they look for, and needs the scope."""
    for audience in ("acquaintance", "employer", "public"):
        url = f"/v1/safety-reports?audience={audience}"
        assert city.call("GET", url, "c6").json["errors"] == [{"pointer": "name", "code": "required"}]
        assert city.call("GET", url + "&name=x", "city-office").problem == "insufficient-scope"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(chosen=st.none() | st.sets(st.sampled_from(AUDIENCES)), mode=st.sampled_from(["normal", "drill", "disaster"]))
def test_the_persons_choice_holds(make_city: Any, chosen: set[str] | None, mode: str) -> None:
    """Who is not named is refused even where law or consent would answer; the municipality goes by law alone."""
    city = make_city()
    city.declare(mode, "d0", "d1")
    report(city, "c0", **({} if chosen is None else {"share_with": sorted(chosen)}))
    asked = {"family": "c1", "association": "association-n0", "acquaintance": "c6", "employer": "c6", "public": "c6"}
    answered = {audience for audience, who in asked.items() if seen(city, audience, who, "c0")}
    by_default = {"family"} | ({"association"} if mode == "disaster" else set())
    assert answered == (by_default if chosen is None else chosen & set(asked))
    known = {
        one["person"].get("sub") for one in city.everything("/v1/safety-reports?audience=municipality", "city-office")
    }
    assert known == ({"c0"} if mode == "disaster" else set())


def test_the_newest_observation_decides_with_whom_it_is_shared(city: Any) -> None:
    """DIS-014: an older report that arrives late changes neither what is told nor to whom."""
    report(city, share_with=["public"], observed_at="2027-01-15T08:00:00+09:00")
    report(city, share_with=[], observed_at=AT)
    assert len(seen(city, "public")) == 1
    report(city, share_with=[], observed_at="2027-01-15T09:00:00+09:00")
    assert seen(city, "public") == []


def test_one_sees_every_report_on_oneself(city: Any) -> None:
    """One's own and those of others, with who told it; nobody else sees the history."""
    report(city)
    subject = {"subject": {"sub": "c1"}, "status": "safe", "observed_at": AT, "method": "visit"}
    city.call("POST", "/v1/safety-reports", "association-n1", subject)
    history = city.everything("/v1/users/c1/safety-reports?limit=1", "c1")
    assert [(one["status"], one["recorded_by"], one["recorded_for"]) for one in history] == [
        ("injured", "citizen-app", "family"), ("safe", "association-n1", "association:n1"),
    ]  # fmt: skip
    assert history[0]["whereabouts"] == "第一小学校"
    assert city.call("GET", "/v1/users/c1/safety-reports", "c0").problem == "not-found"


def test_nobody_else_says_with_whom_a_report_is_shared(city: Any) -> None:
    """An association or the city cannot publish a person with an account, by ID or by a temporary id that is linked."""
    for who in ("association-n1", "city-office"):
        for share_with in (["public"], []):
            refused = report(city, who, subject={"sub": "c1"}, method="visit", share_with=share_with)
            assert refused.json["errors"] == [{"pointer": "/share_with", "code": "not_allowed"}]
    met = {"subject": {"temp_id": "t9", "neighbourhood": "n1"}, "method": "visit", "share_with": list(AUDIENCES)}
    assert report(city, "association-n1", **met).status == 201
    body = {"unregistered": {"temp_id": "t9"}, "channel": "paper", "observed_at": AT}
    stay = city.call("POST", "/v1/shelters/S0/check-ins", "shelter-desk", body).headers["location"]
    assert city.call("POST", f"{stay}/link", "shelter-desk", {"sub": "c1"}).status == 200
    for _ in range(2):
        assert [seen(city, audience) for audience in ("acquaintance", "employer", "public")] == [[], [], []]
        assert seen(city, "family", "c0") == []
        assert report(city, "association-n1", **{**met, "observed_at": LATER}).status == 201
