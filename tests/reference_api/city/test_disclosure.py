"""Who sees what of whom: safety reports, positions, users and the register, and the log of it."""

from typing import Any

from reference_api.consent import Decision

AT = "2027-01-15T07:00:00+09:00"
LATER = "2027-01-15T08:00:00+09:00"
HERE = {"type": "Point", "coordinates": [139.93, 37.49]}


def report(city: Any, who: str, **body: Any) -> Any:
    """Tell a person's safety."""
    return city.call("POST", "/v1/safety-reports", who, {"status": "safe", "observed_at": AT, **body})


def known(city: Any, who: str, audience: str) -> dict[str, str]:
    """Basis of the safety category of everybody listed."""
    items = city.everything(f"/v1/safety-reports?audience={audience}", who)
    return {item["person"].get("sub") or item["person"]["temp_id"]: item["disclosure"][0]["basis"] for item in items}


def test_municipality_sees_by_consent_or_law(city: Any) -> None:
    """Nobody in normal times, the consenting in a drill, everybody of the struck district in a disaster."""
    for number in range(4):
        report(city, f"c{number}", position=HERE)
    assert known(city, "city-office", "municipality") == {}
    city.declare("drill", "d0")
    assert known(city, "city-office", "municipality") == {"c1": "consent"}
    city.declare("disaster", "d0")
    assert known(city, "city-office", "municipality") == {"c0": "consent", "c1": "statutory"}
    city.declare("normal", "d0")
    assert known(city, "city-office", "municipality") == {}


def test_position_in_a_report_needs_its_own_consent(city: Any) -> None:
    """The law opens safety and name, never the position."""
    city.declare("disaster", "d0", "d1")
    for number in range(2):
        report(city, f"c{number}", position=HERE)
    items = city.everything("/v1/safety-reports?audience=municipality", "city-office")
    assert {item["person"]["sub"]: "position" in item for item in items} == {"c0": True, "c1": False}
    assert all("name" in item["person"] and "phone" not in item["person"] for item in items)


def test_family_sees_its_own_household(city: Any) -> None:
    """By consent in its mode, by law in a disaster, and never another household."""
    for number in range(6):
        report(city, f"c{number}")
    assert known(city, "c1", "family") == {"c0": "consent"}
    assert known(city, "c3", "family") == {"c2": "consent"}
    assert known(city, "c0", "family") == {}
    city.declare("disaster", "d0", "d1")
    assert known(city, "c0", "family") == {"c1": "statutory"}
    assert known(city, "c3", "family") == {"c2": "statutory"}


def test_association_sees_its_area_and_what_it_told(city: Any) -> None:
    """Consenting people of its own area, and everybody whose report it made itself."""
    city.declare("disaster", "d0", "d1")
    for number in (0, 3, 4):
        report(city, f"c{number}")
    report(city, "association-n0", subject={"temp_id": "t1", "name": "佐藤"}, method="visit")
    report(city, "association-n3", subject={"temp_id": "t7", "name": "鈴木"}, method="visit")
    assert known(city, "association-n0", "association") == {"c0": "consent", "t1": "own"}
    assert known(city, "association-n3", "association") == {"c3": "consent", "t7": "own"}
    assert known(city, "city-office", "municipality") == {
        "c0": "consent", "c3": "statutory", "c4": "statutory", "t1": "statutory", "t7": "statutory",
    }  # fmt: skip


def test_what_was_told_at_a_desk_stays_there(city: Any) -> None:
    """The association does not see what a person without ID told the shelter desk, nor the desk what it was told."""
    told = {"temp_id": "t1", "name": "机", "phone": "0242-1"}
    city.call(
        "POST",
        "/v1/shelters/S0/check-ins",
        "shelter-desk",
        {"unregistered": told, "channel": "paper", "observed_at": AT},
    )
    report(city, "association-n0", subject={"temp_id": "t1", "address": "戸口"}, method="visit")
    (seen,) = city.everything("/v1/safety-reports?audience=association", "association-n0")
    assert seen["person"] == {"temp_id": "t1", "address": "戸口"}
    (received,) = city.everything("/v1/check-ins?shelter=S0", "city-office")
    assert received["person"] == told


