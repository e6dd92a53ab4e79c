"""Values and checks that the tests of the consent operations share."""

from typing import Any

import jsonschema
import msgspec
from joserfc import jwt
from joserfc.jwk import KeySet

from conformance.contract.operations import load_document
from reference_api.seed import EventStream, SeedData

SAFETY: dict[str, Any] = {
    "purpose": "disaster_support", "data_categories": ["safety"], "recipients": ["municipality"], "modes": ["normal"],
}  # fmt: skip
ON_THE_SPOT: dict[str, Any] = {"method": "staff", "evidence": {"kind": "face_to_face", "reference": "受付 12"}}


def valid(name: str, value: Any) -> Any:
    """The value, valid by a schema of the contract."""
    schemas = load_document()["components"]["schemas"]
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
    jsonschema.Draft202012Validator(schema).validate(value)
    return value


def give(city: Any, who: str, **changes: Any) -> Any:
    """A consent recorded, as it is answered."""
    answer = city.call("POST", "/v1/consents", who, {**SAFETY, **changes})
    assert answer.status == 201, answer.body
    assert answer.headers["location"] == f"/v1/consents/{answer.json['record_id']}"
    return valid("ConsentRecord", answer.json)


def act(city: Any, who: str, record: Any, what: str, body: Any = None) -> Any:
    """Something done to a record: confirmation, refusal, renewal, withdrawal."""
    return city.call("POST", f"/v1/consents/{record['record_id']}/{what}", who, body)


def ask(city: Any, who: str, sub: str, category: str = "safety", **changes: Any) -> Any:
    """One decision."""
    question = {"subject": {"id": sub}, "purpose": "disaster_support", "category": category, **changes}
    answer = city.call("POST", "/v1/consent-decisions", who, question)
    assert answer.status == 200, answer.body
    return valid("ConsentDecision", answer.json)


def verified(city: Any, text: str, typ: str) -> Any:
    """Claims of a token that verifies with the published keys."""
    keys = KeySet.import_key_set(city.call("GET", "/.well-known/jwks.json").json)
    token = jwt.decode(text, keys, algorithms=["ES256"])
    assert token.header["typ"] == typ
    return token.claims


def with_streams(seed: SeedData, *events: str) -> SeedData:
    """The seed with an endpoint for each of its clients, for these events."""
    streams = [EventStream(one.client_id, f"https://{one.client_id}.example/events", events) for one in seed.clients]
    return msgspec.structs.replace(seed, event_streams=tuple(streams))


def told(city: Any) -> dict[str, list[Any]]:
    """Claims of the event tokens that wait in the outbox, by receiver."""
    found: dict[str, list[Any]] = {}
    for url, media_type, body in city.rows("SELECT url, media_type, body FROM outbox WHERE kind = 'set' ORDER BY id"):
        assert media_type == "application/secevent+jwt"
        claims = verified(city, body, "secevent+jwt")
        assert url == f"https://{claims['aud']}.example/events"
        found.setdefault(claims["aud"], []).append(claims)
    return found
