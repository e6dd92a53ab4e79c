"""The app offers the contract's operations, and answers every error as a problem."""

import re
from typing import Any

import pytest

from conformance.contract.catalogue import load_roles
from conformance.contract.operations import Operation, load_operations
from reference_api.app import create_app
from reference_api.clock import GivenClock
from reference_api.errors import UnsafeSettings
from reference_api.handlers import HANDLERS, OWN_ROUTES
from reference_api.settings import Settings
from reference_api.store.sqlite import SqliteStore

OPERATIONS = load_operations()


def fill_path(operation: Operation, value: str = "1") -> str:
    """The operation's path with a value for its parameters."""
    return re.sub(r"{\w+}", value, operation.path)


def client_for(city: Any, operation: Operation) -> str:
    """A client of the small city, or its citizen c0, that has one of the operation's scopes; empty if it is public."""
    if not operation.scopes:
        return ""
    if {*operation.scopes} & {*load_roles()["citizen_app"].scopes}:
        return "c0"
    return next(
        client.client_id
        for client in city.seed.clients
        if client.role != "citizen_app" and {*client.scopes} & {*operation.scopes}
    )


def said_why(operation: Operation, answer: Any) -> str:
    """The kind of a fault, told as the operation tells faults: problem, OAuth error, OperationOutcome or page."""
    if operation.error_format == "oauth":
        return str(answer.json["error"])
    if operation.error_format == "fhir":
        assert answer.json["resourceType"] == "OperationOutcome"
        return str(answer.json["issue"][0]["code"])
    if operation.error_format == "page":
        assert answer.headers["content-type"].startswith("text/html")
        return "page"
    return str(answer.problem)


def test_routes_are_the_operations(city: Any) -> None:
    """Every operation has a handler and a route, and there is no other."""
    assert set(HANDLERS) == {operation.operation_id for operation in OPERATIONS}
    own = {(operation.method, operation.path) for operation, _ in OWN_ROUTES}
    offered = {(operation.method, operation.path) for operation in OPERATIONS}
    assert sorted(city.app.routes) == sorted(offered | own)
    assert not offered & own


OF_THE_API = [one for one in OPERATIONS if one.scopes and one.path.startswith("/v1/")]
"""Operations that the API's own tokens open; those of FHIR and UserInfo are made for another audience."""


@pytest.mark.parametrize("operation", OF_THE_API, ids=lambda o: o.operation_id)
def test_scope_is_demanded(city: Any, operation: Operation) -> None:
    """Without a token 401, with a token of a foreign scope 403, each with WWW-Authenticate."""
    bare = city.call(operation.method, fill_path(operation))
    assert bare.status == 401
    assert said_why(operation, bare) in ("invalid-token", "invalid_request", "login")
    assert bare.headers["www-authenticate"].startswith("Bearer")
    other = next(
        client.client_id
        for client in city.seed.clients
        if client.grant_types in ((), ("client_credentials",))
        and client.role != "citizen_app"
        and not {*client.scopes} & {*operation.scopes}
    )
    refused = city.call(operation.method, fill_path(operation), other, {})
    assert refused.status == 403
    assert said_why(operation, refused) in ("insufficient-scope", "insufficient_scope", "forbidden")
    assert "insufficient_scope" in refused.headers["www-authenticate"]


def test_errors_of_the_frame(city: Any) -> None:
    """Unknown path 404, foreign method 405 with Allow, wrong media types 415 and 406, too much 413: all problems."""
    assert city.call("GET", "/v1/nothing").problem == "not-found"
    wrong_method = city.call("DELETE", "/v1/disaster-state")
    assert (wrong_method.status, wrong_method.problem) == (405, "method-not-allowed")
    assert wrong_method.headers["allow"] == "GET, HEAD, OPTIONS"
    assert city.call("GET", "/v1/shelters", accept="text/csv").status == 406
    text = city.call("POST", "/v1/disaster-events", "city-office", {}, content_type="text/plain")
    assert (text.status, text.problem) == (415, "unsupported-media-type")
    large = city.call("POST", "/v1/disaster-events", "city-office", b" " * 2_000_000)
    assert (large.status, large.problem) == (413, "content-too-large")
    broken = city.call("POST", "/v1/disaster-events", "city-office", b'{"mode": ')
    assert (broken.status, broken.problem) == (400, "malformed-request")
    assert city.call("GET", "/v1/users?" + "&".join("a=1" for _ in range(200)), "city-office").status == 400


def test_validation_says_where(city: Any) -> None:
    """A fault of the body is named by a JSON pointer."""
    body = {"mode": "drill", "areas": [""], "declared_at": "2027-01-15T07:00:00+09:00"}
    answer = city.call("POST", "/v1/disaster-events", "city-office", body)
    assert (answer.status, answer.problem) == (422, "validation")
    assert answer.json["errors"] == [{"pointer": "/areas/0", "code": "value"}]
    body["areas"] = ["d0", "nowhere"]
    answer = city.call("POST", "/v1/disaster-events", "city-office", body)
    assert answer.json["errors"] == [{"pointer": "/areas/1", "code": "unknown_area"}]


