"""Answers of users, positions, messages, disasters, safety, plans, registers and posts are valid by the contract."""

from typing import Any

import pytest
from consent_values import valid

from conformance.contract.operations import load_document

AT = "2027-01-15T07:00:00+09:00"
HERE = {"type": "Point", "coordinates": [139.93, 37.49]}
ORDER = {"level": 4, "areas": ["d0"], "reason": "土砂", "issued_at": AT}
SINCE = "updated_since=2000-01-01T00:00:00Z"


def lived_in(city: Any) -> dict[str, str]:
    """A city in which everything happened once; addresses of what was made."""
    city.everything("/v1/users", "city-office")
    declared = city.declare("disaster", "d0", "n2")
    said = {
        "status": "injured",
        "observed_at": AT,
        "position": HERE,
        "condition": "骨折",
        "share_with": ["public", "family"],
    }
    city.call("POST", "/v1/safety-reports", "c0", said)
    city.call(
        "POST",
        "/v1/safety-reports",
        "association-n0",
        {"status": "safe", "observed_at": AT, "subject": {"temp_id": "t1"}},
    )
    city.call("PUT", "/v1/users/c0/location", "c0", {"position": HERE, "observed_at": AT})
    order = city.call("POST", "/v1/evacuation-orders", "city-office", ORDER)
    sent = city.call("POST", "/v1/notifications", "city-office", {"title": "t", "body": "b", "areas": ["d0"]})
    receipt = {"state": "read", "at": AT}
    city.call("PUT", f"/v1/users/c0/notifications/{sent.json['id']}/receipt", "c0", receipt)
    fields = {"supporters": {"value": [{"name": "佐藤"}]}, "medication": {"value": {"needed": True}}}
    plan = city.call("POST", "/v1/evacuation-plans", "c0", {"fields": fields})
    link = city.call("POST", plan.headers["location"] + "/share-links", "c0", {"items": ["supporters"]})
    properties = {"kind": "snow", "observed_at": AT, "photo": {"url": "https://photos.example/1"}}
    feature = {"type": "Feature", "geometry": HERE, "properties": properties}
    post = city.call("POST", "/v1/hazard-reports", "c0", feature)
    etag = city.call("GET", post.headers["location"], "c0").headers["etag"]
    city.call("PATCH", post.headers["location"], "city-office", {"state": "published"}, if_match=etag)
    stream = {"url": "https://receiver.example/", "events": ["disaster-mode-changed"]}
    made = city.call("POST", "/v1/event-streams", "city-office", stream)
    return {
        "event": declared.headers["location"],
        "order": order.headers["location"],
        "sent": sent.headers["location"],
        "plan": plan.headers["location"],
        "link": link.headers["location"],
        "shared": link.json["url"].removeprefix("http://127.0.0.1:8080"),
        "post": post.headers["location"],
        "stream": made.headers["location"],
    }


ANSWERS = (
    ("/v1/users/c0", "c0", "User"),
    ("/v1/users", "city-office", "UserPage"),
    (f"/v1/users?{SINCE}", "city-office", "UserPage"),
    ("/v1/users/c0/household", "c0", "Household"),
    ("/v1/users/c0/location", "c0", "Location"),
    ("/v1/locations", "city-office", "LocationPage"),
    ("/v1/locations", "city-office", "LocationCollection"),
    ("{sent}", "city-office", "Notification"),
    ("{sent}/deliveries", "city-office", "DeliveryPage"),
    ("/v1/users/c0/notifications", "c0", "ReceivedNotificationPage"),
    ("/v1/disaster-state", "", "DisasterState"),
    ("/v1/disaster-events", "", "DisasterEventPage"),
    ("{event}", "", "DisasterEvent"),
    ("/v1/evacuation-orders", "", "EvacuationOrderPage"),
    ("{order}", "", "EvacuationOrder"),
    ("/v1/safety-reports?audience=municipality", "city-office", "SafetyReportPage"),
    (f"/v1/safety-reports?audience=association&{SINCE}", "association-n0", "SafetyReportPage"),
    ("/v1/safety-reports?audience=family", "c1", "SafetyReportPage"),
    ("/v1/safety-reports?audience=public&name=%F0%A0%AE%B7%E9%87%8E%F3%A0%84%81%200", "c5", "SafetyReportPage"),
    ("/v1/users/c0/safety-reports", "c0", "SafetyHistoryPage"),
    ("/v1/safety-summaries", "city-office", "SafetySummaryList"),
    ("/v1/support-registers/entries?area=n0", "city-office", "RegisterPage"),
    ("{plan}", "c0", "EvacuationPlan"),
    ("{plan}", "association-n0", "EvacuationPlan"),
    ("/v1/evacuation-plans", "city-office", "EvacuationPlanPage"),
    ("{plan}/share-links", "c0", "PlanShareLinkPage"),
    ("{link}", "c0", "PlanShareLink"),
    ("{shared}", "", "SharedPlan"),
    ("/v1/hazard-reports", "", "HazardReportPage"),
    ("/v1/hazard-reports", "", "HazardReportCollection"),
    ("/v1/hazard-reports/posted", "city-office", "HazardReportPage"),
    ("{post}", "c0", "HazardReport"),
    ("/v1/event-streams", "city-office", "EventStreamPage"),
    ("{stream}", "city-office", "EventStream"),
)


def test_every_answer_is_valid_by_its_schema(city: Any) -> None:
    """In a city where everything is there: each answer keeps its schema, and each list holds something."""
    where = lived_in(city)
    for url, who, schema in ANSWERS:
        accept = "application/geo+json" if schema.endswith("Collection") else "application/json"
        answer = city.call("GET", url.format_map(where), who, accept=accept)
        assert answer.status == 200, (url, answer.body)
        valid(schema, answer.json)
        listed = [answer.json.get(name, True) for name in ("items", "features")]
        assert all(listed), url


@pytest.mark.parametrize("mode", ["disaster", "normal"])
def test_examples_of_requests_are_taken(city: Any, mode: str) -> None:
    """What the contract gives as an example of a request is accepted, with this city's names in it."""
    city.declare(mode, "d0")
    schemas = load_document()["components"]["schemas"]
    for name, url, who in (
        ("NotificationRequest", "/v1/notifications", "city-office"),
        ("DisasterDeclaration", "/v1/disaster-events", "city-office"),
        ("EvacuationOrderRequest", "/v1/evacuation-orders", "city-office"),
        ("SafetyReportRequest", "/v1/safety-reports", "c0"),
        ("LocationBatch", "/v1/locations/batch", "position-gateway"),
        ("EvacuationPlanRequest", "/v1/evacuation-plans", "c0"),
        ("HazardReportRequest", "/v1/hazard-reports", "c0"),
        ("EventStreamRequest", "/v1/event-streams", "city-office"),
    ):
        for example in schemas[name]["examples"]:
            body = example | ({"areas": ["d0"]} if "areas" in example else {})
            body |= {"expires_at": None} if "expires_at" in example else {}
            answer = city.call("POST", url, who, body)
            assert answer.status in (200, 201, 202, 204), (name, answer.body)
