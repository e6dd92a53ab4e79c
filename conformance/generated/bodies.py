"""Bodies: valid JSON for the operations that make and change things. ``m`` is the maker (``making.Making``)."""

from collections.abc import Callable, Mapping
from typing import Any

from conformance.draws import fresh

RECEIVER = "https://receiver.citytwin.example"
"""Where nobody listens: example domains are never given to anybody (RFC 6761 6.5)."""

PLACE = (139.9298, 37.4948)
"""A place in Aizu-Wakamatsu, longitude and latitude in degrees; any place will do."""

POINT = {"type": "Point", "coordinates": list(PLACE)}

QUESTION = {"id": "q1", "type": "text", "label": {"ja": "困っていること", "en": "What is difficult"}}

Maker = Callable[[Any], Any]


def _shelter(_: Any) -> Any:
    return {"name": f"試験用避難所 {fresh(4)}", "kind": "general", "position": POINT, "capacity_persons": 40}


def _check_in(m: Any) -> Any:
    person = {"temp_id": f"t-{fresh(6)}", "name": "試験 受付"}
    return {"unregistered": person, "channel": "tablet", "observed_at": m.now()}


def _batch(m: Any) -> Any:
    item = {"client_item_id": fresh(9), "kind": "check_in", "shelter_id": m.shelter(), "channel": "paper"}
    return {"items": [{**item, "unregistered": {"temp_id": f"t-{fresh(6)}"}, "observed_at": m.now()}]}


def _off_shelter(m: Any) -> Any:
    where = {"place": "car", "description": "駐車場", "position": POINT, "shelter_id": m.shelter()}
    return {**where, "persons": 2, "temp_id": f"t-{fresh(6)}", "observed_at": m.now()}


def _shelter_request(m: Any) -> Any:
    items = [{"name": "毛布", "quantity": 8, "unit": "枚"}]
    return {"shelter_id": m.shelter(), "category": "supplies", "items": items, "requested_at": m.now()}


def _survey(_: Any) -> Any:
    return {
        "kind": "problem",
        "title": {"ja": "試験のアンケート", "en": "A survey for a test"},
        "questions": [QUESTION],
    }


def _response(m: Any) -> Any:
    survey = m.made("createSurvey").reply.members.get("id", "")
    return {"survey_id": survey, "temp_id": f"t-{fresh(6)}", "answers": {"q1": "毛布"}, "observed_at": m.now()}


def _hazard(m: Any) -> Any:
    properties = {"kind": "other", "observed_at": m.now(), "description": "試験の投稿"}
    return {"type": "Feature", "geometry": POINT, "properties": properties}


def _safety(m: Any) -> Any:
    subject = {"temp_id": f"t-{fresh(6)}", "name": "試験 安否"}
    return {"status": "safe", "observed_at": m.now(), "subject": subject, "method": "visit"}


def _notification(m: Any) -> Any:
    return {"title": "試験の通知", "body": "これは試験です。", "subjects": [m.person().user]}


def _consent(_: Any) -> Any:
    return {"purpose": "agri", "data_categories": ["payment_result"], "recipients": ["service:nobody"]}


def _location(m: Any) -> Any:
    return {"position": POINT, "observed_at": m.now(), "accuracy_m": 12.0, "ttl_s": 60}


BODIES: Mapping[str, Maker] = {
    "createShelter": _shelter,
    "checkIn": _check_in,
    "transferCheckIn": lambda m: {"shelter_id": m.shelter(1), "observed_at": m.now(-30)},
    "uploadCheckIns": _batch,
    "checkOut": lambda m: {"observed_at": m.now(-1)},
    "reportOffShelter": _off_shelter,
    "createShelterRequest": _shelter_request,
    "createSurvey": _survey,
    "createSurveyResponse": _response,
    "postHazardReport": _hazard,
    "reportSafety": _safety,
    "sendNotification": _notification,
    "createEventStream": lambda _: {"url": f"{RECEIVER}/{fresh(6)}", "events": ["disaster-mode-changed"]},
    "issueEvacuationOrder": lambda m: {"level": 3, "areas": [m.area()], "reason": "試験", "issued_at": m.now()},
    "createConsent": _consent,
    "createEvacuationPlan": lambda _: {"fields": {"considerations": {"value": "試験"}}, "prefill": False},
    "createPlanShareLink": lambda _: {"items": ["supporters"], "ttl_s": 600, "note": "試験"},
    "putLocation": _location,
    "putLocations": lambda m: {"rows": [[f"nobody-{fresh(4)}", *PLACE, m.now(), 12.0]], "ttl_s": 60},
    "putOwnCard": lambda _: {"name": "試験", "needs": ["hearing"], "pets": []},
    "putEvacueeCard": lambda _: {"name": "試験", "needs": ["hearing"], "pets": []},
    "giveConsent": lambda _: {},
    "refuseConsent": lambda _: {},
    "renewConsent": lambda _: {},
    "withdrawConsent": lambda _: {},
    "decideConsents": lambda m: {
        "subject": {"id": m.person().user},
        "recipient": {"id": "municipality"},
        "purpose": "disaster_support",
        "category": "safety",
    },
    "putReceipt": lambda m: {"state": "read", "at": m.now(0)},
    "declareDisaster": lambda m: {"mode": "drill", "areas": [m.area()], "declared_at": m.now()},
}
"""What makes a new thing."""

CHANGES: Mapping[str, Maker] = {
    "updateShelter": lambda _: {"capacity_persons": 60},
    "setShelterStatus": lambda m: {"status": "open", "observed_at": m.now()},
    "updateEvacuationOrder": lambda m: {"reason": f"試験 {fresh(4)}", "changed_at": m.now(-30)},
    "liftEvacuationOrder": lambda m: {"lifted_at": m.now(-1), "reason": "試験の終わり"},
    "moderateHazardReport": lambda _: {"state": "rejected"},
    "updateOffShelter": lambda m: {name: value for name, value in _off_shelter(m).items() if name != "temp_id"},
    "updateShelterRequest": lambda _: {"state": "accepted"},
    "updateSurvey": lambda _: {"title": {"ja": "試験のアンケート(改)", "en": "A survey for a test, changed"}},
    "updateSurveyResponse": lambda m: {"answers": {"q1": "水"}, "observed_at": m.now(-30)},
    "updateEvacuationPlan": lambda _: {"fields": {"considerations": {"value": "試験(改)"}}},
    "updateDisasterEvent": lambda _: {"mode": "normal"},
}
"""What changes one that is there."""
