"""Observations of what happens to things after they were made."""

import json
from typing import Any
from urllib.parse import quote

from consent_values import ON_THE_SPOT, ask, give
from deviant.observations.documents import COLUMNS
from deviant.observing import observed
from joserfc import jws
from joserfc.jwk import ECKey
from sandbox_city import AT, LATER, City
from ward import Ward

HERE = {"type": "Point", "coordinates": [139.93, 37.49]}
OUTSIDE = {"place": "car", "position": HERE, "persons": 3, "shelter_id": "S0", "observed_at": AT}
REQUEST = {
    "shelter_id": "S0", "category": "supplies", "items": [{"name": "毛布", "quantity": 8, "unit": "枚"}],
    "requested_at": AT,
}  # fmt: skip
SURVEY_URL, VITAL = "/v1/surveys", "http://terminology.hl7.org/CodeSystem/observation-category|vital-signs"


def _deleted(city: City, where: str, who: str, reader: str | None = None) -> bool:
    """Whether something is gone after its deletion."""
    tag = city.call("GET", where, who).headers.get("etag")
    answer = city.call("DELETE", where, who, **({} if tag is None else {"if_match": tag}))
    assert answer.status == 204, answer.body
    return city.call("GET", where, who if reader is None else reader).status in (404, 410)


def _made(city: City, url: str, who: str, body: Any) -> str:
    answer = city.call("POST", url, who, body)
    assert answer.status == 201, answer.body
    return str(answer.headers["location"])


@observed("card-not-deleted", right=None, wrong=True)
def card(city: City) -> Any:
    """The number of a card that was deleted."""
    own = "/v1/users/c0/evacuee-card"
    tag = city.call("PUT", own, "c0", {"pets": ["犬"]}).headers["etag"]
    assert city.call("DELETE", own, "c0", if_match=tag).status == 204
    return city.call("GET", own, "c0").json["number"] and True


@observed("survey-not-deleted", right=True, wrong=False)
def survey(city: City) -> Any:
    """Whether a survey is gone."""
    return _deleted(city, _made(city, SURVEY_URL, "city-office", SURVEY), "city-office")


SURVEY = {
    "kind": "request",
    "title": {"ja": "要望", "en": "Requests"},
    "questions": [{"id": "q1", "type": "text", "label": {"ja": "足りない物", "en": "What is missing"}}],
}


@observed("request-not-taken-back", right=True, wrong=False)
def taken_back(city: City) -> Any:
    """Whether a shelter's request is gone."""
    return _deleted(city, _made(city, "/v1/shelter-requests", "shelter-desk", REQUEST), "shelter-desk")


@observed("off-shelter-not-deleted", right=True, wrong=False)
def off_shelter(city: City) -> Any:
    """Whether the record of people outside is gone."""
    return _deleted(city, _made(city, "/v1/off-shelter-evacuees", "c0", OUTSIDE), "c0")


@observed("plan-not-deleted", right=True, wrong=False)
def plan(city: City) -> Any:
    """Whether a plan is gone."""
    return _deleted(city, _made(city, "/v1/evacuation-plans", "c1", {"fields": {}}), "c1")


@observed("hazard-not-deleted", right=True, wrong=False)
def hazard(city: City) -> Any:
    """Whether a hazard report is gone."""
    said = {"kind": "road_flooded", "observed_at": AT, "description": "冠水"}
    feature = {"type": "Feature", "geometry": HERE, "properties": said}
    return _deleted(city, _made(city, "/v1/hazard-reports", "c1", feature), "c1")


@observed("link-not-revoked", right=True, wrong=False)
def link(city: City) -> Any:
    """Whether a share link is gone."""
    where = _made(city, "/v1/evacuation-plans", "c1", {"fields": {}})
    made = city.call("POST", f"{where}/share-links", "c1", {"items": ["name"]})
    assert made.status == 201, made.body
    place = made.headers["location"]
    assert city.call("DELETE", place, "c1").status == 204
    shown = city.call("GET", made.json["url"].removeprefix("http://127.0.0.1:8080"))
    return shown.status in (404, 410)


@observed("stream-not-deleted", right=True, wrong=False)
def stream(city: City) -> Any:
    """Whether an endpoint for events is gone."""
    body = {"url": "http://127.0.0.1:8769/events", "events": ["disaster-mode-changed"]}
    return _deleted(city, _made(city, "/v1/event-streams", "city-office", body), "city-office")


@observed("reset-without-effect", right=0, wrong=1)
def reset(city: City) -> Any:
    """How many are in a shelter after a reset."""
    city.check_in("S0", "c0")
    assert city.call("POST", "/v1/sandbox/reset", "sandbox-admin").status == 204
    return city.board()["S0"]["headcount"]


@observed("mode-everywhere", right=False, wrong=True)
def other_district(city: City) -> Any:
    """Whether the law opens data of a district where no disaster was declared."""
    city.declare("disaster", "d0")
    return bool(ask(city, "city-office", "c6")["decision"])


