"""Observations of shelters, surveys, orders and plans in the hands of those who run and use them."""

import json
from typing import Any
from urllib.parse import urlsplit

from deviant.observing import observed
from joserfc import jws
from joserfc.jwk import ECKey
from sandbox_city import AT, LATER, City

HERE = {"type": "Point", "coordinates": [139.93, 37.49]}
TITLE = {"ja": "困りごと", "en": "What is difficult"}
QUESTION = {"id": "q", "type": "single_choice", "label": TITLE} | {
    "options": [{"code": code, "label": TITLE} for code in ("yes", "no")]
}
SURVEY = {"kind": "problem", "title": TITLE, "questions": [QUESTION]}
ORDER = {"level": 4, "areas": ["d0"], "reason": "土砂災害", "issued_at": AT}


def _made(city: City, url: str, who: str, body: Any) -> Any:
    answer = city.call("POST", url, who, body)
    assert answer.status == 201, answer.body
    return answer


@observed("national-id-claimed", right=422, wrong=201)
def claimed(city: City) -> Any:
    """The answer to an ad-hoc shelter with an ID of the national form."""
    body = {"id": "E0720200009999", "name": "広場", "position": HERE}
    return city.call("POST", "/v1/shelters", "city-office", body).status


@observed("ad-hoc-shelter-not-listed", right=True, wrong=False)
def listed(city: City) -> Any:
    """Whether a new shelter is in the list."""
    made = _made(city, "/v1/shelters", "city-office", {"name": "広場", "position": HERE})
    return made.json["id"] in [one["id"] for one in city.call("GET", "/v1/shelters").json["items"]]


@observed("survey-without-english", right=TITLE, wrong={"ja": "困りごと"})
def title(city: City) -> Any:
    """The title of a survey."""
    return city.call("GET", _made(city, "/v1/surveys", "city-office", SURVEY).headers["location"], "c0").json["title"]


@observed("few-answers-told", right=[5, None, None], wrong=[6, 4, 0])
def counts(city: City) -> Any:
    """What the results of ten answers tell."""
    _made(city, "/v1/surveys", "city-office", SURVEY)
    for number in range(10):
        answers = {"q": "yes" if number < 6 else "no"}
        body = {"survey_id": "1", "answers": answers, "shelter_id": "S0", "observed_at": AT}
        _made(city, "/v1/survey-responses", "shelter-desk", body | {"temp_id": f"p{number}"})
    (group,) = city.call("GET", "/v1/surveys/1/results", "city-office").json["groups"]
    return [one["at_least"] for one in group["questions"][0]["counts"]]


@observed("shelter-changed-blindly", right=428, wrong=200)
def blindly(city: City) -> Any:
    """The answer to a change without If-Match."""
    return city.call("PATCH", "/v1/shelters/S0", "city-office", {"name": "新しい名"}).status


@observed("channel-not-kept", right="card", wrong="app")
def channel(city: City) -> Any:
    """How somebody was received who was received by card."""
    return city.call("GET", city.check_in("S0", "c0").headers["location"], "shelter-desk").json["channel"]


@observed("derived-by-any-consent", right=403, wrong=201)
def derived(city: City) -> Any:
    """The answer to what is derived from answers that may be read."""
    _made(city, "/v1/surveys", "city-office", SURVEY)
    given = {"purpose": "disaster_support", "data_categories": ["survey"], "recipients": ["municipality"]}
    _made(city, "/v1/consents", "c5", given)
    where = _made(
        city, "/v1/survey-responses", "c5", {"survey_id": "1", "answers": {"q": "yes"}, "observed_at": AT}
    ).headers["location"]
    body = {"labels": {"mood": "calm"}, "method": "model v1", "derived_at": AT}
    return city.call("PUT", f"{where}/derived", "city-office", body).status


@observed("lifting-not-told", right="lifted", wrong="issued")
def lifting(city: City) -> Any:
    """The status of an order that was lifted."""
    where = _made(city, "/v1/evacuation-orders", "city-office", ORDER).headers["location"]
    lifted = city.call("POST", f"{where}/lifting", "city-office", {"lifted_at": LATER, "reason": "収まった"})
    assert lifted.status == 200, lifted.body
    return city.call("GET", where).json["status"]


@observed("link-shows-more", right=["sites"], wrong=["phone", "sites"])
def shared(city: City) -> Any:
    """The fields that a link to one of them shows."""
    fields = {"sites": {"value": [{"name": "鶴城小学校"}]}}
    plan = _made(city, "/v1/evacuation-plans", "c0", {"fields": fields}).headers["location"]
    link = _made(city, f"{plan}/share-links", "c0", {"items": ["sites"]}).json["url"]
    return sorted(city.call("GET", urlsplit(link).path, accept="application/json").json["fields"])


@observed("city-shares-plans", right=422, wrong=201)
def widened(city: City) -> Any:
    """The answer to a plan that the municipality makes and shares."""
    sharing = [{"audience": "association", "items": ["name"]}]
    body = {"subject": {"sub": "c5"}, "sharing": sharing, "agreed_at": AT}
    return city.call("POST", "/v1/evacuation-plans", "city-office", body).status


@observed("older-trial-applied", right=409, wrong=200)
def older(city: City) -> Any:
    """The answer to applying the older of two trials."""
    first, _ = (_tried(city, number) for number in ("r8", "r9"))
    where = f"/v1/support-registers/imports/{first.json['id']}/application"
    return city.call("POST", where, "lgwan-bridge", if_match=first.headers["etag"]).status


def _tried(city: City, number: str) -> Any:
    entry = {
        "id": number, "name": "佐藤", "birth_date": "1940-01-01", "sex": "女", "address": "住所",
        "neighbourhood": "n0", "reason": "歩行困難", "peacetime_consent": "有",
    }  # fmt: skip
    key = ECKey.import_key(json.loads(city.client("lgwan-bridge").private_jwk))
    header = {"alg": "ES256", "kid": key.kid, "cty": "application/json"}
    text = jws.serialize_compact(header, json.dumps({"entries": [entry]}).encode(), key)
    url = "/v1/support-registers/imports"
    return city.call("POST", url, "lgwan-bridge", text.encode(), content_type="application/jose")
