"""Observations of the documents that a city OS publishes, and of what its answers say beside the data."""

import json
from typing import Any

from consent_values import give, verified
from deviant.observing import observed
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from sandbox_city import AT, LATER, City

BASIC = {"data_categories": ["profile.basic"]}
COLUMNS = "整理番号,氏名,生年月日,性別,住所又は居所,町内会コード,避難支援等を必要とする事由,平常時の情報提供への同意"


@observed("no-limits-told", right=True, wrong=False)
def limits(city: City) -> Any:
    """Whether limits are told."""
    return "limits" in city.call("GET", "/.well-known/city-os").json


@observed("declared-but-absent", right=200, wrong=404)
def hazards(city: City) -> Any:
    """The answer to the list of hazard reports."""
    return city.call("GET", "/v1/hazard-reports").status


@observed("api-catalog-empty", right=True, wrong=False)
def catalog(city: City) -> Any:
    """Whether the API catalogue points at descriptions."""
    return b"service-desc" in city.call("GET", "/.well-known/api-catalog").body


@observed("metadata-differ", right=True, wrong=False)
def metadata(city: City) -> Any:
    """Whether both metadata documents say the same."""
    paths = ("openid-configuration", "oauth-authorization-server")
    first, second = (city.call("GET", f"/.well-known/{path}").json for path in paths)
    return bool(first == second)


@observed("no-rings-in-catalog", right=True, wrong=False)
def legal_bases(city: City) -> Any:
    """Whether the catalogue of consent tells legal bases."""
    told = city.call("GET", "/v1/consent-catalog").json
    return bool({"legal_bases", "statutory"} & set(told))


@observed("notice-without-hash", right=True, wrong=False)
def notice(city: City) -> Any:
    """Whether a notice tells its version."""
    return b'"hash"' in city.call("GET", "/v1/notices/disaster_support").body


@observed("no-decision-told", right=True, wrong=False)
def decision(city: City) -> Any:
    """Whether a user's data come with the decision."""
    give(city, "c5", **BASIC)
    return "disclosure" in city.call("GET", "/v1/users/c5", "city-office").json


@observed("plan-without-sources", right=True, wrong=False)
def sources(city: City) -> Any:
    """Whether the fields of a plan have sources."""
    made = city.call("POST", "/v1/evacuation-plans", "c4", {"fields": {}})
    assert made.status == 201, made.body
    return all("source" in field for field in made.json["fields"].values())


@observed("eta-hidden", right=True, wrong=False)
def eta(city: City) -> Any:
    """Whether a shelter sees when what it asked for will come."""
    wanted = {"shelter_id": "S0", "category": "supplies", "items": [{"name": "毛布", "quantity": 8, "unit": "枚"}]}
    where = city.call("POST", "/v1/shelter-requests", "shelter-desk", wanted | {"requested_at": AT}).headers["location"]
    for step in ({"state": "accepted"}, {"state": "ordered", "eta": LATER}):
        tag = city.call("GET", where, "city-office").headers["etag"]
        assert city.call("PATCH", where, "city-office", step, if_match=tag).status == 200
    return "eta" in city.call("GET", where, "shelter-desk").json


@observed("shelter-without-capacity", right=True, wrong=False)
def capacity(city: City) -> Any:
    """Whether a shelter tells its capacity."""
    return "capacity_persons" in city.call("GET", "/v1/shelters/S0").json


@observed("missing-categories-not-told", right=True, wrong=False)
def missing(city: City) -> Any:
    """Whether a client with a link is told what is missing."""
    give(city, "c5", data_categories=["location"])
    answer = city.call("GET", "/v1/users/c5", "city-office")
    assert answer.problem == "consent-required"
    return "missing_categories" in answer.json


@observed("receipt-does-not-verify", right=True, wrong=False)
def receipt(city: City) -> Any:
    """Whether a receipt verifies."""
    text = city.call("GET", f"/v1/consents/{give(city, 'c5')['record_id']}/receipt", "c5").body.decode()
    try:
        verified(city, text, "consent-receipt+jwt")
    except JoseError:
        return False
    return True


@observed("head-without-etag", right=True, wrong=False)
def head(city: City) -> Any:
    """Whether HEAD tells the ETag."""
    return "etag" in city.call("HEAD", "/v1/shelters").headers


@observed("no-location-of-notification", right=(202, True), wrong=(202, False))
def notification(city: City) -> Any:
    """The answer to a request to notify, and whether it says where its outcome is."""
    answer = city.call("POST", "/v1/notifications", "city-office", NOTIFICATION)
    return answer.status, "location" in answer.headers


NOTIFICATION = {"title": "避難", "body": "避難してください", "areas": ["d0"], "purpose": "disaster_support"}


@observed("one-fault-of-the-file", right=2, wrong=1)
def faults(city: City) -> Any:
    """How many faults of a file with two are told."""
    lines = ["r1,,1940-01-01,女,住所,n0,歩行困難,有", "r2,佐藤,いつか,女,住所,n0,歩行困難,有"]
    payload = "\r\n".join([COLUMNS, *lines, ""]).encode()
    key = ECKey.import_key(json.loads(city.client("lgwan-bridge").private_jwk or ""))
    text = jws.serialize_compact({"alg": "ES256", "kid": key.kid, "cty": "text/csv"}, payload, key)
    url = "/v1/support-registers/imports"
    answer = city.call("POST", url, "lgwan-bridge", text.encode(), content_type="application/jose")
    return len(answer.json["errors"])


@observed("cap-without-references", right=True, wrong=False)
def references(city: City) -> Any:
    """Whether the CAP message of a lifting refers to what was before."""
    order = {"level": 4, "areas": ["d0"], "reason": "土砂災害", "issued_at": AT}
    made = city.call("POST", "/v1/evacuation-orders", "city-office", order)
    where, tag = made.headers["location"], made.headers["etag"]
    lifted = city.call(
        "POST", f"{where}/lifting", "city-office", {"lifted_at": LATER, "reason": "雨がやんだ"}, if_match=tag
    )
    assert lifted.status in (200, 201), lifted.body
    return b"<references>" in city.call("GET", where, accept="application/cap+xml").body


@observed("unknown-parameter-refused", right=200, wrong=400)
def unknown_parameter(city: City) -> Any:
    """The answer to a parameter that nobody knows."""
    return city.call("GET", "/v1/shelters?unknown_parameter=1").status


@observed("order-without-reason", right=True, wrong=False)
def order(city: City) -> Any:
    """Whether an order tells its reason."""
    order = {"level": 4, "areas": ["d0"], "reason": "土砂災害", "issued_at": AT}
    made = city.call("POST", "/v1/evacuation-orders", "city-office", order)
    return "reason" in city.call("GET", made.headers["location"]).json


@observed("card-without-sources", right=True, wrong=False)
def card(city: City) -> Any:
    """Whether the items of a card tell their source."""
    items = city.call("PUT", "/v1/users/c0/evacuee-card", "c0", {"pets": ["犬"]}).json["items"]
    return all("source" in item for item in items.values())
