"""Observations of the REST contract: errors, headers, paging, idempotency, texts and times."""

import re
from typing import Any

from deviant.observations.parties import part, tokens
from deviant.observing import observed
from sandbox_city import AT, City

OPEN = {"status": "open", "observed_at": AT}
NAME = "𠮷野家 辻󠄀 ﾊﾝｶｸ"
"""A character beyond the first plane, one with a variation selector, and half-width kana."""


def _new_shelter(city: City, **headers: str) -> Any:
    body = {"name": NAME, "position": {"type": "Point", "coordinates": [139.9, 37.5]}, "id": "ADHOC"}
    return city.call("POST", "/v1/shelters", "city-office", body, **headers)


def _people_in(city: City, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        city.check_in("S0", f"c{number}")


@observed("R-01", right=True, wrong=False)
def lone_surrogate(city: City) -> Any:
    """Whether a name with a lone surrogate is refused as the client's fault."""
    body = rb'{"name": "\ud800", "position": {"type": "Point", "coordinates": [139.9, 37.5]}}'
    return city.call("POST", "/v1/shelters", "city-office", body).status < 500


@observed("R-03", right="/v1/shelters/ADHOC", wrong=None)
def location(city: City) -> Any:
    """Where a new shelter is."""
    answer = _new_shelter(city)
    assert answer.status == 201, answer.body
    return answer.headers.get("location")


@observed("R-05", right="application/problem+json", wrong="text/html")
def media_type_of_error(city: City) -> Any:
    """How it is told that there is no such shelter."""
    return city.call("GET", "/v1/shelters/none").headers["content-type"]


@observed("problem-without-type", right=True, wrong=False)
def type_of_problem(city: City) -> Any:
    """Whether a problem has a type."""
    return "type" in city.call("GET", "/v1/shelters/none").json


@observed("R-06", right=415, wrong=200)
def content_type(city: City) -> Any:
    """The answer to JSON that is called text."""
    return city.call("PUT", "/v1/shelters/S0/status", "city-office", OPEN, content_type="text/plain").status


@observed("any-accept", right=406, wrong=200)
def accept(city: City) -> Any:
    """The answer to a client that takes images only."""
    return city.call("GET", "/v1/shelters", accept="image/png").status


@observed("R-08", right=410, wrong=200)
def deleted(city: City) -> Any:
    """The answer to the read of a shelter that was deleted."""
    made = _new_shelter(city)
    gone = city.call("DELETE", "/v1/shelters/ADHOC", "city-office", if_match=made.headers["etag"])
    assert gone.status == 204, gone.body
    return city.call("GET", "/v1/shelters/ADHOC").status


def _pages(city: City, *, adding: bool) -> list[str]:
    """Ids of check-ins, read in pages of two, somebody coming in after the first page or not."""
    _people_in(city, 4)
    url, found = "/v1/check-ins?shelter=S0&limit=2", list[str]()
    page = city.call("GET", url, "shelter-desk").json
    if adding:
        _people_in(city, 1, first=5)
    found += [item["id"] for item in page["items"]]
    while page["next_cursor"]:
        page = city.call("GET", f"{url}&cursor={page['next_cursor']}", "shelter-desk").json
        found += [item["id"] for item in page["items"]]
    return found


@observed("R-09", right=False, wrong=True)
def twice_when_adding(city: City) -> Any:
    """Whether somebody comes twice while others come in."""
    found = _pages(city, adding=True)
    return len(found) != len(set(found))


@observed("lost-item-on-insert", right=4, wrong=3)
def found_when_adding(city: City) -> Any:
    """How many of the four who were there from the first are found while another one comes in."""
    return len({*_pages(city, adding=True)} & {"1", "2", "3", "4"})


@observed("page-dup-at-boundary", right=False, wrong=True)
def twice(city: City) -> Any:
    """Whether somebody comes twice."""
    found = _pages(city, adding=False)
    return len(found) != len(set(found))


@observed("cursor-raw-offset", right=400, wrong=200)
def made_up_cursor(city: City) -> Any:
    """The answer to a cursor that was never given."""
    _people_in(city, 3)
    return city.call("GET", "/v1/check-ins?shelter=S0&limit=1&cursor=2", "shelter-desk").status


def _ad_hoc(city: City, key: str, name: str) -> Any:
    body = {"name": name, "position": {"type": "Point", "coordinates": [139.9, 37.5]}}
    return city.call("POST", "/v1/shelters", "city-office", body, idempotency_key=key)


@observed("R-10", right=1, wrong=2)
def same_key(city: City) -> Any:
    """How many shelters come of a request that is said twice."""
    return len({_ad_hoc(city, "k", "体育館").headers["location"] for _ in range(2)})


@observed("key-missing-accepted", right=400, wrong=201)
def no_key(city: City) -> Any:
    """The answer to a request without the key that it needs."""
    return _new_shelter(city, idempotency_key="").status


@observed("key-reuse-returns-first-result", right=422, wrong=201)
def other_request(city: City) -> Any:
    """The answer to another request with the same key."""
    _ad_hoc(city, "k", "体育館")
    return _ad_hoc(city, "k", "公民館").status


@observed("R-11", right=True, wrong=False)
def offsets(city: City) -> Any:
    """Whether the time of a check-in carries an offset."""
    return bool(re.search(r"(Z|[+-]\d\d:\d\d)$", city.check_in("S0", "c0").json["observed_at"]))


@observed("R-12", right=[139.93, 37.49], wrong=[37.49, 139.93])
def coordinates(city: City) -> Any:
    """Where a shelter is."""
    return city.call("GET", "/v1/shelters/S0").json["position"]["coordinates"]


@observed("R-13", right=NAME, wrong="〓野家 辻 ハンカク")
def name(city: City) -> Any:
    """The name of a shelter as it comes back."""
    _new_shelter(city)
    return city.call("GET", "/v1/shelters/ADHOC").json["name"]


@observed("bom-before-json", right=b"{", wrong=b"\xef")
def first_byte(city: City) -> Any:
    """The first byte of JSON."""
    return city.call("GET", "/v1/shelters").body[:1]


@observed("R-14", right=(429, True), wrong=(429, False))
def retry_after(city: City) -> Any:
    """The answer to somebody who asks too often, and whether it says when to come again."""
    for _ in range(600):
        city.call("GET", "/v1/users/c0", "c0")
    answer = city.call("GET", "/v1/users/c0", "c0")
    return answer.status, "retry-after" in answer.headers


@observed("ratelimit-old-triple-headers", right={"", "-policy"}, wrong={"-limit", "-remaining", "-reset"})
def quota(city: City) -> Any:
    """By which headers quotas are told."""
    names = city.call("GET", "/v1/users/c0", "c0").headers
    return {name.removeprefix("ratelimit") for name in names if name.startswith("ratelimit")}


@observed("etag-constant", right=False, wrong=True)
def etags(city: City) -> Any:
    """Whether the ETag of the board stays as it is when somebody comes in."""
    before = city.call("GET", "/v1/shelters/status").headers["etag"]
    _people_in(city, 1)
    return bool(city.call("GET", "/v1/shelters/status").headers["etag"] == before)


@observed("if-match-ignored", right=[428, 412], wrong=[200, 200])
def stale(city: City) -> Any:
    """The answers to a change without If-Match, and with an old one."""
    url = "/v1/shelters/S0"
    return [
        city.call("PATCH", url, "city-office", {"name": "変更"}, **headers).status
        for headers in ({}, {"if_match": '"old"'})
    ]


@observed("code-as-integer", right="072028", wrong=72028)
def municipality_code(city: City) -> Any:
    """The code of the municipality of a shelter."""
    return city.call("GET", "/v1/shelters/S0").json["municipality_code"]


@observed("no-allow", right=(405, True), wrong=(405, False))
def allow(city: City) -> Any:
    """The answer to a method that is not offered."""
    answer = city.call("PATCH", "/v1/shelters")
    return answer.status, "allow" in answer.headers


@observed("no-cors", right="*", wrong=None)
def cors(city: City) -> Any:
    """Who may read the list of shelters by a page."""
    return city.call("GET", "/v1/shelters", origin="https://page.example").headers.get("access-control-allow-origin")


@observed("no-challenge-at-apis", right=(401, True), wrong=(401, False))
def challenge(city: City) -> Any:
    """The answer to a request without token."""
    answer = city.call("GET", "/v1/users/c0")
    return answer.status, "www-authenticate" in answer.headers


@observed("cached-for-an-hour", right=True, wrong=False)
def max_age(city: City) -> Any:
    """Whether the board is kept for 30 s at most."""
    found = re.search(r"max-age=(\d+)", city.call("GET", "/v1/shelters/status").headers["cache-control"])
    return found is not None and int(found[1]) <= 30


@observed("existence-oracle", right=[404, 404], wrong=[403, 404])
def oracle(city: City) -> Any:
    """The answers about somebody who does not consent, and about nobody."""
    names = [part(tokens(city, "c4", scope="openid")["id_token"])["sub"], "nobody"]
    bearer = f"Bearer {city.new_token('example-service')}"
    return [city.call("GET", f"/v1/users/{name}", authorization=bearer).status for name in names]


@observed("deprecation-as-true", right=None, wrong="true")
def deprecation(city: City) -> Any:
    """Whether, and how, an operation is announced as deprecated: none of this version is."""
    return city.call("GET", "/v1/shelters").headers.get("deprecation")


@observed("sunset-as-@date", right=None, wrong="@1830000000")
def sunset(city: City) -> Any:
    """Whether, and how, the end of an operation is announced."""
    return city.call("GET", "/v1/shelters").headers.get("sunset")
