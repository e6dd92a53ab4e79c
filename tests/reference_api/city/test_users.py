"""Users as third parties' services know them: by pairwise subjects, and by what each person agreed to."""

from base64 import urlsafe_b64decode
from typing import Any

from consent_values import act

BODY = {
    "purpose": "personal_service", "data_categories": ["profile.basic"], "recipients": ["service"],
    "modes": ["normal"], "state": "given",
}  # fmt: skip
QUERY = "purpose=personal_service"


def service_of(city: Any) -> str:
    """A third party's service that lists users under pairwise subjects."""
    return next(one.client_id for one in city.seed.clients if one.sector and "users.read.all" in one.scopes)


def test_a_service_knows_people_by_its_own_names(city: Any) -> None:
    """The list and the single read agree; local IDs are nobody there, and cursors do not hold them."""
    service = service_of(city)
    for sub in ("c1", "c2", "c5"):
        body = BODY | {"recipients": [f"service:{service}"]}
        assert city.call("POST", "/v1/consents", sub, body).status == 201
    listed = city.everything(f"/v1/users?{QUERY}&limit=1", service)
    assert [item["data"]["name"] for item in listed] == ["𠮷野󠄁 1", "𠮷野󠄁 2", "𠮷野󠄁 5"]
    for item in listed:
        assert item["sub"] not in ("c1", "c2", "c5")
        assert city.call("GET", f"/v1/users/{item['sub']}?{QUERY}", service).json == item
    assert city.call("GET", f"/v1/users/c1?{QUERY}", service).problem == "not-found"
    cursor = city.call("GET", f"/v1/users?{QUERY}&limit=1", service).json["next_cursor"]
    assert b'"c1"' not in urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


def test_whom_a_service_knew_it_is_told_to_ask_again(city: Any) -> None:
    """After a withdrawal: consent-required with what is missing; strangers stay unknown, and other services too."""
    service = service_of(city)
    record = city.call("POST", "/v1/consents", "c1", BODY | {"recipients": [f"service:{service}"]}).json
    (item,) = city.everything(f"/v1/users?{QUERY}", service)
    act(city, "c1", record, "withdrawal")
    refused = city.call("GET", f"/v1/users/{item['sub']}?{QUERY}", service)
    assert (refused.status, refused.problem) == (403, "consent-required")
    assert "profile.basic" in refused.json["missing_categories"]
    assert city.call("GET", f"/v1/users/c5?{QUERY}", "city-office").problem == "not-found"
