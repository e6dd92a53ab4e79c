"""Individual evacuation plans: sources of fields, who sees what, links for people without an account."""

import re
from typing import Any

AT = "2027-01-10T09:00:00+09:00"
SUPPORTERS = {"value": [{"name": "佐藤", "sub": "c6", "phone": "0242"}]}
URL = "/v1/evacuation-plans"


def make(city: Any, who: str, **body: Any) -> Any:
    """A plan, made by a citizen."""
    return city.call("POST", URL, who, {"fields": {"supporters": SUPPORTERS}, **body})


def test_every_field_says_where_it_came_from(city: Any) -> None:
    """What the person has in the city OS and the register is filled in with its source, what they enter with theirs."""
    body = {"fields": {"sites": {"value": [{"name": "小学校"}], "source": "disaster-app", "as_of": AT}}}
    fields = make(city, "c4", **body).json["fields"]
    assert {name: field["source"] for name, field in fields.items()} == {
        "name": "city-os", "name_kana": "city-os", "birth_date": "city-os", "sex": "city-os", "address": "city-os",
        "phone": "city-os", "reasons": "municipality", "sites": "disaster-app",
    }  # fmt: skip
    assert fields["name"]["value"] == "𠮷野󠄁 4"
    assert fields["sites"]["as_of"] == AT
    assert fields["reasons"]["value"] == ["歩行困難"]


def test_nobody_names_a_source_that_is_not_theirs(city: Any) -> None:
    """A citizen cannot pass an entered value off as the city's; the municipality may name itself, not the city OS."""
    for source in ("city-os", "municipality"):
        refused = make(city, "c1", fields={"name": {"value": "x", "source": source}})
        assert refused.json["errors"] == [{"pointer": "/fields/name/source", "code": "not_yours"}]
    body = {
        "subject": {"sub": "c1"},
        "agreed_at": AT,
        "fields": {"reasons": {"value": ["x"], "source": "municipality"}},
    }
    assert city.call("POST", URL, "city-office", body).status == 201


def test_the_municipality_says_when_the_person_agreed(city: Any) -> None:
    """Without that no plan is made (災対法 49-14(1)); people without an account have plans too; unknown ones do not."""
    refused = city.call("POST", URL, "city-office", {"subject": {"temp_id": "t1"}})
    assert (refused.status, refused.problem) == (403, "consent-required")
    assert refused.json["missing_categories"] == ["plan"]
    made = city.call("POST", URL, "city-office", {"subject": {"temp_id": "t1"}, "agreed_at": AT})
    assert (made.status, made.json["neighbourhood"]) == (201, "n0")
    nobody = city.call("POST", URL, "city-office", {"subject": {"sub": "c999"}, "agreed_at": AT})
    assert nobody.json["errors"] == [{"pointer": "/subject", "code": "unknown_subject"}]


def test_what_the_municipality_reads_stands_in_the_log(city: Any) -> None:
    """Made, read or listed: the person sees that it was, on the basis of their agreement; one's own reading is none."""
    made = city.call("POST", URL, "city-office", {"subject": {"sub": "c5"}, "agreed_at": AT})
    city.call("GET", made.headers["location"], "city-office")
    city.everything(URL, "city-office")
    city.call("GET", made.headers["location"], "c5")
    log = city.everything("/v1/access-log", "c5")
    assert [one["operation"] for one in log] == ["listEvacuationPlans", "getEvacuationPlan", "createEvacuationPlan"]
    assert {(one["recipient"], one["disclosures"][0]["basis"]) for one in log} == {("municipality", "consent")}


def test_only_the_person_opens_the_plan_to_others(city: Any) -> None:
    """The municipality shares nobody's plan, neither when it makes it nor later; it may share less."""
    opened = {"sharing": [{"audience": "association", "items": ["name", "supporters"]}]}
    wanted = {"subject": {"sub": "c5"}, "agreed_at": AT}
    assert city.call("POST", URL, "city-office", wanted | opened).json["errors"][0]["pointer"] == "/sharing"
    made = city.call("POST", URL, "city-office", wanted)
    where, etag = made.headers["location"], made.headers["etag"]
    refused = city.call("PATCH", where, "city-office", opened, if_match=etag)
    assert refused.json["errors"] == [{"pointer": "/sharing", "code": "not_allowed"}]
    by_person = city.call("PATCH", where, "c5", opened, if_match=etag)
    less = {"sharing": [{"audience": "association", "items": ["name"]}]}
    narrowed = city.call("PATCH", where, "city-office", less, if_match=by_person.headers["etag"])
    assert (narrowed.status, narrowed.json["sharing"]) == (200, less["sharing"])


def test_a_person_has_one_plan(city: Any) -> None:
    """A second one conflicts until the first is deleted; deleted plans are gone for those who could write them."""
    where = make(city, "c1").headers["location"]
    assert make(city, "c1").problem == "conflict"
    assert city.call("DELETE", where, "c3").problem == "not-found"
    assert city.call("DELETE", where, "c1").status == 204
    assert city.call("GET", where, "c1").problem == "gone"
    assert city.call("GET", where, "c3").problem == "not-found"
    assert city.call("DELETE", where, "c1").problem == "gone"
    assert make(city, "c1").status == 201


