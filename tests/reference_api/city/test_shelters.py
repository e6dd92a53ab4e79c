"""Shelters and evacuation sites: published with tags, opened ad hoc, changed, closed for good, joined by place."""

from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.contract.operations import load_document
from reference_api.city.sites import HAZARDS, is_national_id
from reference_api.seed import EvacuationSite, Shelter

SCHEMAS = load_document()["components"]["schemas"]
AT = "2027-01-15T07:00:00+09:00"
LATER = "2027-01-15T08:00:00+09:00"
NEW = {"name": "道の駅 𠮷野", "position": {"type": "Point", "coordinates": [139.94, 37.5]}, "capacity_persons": 40}


def valid(name: str, value: Any) -> Any:
    """The value, which is valid by a schema of the contract."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    jsonschema.Draft202012Validator(schema).validate(value)
    return value


def open_shelter(city: Any, **members: Any) -> Any:
    """The city office opens a shelter."""
    return city.call("POST", "/v1/shelters", "city-office", {**NEW, **members})


def test_shelter_goes_from_creation_to_gone(city: Any) -> None:
    """A shelter without national ID is made, read, changed, deleted; then it is gone and its id not used again."""
    made = open_shelter(city)
    assert (made.status, made.json["id"], made.json["origin"]) == (201, "NEW001", "ad_hoc")
    where = made.headers["location"]
    read = city.call("GET", where)
    assert valid("Shelter", read.json) == made.json
    assert read.headers["etag"] == made.headers["etag"]
    changed = city.call("PATCH", where, "city-office", {"capacity_persons": 60}, if_match=read.headers["etag"])
    assert changed.json == {**made.json, "capacity_persons": 60}
    assert changed.json in city.call("GET", "/v1/shelters").json["items"]
    assert city.call("DELETE", where, "city-office", if_match=changed.headers["etag"]).status == 204
    for method, url, body in (
        ("GET", where, None),
        ("GET", f"{where}/status", None),
        ("PATCH", where, {}),
        ("DELETE", where, None),
        ("PUT", f"{where}/status", {"status": "open", "observed_at": AT}),
        ("POST", f"{where}/check-ins", {"sub": "c0", "channel": "card", "observed_at": AT}),
    ):
        who = "" if method == "GET" else "shelter-desk" if method == "POST" else "city-office"
        assert city.call(method, url, who, body).problem == "gone", (method, url)
    assert "NEW001" not in [item["id"] for item in city.call("GET", "/v1/shelters").json["items"]]
    assert "NEW001" not in city.board()
    assert open_shelter(city, id="NEW001").problem == "conflict"
    assert open_shelter(city).json["id"] == "NEW002"


def test_shelter_is_not_changed_unseen(city: Any) -> None:
    """Without If-Match 428, with an old one 412, and nothing changes."""
    where = open_shelter(city).headers["location"]
    before = city.call("GET", where).json
    for method, body in (("PATCH", {"name": "別"}), ("DELETE", None)):
        assert city.call(method, where, "city-office", body).problem == "precondition-required"
        assert city.call(method, where, "city-office", body, if_match='"old"').problem == "precondition-failed"
    assert city.call("GET", where).json == before


def test_shelter_with_people_is_not_deleted(city: Any) -> None:
    """While somebody is in it a shelter stays."""
    number = city.check_in("S0", "c0").json["id"]
    tag = city.call("GET", "/v1/shelters/S0").headers["etag"]
    assert city.call("DELETE", "/v1/shelters/S0", "city-office", if_match=tag).problem == "conflict"
    city.call("POST", f"/v1/check-ins/{number}/check-out", "shelter-desk", {"observed_at": LATER})
    assert city.call("DELETE", "/v1/shelters/S0", "city-office", if_match=tag).status == 204


@pytest.mark.parametrize(
    ("members", "pointer", "code"),
    [
        ({"id": "E0720200009111"}, "/id", "national_id"),
        ({"id": "../x"}, "/id", "value"),
        ({"district": "nowhere"}, "/district", "unknown_district"),
        ({"position": {"type": "Point", "coordinates": [37.5, 139.9]}}, "/position/coordinates", "range"),
    ],
)
def test_new_shelter_is_judged(city: Any, members: dict[str, Any], pointer: str, code: str) -> None:
    """An id of the national form, a path, an unknown district, latitude first: 422 where it stands."""
    assert open_shelter(city, **members).json["errors"] == [{"pointer": pointer, "code": code}]
    assert len(city.call("GET", "/v1/shelters").json["items"]) == 3


def test_new_shelter_is_made_once(city: Any) -> None:
    """The same key opens one shelter."""
    first, again = (city.call("POST", "/v1/shelters", "city-office", NEW, idempotency_key="k") for _ in range(2))
    assert first.body == again.body
    assert len(city.call("GET", "/v1/shelters").json["items"]) == 4


def test_basic_attributes_of_the_national_model_are_told(city: Any) -> None:
    """The 14 basic attributes of EEI 避難所 are in the shelter and its status, each mapped by its name."""
    mapped = {
        name: value
        for schema, item in (
            ("Shelter", city.call("GET", "/v1/shelters/S0").json),
            ("ShelterStatus", city.call("GET", "/v1/shelters/S0/status").json),
        )
        for member, value in item.items()
        for name in _maps_to(SCHEMAS[schema]["properties"][member])
    }
    attributes = "全国共通避難所・避難場所ID 地方公共団体コード 都道府県名 市区町村名 所在地（住所） 緯度 経度"
    attributes += (
        " 施設名 施設名（かな） 避難所タイプ 想定収容人数 開設状況 避難者数（総数） 避難世帯数 避難所外避難者数"
    )
    assert {f"EEI:避難所.{name}" for name in attributes.split()} <= set(mapped)
    assert (mapped["EEI:避難所.地方公共団体コード"], mapped["EEI:避難所.都道府県名"]) == ("072028", "福島県")


def _maps_to(schema: Any) -> list[str]:
    inner = SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else {}
    return list(schema.get("x-maps-to", inner.get("x-maps-to", [])))


def test_households_are_counted_not_sizes(city: Any) -> None:
    """Two of a household are one; whoever names none is one; household_size counts nobody."""
    for sub in ("c0", "c1", "c2"):
        city.check_in("S0", sub)
    for temp_id, household in (("a", "h"), ("b", "h"), ("c", None)):
        told = {"temp_id": temp_id, "household_size": 9} | ({"household": household} if household else {})
        body = {"unregistered": told, "channel": "paper", "observed_at": AT}
        city.call("POST", "/v1/shelters/S0/check-ins", "shelter-desk", body)
    status = valid("ShelterStatus", city.call("GET", "/v1/shelters/S0/status").json)
    assert (status["headcount"], status["households"]) == (6, 4)


@pytest.mark.parametrize(
    "url",
    ["/v1/shelters", "/v1/shelters/status", "/v1/shelters/S0", "/v1/shelters/S0/status", "/v1/evacuation-sites"],
)
def test_public_reads_are_cached_for_seconds_and_asked_again_by_tag(city: Any, url: str) -> None:
    """No token is needed; max-age is 30 s at most; a tag that holds is answered 304, another one with the body."""
    first = city.call("GET", url)
    assert int(first.headers["cache-control"].rpartition("max-age=")[2]) <= 30
    same = city.call("GET", url, if_none_match=first.headers["etag"])
    assert (same.status, same.body) == (304, b"")
    if url.endswith("/status"):
        city.check_in("S0", "c0")
        changed = city.call("GET", url, if_none_match=first.headers["etag"])
        assert changed.status == 200
        assert changed.headers["etag"] != first.headers["etag"]


def test_status_is_set_by_what_was_seen_last(city: Any) -> None:
    """A newer word wins, an older one is answered with what holds, a stale tag is refused."""
    url = "/v1/shelters/S0/status"
    tag = city.call("GET", url).headers["etag"]
    opened = city.call("PUT", url, "shelter-desk", {"status": "open", "observed_at": LATER}, if_match=tag)
    assert opened.headers["etag"] == city.call("GET", url).headers["etag"]
    late = city.call("PUT", url, "shelter-desk", {"status": "closed", "observed_at": AT})
    assert (late.status, late.json["status"]) == (200, "open")
    stale = city.call("PUT", url, "shelter-desk", {"status": "full", "observed_at": LATER}, if_match=tag)
    assert stale.problem == "precondition-failed"


@pytest.fixture
def sites(make_city: Any, make_seed: Any) -> Any:
    """A city with places of the national list, a place of the town's own, and a site without a roof."""
    seed = make_seed(8)
    flags = {"flood": "suited", "earthquake": "limited", "tsunami": "unsuited"}
    return make_city(
        msgspec.structs.replace(
            seed,
            shelters=(
                *seed.shelters,
                Shelter("E0720200001111", "第一小学校", "general", 139.93, 37.49, "d0", 300),
                Shelter("E0720200001121", "第一小学校", "welfare", 139.93, 37.49, "d0", 20),
                Shelter("E0720200002201", "中央公園", "site", 139.92, 37.48, "d1", 900, hazards=flags),
            ),
            sites=(
                EvacuationSite("E0720200001201", "第一小学校校庭", 139.93, 37.49, "d0", 900, hazards=flags),
                EvacuationSite("E0720200001-X", "第一小学校の畑", 139.93, 37.49),
                EvacuationSite("S0", "小学校0の校庭", 139.93, 37.49),
            ),
        )
    )


