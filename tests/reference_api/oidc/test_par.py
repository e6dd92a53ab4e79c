"""Pushed authorization requests: one use, one client, a short life, and validated when they are pushed."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

ISSUER = "http://127.0.0.1:8080"


def push(one: Any, **changed: Any) -> Any:
    """An authorization request at the endpoint for pushing it."""
    return one.post("/par", **one.parameters(**changed))


def bring(one: Any, request_uri: str, **more: str) -> Any:
    """The request URI at the authorization endpoint."""
    query = {"client_id": one.client.client_id, "request_uri": request_uri, **more}
    return one.city.call("GET", "/authorize?" + urlencode({name: value for name, value in query.items() if value}))


def goes_on(answer: Any) -> bool:
    """Whether the person is asked to sign in."""
    return answer.status == 303 and answer.headers["location"].startswith(("/", ISSUER + "/"))


@pytest.mark.parametrize(
    "client_id", ["example-service", "example-second-service", "example-app", "example-key-client"]
)
def test_a_pushed_request_goes_on(party: Any, client_id: str) -> None:
    """201 with a request URI that nobody guesses, and how long it holds (RFC 9126 2.2)."""
    one = party(client_id)
    answer = push(one)
    assert answer.status == 201, answer.body
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert len(answer.json["request_uri"]) > 70
    assert answer.json["expires_in"] == 90
    assert goes_on(bring(one, answer.json["request_uri"]))


def test_a_request_uri_is_used_once(party: Any) -> None:
    """The second browser is shown a fault, and is sent nowhere (OIDC-023)."""
    one = party()
    request_uri = push(one).json["request_uri"]
    assert goes_on(bring(one, request_uri))
    again = bring(one, request_uri)
    assert (again.status, "location" in again.headers) == (400, False)
    assert b"invalid_request_uri" in again.body


@pytest.mark.parametrize(("wait_s", "holds"), [(89.5, True), (90.0, False)])
def test_a_request_uri_expires(city: Any, party: Any, wait_s: float, *, holds: bool) -> None:
    """It holds until just before its end."""
    one = party()
    request_uri = push(one).json["request_uri"]
    city.clock.set_s(city.clock.now_s() + wait_s)
    assert goes_on(bring(one, request_uri)) == holds


def test_a_request_uri_belongs_to_its_client(party: Any) -> None:
    """Another client cannot bring it, and its trying does not use it up."""
    one, other = party(), party("example-second-service")
    request_uri = push(one).json["request_uri"]
    assert bring(other, request_uri).status == 400
    assert bring(one, request_uri + "x").status == 400
    assert bring(one, request_uri, client_id="").status == 400
    assert goes_on(bring(one, request_uri))


def test_only_what_was_pushed_counts(party: Any) -> None:
    """Parameters beside the request URI change nothing (RFC 9126 4)."""
    one = party()
    request_uri = push(one, prompt="none", state="pushed").json["request_uri"]
    answer = bring(one, request_uri, prompt="login", state="other", redirect_uri="https://elsewhere.example")
    told = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert (told["error"], told["state"]) == ("login_required", "pushed")
    assert answer.headers["location"].startswith(one.client.redirect_uris[0])


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"redirect_uri": "https://elsewhere.example"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"scope": "unknown"}, "invalid_scope"),
        ({"authorization_details": "[{}]"}, "invalid_authorization_details"),
        ({"client_id": "example-second-service"}, "invalid_request"),
    ],
)
def test_faults_are_told_when_pushed(city: Any, party: Any, changed: dict[str, Any], error: str) -> None:
    """What the endpoint would refuse is refused here, as JSON, and nothing is kept (RFC 9126 2.3)."""
    answer = push(party(), **changed)
    assert (answer.status, answer.json["error"]) == (400, error)
    assert city.rows("SELECT count(*) FROM pushed_request") == [(0,)]


def test_nobody_pushes_without_proof(party: Any) -> None:
    """The endpoint authenticates clients as the token endpoint does, and takes each parameter once."""
    assert push(party(secret="wrong")).status == 401
    one = party()
    assert one.post("/par", **one.parameters(state=["a", "b"])).json["error"] == "invalid_request"


def test_a_client_that_must_push_must_push(party: Any) -> None:
    """Its plain request is refused at its redirect URI (RFC 9126 6)."""
    one = party("example-key-client")
    told = dict(parse_qsl(urlsplit(one.ask().headers["location"]).query))
    assert (told["error"], told["iss"]) == ("invalid_request", ISSUER)


def test_no_secret_is_kept_with_the_request(city: Any, party: Any) -> None:
    """Proofs of the client are no part of what is kept, and the request URI is kept hashed."""
    for client_id in ("example-second-service", "example-key-client"):
        one = party(client_id)
        request_uri = push(one).json["request_uri"]
        stored = str(city.rows("SELECT * FROM pushed_request"))
        assert "client_secret" not in stored
        assert "client_assertion" not in stored
        assert request_uri.rpartition(":")[2] not in stored
