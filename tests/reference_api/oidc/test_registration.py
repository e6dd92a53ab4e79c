"""Dynamic registration: who may, what is taken, what is told, and how a client is removed."""

import json
from dataclasses import replace
from typing import Any

import pytest
from browser import Browser
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey
from signing_in import agree, log_in

from reference_api.errors import OAuthError, UnsafeSettings
from reference_api.oidc.client_metadata import read_metadata, sector_of
from reference_api.oidc.client_seed import Client
from reference_api.settings import Settings, check_settings

CALLBACK = "https://service.example/callback"
ASKED = {"redirect_uris": [CALLBACK], "client_name": "Bus tickets", "client_name#ja": "バス券"}


@pytest.fixture
def city(make_city: Any) -> Any:
    """A sandbox where anybody may register."""
    return make_city(settings=Settings(sandbox=True, registration=True))


def register(city: Any, token: str = "", **metadata: Any) -> Any:
    """A registration request; None leaves a member out."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    asked = {name: value for name, value in {**ASKED, **metadata}.items() if value is not None}
    return city.call("POST", "/register", "", asked, **headers)


def service_of(party: Any, told: dict[str, Any]) -> Any:
    """The registered client as a relying party."""
    client = Client(
        told["client_id"], "service", "", (), told.get("client_secret"), redirect_uris=tuple(told["redirect_uris"])
    )
    return replace(party(), client=client)


def test_registered_client_logs_people_in(city: Any, party: Any) -> None:
    """It works at once: a person signs in, reads its name in her language, and it redeems the code."""
    answer = register(city)
    assert (answer.status, answer.headers["cache-control"]) == (201, "no-store")
    service = service_of(party, answer.json)
    assert "「バス券」が、あなたの情報の利用を求めています。" in agree(Browser(city, language="ja"), service).text
    assert "“Bus tickets”" in agree(Browser(city), service).text
    got = service.redeem(log_in(Browser(city), service)["code"]).json
    told = city.call("GET", "/userinfo", authorization=f"Bearer {got['access_token']}").json
    assert told["name"] == "𠮷野󠄁 0"
    assert told["sub"] != "c0"


def test_read_and_delete(city: Any, party: Any) -> None:
    """The registration access token reads and removes its own client; after that its tokens are dead (RFC 7592)."""
    told = register(city).json
    address = told["registration_client_uri"].removeprefix("http://127.0.0.1:8080")
    own = {"authorization": f"Bearer {told['registration_access_token']}"}
    read = city.call("GET", address, **own)
    assert {**read.json, "client_secret": told["client_secret"], "client_secret_expires_at": 0} == told
    service = service_of(party, told)
    token = service.redeem(log_in(Browser(city), service)["code"]).json["access_token"]
    other = register(city).json
    stranger = {"authorization": f"Bearer {other['registration_access_token']}"}
    for method in ("GET", "DELETE"):
        for headers in ({}, stranger, {"authorization": "Bearer x"}):
            refused = city.call(method, address, **headers)
            unknown = city.call(method, "/register/nobody", **headers)
            assert (refused.status, refused.body) == (unknown.status, unknown.body)
            assert refused.status == 401
    assert city.call("DELETE", address, **own).status == 204
    assert city.call("GET", address, **own).status == 401
    assert city.call("GET", "/userinfo", authorization=f"Bearer {token}").status == 401


def test_a_reset_sandbox_knows_registered_clients_no_more(city: Any, party: Any) -> None:
    """Nor their tokens, in a worker that has verified them before."""
    service = service_of(party, register(city).json)
    token = service.redeem(log_in(Browser(city), service)["code"]).json["access_token"]
    assert city.opens_userinfo(token)
    assert city.call("POST", "/v1/sandbox/reset", "sandbox-admin").status == 204
    assert not city.opens_userinfo(token)


def test_clients_of_the_city_are_not_to_be_managed(city: Any) -> None:
    """A client that did not register itself has no registration access token."""
    assert city.call("DELETE", "/register/city-office", authorization="Bearer ").status == 401
    assert city.call("DELETE", "/register/city-office", authorization="Bearer None").status == 401


def test_initial_access_token(make_city: Any) -> None:
    """Where the city gives out initial access tokens, nobody registers without one."""
    closed = make_city(settings=Settings(sandbox=True, registration=True, registration_token="from the city"))
    for token in ("", "wrong"):
        answer = register(closed, token)
        assert (answer.status, answer.json["error"]) == (401, "invalid_token")
    assert register(closed, "from the city").status == 201


def test_off_by_default(make_city: Any) -> None:
    """Without the setting there is no such endpoint, and the metadata name none."""
    city = make_city()
    assert register(city).status == 404
    assert "registration_endpoint" not in city.call("GET", "/.well-known/openid-configuration").json


def test_production_needs_the_initial_access_token() -> None:
    """A production server does not start with registration open to anybody."""
    settings = Settings("https://city.example", environment="production", database="x", secret="s" * 40)
    check_settings(replace(settings, registration=True, registration_token="t"))
    with pytest.raises(UnsafeSettings, match="REGISTRATION_TOKEN"):
        check_settings(replace(settings, registration=True))


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a.example/#x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://*.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://a.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://127.0.0.1.evil.example/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://user@a.example/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["data:text/html,x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https:///cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a.example;sandbox/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a.example,b.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a%2eexample/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a.example./cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://[::1/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["com.example.app:/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a.example/", "https://b.example/"]}, "invalid_redirect_uri"),
        ({"post_logout_redirect_uris": ["http://a.example/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://a.example/"}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"grant_types": ["password"]}, "invalid_client_metadata"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"jwks": {"keys": [ECKey.generate_key("P-256").as_dict(private=True)]}}, "invalid_client_metadata"),
        ({"jwks": {"keys": [{"kty": "EC"}]}}, "invalid_client_metadata"),
        ({"jwks": {}}, "invalid_client_metadata"),
        ({"jwks_uri": "https://a.example/jwks"}, "invalid_client_metadata"),
        ({"subject_type": "public"}, "invalid_client_metadata"),
        ({"id_token_signed_response_alg": "none"}, "invalid_client_metadata"),
        ({"scope": "disaster.declare"}, "invalid_client_metadata"),
        ({"backchannel_logout_uri": "http://a.example/bc"}, "invalid_client_metadata"),
        ({"backchannel_logout_uri": "https://a.example/bc#x"}, "invalid_client_metadata"),
        ({"backchannel_logout_uri": "https://10.0.0.1/bc"}, "invalid_client_metadata"),
        ({"backchannel_logout_uri": "https://169.254.169.254/bc"}, "invalid_client_metadata"),
        ({"backchannel_logout_uri": "https://[fd00::1]/bc"}, "invalid_client_metadata"),
        ({"backchannel_logout_uri": "https://0x7f000001/bc"}, "invalid_client_metadata"),
        ({"default_max_age": -1}, "invalid_client_metadata"),
        ({"client_name": "\u202eecivres"}, "invalid_client_metadata"),
        ({"client_name": "x" * 101}, "invalid_client_metadata"),
        ({"client_name": 7}, "invalid_client_metadata"),
    ],
)
def test_refused_metadata(city: Any, metadata: dict[str, Any], error: str) -> None:
    """What the server cannot keep or a person could be deceived by is refused by the codes of RFC 7591 3.2.2."""
    answer = register(city, **metadata)
    assert (answer.status, answer.json["error"]) == (400, error), answer.body
    assert city.rows("SELECT count(*) FROM client WHERE registered_at_s IS NOT NULL") == [(0,)]


@pytest.mark.parametrize(
    "metadata",
    [
        {"redirect_uris": ["http://127.0.0.1/cb", "com.example.app:/cb"], "token_endpoint_auth_method": "none"},
        {"redirect_uris": ["http://[::1]:8000/cb"]},
        {"redirect_uris": None, "grant_types": ["urn:ietf:params:oauth:grant-type:device_code"]},
        {"token_endpoint_auth_method": "private_key_jwt",
         "jwks": {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}},
        {"scope": "openid profile unheard", "unheard": {"of": 1}},
        {"client_name": "葛󠄀城サービス", "backchannel_logout_uri": "https://service.example/bc"},
    ],
)  # fmt: skip
def test_accepted_metadata(city: Any, metadata: dict[str, Any]) -> None:
    """Native apps, devices, clients with keys, names with variation selectors; what is not known is ignored."""
    answer = register(city, **metadata)
    assert answer.status == 201, answer.body
    assert "unheard" not in answer.json
    assert ("client_secret" in answer.json) == (answer.json["token_endpoint_auth_method"].startswith("client_secret"))


def test_markup_in_a_name_stays_text(city: Any, party: Any) -> None:
    """A client cannot put elements on the pages of others by its name."""
    name = "<script>alert(1)</script>{{ 7*7 }}\"'&"
    service = service_of(party, register(city, client_name=name, **{"client_name#ja": None}).json)
    for browser in (Browser(city), Browser(city, language="ja")):
        agree(browser, service)
        assert name in browser.view.text
        assert not browser.view.tagged("script")


def test_sector_is_the_host(city: Any) -> None:
    """Clients of one host know a person by the same subject, apps without a host each by their own."""
    web = read_metadata(json.dumps({"redirect_uris": [CALLBACK, "https://service.example/b"]}).encode()).metadata
    app = read_metadata(
        json.dumps({"redirect_uris": ["http://127.0.0.1/cb"], "token_endpoint_auth_method": "none"}).encode()
    ).metadata
    assert (sector_of(web, "a"), sector_of(app, "a")) == ("service.example", "a")


@pytest.mark.parametrize(
    "metadata",
    [
        {"grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"]},
        {"redirect_uris": [CALLBACK, "http://127.0.0.1/cb"]},
        {"redirect_uris": [CALLBACK, "com.example.app:/cb"], "token_endpoint_auth_method": "none"},
    ],
)
def test_nobody_takes_the_sector_of_another_service(metadata: dict[str, Any]) -> None:
    """A client that could get tokens by another way than its host is a sector of its own (OIDC Core 17.3)."""
    asked = read_metadata(json.dumps({"redirect_uris": [CALLBACK], **metadata}).encode()).metadata
    assert sector_of(asked, "a") == "a"


JSON_TEXT = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


def judged(members: dict[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    """The error of metadata and what redirect URIs they register."""
    try:
        return None, read_metadata(json.dumps(members).encode()).metadata.redirect_uris
    except OAuthError as fault:
        return fault.error, ()


@given(members=st.dictionaries(st.sampled_from([*ASKED, "jwks", "scope", "grant_types", "default_max_age"]), JSON_TEXT))
def test_any_json_is_judged(members: dict[str, Any]) -> None:
    """Whatever JSON comes, it is read or refused by a code; a redirect URI that passes is https or on loopback."""
    codes = {None, "invalid_redirect_uri", "invalid_client_metadata"}
    error, uris = judged(members)
    assert error in codes
    assert all(uri.startswith(("https://", "http://")) for uri in uris)


@given(body=st.binary(max_size=200))
def test_any_bytes_are_judged(body: bytes) -> None:
    """Bytes that are no JSON object are refused."""
    with pytest.raises(OAuthError):
        read_metadata(body)
