"""Receipts: whole after ISO/IEC TS 27560, verifiable by anybody, the same for the same version of a record."""

from typing import Any

import pytest
from consent_values import ON_THE_SPOT, act, give, valid, verified
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from conformance.contract.catalogue import load_receipt_fields
from reference_api.oidc.key_ring import rotate_keys


def receipt(city: Any, who: str, record: Any) -> str:
    """The receipt as the holder keeps it."""
    answer = city.call("GET", f"/v1/consents/{record['record_id']}/receipt", who)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/jwt")
    return str(answer.body.decode("ascii"))


def found(value: Any, steps: list[str]) -> list[Any]:
    """What stands at a JSON pointer; "-" is every item of a list."""
    if not steps:
        return [value]
    inner = value if steps[0] == "-" else [value[steps[0]]]
    return [one for part in inner for one in found(part, steps[1:])]


@pytest.mark.parametrize("purpose", ["disaster_support", "family_sharing"])
def test_a_receipt_verifies_and_holds_every_field_of_the_standard(city: Any, purpose: str) -> None:
    """It is signed by the city OS; each mandatory field is there and not empty; it is the record and the notice."""
    record = give(city, "c5", purpose=purpose, recipients=["family"], modes=["normal", "disaster"])
    claims = verified(city, receipt(city, "c5", record), "consent-receipt+jwt")
    held = valid("ConsentReceipt", claims["receipt"])
    for field, pointer in load_receipt_fields().items():
        values = found(held, pointer.removeprefix("/").split("/"))
        assert values, field
        assert all(values), field
    assert {name: value for name, value in held.items() if name in record} == record
    assert (claims["iss"], claims["sub"], claims["jti"]) == ("http://127.0.0.1:8080", "c5", held["receipt_id"])
    notice = city.call("GET", held["notice"]["uri"].removeprefix("http://127.0.0.1:8080")).json["languages"]["ja"]
    assert (held["notice_text"], held["notice"]["hash"]) == (notice["sections"], notice["hash"])


def test_a_receipt_is_issued_once_for_each_version(city: Any) -> None:
    """Asked twice it is the same to the byte; after a withdrawal there is another one that says so."""
    record = give(city, "c5")
    first = receipt(city, "c5", record)
    city.clock.set_s(city.clock.now_s() + 5)
    assert receipt(city, "c5", record) == first
    act(city, "c5", record, "withdrawal")
    second = verified(city, receipt(city, "c5", record), "consent-receipt+jwt")["receipt"]
    assert second["state"] == "withdrawn"
    assert second["receipt_id"] != verified(city, first, "consent-receipt+jwt")["receipt"]["receipt_id"]


def test_a_receipt_that_was_touched_does_not_verify(city: Any) -> None:
    """Any other payload under the same signature is refused; a receipt is no access token."""
    text = receipt(city, "c5", give(city, "c5"))
    header, _, signature = text.split(".")
    other = receipt(city, "c5", give(city, "c5", modes=["drill"])).split(".")[1]
    with pytest.raises(JoseError):
        verified(city, f"{header}.{other}.{signature}", "consent-receipt+jwt")
    answer = city.call("GET", "/v1/consents", authorization=f"Bearer {text}")
    assert answer.problem == "invalid-token"


def test_an_expired_record_still_has_the_receipt_of_its_day(city: Any) -> None:
    """A receipt tells what was agreed, not what the clock says when it is fetched."""
    record = give(city, "c5", valid_until="2027-01-15T18:00:00+09:00")
    city.clock.set_s(city.clock.now_s() + 7200)
    held = verified(city, receipt(city, "c5", record), "consent-receipt+jwt")["receipt"]
    assert held["state"] == "given"


def test_staff_and_person_hold_the_same_receipt(city: Any) -> None:
    """What the desk wrote down can be handed over; the person's own copy is no other."""
    record = give(city, "shelter-desk", subject={"sub": "c6"}, **ON_THE_SPOT)
    assert receipt(city, "shelter-desk", record) == receipt(city, "c6", record)


def test_a_receipt_verifies_after_its_key_was_retired(city: Any) -> None:
    """A year and two keys later a receipt still verifies with the keys of receipts, not with those of tokens."""
    text = receipt(city, "c5", give(city, "c5"))
    for _ in range(2):
        city.clock.set_s(city.clock.now_s() + 200 * 86_400)
        city.opened.drive(rotate_keys(city.app.services, ahead_s=0.0))
    kid = jws.extract_compact(text.encode()).headers()["kid"]
    published = {key["kid"] for key in city.call("GET", "/.well-known/jwks.json").json["keys"]}
    assert kid not in published
    answer = city.call("GET", "/v1/receipt-keys")
    keys = KeySet.import_key_set(valid("Jwks", answer.json))
    assert jwt.decode(text, keys, algorithms=["ES256"]).claims["receipt"]["state"] == "given"
    assert all("d" not in key for key in answer.json["keys"])
    assert city.call("GET", "/v1/receipt-keys", if_none_match=answer.headers["etag"]).status == 304
