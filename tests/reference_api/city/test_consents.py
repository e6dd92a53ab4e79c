"""Consents: given, listed, renewed, refused, withdrawn; by oneself and by staff; and what follows at once."""

import itertools
from typing import Any

import pytest
from consent_values import ON_THE_SPOT, SAFETY, act, ask, give, told, with_streams

from reference_api import consent_records

WITHIN_S = 3600.0
DAY_S = 86_400.0


def seen(city: Any, sub: str) -> set[str]:
    """Categories that the city office is shown of somebody."""
    answer = city.call("GET", f"/v1/users/{sub}", "city-office")
    return {one["category"] for one in answer.json.get("disclosure", ()) if one["decision"] == "permit"}


def test_a_consent_opens_and_its_withdrawal_closes_at_once(city: Any) -> None:
    """Between two requests nothing is remembered: what was given is seen, what was withdrawn is not."""
    assert seen(city, "c5") == set()
    record = give(city, "c5", data_categories=["profile.basic"])
    assert seen(city, "c5") == {"profile.basic"}
    assert act(city, "c5", record, "withdrawal").json["state"] == "withdrawn"
    assert seen(city, "c5") == set()
    assert ask(city, "city-office", "c5", "profile.basic")["context"]["reason"] == "withdrawn"


def test_a_record_is_read_back_with_its_history(city: Any) -> None:
    """What was recorded is what is read; each event adds to the history, and the tag changes with it."""
    record = give(city, "c5", language="en")
    url = f"/v1/consents/{record['record_id']}"
    first = city.call("GET", url, "c5")
    assert first.json == record
    assert city.call("GET", url, "c5", if_none_match=first.headers["etag"]).status == 304
    assert (record["notice"]["language"], record["client_id"]) == ("en", "citizen-app")
    changed = act(city, "c5", record, "withdrawal")
    assert [(one["type"], one["state"], one["method"]) for one in changed.json["events"]] == [
        ("give", "given", "self"), ("withdraw", "withdrawn", "self"),
    ]  # fmt: skip
    assert city.call("GET", url, "c5", if_none_match=first.headers["etag"]).json == changed.json


def test_withdrawing_twice_changes_nothing_more(city: Any) -> None:
    """The second withdrawal answers as the first did."""
    record = give(city, "c5")
    assert act(city, "c5", record, "withdrawal").json == act(city, "c5", record, "withdrawal").json


def test_somebody_elses_record_looks_like_none(city: Any) -> None:
    """Another person, and a client that had no part in it, get what they get for an id that nobody has."""
    record = give(city, "c5")
    nobody = {"record_id": "00000000-0000-4000-8000-000000000000"}
    for who, what in itertools.product(("c4", "city-office"), ("withdrawal", "renewal")):
        body = None if who == "c4" else ON_THE_SPOT
        foreign, unknown = (act(city, who, one, what, body) for one in (record, nobody))
        assert (foreign.status, foreign.body) == (unknown.status, unknown.body) == (404, unknown.body)
    assert city.call("GET", f"/v1/consents/{record['record_id']}", "c4").problem == "not-found"
    assert city.call("GET", f"/v1/consents/{record['record_id']}/receipt", "c4").problem == "not-found"
    assert [one["record_id"] for one in city.everything("/v1/consents", "c5")] == [record["record_id"]]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"purpose": "marketing"}, "/purpose"),
        ({"data_categories": ["lifelog"]}, "/data_categories/0"),
        ({"recipients": []}, "/recipients"),
        ({"modes": ["war"]}, "/modes/0"),
        ({"valid_until": "2020-01-01T00:00:00Z"}, "/valid_until"),
        ({"data_categories": "safety"}, "/data_categories"),
    ],
)
def test_a_fault_is_named_and_keeps_nothing(city: Any, change: dict[str, Any], pointer: str) -> None:
    """What is wrong is named by its place in the request; no record is made."""
    answer = city.call("POST", "/v1/consents", "c5", {**SAFETY, **change})
    assert (answer.problem, answer.json["errors"][0]["pointer"]) == ("validation", pointer)
    assert city.everything("/v1/consents", "c5") == []


