"""The metadata of the authorization server: every statement of it is derived from what the server does."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from authlib.oidc.discovery import OpenIDProviderMetadata

from conformance.contract.operations import load_operations
from reference_api.settings import Settings

ISSUER = "http://127.0.0.1:8080"
FORM = "application/x-www-form-urlencoded"
GRANTS = {
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "password",
    "implicit",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:openid:params:grant-type:ciba",
}
RESPONSE_TYPES = {"code", "token", "id_token", "code token", "code id_token", "id_token token", "none"}
ALGORITHMS = {"RS256", "ES256", "PS256", "HS256", "none"}


@pytest.fixture
def metadata(city: Any) -> Mapping[str, Any]:
    """The document as a client reads it."""
    answer = city.call("GET", "/.well-known/openid-configuration")
    assert answer.headers["content-type"] == "application/json"
    return dict(answer.json)


def test_the_issuer_is_where_the_document_was_read(city: Any, metadata: Mapping[str, Any]) -> None:
    """The issuer has no closing slash, and both well-known places say the same (OIDC-001, O-DIS-01)."""
    assert metadata["issuer"] == ISSUER
    assert city.call("GET", "/.well-known/oauth-authorization-server").json == metadata
    assert "max-age" in city.call("GET", "/.well-known/openid-configuration").headers["cache-control"]


def test_an_independent_reader_finds_it_complete(metadata: Mapping[str, Any]) -> None:
    """Authlib's rules for Discovery 1.0 section 3 find one thing wrong: this is no https address."""
    told = {
        name: value.replace("http://", "https://") if isinstance(value, str) else value
        for name, value in metadata.items()
    }
    OpenIDProviderMetadata(told).validate()


def test_every_endpoint_is_there(city: Any, metadata: Mapping[str, Any]) -> None:
    """Each address of the document is one of the contract's paths, and every path answers."""
    paths = {operation.path for operation in load_operations()}
    endpoints = {name: value for name, value in metadata.items() if name.endswith(("_endpoint", "jwks_uri"))}
    assert len(endpoints) >= 9
    for name, address in endpoints.items():
        assert address.startswith(ISSUER + "/"), name
        assert urlsplit(address).path in paths, name
        assert city.call("GET", urlsplit(address).path).status != 404, name


def test_grant_types_are_those_that_are_taken(city: Any, metadata: Mapping[str, Any]) -> None:
    """A type that is named is not answered unsupported_grant_type, and every other is (OIDC-004, O-DIS-06)."""
    taken = {
        grant
        for grant in GRANTS
        if city.ask_token("city-office", grant_type=grant).json.get("error") != "unsupported_grant_type"
    }
    assert set(metadata["grant_types_supported"]) == taken


def test_outside_a_sandbox_nobody_exchanges_tokens(make_city: Any) -> None:
    """The metadata of a server that is no sandbox do not name token exchange."""
    plain = make_city(settings=Settings())
    named = plain.call("GET", "/.well-known/openid-configuration").json["grant_types_supported"]
    assert set(GRANTS) & set(named) == {
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
    }


def test_response_types_and_modes_are_those_that_are_taken(party: Any, metadata: Mapping[str, Any]) -> None:
    """Only the code, only in the query; everything else is refused."""
    one = party()

    def refused(**changed: Any) -> bool:
        return "error=" in one.ask(**changed).headers["location"]

    assert {kind for kind in RESPONSE_TYPES if not refused(response_type=kind)} == set(
        metadata["response_types_supported"]
    )
    modes = {mode for mode in ("query", "fragment", "form_post", "query.jwt") if not refused(response_mode=mode)}
    assert modes == set(metadata["response_modes_supported"])
    methods = {method for method in ("plain", "S256", "S512") if not refused(code_challenge_method=method)}
    assert methods == set(metadata["code_challenge_methods_supported"])


def test_prompts_and_request_objects_are_as_told(party: Any, metadata: Mapping[str, Any]) -> None:
    """Every prompt that is named is understood; request objects are refused as the document says."""
    one = party()
    for prompt in metadata["prompt_values_supported"]:
        assert "error=invalid_request" not in one.ask(prompt=prompt).headers["location"]
    assert "error=invalid_request" in one.ask(prompt="create").headers["location"]
    assert metadata["request_parameter_supported"] is False
    assert metadata["request_uri_parameter_supported"] is False
    assert "error=request_not_supported" in one.ask(request="eyJ").headers["location"]
    assert "error=request_uri_not_supported" in one.ask(request_uri="https://rp.example/r").headers["location"]
    assert metadata["require_pushed_authorization_requests"] is False


def test_answers_name_the_issuer(party: Any, metadata: Mapping[str, Any]) -> None:
    """As authorization_response_iss_parameter_supported says, in codes and in errors (OIDC-012)."""
    assert metadata["authorization_response_iss_parameter_supported"] is True
    one = party()
    for answer in (one.sign_in(), one.ask(response_type="x")):
        assert urlencode({"iss": ISSUER}) in answer.headers["location"]


def test_client_authentication_is_as_told(party: Any, metadata: Mapping[str, Any]) -> None:
    """Each method is in use by an example client; assertions are taken with the algorithms named only."""
    named = set(metadata["token_endpoint_auth_methods_supported"])
    clients = ["example-service", "example-second-service", "example-app", "example-key-client"]
    assert {party(client_id).client.auth_method for client_id in clients} == named
    assert set(metadata["revocation_endpoint_auth_methods_supported"]) == named
    assert set(metadata["introspection_endpoint_auth_methods_supported"]) == named - {"none"}
    assert not {"none", "HS256"} & set(metadata["token_endpoint_auth_signing_alg_values_supported"])


def test_signing_algorithms_have_a_key(city: Any, metadata: Mapping[str, Any]) -> None:
    """RS256 is among them (O-DIS-04), and each has a published key; nothing else has."""
    named = set(metadata["id_token_signing_alg_values_supported"])
    assert "RS256" in named
    assert named == {key["alg"] for key in city.call("GET", "/.well-known/jwks.json").json["keys"]}


def test_subjects_are_of_both_types(city: Any, metadata: Mapping[str, Any]) -> None:
    """The city's own clients have public subjects, services pairwise ones."""
    shown = {"pairwise" if client.sector else "public" for client in city.seed.clients}
    assert shown == set(metadata["subject_types_supported"])


def test_scopes_are_those_of_the_contract(city: Any, metadata: Mapping[str, Any]) -> None:
    """Every scope that a client of the sandbox may ask for is named."""
    held = {scope for client in city.seed.clients for scope in client.scopes}
    assert held | {"openid"} <= set(metadata["scopes_supported"])
    assert metadata["authorization_details_types_supported"] == ["cityos_consent"]
