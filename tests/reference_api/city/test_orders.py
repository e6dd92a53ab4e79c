"""Evacuation orders: the items of the EEI model, their states, and CAP messages that keep the schema."""

import re
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from reference_api.city.cap import CAP_NAMESPACE, cap_status

AT = datetime.fromisoformat("2027-01-15T07:00:00+09:00")
ORDER = {"level": 4, "areas": ["d0"], "reason": "土砂災害 <危険> & \x01", "issued_at": AT.isoformat()}
CAP = "application/cap+xml"

ELEMENTS = [
    "identifier", "sender", "sent", "status", "msgType", "source", "scope", "restriction", "addresses", "code",
    "note", "references", "incidents", "info",
]  # fmt: skip
INFO = [
    "language", "category", "event", "responseType", "urgency", "severity", "certainty", "audience", "eventCode",
    "effective", "onset", "expires", "senderName", "headline", "description", "instruction", "web", "contact",
    "parameter", "resource", "area",
]  # fmt: skip
CODES = {
    "status": {"Actual", "Exercise", "System", "Test", "Draft"},
    "msgType": {"Alert", "Update", "Cancel", "Ack", "Error"},
    "scope": {"Public", "Restricted", "Private"},
    "category": {"Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra",
                 "CBRNE", "Other"},
    "responseType": {"Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"},
    "urgency": {"Immediate", "Expected", "Future", "Past", "Unknown"},
    "severity": {"Extreme", "Severe", "Moderate", "Minor", "Unknown"},
    "certainty": {"Observed", "Likely", "Possible", "Unlikely", "Unknown"},
}  # fmt: skip
"""Source: CAP-v1.2.xsd."""
CAP_TIME = re.compile(r"\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")


def issue(city: Any, **more: Any) -> Any:
    """An order of the city office."""
    return city.call("POST", "/v1/evacuation-orders", "city-office", {**ORDER, **more})


def cap(city: Any, where: str) -> Any:
    """The CAP message, held against the schema's order, codes and times."""
    answer = city.call("GET", where, accept=CAP)
    assert answer.headers["content-type"] == CAP
    alert = ET.fromstring(answer.body)  # noqa: S314 - what our own server wrote
    assert alert.tag == f"{{{CAP_NAMESPACE}}}alert"
    check_order(alert, ELEMENTS)
    for info in alert.findall(name("info")):
        check_order(info, INFO)
        for area in info.findall(name("area")):
            check_order(area, ["areaDesc", "polygon", "circle", "geocode"])
    for tag, codes in CODES.items():
        assert {one.text for one in alert.iter(name(tag))} <= codes
    for one in (*alert.iter(name("sent")), *alert.iter(name("effective"))):
        assert CAP_TIME.fullmatch(one.text or "")
    for tag in ("identifier", "sender"):
        assert not set(" ,<&") & set(text(alert, tag))
    return alert


def name(tag: str) -> str:
    """A tag in the namespace of CAP."""
    return f"{{{CAP_NAMESPACE}}}{tag}"


def text(parent: Any, tag: str) -> str:
    """Text of an element that must be there once."""
    (found,) = parent.findall(name(tag))
    return str(found.text)


def check_order(parent: Any, order: list[str]) -> None:
    """Children are known and stand in the schema's order."""
    tags = [child.tag.rpartition("}")[2] for child in parent]
    assert tags == sorted(tags, key=order.index)


def test_an_order_has_the_nine_basic_items(city: Any) -> None:
    """EEI 避難指示等（発令毎）: the nine items are there, in Japanese terms' codes, with a Location that answers."""
    made = issue(city, areas=["n1", "d1"])
    assert made.status == 201
    assert made.json | {"reason": ""} == {
        "id": "1",
        "reason": "",
        "municipality_code": "072028",
        "prefecture_name": "福島県",
        "municipality_name": "会津若松市",
        "kind": "evacuation_order",
        "status": "issued",
        "areas": ["d1", "n1"],
        "issued_at": AT.isoformat(),
        "updated_at": AT.isoformat(),
        "lifted_at": None,
        "lifting_reason": None,
        "level": 4,
        "cap_status": "Test",
    }
    assert city.call("GET", made.headers["location"]).json == made.json
    assert city.call("GET", made.headers["location"]).headers["etag"] == made.headers["etag"]
    unknown = issue(city, areas=["d0", "zz"])
    assert unknown.json["errors"] == [{"pointer": "/areas/1", "code": "unknown_area"}]


def test_cap_messages_of_one_order_refer_to_those_before(city: Any) -> None:
    """Alert, then Update after a change, then Cancel after lifting; each names all earlier ones."""
    where = issue(city).headers["location"]
    first = cap(city, where)
    assert (text(first, "msgType"), first.findall(name("references"))) == ("Alert", [])
    patch = {"level": 5, "changed_at": (AT + timedelta(hours=1)).isoformat()}
    changed = city.call("PATCH", where, "city-office", patch, if_match=city.call("GET", where).headers["etag"])
    second = cap(city, where)
    assert (changed.json["kind"], text(second, "msgType")) == ("emergency_safety", "Update")
    city.call("POST", where + "/lifting", "city-office", {"lifted_at": patch["changed_at"], "reason": "解除"})
    third = cap(city, where)
    assert text(third, "msgType") == "Cancel"
    earlier = [",".join(text(alert, tag) for tag in ("sender", "identifier", "sent")) for alert in (first, second)]
    assert text(second, "references") == earlier[0]
    assert text(third, "references") == " ".join(earlier)
    assert len({text(alert, "identifier") for alert in (first, second, third)}) == 3
    assert {text(info, "responseType") for info in third.findall(name("info"))} == {"AllClear"}