def test_a_person_speaks_for_themselves_only(city: Any) -> None:
    """Neither for another person, nor as staff, nor as somebody who asks."""
    for change in ({"subject": {"sub": "c4"}}, ON_THE_SPOT, {"state": "requested"}):
        assert city.call("POST", "/v1/consents", "c5", {**SAFETY, **change}).problem == "insufficient-scope"
    assert city.call("POST", "/v1/consents", "c5", {**SAFETY, "subject": {"sub": "c5"}}).status == 201


def test_staff_need_evidence_and_a_known_person(city: Any) -> None:
    """Without saying what was seen nothing is recorded, nor for who is not known."""
    on_the_spot = {**SAFETY, **ON_THE_SPOT, "subject": {"sub": "c6"}}
    faults = [
        city.call("POST", "/v1/consents", "shelter-desk", {**on_the_spot, **change}).json["errors"][0]["pointer"]
        for change in ({"evidence": None}, {"method": "self"}, {"subject": None}, {"subject": {"sub": "nobody"}})
    ]
    assert faults == ["/evidence", "/method", "/subject", "/subject/sub"]
    assert city.everything("/v1/consents", "c6") == []


def test_what_staff_wrote_down_is_marked_and_the_persons_to_withdraw(make_city: Any, make_seed: Any) -> None:
    """It counts, names the desk and the evidence, is told to the person's app, and ends when the person says so."""
    city = make_city(with_streams(make_seed(8), "consent-recorded"))
    record = give(city, "shelter-desk", subject={"sub": "c6"}, **ON_THE_SPOT)
    (event,) = record["events"]
    assert (event["entity_id"], event["method"], event["evidence"]) == (
        "shelter-desk", "staff", {"kind": "face_to_face", "reference": "受付 12"},
    )  # fmt: skip
    assert ask(city, "city-office", "c6")["decision"] is True
    assert city.everything("/v1/consents", "c6") == city.everything("/v1/consents", "shelter-desk") == [record]
    (claims,) = told(city)["citizen-app"]
    (payload,) = claims["events"].values()
    assert (payload["method"], payload["consent_id"], claims["sub_id"]["sub"]) == ("staff", record["record_id"], "c6")
    withdrawn = act(city, "c6", record, "withdrawal").json
    assert withdrawn["events"][-1]["entity_id"] == "c6"
    assert ask(city, "city-office", "c6")["decision"] is False


def test_staff_withdraw_with_evidence_what_they_wrote_down(city: Any) -> None:
    """A person without a device tells the desk; the desk says how it knows."""
    record = give(city, "shelter-desk", subject={"sub": "c6"}, **ON_THE_SPOT)
    assert act(city, "shelter-desk", record, "withdrawal").problem == "validation"
    ended = act(city, "shelter-desk", record, "withdrawal", {"method": "proxy", "evidence": {"kind": "telephone"}})
    assert (ended.json["state"], ended.json["events"][-1]["method"]) == ("withdrawn", "proxy")


@pytest.mark.parametrize(("what", "state", "opens"), [("confirmation", "given", True), ("refusal", "refused", False)])
def test_a_person_answers_what_was_asked(city: Any, what: str, state: str, *, opens: bool) -> None:
    """A request opens nothing until the person gives it; an answer is not taken back by another one."""
    record = give(city, "city-office", subject={"sub": "c6"}, state="requested")
    assert ask(city, "city-office", "c6")["decision"] is False
    assert act(city, "c6", record, "withdrawal").problem == "conflict"
    assert act(city, "c6", record, what).json["state"] == state
    assert ask(city, "city-office", "c6")["decision"] is opens
    other = "refusal" if what == "confirmation" else "confirmation"
    assert act(city, "c6", record, other).problem == "conflict"


def test_a_refusal_stands_against_the_law_where_it_may(city: Any) -> None:
    """In a disaster the family is told of one's safety unless one has refused that beforehand."""
    city.declare("disaster", "d0", "d1")
    family = {"recipient": {"id": "family"}, "purpose": "safety_inquiry"}
    assert ask(city, "c5", "c5", **family)["context"]["basis"] == "statutory"
    give(city, "c5", purpose="safety_inquiry", recipients=["family"], modes=["disaster"], state="refused")
    assert ask(city, "c5", "c5", **family)["decision"] is False