def test_association_speaks_of_its_own_people_only(city: Any) -> None:
    """A stranger's ID and one that nobody has are refused alike."""
    assert report(city, "association-n0", subject={"sub": "c0"}).status == 201
    stranger = report(city, "association-n0", subject={"sub": "c1"})
    nobody = report(city, "association-n0", subject={"sub": "c999"})
    assert (stranger.status, stranger.body) == (nobody.status, nobody.body) == (422, nobody.body)
    assert report(city, "association-n0").problem == "validation"
    assert report(city, "c0", subject={"sub": "c1"}).problem == "insufficient-scope"
    assert report(city, "c0", subject={"temp_id": "x"}).problem == "insufficient-scope"


def test_newest_observation_holds(city: Any) -> None:
    """A report that arrives late but was observed earlier does not replace what holds."""
    city.declare("disaster", "d0", "d1")
    report(city, "c0", status="injured", observed_at=LATER)
    report(city, "c0", status="safe", observed_at=AT)
    (item,) = city.everything("/v1/safety-reports?audience=municipality", "city-office")
    assert item["status"] == "injured"


def test_reports_since_a_time(city: Any) -> None:
    """updated_since lists what the service received from then on."""
    city.declare("disaster", "d0", "d1")
    report(city, "c0")
    city.clock.set_s(city.clock.now_s() + 60)
    report(city, "c1")
    url = "/v1/safety-reports?audience=municipality&updated_since=2027-01-15T17:00:30%2B09:00"
    assert [item["person"]["sub"] for item in city.everything(url, "city-office")] == ["c1"]


def test_a_report_is_read_back_by_its_maker_only(city: Any) -> None:
    """Location of a report answers its maker, 404 everybody else."""
    made = report(city, "c0").headers["location"]
    assert city.call("GET", made, "c0").json["status"] == "safe"
    assert city.call("GET", made, "c1").problem == "not-found"


def test_a_position_is_shown_no_longer_than_it_holds(city: Any) -> None:
    """At the end of its ttl a position is gone, just before it is there."""
    city.declare("disaster", "d0", "d1")
    body = {"position": HERE, "observed_at": LATER, "ttl_s": 60}
    told_s = city.clock.now_s()
    assert city.call("PUT", "/v1/users/c0/location", "c0", body).status == 204
    city.clock.set_s(told_s + 59)
    assert len(city.everything("/v1/locations", "city-office")) == 1
    city.clock.set_s(told_s + 60)
    assert city.everything("/v1/locations", "city-office") == []


def test_positions_are_seen_by_consent_only(city: Any) -> None:
    """Even in a disaster; an association sees its own area; the newest observation stays."""
    for number in range(2):
        body = {"position": HERE, "observed_at": LATER}
        assert city.call("PUT", f"/v1/users/c{number}/location", f"c{number}", body).status == 204
    old = {"position": {"type": "Point", "coordinates": [0, 0]}, "observed_at": AT}
    city.call("PUT", "/v1/users/c0/location", "c0", old)
    assert city.everything("/v1/locations", "city-office") == []
    city.declare("disaster", "d0", "d1")
    (item,) = city.everything("/v1/locations?bbox=139,37,140,38", "city-office")
    assert (item["sub"], item["position"]) == ("c0", HERE)
    assert city.everything("/v1/locations?bbox=139,37,139.5,38", "city-office") == []
    assert [item["sub"] for item in city.everything("/v1/locations", "association-n0")] == ["c0"]
    assert city.everything("/v1/locations", "association-n1") == []
    assert city.call("PUT", "/v1/users/c1/location", "c0", old).problem == "insufficient-scope"
    off = {"position": {"type": "Point", "coordinates": [37.49, 139.93]}, "observed_at": AT}
    assert city.call("PUT", "/v1/users/c0/location", "c0", off).problem == "validation"


def test_user_list_is_the_point_decisions(city: Any) -> None:
    """The list of all users holds exactly whom a single read discloses, with the same content (contract CONS-008)."""
    for mode in ("normal", "drill", "disaster"):
        city.declare(mode, "d0")
        singles = [city.call("GET", f"/v1/users/c{number}", "city-office") for number in range(8)]
        expected = [answer.json for answer in singles if answer.status == 200]
        assert city.everything("/v1/users?limit=3", "city-office") == expected


