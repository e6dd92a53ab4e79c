"""The list of who is in a shelter, read page by page while people come and go."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

AT = "2027-01-15T07:00:00+09:00"
LATER = "2027-01-15T08:00:00+09:00"


def receive(city: Any, number: int, shelter: str = "S0") -> str:
    """Address of the check-in of somebody without ID."""
    body = {"unregistered": {"temp_id": f"p{number}"}, "channel": "tablet", "observed_at": AT}
    return str(city.call("POST", f"/v1/shelters/{shelter}/check-ins", "shelter-desk", body).headers["location"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 4), st.lists(st.sampled_from(["come", "leave", "move"]), max_size=6))
def test_who_stays_is_listed_once(city: Any, limit: int, between: list[str]) -> None:
    """Whoever is there throughout is on exactly one page, whoever comes, leaves or is moved meanwhile."""
    city.call("POST", "/v1/sandbox/reset", "sandbox-admin")
    places = [receive(city, number) for number in range(7)]
    going = places[::2]
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = city.call("GET", f"/v1/check-ins?shelter=S0&limit={limit}{cursor}", "shelter-desk").json
        seen += [item["person"]["temp_id"] for item in page["items"]]
        cursor = None if page["next_cursor"] is None else f"&cursor={page['next_cursor']}"
        step = between.pop() if between else ""
        if step == "come":
            receive(city, 100 + len(between))
        elif step == "leave" and going:
            city.call("POST", f"{going.pop()}/check-out", "shelter-desk", {"observed_at": LATER})
        elif step == "move" and going:
            city.call("POST", f"{going.pop()}/transfer", "shelter-desk", {"shelter_id": "S1", "observed_at": LATER})
    assert len(seen) == len(set(seen))
    assert {"p1", "p3", "p5"} <= set(seen)


def test_cursor_is_of_its_list(city: Any) -> None:
    """A cursor of another shelter, or one that was changed, is refused."""
    for number in range(3):
        receive(city, number)
        receive(city, 10 + number, "S1")
    cursor = city.call("GET", "/v1/check-ins?shelter=S0&limit=1", "shelter-desk").json["next_cursor"]
    for url in (f"/v1/check-ins?shelter=S1&cursor={cursor}", f"/v1/check-ins?shelter=S0&cursor=A{cursor[1:]}A"):
        assert city.call("GET", url, "shelter-desk").problem == "invalid-cursor"


def test_check_in_has_a_tag_that_follows_it(city: Any) -> None:
    """The tag of a check-in changes when the person leaves, and not before."""
    where = receive(city, 1)
    first, same = (city.call("GET", where, "shelter-desk").headers["etag"] for _ in range(2))
    assert first == same
    city.call("POST", f"{where}/check-out", "shelter-desk", {"observed_at": LATER})
    assert city.call("GET", where, "shelter-desk").headers["etag"] != first


def test_the_shelter_must_be_named(city: Any) -> None:
    """Without the parameter 422 says which is missing; an unknown shelter is 404."""
    missing = city.call("GET", "/v1/check-ins", "city-office")
    assert (missing.status, missing.json["errors"]) == (422, [{"pointer": "shelter", "code": "required"}])
    assert city.call("GET", "/v1/check-ins?shelter=S9", "city-office").status == 404
