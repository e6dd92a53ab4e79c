"""Households and positions: one's own, the family's as each permits, batches, boxes, GeoJSON."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference_api.city.locations import Box

LATER = "2027-01-15T08:00:00+09:00"
GEOJSON = "application/geo+json"


def tell(city: Any, who: str, longitude_deg: float = 139.93, latitude_deg: float = 37.49, **more: Any) -> Any:
    """A person shares where they are."""
    position = {"type": "Point", "coordinates": [longitude_deg, latitude_deg]}
    return city.call("PUT", f"/v1/users/{who}/location", who, {"position": position, "observed_at": LATER, **more})


def test_a_household_shows_its_size_and_who_permits_it(city: Any) -> None:
    """Oneself sees how many they are; members are named where they permit it; strangers find nothing."""
    own = city.call("GET", "/v1/users/c1/household", "c1").json
    assert (own["size"], own["members"]) == (2, [])
    body = {
        "purpose": "family_sharing", "data_categories": ["family", "profile.basic"], "recipients": ["family"],
        "modes": ["normal"], "state": "given",
    }  # fmt: skip
    city.call("POST", "/v1/consents", "c0", body)
    (member,) = city.call("GET", "/v1/users/c1/household", "c1").json["members"]
    assert (member["sub"], member["name"]) == ("c0", "𠮷野󠄁 0")
    assert city.call("GET", "/v1/users/c0/household", "c1").problem == "not-found"
    assert city.call("GET", "/v1/users/c0/household", "city-office").problem == "insufficient-scope"


def test_a_position_is_ones_own_and_ones_familys(city: Any) -> None:
    """Oneself sees it until its time is over; family by consent; strangers and the unknown look alike."""
    for who in ("c0", "c1"):
        tell(city, who, ttl_s=60)
    where = "/v1/users/{}/location"
    assert city.call("GET", where.format("c1"), "c1").json["position"]["coordinates"] == [139.93, 37.49]
    assert city.call("GET", where.format("c0"), "c1").json["disclosure"][0]["basis"] == "consent"
    hidden = [city.call("GET", where.format(sub), "c0") for sub in ("c1", "c2", "c999")]
    assert {(answer.status, answer.body) for answer in hidden} == {(404, hidden[0].body)}
    city.declare("disaster", "d0")
    assert city.call("GET", where.format("c0"), "city-office").status == 200
    assert city.call("GET", where.format("c0"), "association-n1").status == 404
    city.clock.set_s(city.clock.now_s() + 60)
    assert city.call("GET", where.format("c1"), "c1").problem == "not-found"


def batch(city: Any, rows: list[list[Any]], **more: Any) -> Any:
    """A gateway passes positions on."""
    return city.call("POST", "/v1/locations/batch", "position-gateway", {"rows": rows, **more})


def positions(city: Any, query: str = "") -> dict[str, list[float]]:
    """Positions by person, as the city office sees them in a disaster; pages are small."""
    items = city.everything(f"/v1/locations?limit=2{query}", "city-office")
    return {item["sub"]: item["position"]["coordinates"] for item in items}


def test_a_batch_is_many_positions_at_once(city: Any) -> None:
    """As if each had been told alone: the newest stays, the unknown are passed over, a fault refuses all."""
    city.declare("disaster", "d0", "d1")
    assert batch(city, [["c0", 139.9, 37.5, LATER, 5.0], ["nobody", 1.0, 2.0, LATER]]).status == 204
    batch(city, [["c0", 0.0, 0.0, "2027-01-15T07:00:00+09:00"]])
    assert positions(city) == {"c0": [139.9, 37.5]}
    bad = batch(city, [["c0", 1.0, 1.0, LATER], ["c1", 181.0, 0.0, LATER]])
    assert (bad.status, positions(city)) == (422, {"c0": [139.9, 37.5]})
    early = batch(city, [["c0", 1.0, 1.0, LATER], ["c1", 1.0, 1.0, "1899-01-01T00:00:00Z"]])
    assert early.json["errors"] == [{"pointer": "/rows/1/3", "code": "value"}]
    assert batch(city, []).status == 422
    assert city.call("POST", "/v1/locations/batch", "c0", {"rows": [["c0", 1.0, 1.0, LATER]]}).status == 403


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(
    box=st.tuples(*(st.integers(-most, most) for most in (180, 90, 180, 90))),
    place=st.tuples(st.integers(-180, 180), st.integers(-90, 90)),
)
def test_boxes_cross_the_antimeridian(city: Any, box: tuple[int, int, int, int], place: tuple[int, int]) -> None:
    """West greater than east goes round the back (RFC 7946 5.2); south above north is refused."""
    west, south, east, north = box
    longitude, latitude = place
    city.declare("disaster", "d0")
    batch(city, [["c0", float(longitude), float(latitude), LATER]])
    answer = city.call("GET", "/v1/locations?bbox=" + ",".join(map(str, box)), "city-office")
    if south > north:
        assert answer.json["errors"] == [{"pointer": "bbox", "code": "range"}]
        return
    across = west <= longitude <= east if west <= east else longitude >= west or longitude <= east
    assert bool(answer.json["items"]) == (across and south <= latitude <= north)


def test_boxes_that_are_none_are_refused(city: Any) -> None:
    """Numbers that are none, too few, outside the globe, not finite."""
    for text in ("a,b,c,d", "1,2,3", "-181,0,0,0", "0,-91,0,0", "nan,0,0,0", "inf,0,inf,0", ""):
        assert city.call("GET", f"/v1/locations?bbox={text}", "city-office").problem == "validation"
    assert Box(170.0, 0.0, -170.0, 1.0).condition() != Box(-170.0, 0.0, 170.0, 1.0).condition()


def test_positions_as_geojson(city: Any) -> None:
    """The same people as a FeatureCollection, longitude first, with the next page's cursor."""
    city.declare("disaster", "d0", "d1")
    for who in ("c0", "c2"):
        tell(city, who)
    page = city.call("GET", "/v1/locations?limit=1", "city-office", accept=f"{GEOJSON}, application/json;q=0.5")
    (feature,) = page.json["features"]
    assert page.headers["content-type"] == GEOJSON
    assert (feature["id"], feature["geometry"]["coordinates"]) == ("c0", [139.93, 37.49])
    assert feature["properties"]["sub"] == "c0"
