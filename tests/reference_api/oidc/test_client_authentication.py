"""Client authentication: by the method that is registered, once, and proven."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc.jwk import ECKey, OctKey

FORM = "application/x-www-form-urlencoded"
GRANT = {"grant_type": "client_credentials"}


def post(city: Any, form: dict[str, Any], **headers: str) -> Any:
    """A form at the token endpoint."""
    return city.call("POST", "/token", "", urlencode(form).encode(), content_type=FORM, **headers)


@pytest.mark.parametrize("client_id", ["example-service", "example-second-service", "example-key-client"])
def test_each_method_opens_the_endpoint_for_its_client(party: Any, client_id: str) -> None:
    """Basic, post and private_key_jwt are taken from the client that registered them."""
    assert party(client_id).post("/introspect", token="unknown").json == {"active": False}


def test_public_clients_only_name_themselves(party: Any) -> None:
    """A public client redeems its code with PKCE alone, and cannot use what needs a secret."""
    app = party("example-app")
    assert app.redeem(app.code()).status == 200
    refused = app.post("/introspect", token="x")
    assert (refused.status, refused.json["error"]) == (401, "invalid_client")


def test_a_wrong_secret_is_refused_with_a_challenge(city: Any) -> None:
    """401 invalid_client with WWW-Authenticate of the scheme used (faults O-TOK-05, O-TOK-15, O-TOK-16)."""
    answer = city.ask_token("example-service", "wrong", **GRANT)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert answer.headers["cache-control"] == "no-store"


def test_the_header_is_form_decoded(city: Any, party: Any) -> None:
    """Id and secret are form-encoded before they are joined (RFC 6749 2.3.1; fault O-TOK-14)."""
    one = party()
    encoded = "".join(f"%{byte:02X}" for byte in one.client.secret.encode())
    credential = base64.b64encode(f"example%2Dservice:{encoded}".encode()).decode()
    assert post(city, GRANT, authorization=f"Basic {credential}").status == 200
    assert post(city, GRANT, authorization=f"basic {credential}").status == 200


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !", "Basic bm9jb2xvbg==", "Bearer x", "Basic /////w==", "Basic JTgwOng="]
)
def test_broken_headers_are_no_proof(city: Any, header: str) -> None:
    """Whatever cannot be read is invalid_client, never a fault of the server."""
    answer = post(city, GRANT, authorization=header)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def test_one_method_only(city: Any, party: Any) -> None:
    """Two proofs at once, or a body that names another client than the header, are invalid_request."""
    one = party()
    assert one.post("/token", **GRANT, client_secret=one.client.secret).json["error"] == "invalid_request"
    assert one.post("/token", **GRANT, client_id="example-app").json["error"] == "invalid_request"
    assert one.post("/token", **GRANT, client_id="example-service").status == 200


def test_the_registered_method_is_enforced(city: Any, party: Any) -> None:
    """A right secret by a method that is not registered is refused, and so is naming oneself only."""
    service, second = party(), party("example-second-service")
    by_post = {**GRANT, "client_id": "example-service", "client_secret": service.client.secret}
    assert post(city, by_post).json["error"] == "invalid_client"
    named = {"token": "x", "client_id": "example-second-service"}
    assert city.call("POST", "/introspect", "", urlencode(named).encode(), content_type=FORM).status == 401
    assert city.ask_token("example-second-service", second.client.secret, **GRANT).json["error"] == "invalid_client"


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://elsewhere.example"},
        {"aud": 7},
        {"aud": [["http://127.0.0.1:8080"]]},
        {"aud": [{}]},
        {"aud": None},
        {"iss": "example-service"},
        {"sub": "example-service"},
        {"sub": None},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 1_799_999_999},
        {"exp": 1_800_000_000},
        {"exp": 1_800_000_601},
        {"nbf": 1_800_000_060},
        {"iat": 1_800_000_060},
        {"iat": "x"},
        {"jti": None},
        {"jti": ""},
        {"jti": 5},
    ],
)
def test_assertions_are_bound(party: Any, changed: dict[str, Any]) -> None:
    """To this server, to the client itself, to a time that is short, and to one use."""
    one = party("example-key-client")
    answer = one.post("/token", **GRANT, client_assertion=one.assertion(**changed))
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "aud", ["http://127.0.0.1:8080", "http://127.0.0.1:8080/token", ["x", "http://127.0.0.1:8080"]]
)
def test_assertions_may_name_issuer_or_endpoint(party: Any, aud: Any) -> None:
    """Both are in use (Core 9, FAPI 2.0 5.3.2.1)."""
    one = party("example-key-client")
    assert one.post("/token", **GRANT, client_assertion=one.assertion(aud=aud)).status == 200


def test_an_assertion_counts_once(city: Any, party: Any) -> None:
    """The same assertion is refused the second time, and another one by another client with its jti is not."""
    one = party("example-key-client")
    assertion = one.assertion(jti="j-1")
    assert one.post("/token", **GRANT, client_assertion=assertion).status == 200
    assert one.post("/token", **GRANT, client_assertion=assertion).status == 401
    assert one.post("/token", **GRANT, client_assertion=one.assertion(jti="j-1")).status == 401
    city.clock.set_s(city.clock.now_s() + 61.0)
    assert one.post("/token", **GRANT, client_assertion=one.assertion(jti="j-1")).status == 200


def header_of(members: dict[str, Any]) -> str:
    """A JOSE header as it stands in a token."""
    return base64.urlsafe_b64encode(json.dumps(members).encode()).decode().rstrip("=")


def test_assertions_of_others_are_no_proof(city: Any, party: Any) -> None:
    """Signed by another key, by the public key as a shared secret, or not at all."""
    one = party("example-key-client")
    stranger = one.assertion(key=ECKey.generate_key("P-256"))
    symmetric = one.assertion(key=OctKey.import_key("x" * 32), alg="HS256")
    header, payload, signature = one.assertion().split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    foreign = header_of({"alg": "RS256", "kid": "example-key-client-1"})
    critical = header_of({"alg": "ES256", "kid": "example-key-client-1", "crit": ["x"], "x": 1})
    swapped = [f"{changed}.{payload}.{signature}" for changed in (foreign, critical)]
    for forged in (
        *swapped,
        stranger,
        symmetric,
        f"{none}.{payload}.",
        f"{header}.{payload}.",
        "abc",
        "a.b.c",
        "é.b.c",
    ):
        answer = one.post("/token", **GRANT, client_assertion=forged)
        assert (answer.status, answer.json["error"]) == (401, "invalid_client"), forged
    wrong_type = one.post("/token", **GRANT, client_assertion_type="jwt")
    assert wrong_type.json["error"] == "invalid_request"


def test_unknown_and_known_clients_fail_alike(city: Any) -> None:
    """Nobody learns which clients exist."""
    known = post(city, {**GRANT, "client_id": "example-second-service", "client_secret": "wrong"})
    unknown = post(city, {**GRANT, "client_id": "nobody", "client_secret": "wrong"})
    assert (known.status, known.body) == (unknown.status, unknown.body)