def test_a_consent_ends_at_its_instant_and_can_be_renewed(city: Any) -> None:
    """Open until just before its end, expired at it; renewed it runs as long as the purpose allows."""
    end_s = city.clock.now_s() + WITHIN_S
    record = give(city, "c5", valid_until="2027-01-15T18:00:00+09:00")
    city.clock.set_s(end_s - 0.001)
    assert ask(city, "city-office", "c5")["decision"] is True
    city.clock.set_s(end_s)
    assert ask(city, "city-office", "c5")["context"]["reason"] == "expired"
    (shown,) = city.everything("/v1/consents?state=expired", "c5")
    assert (shown["record_id"], shown["validity_duration"]) == (record["record_id"], "P1D")
    assert act(city, "c5", record, "renewal", {"valid_until": "2099-01-01T00:00:00Z"}).problem == "validation"
    renewed = act(city, "c5", record, "renewal").json
    assert (renewed["state"], renewed["valid_until"]) == ("renewed", "2032-01-15T18:00:00+09:00")
    assert ask(city, "city-office", "c5")["decision"] is True


def test_what_was_withdrawn_is_not_renewed(city: Any) -> None:
    """Who withdrew agrees anew, to a new record."""
    record = give(city, "c5")
    act(city, "c5", record, "withdrawal")
    assert act(city, "c5", record, "renewal").problem == "conflict"
    assert act(city, "c5", record, "confirmation").problem == "conflict"


def test_lists_are_complete_and_in_order_by_state_and_time(city: Any) -> None:
    """Pages of one hold every record once; a filter leaves out exactly the others; changes come back by time."""
    made = [give(city, "c5", modes=[mode])["record_id"] for mode in ("normal", "drill", "disaster")]
    assert [one["record_id"] for one in city.everything("/v1/consents?limit=1", "c5")] == made
    city.clock.set_s(city.clock.now_s() + 60)
    act(city, "c5", {"record_id": made[0]}, "withdrawal")
    by_state = {
        state: [one["record_id"] for one in city.everything(f"/v1/consents?limit=1&state={state}", "c5")]
        for state in ("given", "withdrawn", "expired")
    }
    assert by_state == {"given": made[1:], "withdrawn": made[:1], "expired": []}
    since = city.everything("/v1/consents?updated_since=2027-01-15T17:00:30%2B09:00", "c5")
    assert [one["record_id"] for one in since] == made[:1]
    assert city.call("GET", "/v1/consents?state=maybe", "c5").problem == "validation"


def test_seeded_consents_are_records_like_others(city: Any) -> None:
    """What a city OS was filled with is listed with its first event, and can be withdrawn."""
    records = city.everything("/v1/consents", "c0")
    assert [one["purpose"] for one in records] == ["disaster_support", "family_sharing"]
    assert [event["type"] for one in records for event in one["events"]] == ["give", "give"]
    assert act(city, "c0", records[1], "withdrawal").json["state"] == "withdrawn"
    assert ask(city, "c0", "c0", recipient={"id": "family"}, purpose="family_sharing")["decision"] is False


def test_recipients_are_told_of_a_withdrawal(make_city: Any, make_seed: Any) -> None:
    """Those named, and who asked, once each with its own token; by the name by which each knows the person."""
    seed = with_streams(make_seed(8), "consent-withdrawn")
    city = make_city(seed)
    service = next(one.client_id for one in seed.clients if one.role == "service" and one.sector)
    record = give(city, "c5", recipients=["municipality", "association", f"service:{service}"])
    act(city, "c5", record, "withdrawal")
    act(city, "c5", record, "withdrawal")
    tokens = told(city)
    named = {"municipality", "association:n1", f"service:{service}"}
    concerned = {one.client_id for one in seed.clients if one.recipient in named} | {"citizen-app"}
    assert {who: len(claims) for who, claims in tokens.items()} == dict.fromkeys(concerned, 1)
    everybody = [claims for several in tokens.values() for claims in several]
    assert len({claims["jti"] for claims in everybody}) == len(everybody)
    assert {claims["iss"] for claims in everybody} == {"http://127.0.0.1:8080"}
    assert all("exp" not in claims and "sub" not in claims for claims in everybody)
    (payload,) = everybody[0]["events"].values()
    assert (payload["consent_id"], payload["data_categories"]) == (record["record_id"], ["safety"])
    known_as = {who: claims[0]["sub_id"]["sub"] for who, claims in tokens.items()}
    assert known_as["city-office"] == "c5" != known_as[service]


