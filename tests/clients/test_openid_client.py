"""The certified client openid-client (npm) at the reference city OS: a client that none of us wrote.

``openid_client.mjs`` drives it over HTTP and tells what it saw, one line a step; here it is judged.
"""

import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sandbox_city import small_seed
from serving import listening, served

from reference_api.oidc.clients import BASIC, POST, PRIVATE_KEY_JWT, PUBLIC
from reference_api.serve import stored_app
from reference_api.served import served as with_background
from reference_api.settings import Settings

FOLDER = Path(__file__).parent
TIMEOUT_S = 120.0

SIGN_IN, CONSENT = "Sign in", "Consent to sharing your data"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

CLIENTS = {
    "example-service": BASIC,
    "example-second-service": POST,
    "example-app": PUBLIC,
    "example-key-client": PRIVATE_KEY_JWT,
    "example-city-app": PUBLIC,
}
"""Clients of the sandbox that sign people in and refresh, and how each proves who it is."""

PROVEN = [name for name, method in CLIENTS.items() if method != PUBLIC]
every_client = pytest.mark.parametrize("name", CLIENTS)


class Told:
    """What was told, by step and client."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = [json.loads(line) for line in lines]

    def of(self, step: str, name: str | None = None) -> dict[str, Any]:
        """The one line of a step; where a trial broke off before it, that is the failure."""
        found = [line for line in self._lines if line["step"] == step and name in (None, line["client"])]
        assert len(found) == 1, [line for line in self._lines if line["step"] == "broken-off"] or found
        return dict(found[0])


@pytest.fixture(scope="module")
def told() -> Told:
    """What openid-client saw at a city OS that is served whole, with its background tasks."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    if not (FOLDER / "node_modules" / "openid-client").is_dir():
        pytest.skip("openid-client is not installed: run make setup where npm is")
    with listening() as (bound, issuer):
        app = stored_app(Settings(sandbox=True, registration=True, issuer=issuer), small_seed())
        with served(with_background(app), bound, lifespan="on"):
            done = subprocess.run(  # noqa: S603 - our own script
                [node, str(FOLDER / "openid_client.mjs"), issuer],
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
    assert done.returncode == 0, done.stderr
    return Told(done.stdout.splitlines())


@every_client
def test_signs_its_person_in(told: Told, name: str) -> None:
    """Code with S256, state, nonce, iss and max_age, pushed or not; the ID token is verified by the published keys."""
    seen = told.of("login", name)
    assert seen["auth_method"] == CLIENTS[name]
    assert seen["shown"] == [SIGN_IN, CONSENT]
    claims = seen["claims"]
    assert claims["aud"] == name
    assert claims["auth_time"] <= claims["iat"] < claims["exp"]
    assert {"nonce", "at_hash", "sid", "acr", "amr"} <= set(claims)


@every_client
def test_userinfo_is_of_the_same_person(told: Told, name: str) -> None:
    """UserInfo has the subject of the ID token and the claims of the scopes, rare characters unharmed."""
    seen = told.of("userinfo", name)
    assert seen["userinfo"]["sub"] == seen["sub"]
    assert seen["userinfo"]["name"] == "𠮷野󠄁 0"
    assert seen["userinfo"]["email"] == "0@example.jp"


def test_sectors_know_the_person_by_different_subjects(told: Told) -> None:
    """No two services can join their people; only the city's own app is shown the local ID."""
    subjects = {name: told.of("login", name)["claims"]["sub"] for name in CLIENTS}
    assert len(set(subjects.values())) == len(CLIENTS)
    assert [name for name, sub in subjects.items() if sub == "c0"] == ["example-city-app"]


@every_client
def test_refresh_rotates(told: Told, name: str) -> None:
    """Both tokens are new, the person is the same, and the new access token opens UserInfo."""
    seen = told.of("refresh", name)
    assert seen["is_rotated"]
    assert seen["sub"] == seen["refreshed_sub"] == seen["userinfo_sub"]


@every_client
def test_reused_refresh_token_ends_its_family(told: Told, name: str) -> None:
    """An old refresh token is refused, and with it the new one and its access token; sign-in and consent were kept.

    An app that anybody can name is asked about again all the same (RFC 8252 8.6).
    """
    seen = told.of("reuse", name)
    assert (seen["old"], seen["new"], seen["access"]) == ("invalid_grant", "invalid_grant", "invalid_token")
    assert seen["asked_again"] == ([CONSENT] if CLIENTS[name] == "none" else [])


@pytest.mark.parametrize("name", PROVEN)
def test_introspection_tells_what_holds(told: Told, name: str) -> None:
    """Both tokens are active until they are revoked, and then nothing else is said of them."""
    seen = told.of("access-token-revocation", name)
    access, refresh = seen["before"]
    assert (access["active"], refresh["active"]) == (True, True)
    assert access["client_id"] == refresh["client_id"] == name
    assert access["sub"] == refresh["sub"] == told.of("login", name)["claims"]["sub"]
    assert {"openid", "profile", "email"} <= set(access["scope"].split())
    assert seen["after"] == {"active": False}
    assert told.of("refresh-token-revocation", name)["after"] == [{"active": False}, {"active": False}]


@every_client
def test_revoked_tokens_open_nothing(told: Told, name: str) -> None:
    """A revoked access token is refused; a revoked refresh token takes its access token with it."""
    assert told.of("access-token-revocation", name)["userinfo"] == "invalid_token"
    seen = told.of("refresh-token-revocation", name)
    assert (seen["userinfo"], seen["refresh"]) == ("invalid_token", "invalid_grant")


@every_client
def test_signing_out_ends_in_the_client(told: Told, name: str) -> None:
    """With the ID token nobody is asked; the state comes back, and neither token nor session is left."""
    seen = told.of("logout", name)
    assert seen["place"].endswith("/signed-out?state=bye")
    assert seen["shown"] == []
    assert (seen["refresh"], seen["userinfo"]) == ("invalid_grant", "invalid_token")
    assert seen["silent"] == "login_required"


def test_signing_out_without_an_id_token_is_asked(told: Told) -> None:
    """Whoever cannot show the ID token of the session may not sign the person out unasked."""
    seen = told.of("asked-logout")
    assert seen["shown"] == ["Sign out"]
    assert seen["place"].endswith("/signed-out?state=bye")


def test_consent_is_narrowed_on_the_page(told: Told) -> None:
    """What the person unticked is missing from the details granted and introspected (RFC 9396 7.1, 9.2)."""
    seen = told.of("narrowed-consent")
    (granted,) = seen["granted"]
    assert granted["datatypes"] == ["profile.basic"]
    assert granted["modes"] == ["normal"]
    assert granted["recipients"] == seen["asked"]["recipients"]
    assert granted["consent_id"]
    assert seen["introspected"] == seen["granted"]


def test_answers_of_others_are_not_taken(told: Told) -> None:
    """The server announces RFC 9207, so that the client refuses answers without its issuer, or with another's."""
    seen = told.of("callback")
    assert seen["iss"].startswith("http://127.0.0.1:")
    mixed_up = {seen[name] for name in ("without_iss", "foreign_iss", "foreign_state")}
    assert mixed_up == {"OAUTH_INVALID_RESPONSE"}


def test_code_is_redeemed_once(told: Told) -> None:
    """A replayed code is refused and ends the tokens that it gave (RFC 6749 4.1.2)."""
    seen = told.of("callback")
    assert (seen["replay"], seen["userinfo_after_replay"]) == ("invalid_grant", "invalid_token")


def test_code_needs_its_verifier(told: Told) -> None:
    """Another verifier than the one the challenge was made of is refused (RFC 7636 4.6)."""
    assert told.of("refused-consent")["wrong_verifier"] == "invalid_grant"


def test_refusal_comes_back_with_the_issuer(told: Told) -> None:
    """Who does not consent is sent back with access_denied, state and iss."""
    seen = told.of("refused-consent")
    assert seen["error"] == "access_denied"
    assert seen["iss"].startswith("http://127.0.0.1:")


def test_device_waits_for_its_person(told: Told) -> None:
    """A kiosk polls until a person enters and checks its code, signs in and consents; the device code counts once."""
    seen = told.of("device")
    assert (seen["early"], seen["again"]) == ("authorization_pending", "invalid_grant")
    assert seen["shown"] == ["Connect a device", "Check the device", SIGN_IN, CONSENT, "The device is connected"]
    assert seen["userinfo"]["sub"] == seen["sub"]
    assert seen["is_rotated"]


def test_client_gets_a_token_for_itself(told: Told) -> None:
    """It has the scope asked for and no refresh token, and is nobody's at UserInfo."""
    seen = told.of("client-credentials")
    assert seen["scope"] == "consent_decisions.read"
    assert not seen["has_refresh_token"]
    assert seen["introspected"]["active"]
    assert seen["userinfo"] == "invalid_token"


def test_registered_client_signs_people_in(told: Told) -> None:
    """A service that registers itself works at once, under a subject of its own."""
    seen = told.of("registration")
    assert seen["shown"] == [SIGN_IN, CONSENT]
    assert seen["userinfo"]["sub"] == seen["sub"]
    assert seen["sub"] not in {user.sub for user in small_seed().users}


def test_other_services_are_told_of_a_logout(told: Told) -> None:
    """A second service needs no sign-in; its logout reaches the first, signed, with the session of its ID token."""
    seen = told.of("back-channel-logout")
    assert seen["shown"] == [CONSENT]
    logout, id_token = seen["logout"], seen["id_token"]
    assert (logout["method"], logout["mediaType"]) == ("POST", "application/x-www-form-urlencoded")
    assert {name: logout["payload"][name] for name in ("sub", "sid")} == {
        name: id_token[name] for name in ("sub", "sid")
    }
    assert logout["payload"]["events"] == {LOGOUT_EVENT: {}}
    assert "nonce" not in logout["payload"]
    assert seen["refresh"] == "invalid_grant"