def test_unknown_and_hidden_users_look_alike(city: Any) -> None:
    """No client learns from the answer whether a user exists."""
    hidden, unknown = (city.call("GET", f"/v1/users/{sub}", "city-office") for sub in ("c5", "c999"))
    assert (hidden.status, hidden.body) == (unknown.status, unknown.body) == (404, unknown.body)
    assert city.call("GET", "/v1/users/c5", "c4").body == unknown.body
    assert city.call("GET", "/v1/users/c5", "c5").json["data"]["phone"] == "090-5"


def test_contact_needs_consent_even_in_a_disaster(city: Any) -> None:
    """Categories are decided one by one: law gives the name of c1, not the phone."""
    city.declare("disaster", "d0", "d1")
    by_sub = {item["sub"]: item["data"] for item in city.everything("/v1/users", "city-office")}
    assert "phone" in by_sub["c0"]
    assert "name" in by_sub["c1"]
    assert "phone" not in by_sub["c1"]


def entries(city: Any, who: str, area: str) -> dict[str, str]:
    """Basis of each entry of the register."""
    items = city.everything(f"/v1/support-registers/entries?area={area}", who)
    return {item["id"]: item["disclosure"][0]["basis"] for item in items}


def test_register_opens_by_consent_or_law(city: Any) -> None:
    """An association sees consenting entries in peace and drill, all of its area in a disaster; the city its own."""
    assert entries(city, "association-n0", "n0") == {"r1": "consent"}
    city.declare("drill", "d0", "d1")
    assert entries(city, "association-n0", "n0") == {"r1": "consent"}
    assert entries(city, "association-n1", "n1") == {}
    city.declare("disaster", "d0")
    assert entries(city, "association-n0", "n0") == {"r1": "consent", "r2": "statutory"}
    assert entries(city, "association-n1", "n1") == {"r3": "statutory"}
    assert entries(city, "city-office", "n0") == {"r1": "own", "r2": "own"}
    city.declare("normal", "d0")
    assert entries(city, "association-n0", "n0") == {"r1": "consent"}
    foreign = city.call("GET", "/v1/support-registers/entries?area=n1", "association-n0")
    assert foreign.problem == "insufficient-scope"
    assert city.call("GET", "/v1/support-registers/entries?area=zz", "city-office").problem == "not-found"


def test_every_disclosure_is_logged_with_its_basis(city: Any) -> None:
    """The access log holds who was shown to whom, for what, on which basis; what was not shown is not there."""
    city.declare("disaster", "d0")
    report(city, "c0")
    report(city, "c1")
    report(city, "c2")
    city.everything("/v1/safety-reports?audience=municipality&limit=1", "city-office")
    entries(city, "association-n0", "n0")
    rows = city.rows(
        "SELECT person, operation_id, client_id, recipient, purpose, grants FROM access_log"
        " JOIN access_request ON access_request.id = request_id JOIN access_grant ON access_grant.id = grant_id"
        " ORDER BY person"
    )
    assert [(row[0], row[2], row[4]) for row in rows] == [
        ("s:c0", "city-office", "disaster_support"),
        ("s:c1", "city-office", "disaster_support"),
        ("s:c4", "association-n0", "evacuation_support"),
        ("t:t1", "association-n0", "evacuation_support"),
    ]
    assert rows[0][5] == "location=consent profile.basic=consent safety=consent"
    assert rows[1][5] == "profile.basic=statutory:災害対策基本法90-3 safety=statutory:災害対策基本法86-15(3)"
    assert "49-11(3)" in rows[2][5]


def test_broken_decision_shows(make_city: Any) -> None:
    """The seam of create_app works: a decision that ignores consent lets the city see everybody in normal times."""
    leaky = make_city(decide=lambda *_: Decision(permit=True, basis="consent"))
    report(leaky, "c5")
    assert known(leaky, "city-office", "municipality") == {"c5": "consent"}
