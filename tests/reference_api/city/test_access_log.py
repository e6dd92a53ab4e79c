"""The access log: every disclosure, for the person it is about; and what is owed after one by law."""

from typing import Any

from consent_values import give, told, valid, with_streams

AT = "2027-01-15T07:00:00+09:00"


def entries(city: Any, who: str, query: str = "") -> list[Any]:
    """The whole log of somebody, read in pages of two."""
    items = city.everything(f"/v1/access-log?limit=2{query}", who)
    valid("AccessLogPage", {"items": items, "next_cursor": None})
    return items


def test_a_person_sees_who_was_shown_what(city: Any) -> None:
    """Newest first: to whom, what for, which operation, category by category with basis and clause."""
    give(city, "c5", data_categories=["profile.contact"])
    city.call("GET", "/v1/users/c5", "city-office")
    city.declare("disaster", "d0")
    city.clock.set_s(city.clock.now_s() + 60)
    city.call("GET", "/v1/users/c5", "city-office")
    by_law, by_consent = entries(city, "c5")
    assert by_consent["time"] == "2027-01-15T17:00:00+09:00"
    assert (by_consent["operation"], by_consent["client"]["client_id"]) == ("getUser", "city-office")
    assert by_consent["disclosures"] == [{"category": "profile.contact", "basis": "consent"}]
    assert (by_law["recipient"], by_law["purpose"]) == ("municipality", "disaster_support")
    assert by_law["disclosures"] == [
        {"category": "profile.basic", "basis": "statutory", "clause": "災害対策基本法90-3"},
        {"category": "support_flag", "basis": "statutory", "clause": "災害対策基本法90-3"},
    ]
    assert entries(city, "c5", "&basis=statutory") == [by_law]
    assert entries(city, "c5", "&basis=consent") == [by_consent]


def test_what_was_not_shown_and_what_one_reads_oneself_is_not_there(city: Any) -> None:
    """A refused request and reading one's own data are no disclosures."""
    city.call("GET", "/v1/users/c5", "city-office")
    city.call("GET", "/v1/users/c5", "c5")
    assert entries(city, "c5") == []


def test_the_log_is_the_persons_own(city: Any) -> None:
    """Each sees their own; a client has none to see."""
    city.declare("disaster", "d0", "d1")
    city.everything("/v1/users?limit=3", "city-office")
    logs = {who: entries(city, who) for who in ("c4", "c5")}
    assert [len(log) for log in logs.values()] == [1, 1]
    assert city.call("GET", "/v1/access-log", "city-office").problem == "insufficient-scope"
    assert city.call("GET", "/v1/access-log?basis=own", "c5").problem == "validation"


def test_pages_hold_every_disclosure_once(city: Any) -> None:
    """Reading while more is disclosed neither repeats nor skips what was there."""
    city.declare("disaster", "d0")
    for _ in range(5):
        city.call("GET", "/v1/users/c5", "city-office")
    first = city.call("GET", "/v1/access-log?limit=2", "c5").json
    city.call("GET", "/v1/users/c5", "city-office")
    second = city.call("GET", f"/v1/access-log?limit=2&cursor={first['next_cursor']}", "c5").json
    third = city.call("GET", f"/v1/access-log?limit=2&cursor={second['next_cursor']}", "c5").json
    assert third["next_cursor"] is None
    numbers = [int(item["id"]) for page in (first, second, third) for item in page["items"]]
    assert numbers == sorted(set(numbers), reverse=True)
    assert len(numbers) == 5