def test_failure_of_the_server_is_told_without_its_cause(city: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A fault inside is a problem 500 without a traceback, and stands in the log."""
    city.opened.drive(city.store.run("DROP TABLE shelter"))
    answer = city.call("GET", "/v1/shelters")
    assert (answer.status, answer.problem) == (500, "internal-error")
    assert b"sqlite" not in answer.body.lower()
    assert "operation failed" in caplog.text


def test_names_beyond_the_basic_plane_return_unharmed(city: Any) -> None:
    """𠮷 and variation selectors come back as they were seeded."""
    mine = city.call("GET", "/v1/users/c0", "c0").json["data"]
    assert mine["name"] == "𠮷野󠄁 0"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"sandbox": True}, "sandbox"),
        ({"secret": None}, "CITYTWIN_SECRET"),
        ({"secret": "short"}, "CITYTWIN_SECRET"),
        ({"database": ":memory:"}, "CITYTWIN_DATABASE"),
        ({"issuer": "http://city.example"}, "https"),
        ({"issuer": "http://127.0.0.1:8080"}, "CITYTWIN_ISSUER"),
        ({"issuer": "https://city.example?town=1"}, "RFC 8414"),
        ({"issuer": "https://user@city.example"}, "RFC 8414"),
        ({"issuer": "https://city.example/"}, "slash"),
        ({"municipality": "72028"}, "leading zero"),
        ({"environment": "prod"}, "environment"),
    ],
)
def test_unsafe_settings_are_refused(change: dict[str, Any], word: str) -> None:
    """Production does not start with what is meant for trying; the fault is named."""
    safe = {"issuer": "https://city.example", "environment": "production", "database": "x.db", "secret": "s" * 32}
    with pytest.raises(UnsafeSettings, match=word):
        create_app(Settings(**{**safe, **change}), SqliteStore(), GivenClock(0.0))


def test_all_unsafe_settings_are_named_at_once() -> None:
    """Every fault is in the one error."""
    with pytest.raises(UnsafeSettings) as caught:
        create_app(Settings(environment="production", sandbox=True), SqliteStore(), GivenClock(0.0))
    assert len(caught.value.faults) == 4


def test_sandbox_features_are_off_by_default(make_city: Any) -> None:
    """Without sandbox: no secrets in discovery, no token exchange, no reset."""
    plain = make_city(settings=Settings())
    assert "sandbox" not in plain.call("GET", "/.well-known/city-os").json
    exchanged = plain.ask_token(
        "citizen-app",
        grant_type="urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token="c0",
        subject_token_type="urn:citytwin:local-id",
    )
    assert exchanged.json["error"] == "unsupported_grant_type"
    assert plain.rows("SELECT count(*) FROM sandbox_secret") == [(0,)]
    assert plain.call("POST", "/v1/sandbox/reset", "sandbox-admin").problem == "not-found"


def test_reset_brings_back_the_seeded_state(city: Any) -> None:
    """After a reset every table is as it was after seeding."""
    city.token("sandbox-admin")
    before = city.opened.contents()
    city.declare("disaster", "d0", "d1")
    city.check_in("S0", "c0")
    city.call("POST", "/v1/safety-reports", "c0", {"status": "safe", "observed_at": "2027-01-15T07:00:00Z"})
    city.everything("/v1/check-ins?shelter=S0", "city-office")
    city.call("POST", "/v1/notifications", "city-office", {"title": "t", "body": "b", "areas": ["d0"]})
    assert city.opened.contents() != before
    assert city.call("POST", "/v1/sandbox/reset", "sandbox-admin").status == 204
    assert city.opened.contents() == before
    assert city.board()["S0"]["headcount"] == 0
    assert city.call("GET", "/v1/disaster-state").json["mode"] == "normal"


def test_discovery_lists_the_sandbox(city: Any) -> None:
    """Discovery names base, issuer, seeding and clients whose secrets work."""
    document = city.call("GET", "/.well-known/city-os").json
    assert document["municipality"] == "072028"
    assert document["api_base"] == document["issuer"] + "/v1"
    assert document["sandbox"]["seeding"] == {"town": "small", "people": 8, "seed": 1, "population_sha256": "0" * 64}
    found = {client["client_id"]: client for client in document["sandbox"]["clients"]}
    assert found["association-n0"]["recipient"] == "association:n0"
    assert (
        city.ask_token("city-office", found["city-office"]["client_secret"], grant_type="client_credentials").status
        == 200
    )