@observed("off-shelter-not-counted", right=3, wrong=0)
def outside(city: City) -> Any:
    """How many live outside of a shelter and are supplied from it."""
    _made(city, "/v1/off-shelter-evacuees", "c0", OUTSIDE)
    return city.call("GET", "/v1/shelters/S0/status").json["off_shelter_persons"]


@observed("link-counts-again", right=1, wrong=2)
def linked(city: City) -> Any:
    """The headcount after somebody without ID was linked to a person."""
    told = {"unregistered": {"temp_id": "x"}, "channel": "paper", "observed_at": AT}
    where = _made(city, "/v1/shelters/S0/check-ins", "shelter-desk", told)
    assert city.call("POST", f"{where}/link", "shelter-desk", {"sub": "c0"}).status == 200
    return city.board()["S0"]["headcount"]


@observed("check-in-shows-name", right=False, wrong=True)
def personal(city: City) -> Any:
    """Whether one check-in shows personal data."""
    return "person" in city.call("GET", city.check_in("S0", "c0").headers["location"], "shelter-desk").json


@observed("ended-declarations-missing", right=1, wrong=0)
def ended(city: City) -> Any:
    """How many disasters are on the list after the one that there was has ended."""
    event = city.declare("disaster", "d0")
    where = event.headers["location"]
    patched = city.call("PATCH", where, "city-office", {"mode": "normal"}, if_match=event.headers["etag"])
    assert patched.status == 200, patched.body
    return sum(one["mode"] == "disaster" for one in city.everything("/v1/disaster-events", "city-office"))


@observed("history-of-one", right=2, wrong=1)
def history(city: City) -> Any:
    """How many of their two reports a person reads."""
    for at in (AT, LATER):
        city.call("POST", "/v1/safety-reports", "c0", {"status": "safe", "observed_at": at})
    return len(city.call("GET", "/v1/users/c0/safety-reports", "c0").json["items"])


@observed("no-tombstones", right=["c5"], wrong=[])
def tombstones(city: City) -> Any:
    """Who is told to have gone from the list of users after a withdrawal."""
    record = give(city, "c5", data_categories=["profile.basic"])
    city.everything("/v1/users", "city-office")
    city.clock.set_s(city.clock.now_s() + 100)
    city.call("POST", f"/v1/consents/{record['record_id']}/withdrawal", "c5")
    since = quote("2027-01-15T17:00:50+09:00")
    items = city.everything(f"/v1/users?updated_since={since}", "city-office")
    return [item["sub"] for item in items if item.get("removed")]


@observed("staff-as-self", right="staff", wrong="self")
def by_staff(city: City) -> Any:
    """How a consent that staff wrote down was obtained, as the person sees it."""
    record = give(city, "city-office", subject={"sub": "c5"}, **ON_THE_SPOT)
    return city.call("GET", f"/v1/consents/{record['record_id']}", "c5").json["events"][0]["method"]


@observed("asked-is-given", right=False, wrong=True)
def asked(city: City) -> Any:
    """Whether a consent counts that was only asked for."""
    give(city, "city-office", subject={"sub": "c5"}, state="requested")
    return bool(ask(city, "city-office", "c5")["decision"])


@observed("dry-run-applies", right=["r1", "r2", "r3"], wrong=["r9"])
def dry_run(city: City) -> Any:
    """Who is on the register after a dry run of one with somebody else."""
    payload = f"{COLUMNS}\r\nr9,佐藤,1940-01-01,女,住所,n0,歩行困難,有\r\n".encode()
    key = ECKey.import_key(json.loads(city.client("lgwan-bridge").private_jwk or ""))
    text = jws.serialize_compact({"alg": "ES256", "kid": key.kid, "cty": "text/csv"}, payload, key)
    url = "/v1/support-registers/imports"
    answer = city.call("POST", url, "lgwan-bridge", text.encode(), content_type="application/jose")
    assert answer.status == 201, answer.body
    return [row[0] for row in city.rows("SELECT id FROM register_entry ORDER BY id")]


@observed("fhir-etag-strong", right='W/"1"', wrong='"x"')
def etag(city: City) -> Any:
    """The ETag of a new resource."""
    ward = Ward(city)
    return ward.create("c0", ward.pulse("c0")).headers["etag"]


@observed("fhir-dates-in-utc", right=1, wrong=0)
def japanese_day(city: City) -> Any:
    """How many pulses of a morning in Japan are found by its day."""
    ward = Ward(city)
    assert ward.create("c0", ward.pulse("c0")).status == 201
    return len(ward.search("Observation?date=2027-01-15", "c0"))


@observed("finer-scopes-ignored", right=0, wrong=1)
def finer_scope(city: City) -> Any:
    """How many laboratory results a token for vital signs finds."""
    ward = Ward(city)
    assert ward.create("c0", ward.observed("blood-glucose", "c0", 90)).status == 201
    return len(ward.search("Observation", "c0", scope=f"patient/Observation.rs?category={VITAL}"))
