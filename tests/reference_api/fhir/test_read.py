"""Read, vread and history, with what HTTP adds to them."""

from ward import Ward


def test_conditional_reads(ward: Ward) -> None:
    """A client that has the version, or what is not older, is told so without the body."""
    made = ward.create("c0", ward.pulse("c0"))
    path = f"Observation/{made.json['id']}"
    modified = made.headers["last-modified"]
    for headers, status in (
        ({"if_none_match": 'W/"1"'}, 304),
        ({"if_none_match": '"1"'}, 304),
        ({"if_none_match": 'W/"2"'}, 200),
        ({"if_none_match": 'W/"2"', "if_modified_since": modified}, 200),
        ({"if_modified_since": modified}, 304),
        ({"if_modified_since": "Fri, 15 Jan 2027 07:59:59 GMT"}, 200),
        ({"if_modified_since": "yesterday"}, 200),
    ):
        answer = ward.call("GET", path, "c0", **headers)
        assert (answer.status, answer.headers["etag"]) == (status, 'W/"1"')
        assert bool(answer.body) is (status == 200)


def test_history_tells_every_version_newest_first(ward: Ward) -> None:
    """The history has creation, change and deletion, with what was asked for and answered then."""
    made = ward.create("c0", ward.pulse("c0")).json
    path = f"Observation/{made['id']}"
    ward.call("PUT", path, "c0", {**made, "status": "amended"})
    ward.call("DELETE", path, "c0")
    found = ward.call("GET", f"{path}/_history", "c0").json
    assert found["type"] == "history"
    told = [
        (entry["request"]["method"], entry["response"]["status"], entry["response"]["etag"], "resource" in entry)
        for entry in found["entry"]
    ]
    assert told == [
        ("DELETE", "204 No Content", 'W/"3"', False),
        ("PUT", "200 OK", 'W/"2"', True),
        ("POST", "201 Created", 'W/"1"', True),
    ]


def test_history_has_pages(ward: Ward) -> None:
    """Pages of a history together are the whole history."""
    made = ward.create("c0", ward.pulse("c0")).json
    path = f"Observation/{made['id']}"
    for _ in range(4):
        ward.call("PUT", path, "c0", made)
    versions = [one["meta"]["versionId"] for one in ward.search(f"{path}/_history?_count=2", "c0")]
    assert versions == ["5", "4", "3", "2", "1"]


def test_mirrored_resources_have_one_version(ward: Ward) -> None:
    """A Patient is read at the version it has, and at no other."""
    path = f"Patient/{ward.patient('c0')}"
    now = ward.call("GET", path, "c0").json
    version = now["meta"]["versionId"]
    assert ward.call("GET", f"{path}/_history/{version}", "c0").json == now
    assert ward.call("GET", f"{path}/_history/1", "c0").status == 404
    (only,) = ward.search(f"{path}/_history", "c0")
    assert only == now


def test_versions_that_are_no_numbers_are_not_there(ward: Ward) -> None:
    """Whatever stands for a version is answered without a fault."""
    made = ward.create("c0", ward.pulse("c0")).json["id"]
    for version in ("0", "01", "-1", "1.0", "x", "9" * 40, "٣"):
        assert ward.call("GET", f"Observation/{made}/_history/{version}", "c0").status == 404, version