def test_nothing_is_told_where_nothing_happened(make_city: Any, make_seed: Any) -> None:
    """A withdrawal that is refused leaves no event behind; giving a consent oneself tells nobody."""
    city = make_city(with_streams(make_seed(8), "consent-withdrawn", "consent-recorded"))
    record = give(city, "c5", state="refused")
    assert act(city, "c5", record, "withdrawal").problem == "conflict"
    assert told(city) == {}


def test_tokens_that_rest_on_it_alone_end_with_it(city: Any) -> None:
    """A grant whose only consent is withdrawn is revoked; one that rests on another consent too is not."""
    first, second = give(city, "c5"), give(city, "c5", modes=["drill"])
    grant = (
        "INSERT INTO authorization_grant (id, client_id, sub, scope, resources, authorization_details, claims, acr,"
        " amr, auth_time_s, created_at_s) VALUES (?, 'x', 'c5', '', '[]', '[]', '{}', '', '', 0.0, 0.0) RETURNING id"
    )
    rests = "INSERT INTO grant_consent (consent_id, grant_id) VALUES (?, ?) RETURNING grant_id"
    city.rows(grant, "one")
    city.rows(grant, "both")
    for consent, name in ((first, "one"), (first, "both"), (second, "both")):
        city.rows(rests, consent["record_id"], name)
    act(city, "c5", first, "withdrawal")
    revoked = city.rows("SELECT id, revoked_at_s FROM authorization_grant ORDER BY id")
    assert revoked == [("both", None), ("one", city.clock.now_s())]


def test_a_changed_notice_must_be_shown_again(city: Any) -> None:
    """Who agreed to other words than those that stand has not agreed to these."""
    current = city.call("GET", "/v1/notices/disaster_support").json["languages"]["ja"]["hash"]
    stale = city.call("POST", "/v1/consents", "c5", {**SAFETY, "notice_hash": "sha256:0"})
    assert stale.problem == "conflict"
    assert give(city, "c5", notice_hash=current)["notice"]["hash"] == current


def test_a_person_has_no_end_of_records(city: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound keeps every decision about the person quick."""
    monkeypatch.setattr(consent_records, "MAX_RECORDS", 2)
    give(city, "c5")
    give(city, "c5")
    assert city.call("POST", "/v1/consents", "c5", SAFETY).problem == "conflict"
    assert len(city.everything("/v1/consents", "c5")) == 2


def test_an_association_writes_nothing_down(city: Any) -> None:
    """Associations may ask for decisions, not speak for people."""
    body = {**SAFETY, **ON_THE_SPOT, "subject": {"sub": "c0"}}
    assert city.call("POST", "/v1/consents", "association-n0", body).problem == "insufficient-scope"


def test_a_reset_sandbox_has_its_consents_again(city: Any) -> None:
    """What was withdrawn and what was added is as it was after seeding, with its history."""
    before = city.everything("/v1/consents", "c0")
    asked = [f"SELECT * FROM {table} ORDER BY id" for table in ("consent", "consent_event", "account")]  # noqa: S608
    rows = [city.rows(one) for one in asked]
    for _ in range(2):
        act(city, "c0", before[0], "withdrawal")
        act(city, "c0", give(city, "c0"), "withdrawal")
        assert city.call("POST", "/v1/sandbox/reset", "sandbox-admin").status == 204
        assert city.everything("/v1/consents", "c0") == before
        assert [city.rows(one) for one in asked] == rows
    assert give(city, "c0")["record_id"] not in {one["record_id"] for one in before}