def test_sites_join_shelters_by_place(sites: Any) -> None:
    """The first 11 characters of national IDs join; the town's own id joins nothing, even where it is the same."""
    found = {
        item["id"]: item
        for item in valid("EvacuationSiteList", sites.call("GET", "/v1/evacuation-sites").json)["items"]
    }
    assert {name: item["shelter_ids"] for name, item in found.items()} == {
        "E0720200001-X": [],
        "E0720200001201": ["E0720200001111", "E0720200001121"],
        "E0720200002201": [],
        "S0": [],
    }
    assert [item["also_welfare_shelter"] for item in found.values()] == [False, True, False, False]
    assert [item["also_shelter"] for item in found.values()] == [False, True, False, False]
    assert sites.call("GET", "/v1/evacuation-sites/S0").json == found["S0"]
    assert sites.call("GET", "/v1/evacuation-sites/S9").problem == "not-found"


def test_all_eight_hazards_are_told(sites: Any) -> None:
    """Each site says of each kind of disaster whether it is designated for it; a site may be for none."""
    found = {item["id"]: item["designated_for"] for item in sites.call("GET", "/v1/evacuation-sites").json["items"]}
    assert found["E0720200001201"] == dict.fromkeys(HAZARDS, False) | {"flood": True, "earthquake": True}
    assert found["S0"] == dict.fromkeys(HAZARDS, False)


