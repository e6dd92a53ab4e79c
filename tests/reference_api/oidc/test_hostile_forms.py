"""Hostile forms: whatever is sent to the authorization server, the answer is one that the standards name."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FORM = "application/x-www-form-urlencoded"
ERRORS = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "invalid_authorization_details",
    "unsupported_response_type",
    "request_not_supported",
    "request_uri_not_supported",
    "login_required",
    "expired_token",
    "authorization_pending",
}
"""Registered codes. Source: IANA, OAuth Extensions Error Registry; RFC 6749 5.2, 4.1.2.1; RFC 8707, 9396, 8628."""

PARAMETERS = """
grant_type client_id client_secret client_assertion client_assertion_type code code_verifier redirect_uri scope
refresh_token device_code resource token token_type_hint subject_token subject_token_type response_type state nonce
prompt max_age claims authorization_details id_token_hint request request_uri code_challenge code_challenge_method
acr_values ui_locales display login_hint aud
"""
WORDS = """
authorization_code refresh_token client_credentials code none example-service example-app 0 -1 [] {} [{}] null true
openid S256 http://127.0.0.1:8765/callback urn:ietf:params:oauth:request_uri:x a.b.c %00 %ff 𠮷 \0
urn:ietf:params:oauth:grant-type:device_code urn:ietf:params:oauth:grant-type:token-exchange
urn:ietf:params:oauth:client-assertion-type:jwt-bearer
"""
NAMES = st.sampled_from(PARAMETERS.split())
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(WORDS.split())
FORMS = st.lists(st.tuples(NAMES, VALUES), max_size=12)


@pytest.mark.parametrize("path", ["/token", "/par", "/revoke", "/introspect"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=FORMS)
def test_every_form_has_an_answer(city: Any, party: Any, path: str, form: list[tuple[str, str]]) -> None:
    """Success, or an error of RFC 6749 5.2 with a registered code; never a fault of the server (O-TOK-06, O-TOK-07)."""
    answer = party().post(path, **{name: value for name, value in form if not name.startswith("client_")})
    other = city.call("POST", path, "", urlencode(form).encode(), content_type=FORM)
    for told in (answer, other):
        assert told.status in (200, 201, 400, 401), told.body
        if told.status >= 400:
            assert told.json["error"] in ERRORS
            assert told.headers["cache-control"] == "no-store"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=FORMS)
def test_every_authorization_request_has_an_answer(party: Any, form: list[tuple[str, str]]) -> None:
    """A page, or a redirect to where it may go: the registered URI, or our own pages."""
    one = party()
    for pairs in (form, [*one.parameters().items(), *form], [*form, *one.parameters().items()]):
        answer = one.city.call("GET", "/authorize?" + urlencode(pairs))
        assert answer.status in (303, 400), answer.body
        place = answer.headers.get("location", "")
        assert not place or place.startswith(("/", "http://127.0.0.1:8080/", one.client.redirect_uris[0] + "?"))


@pytest.mark.parametrize("path", ["/token", "/par", "/revoke", "/introspect", "/authorize"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200), header=st.text(st.characters(max_codepoint=255), max_size=60))
def test_raw_bytes_have_an_answer(city: Any, path: str, body: bytes, header: str) -> None:
    """Bytes that are no form, and headers that are no credential, are refused in the endpoint's own way."""
    header = header.replace("\r", "").replace("\n", "").replace("\0", "")
    answer = city.call("POST", path, "", body, content_type=FORM, authorization=header)
    assert 400 <= answer.status < 500, answer.body


HEADERS: list[Any] = [
    [],
    5,
    None,
    {"kid": ["x"]},
    {"kid": {}},
    {"alg": 5},
    {"alg": None},
    {"alg": ["ES256"]},
    {"alg": "none"},
    {"alg": "ES256", "crit": 5},
    {"alg": "ES256", "crit": ["b64"], "b64": False},
    {"alg": "ES256", "jwk": 5},
    {"alg": "ES256", "typ": 5},
]
"""JOSE headers as nobody writes them; the key's identifier is added where there is room for it."""


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("payload", ["[]", "5", "", "{", '{"iss":"example-key-client"}'])
def test_tokens_with_strange_headers_are_refused(city: Any, party: Any, header: Any, payload: str) -> None:
    """Wherever a token is read, one that nobody could have signed is refused, never a fault of the server."""
    kid = _parts(city.token("city-office"))[0]["kid"]
    written = {"kid": kid, **header} if isinstance(header, dict) else header
    signature = city.token("city-office").rpartition(".")[2]
    token = ".".join([_encoded(json.dumps(written)), _encoded(payload), signature])
    one, keyed = party(), party("example-key-client")
    assert city.call("GET", "/v1/safety-summaries", authorization=f"Bearer {token}").status == 401
    assert one.post("/introspect", token=token).json == {"active": False}
    assert one.post("/revoke", token=token).status == 200
    assert keyed.post("/token", grant_type="client_credentials", client_assertion=token).status == 401
    assert "error=invalid_request" in one.ask(id_token_hint=token).headers["location"]


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _parts(token: str) -> list[Any]:
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]