def test_what_was_shown_under_a_temporary_id_is_the_persons_too(city: Any) -> None:
    """Who was first received without an ID finds what was disclosed then, once the two are linked."""
    city.declare("disaster", "d0", "d1")
    seen = {"status": "safe", "observed_at": AT, "subject": {"temp_id": "t9", "neighbourhood": "n1"}, "method": "visit"}
    assert city.call("POST", "/v1/safety-reports", "association-n1", seen).status == 201
    city.everything("/v1/safety-reports?audience=municipality", "city-office")
    city.everything("/v1/users?area=d0", "city-office")
    assert len(entries(city, "c5")) == 1
    city.rows(
        "INSERT INTO person_link (temp_id, sub, linked_at_s, linked_by) VALUES ('t9', 'c5', 0.0, '') RETURNING sub"
    )
    operations = [item["operation"] for item in entries(city, "c5")]
    assert operations == ["listUsers", "listSafetyReports"]
    assert entries(city, "c4")[0]["id"] == entries(city, "c5")[0]["id"]


def test_a_disclosure_by_law_is_told_afterwards_once(make_city: Any, make_seed: Any) -> None:
    """The person's app is told at the first disclosure to a client on a basis; by consent nothing is owed."""
    city = make_city(with_streams(make_seed(8), "disclosed-by-law"))
    city.declare("disaster", "d0")
    for _ in range(3):
        city.everything("/v1/users?area=d0", "city-office")
    claims = told(city)
    assert set(claims) == {"citizen-app", "example-city-app"}
    assert len(claims["citizen-app"]) == len(claims["example-city-app"])
    people = [one["sub_id"]["sub"] for one in claims["citizen-app"]]
    # c0 consented to all that the list shows; c1, c4 and c5 live in the same district and did not.
    assert sorted(people) == ["c1", "c4", "c5"]
    (payload,) = claims["citizen-app"][0]["events"].values()
    assert payload["categories"] == ["profile.basic", "support_flag"]
    assert (payload["recipient"], payload["purpose"]) == ("municipality", "disaster_support")


def test_a_disclosure_by_law_is_found_in_the_inbox_once(city: Any) -> None:
    """Also where no app takes events: one message for each client, purpose and basis, in both languages."""
    city.declare("disaster", "d0")
    for _ in range(2):
        city.everything("/v1/users?area=d0", "city-office")
    for sub in ("c1", "c4", "c5"):
        (message,) = city.everything(f"/v1/users/{sub}/notifications", sub)
        assert message["languages"] == ["ja", "en"]
        assert all(word in message["body"] for word in ("市", "基本4情報", "災害対策基本法90-3"))
    assert city.everything("/v1/users/c0/notifications", "c0") == []
    english = city.call("GET", "/v1/users/c5/notifications", "c5", accept_language="en").json["items"][0]
    assert "Basic Act on Disaster Management 90-3" in english["body"]


def test_nobody_reads_who_read_of_a_disclosure(city: Any) -> None:
    """Outcomes of such a message belong to the city OS: to the client that was shown the data it does not exist."""
    city.declare("disaster", "d0")
    city.everything("/v1/users?area=d0", "city-office")
    (message,) = city.everything("/v1/users/c5/notifications", "c5")
    for path in ("", "/deliveries"):
        assert city.call("GET", f"/v1/notifications/{message['id']}{path}", "city-office").problem == "not-found"


def test_a_client_with_a_link_is_told_what_is_missing(city: Any) -> None:
    """403 with the categories and the notice, or with the mode; whoever has no link gets what nobody's id gets."""
    give(city, "c5", modes=["drill"], data_categories=["profile.basic", "profile.contact", "support_flag"])
    assert city.call("GET", "/v1/users/c5", "city-office").problem == "mode-not-allowed"
    give(city, "c6", data_categories=["safety"])
    answer = city.call("GET", "/v1/users/c6", "city-office")
    assert answer.problem == "consent-required"
    assert answer.json["missing_categories"] == ["profile.basic", "profile.contact", "support_flag"]
    assert answer.json["consent_uri"] == "http://127.0.0.1:8080/v1/notices/disaster_support"
    hidden, unknown = (city.call("GET", f"/v1/users/{sub}", "city-office") for sub in ("c7", "c999"))
    assert (hidden.status, hidden.body) == (unknown.status, unknown.body) == (404, unknown.body)