def test_cap_speaks_japanese_and_english_of_the_same_areas(city: Any) -> None:
    """Two info blocks; names and codes of the areas; what XML cannot hold is replaced."""
    alert = cap(city, issue(city, areas=["d0", "n3"]).headers["location"])
    infos = alert.findall(name("info"))
    assert [text(info, "language") for info in infos] == ["ja", "en"]
    assert [text(info, "event") for info in infos] == ["避難指示", "Evacuation Instruction"]
    for info in infos:
        (area,) = info.findall(name("area"))
        assert text(area, "areaDesc") == "東, 町3"
        values = [text(code, "value") for code in area.findall(name("geocode"))]
        assert values == ["072028", "d0", "n3"]
        assert text(info, "description") == "土砂災害 <危険> & \ufffd"


@pytest.mark.parametrize(
    ("mode", "environment", "status"),
    [
        ("normal", "production", "Actual"),
        ("disaster", "production", "Actual"),
        ("drill", "production", "Exercise"),
        ("normal", "test", "Test"),
        ("disaster", "test", "Test"),
        ("drill", "test", "Exercise"),
        ("disaster", "drill", "Exercise"),
    ],
)
def test_cap_status_follows_mode_and_environment(mode: str, environment: str, status: str) -> None:
    """A drill is an Exercise everywhere; a test server never says Actual (DIS-004)."""
    assert cap_status(mode, environment) == status


def test_status_is_that_of_the_hour_of_issue(city: Any) -> None:
    """What was issued in a drill stays an Exercise, says so in its headline, and a real one elsewhere is none."""
    city.declare("drill", "d0")
    drilled = issue(city).headers["location"]
    real = issue(city, areas=["d1"]).headers["location"]
    city.declare("normal", "d0")
    alert = cap(city, drilled)
    assert text(alert, "status") == "Exercise"
    assert all(
        "訓練" in text(info, "headline") or "Exercise" in text(info, "headline") for info in alert.iter(name("info"))
    )
    assert text(cap(city, real), "status") == "Test"


def test_json_is_preferred_unless_cap_is_asked_for(city: Any) -> None:
    """Accept decides by weight; what is not offered is refused."""
    where = issue(city).headers["location"]
    for accept, media_type in (
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        (f"{CAP};q=0.9, application/json", "application/json"),
        (f"application/json;q=0.1, {CAP}", CAP),
    ):
        answer = city.call("GET", where, accept=accept)
        assert (answer.headers["content-type"], answer.headers["vary"]) == (media_type, "accept")
    assert city.call("GET", where, accept="text/plain").problem == "not-acceptable"


class Orders(RuleBasedStateMachine):
    """An order is issued, moved any number of times, and lifted once; nothing else happens to it."""

    def __init__(self, city: Any) -> None:
        super().__init__()
        self.city = city
        self.model: list[dict[str, Any]] = []

    @rule(level=st.integers(3, 5), areas=st.sets(st.sampled_from(["d0", "d1", "n0", "n3"]), min_size=1))
    def issue(self, level: int, areas: set[str]) -> None:
        """A new order."""
        made = issue(self.city, level=level, areas=sorted(areas))
        self.model.append(
            {"level": level, "areas": sorted(areas), "status": "issued", "where": made.headers["location"]}
        )

    @precondition(lambda self: self.model)
    @rule(data=st.data(), level=st.integers(3, 5), stale=st.booleans())
    def move(self, data: Any, level: int, *, stale: bool) -> None:
        """To another level: only with the ETag of what holds, and only while it is issued."""
        order = data.draw(st.sampled_from(self.model))
        etag = '"0-0"' if stale else self.city.call("GET", order["where"]).headers["etag"]
        body = {"level": level, "changed_at": AT.isoformat()}
        answer = self.city.call("PATCH", order["where"], "city-office", body, if_match=etag)
        if stale:
            assert answer.problem == "precondition-failed"
        elif order["status"] == "lifted":
            assert answer.problem == "conflict"
        else:
            order["level"] = level

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def lift(self, data: Any) -> None:
        """Lifting a second time conflicts."""
        order = data.draw(st.sampled_from(self.model))
        body = {"lifted_at": AT.isoformat(), "reason": "解除"}
        answer = self.city.call("POST", order["where"] + "/lifting", "city-office", body)
        assert answer.status == (200 if order["status"] == "issued" else 409)
        order["status"] = "lifted"

    @invariant()
    def lists_agree(self) -> None:
        """All orders, and those in force, are what was done."""
        shown = self.city.everything("/v1/evacuation-orders?limit=2", "")
        assert [{key: one[key] for key in ("level", "areas", "status")} for one in shown] == [
            {key: one[key] for key in ("level", "areas", "status")} for one in self.model
        ]
        force = self.city.everything("/v1/evacuation-orders?status=issued", "")
        assert [one["id"] for one in force] == [one["id"] for one in shown if one["status"] == "issued"]


def test_whatever_happens_orders_keep_their_states(make_city: Any) -> None:
    """Issuing, moving and lifting in any order."""
    run_state_machine_as_test(lambda: Orders(make_city()), settings=settings(max_examples=4, stateful_step_count=8))