def test_change_needs_what_was_read(city: Any) -> None:
    """If-Match is demanded; null takes a field away, what is left out stays."""
    made = make(city, "c1")
    where, etag = made.headers["location"], made.headers["etag"]
    patch = {"fields": {"supporters": None, "considerations": {"value": "酸素"}}}
    assert city.call("PATCH", where, "c1", patch).problem == "precondition-required"
    changed = city.call("PATCH", where, "c1", patch, if_match=etag)
    assert set(changed.json["fields"]) == set(made.json["fields"]) - {"supporters"} | {"considerations"}
    assert city.call("PATCH", where, "c1", patch, if_match=etag).problem == "precondition-failed"
    assert city.call("PATCH", where, "c3", patch, if_match=changed.headers["etag"]).problem == "not-found"
    assert city.call("GET", where, "c1").headers["etag"] == changed.headers["etag"]


def test_audiences_see_what_the_person_shares(city: Any) -> None:
    """Items by audience and no others; whoever is in no audience finds nothing."""
    sharing = [
        {"audience": "association", "items": ["supporters"]},
        {"audience": "supporter", "items": ["name", "address"]},
        {"audience": "family", "items": ["medication", "name"]},
    ]
    fields = {"supporters": SUPPORTERS, "medication": {"value": {"needed": True}}}
    where = make(city, "c5", fields=fields, sharing=sharing).headers["location"]
    seen = {who: city.call("GET", where, who) for who in ("association-n1", "c6", "c4", "c1", "association-n0")}
    assert {who: (answer.status, set(answer.json.get("fields", ()))) for who, answer in seen.items()} == {
        "association-n1": (200, {"supporters"}),
        "c6": (200, {"name", "address"}),
        "c4": (200, {"medication", "name"}),
        "c1": (404, set()),
        "association-n0": (404, set()),
    }
    assert "sharing" not in seen["c6"].json
    assert "etag" not in seen["c6"].headers
    assert [item["audience"] for item in city.everything(URL, "c6")] == ["supporter"]
    assert city.everything(URL, "c1") == []


def test_law_opens_the_plan_in_a_disaster_only(city: Any) -> None:
    """49-15(3): to the association and supporters, in a disaster and not in a drill, and never the medication."""
    fields = {"supporters": SUPPORTERS, "medication": {"value": {"needed": True}}}
    where = make(city, "c5", fields=fields).headers["location"]
    for mode in ("normal", "drill"):
        city.declare(mode, "d0")
        assert city.call("GET", where, "association-n1").status == 404
    city.declare("disaster", "d0")
    for who in ("association-n1", "c6"):
        seen = city.call("GET", where, who).json
        assert "supporters" in seen["fields"]
        assert "medication" not in seen["fields"]
        assert seen["disclosure"][0]["clause"] == "災害対策基本法49-15(3)"
    assert city.call("GET", where, "association-n0").status == 404
    city.declare("normal", "d0")
    assert city.call("GET", where, "association-n1").status == 404


def link(city: Any, where: str, who: str = "c1", **body: Any) -> Any:
    """A link to a plan."""
    return city.call("POST", where + "/share-links", who, {"items": ["sites", "supporters"], **body})


def opened(city: Any, made: Any, **headers: str) -> Any:
    """What somebody without an account sees."""
    return city.call("GET", re.sub("^https?://[^/]+", "", made.json["url"]), **headers)


def test_a_link_shows_chosen_items_to_anybody(city: Any) -> None:
    """Without an account, as JSON and as a page; views are counted and logged, and the secret is told once."""
    where = make(city, "c1").headers["location"]
    made = link(city, where, note="姉")
    shown = opened(city, made)
    assert set(shown.json["fields"]) == {"supporters"}
    assert shown.headers["cache-control"] == "no-store"
    page = opened(city, made, accept="text/html", accept_language="en")
    assert page.headers["content-type"].startswith("text/html")
    assert "佐藤" in page.body.decode()
    assert "Source: typed in" in page.body.decode()
    assert "野" not in page.body.decode()
    listed = city.everything(where + "/share-links", "c1")
    assert [(item["views"], item["state"], "url" in item) for item in listed] == [(2, "active", False)]
    logged = city.rows(
        "SELECT count(*) FROM access_log JOIN access_request ON access_request.id = request_id"
        " WHERE recipient = 'link:1'"
    )
    assert logged == [(2,)]


def test_a_link_ends(city: Any) -> None:
    """Revoked, expired, or its plan deleted: gone; a wrong secret: not found; nobody else gives links out."""
    where = make(city, "c1").headers["location"]
    assert link(city, where, "c0").problem == "not-found"
    assert link(city, where, items=["everything"]).problem == "validation"
    first, second, third = link(city, where), link(city, where, ttl_s=60), link(city, where)
    assert city.call("DELETE", first.headers["location"], "c1").status == 204
    assert opened(city, first).problem == "gone"
    city.clock.set_s(city.clock.now_s() + 60)
    assert opened(city, second).problem == "gone"
    assert opened(city, third).status == 200
    city.call("DELETE", where, "c1")
    assert opened(city, third).problem == "gone"
    assert opened(city, third, accept="text/html").status == 410
    assert city.call("GET", "/v1/shared-plans/x").problem == "not-found"