@pytest.mark.parametrize("url", ["/v1/evacuation-sites", "/v1/evacuation-sites/E0720200001201"])
def test_sites_as_geojson(sites: Any, url: str) -> None:
    """By Accept the same sites come as GeoJSON, longitude first, under a tag of their own."""
    plain, geojson = (sites.call("GET", url, accept=kind) for kind in ("application/json", "application/geo+json"))
    assert (plain.headers["content-type"], geojson.headers["content-type"]) == (
        "application/json",
        "application/geo+json",
    )
    assert plain.headers["etag"] != geojson.headers["etag"]
    assert plain.headers["vary"] == geojson.headers["vary"] == "accept"
    schema = "EvacuationSiteFeatures" if url.endswith("sites") else "EvacuationSiteFeature"
    features = valid(schema, geojson.json).get("features", [geojson.json])
    feature = next(feature for feature in features if feature["id"] == "E0720200001201")
    assert feature["geometry"]["coordinates"] == [139.93, 37.49]
    assert feature["properties"]["also_shelter"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=20) | st.from_regex(r"E\d{13}", fullmatch=True))
def test_national_id_is_e_and_thirteen_digits(text: str) -> None:
    """An ID of the national list is E and 13 ASCII digits, nothing else."""
    digits = text[1:]
    assert is_national_id(text) == (len(text) == 14 and text[0] == "E" and digits.isascii() and digits.isdigit())


def test_reset_forgets_what_was_opened(city: Any) -> None:
    """A sandbox goes back to its seeded shelters."""
    before = city.call("GET", "/v1/shelters").json
    open_shelter(city)
    tag = city.call("GET", "/v1/shelters/S1").headers["etag"]
    city.call("DELETE", "/v1/shelters/S1", "city-office", if_match=tag)
    city.call("POST", "/v1/sandbox/reset", "sandbox-admin")
    assert city.call("GET", "/v1/shelters").json == before
