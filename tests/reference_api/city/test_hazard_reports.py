"""Posts of dangerous places: what the moderator decides, what the public sees, and that nobody is given away."""

import math
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_api.city.hazard_reports import (
    CELLS_PER_DEGREE_LATITUDE,
    CELLS_PER_DEGREE_LONGITUDE,
    MOVES,
    cell_middle,
)

URL = "/v1/hazard-reports"
AT = "2027-01-15T07:23:45+09:00"
HERE = [139.929819, 37.494763]


def post(city: Any, who: str = "c1", position: Any = HERE, **properties: Any) -> Any:
    """A post of a citizen."""
    said = {"kind": "road_flooded", "observed_at": AT, "description": "冠水", **properties}
    feature = {"type": "Feature", "geometry": {"type": "Point", "coordinates": position}, "properties": said}
    return city.call("POST", URL, who, feature)


def moderate(city: Any, made: Any, state: str, **more: Any) -> Any:
    """The moderator decides with the ETag of what holds."""
    etag = city.call("GET", made.headers["location"], "city-office").headers["etag"]
    return city.call("PATCH", made.headers["location"], "city-office", {"state": state, **more}, if_match=etag)


def public(city: Any, query: str = "") -> list[Any]:
    """What anybody sees."""
    items: list[Any] = city.everything(URL + query, "")
    return items


def test_a_post_is_public_only_while_published(city: Any) -> None:
    """Posted -> published -> hidden -> published -> expired; rejected ones are never seen."""
    made, other = post(city), post(city, "c2")
    assert public(city) == []
    moderate(city, made, "published")
    moderate(city, other, "rejected")
    assert [one["id"] for one in public(city)] == [made.json["id"]]
    moderate(city, made, "hidden")
    assert public(city) == []
    moderate(city, made, "published")
    city.clock.set_s(city.clock.now_s() + 7 * 86_400)
    assert public(city) == []


@pytest.mark.parametrize(("before", "after"), list(product(MOVES, ("published", "rejected", "hidden"))))
def test_moves_are_those_of_the_table(city: Any, before: str, after: str) -> None:
    """From every state to every other: allowed or refused as the contract's schema says."""
    made = post(city)
    steps = {"posted": (), "published": ("published",), "rejected": ("rejected",), "hidden": ("published", "hidden")}
    for state in steps[before]:
        assert moderate(city, made, state).status == 200
    assert moderate(city, made, after).status == (200 if after in MOVES[before] else 409)


def test_the_public_sees_a_cell_and_whole_hours(city: Any) -> None:
    """Neither poster nor exact place nor minute; the moderator may open the place."""
    made = post(city)
    moderate(city, made, "published")
    (seen,) = public(city)
    assert seen["geometry"]["coordinates"] == list(cell_middle(*HERE)) != HERE
    assert seen["properties"]["observed_at"] == "2027-01-15T07:00:00+09:00"
    assert seen["properties"]["position"] == "cell"
    assert "c1" not in str(seen)
    assert city.call("GET", made.headers["location"], "c2").json == seen
    exact = city.call("GET", made.headers["location"], "c1").json
    assert (exact["geometry"]["coordinates"], exact["properties"]["observed_at"]) == (HERE, AT)
    moderate(city, made, "hidden")
    moderate(city, made, "published", exact_position=True)
    assert public(city)[0]["geometry"]["coordinates"] == HERE


def test_small_boxes_do_not_find_the_exact_place(city: Any) -> None:
    """A box is held against what is shown: one around the exact place but beside the cell's middle finds nothing."""
    moderate(city, post(city), "published")
    near = 1e-5

    def box(longitude_deg: float, latitude_deg: float) -> str:
        edges = (longitude_deg - near, latitude_deg - near, longitude_deg + near, latitude_deg + near)
        return "?bbox=" + ",".join(map(str, edges))

    assert public(city, box(*HERE)) == []
    assert len(public(city, box(*cell_middle(*HERE)))) == 1


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_cells_are_small_and_know_nothing_inside(longitude_deg: float, latitude_deg: float) -> None:
    """The middle is at most half a cell away, and is its own middle."""
    middle = cell_middle(longitude_deg, latitude_deg)
    assert math.isclose(middle[0], longitude_deg, abs_tol=0.5 / CELLS_PER_DEGREE_LONGITUDE + 1e-6)
    assert math.isclose(middle[1], latitude_deg, abs_tol=0.5 / CELLS_PER_DEGREE_LATITUDE + 1e-6)
    assert cell_middle(*middle) == middle


def test_who_posted_may_take_it_back(city: Any) -> None:
    """Gone for all who may have seen it, erased in the store; nobody else can delete it."""
    made, unseen = post(city), post(city)
    moderate(city, made, "published")
    assert city.call("DELETE", made.headers["location"], "c2").problem == "not-found"
    for one in (made, unseen):
        assert city.call("DELETE", one.headers["location"], "c1").status == 204
        assert city.call("GET", one.headers["location"], "c1").problem == "gone"
        assert city.call("GET", one.headers["location"], "city-office").problem == "gone"
    assert city.call("GET", made.headers["location"], "c2").problem == "gone"
    assert city.call("GET", unseen.headers["location"], "c2").problem == "not-found"
    assert city.rows("SELECT DISTINCT description, exact_longitude_deg FROM hazard_report") == [("", 0.0)]
    assert city.everything(URL + "/posted", "city-office") == []


def test_the_queue_and_ones_own(city: Any) -> None:
    """The moderator sees all by state, a citizen only their own; unpublished posts of others are not found."""
    first, second = post(city, "c1"), post(city, "c2")
    moderate(city, second, "published", reason="確認")
    queue = city.everything(URL + "/posted?state=posted", "city-office")
    assert [one["id"] for one in queue] == [first.json["id"]]
    own = city.everything(URL + "/posted", "c2")
    assert [(one["id"], one["properties"]["reason"]) for one in own] == [(second.json["id"], "確認")]
    assert city.call("GET", first.headers["location"], "c2").problem == "not-found"
    patch = city.call("PATCH", first.headers["location"], "city-office", {"state": "published"})
    assert patch.problem == "precondition-required"


def test_geojson_by_accept(city: Any) -> None:
    """The same features as a FeatureCollection, with the cursor as a foreign member and a Link."""
    for _ in range(3):
        moderate(city, post(city), "published")
    page = city.call("GET", URL + "?limit=2", accept="application/geo+json")
    assert page.headers["content-type"] == "application/geo+json"
    assert (page.json["type"], len(page.json["features"])) == ("FeatureCollection", 2)
    assert page.json["next_cursor"] in page.headers["link"]
    assert page.json["features"] == public(city)[:2]


def test_a_photo_is_an_address(city: Any) -> None:
    """Https only; a picture itself is never taken."""
    assert post(city, photo={"url": "https://photos.example/1.jpg"}).status == 201
    for url in ("http://photos.example/1.jpg", "javascript:alert(1)", "data:image/png;base64,AAAA"):
        assert post(city, photo={"url": url}).json["errors"][0]["pointer"] == "/properties/photo/url"
