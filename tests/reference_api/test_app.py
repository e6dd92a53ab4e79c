"""The app offers the contract's operations, and answers every error as a problem."""

from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.contract.operations import Operation, load_document, load_operations
from reference_api.app import create_app
from reference_api.clock import GivenClock
from reference_api.errors import UnsafeSettings
from reference_api.handlers import HANDLERS, OWN_ROUTES
from reference_api.settings import Settings
from reference_api.store.sqlite import SqliteStore

SCHEMAS = load_document()["components"]["schemas"]
OPERATIONS = load_operations()


def fill_path(operation: Operation, value: str = "1") -> str:
    """The operation's path with a value for its parameters."""
    return operation.path.format_map(
        dict.fromkeys(("event_id", "shelter_id", "check_in_id", "report_id", "notification_id", "sub"), value)
    )


def client_for(operation: Operation) -> str:
    """A client or citizen of the small city that has the operation's scope."""
    scopes = set(operation.scopes)
    if not scopes:
        return ""
    if scopes & {"checkins.write"}:
        return "shelter-desk"
    if scopes & {"safety.write", "location.write", "users.read"}:
        return "c0"
    return "sandbox-admin" if "sandbox.admin" in scopes else "city-office"


def test_routes_are_the_operations(city: Any) -> None:
    """Every operation has a handler and a route, and there is no other."""
    assert set(HANDLERS) == {operation.operation_id for operation in OPERATIONS}
    own = {(operation.method, operation.path) for operation, _ in OWN_ROUTES}
    offered = {(operation.method, operation.path) for operation in OPERATIONS}
    assert sorted(city.app.routes) == sorted(offered | own)
    assert not offered & own


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.scopes], ids=lambda o: o.operation_id)
def test_scope_is_demanded(city: Any, operation: Operation) -> None:
    """Without a token 401, with a token of a foreign scope 403, each with WWW-Authenticate."""
    bare = city.call(operation.method, fill_path(operation))
    assert (bare.status, bare.problem) == (401, "invalid-token")
    assert bare.headers["www-authenticate"].startswith("Bearer")
    other = "sandbox-admin" if operation.operation_id != "resetSandbox" else "city-office"
    refused = city.call(operation.method, fill_path(operation), other, {})
    assert (refused.status, refused.problem) == (403, "insufficient-scope")
    assert "insufficient_scope" in refused.headers["www-authenticate"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.operation_id)
def test_answer_has_the_shape_of_its_schema(city: Any, operation: Operation) -> None:
    """Where the empty city answers 2xx, the body is valid by the contract's schema."""
    query = {
        "listCheckIns": "?shelter=S0",
        "listSafetyReports": "?audience=municipality",
        "listSupportRegister": "?area=n0",
    }
    if operation.method != "GET":
        return
    city.declare("disaster", "d0")
    city.check_in("S0", "c0")
    city.call("POST", "/v1/safety-reports", "c0", {"status": "safe", "observed_at": "2027-01-15T07:00:00Z"})
    who = "city-office" if operation.operation_id.startswith("list") and operation.scopes else client_for(operation)
    path = fill_path(operation, "c0" if operation.operation_id == "getUser" else "1")
    answer = city.call("GET", path + query.get(operation.operation_id, ""), who)
    content = load_document()["paths"][operation.path]["get"]["responses"]["200"]["content"]["application/json"]
    if answer.status == 200:
        jsonschema.Draft202012Validator({**content["schema"], "components": {"schemas": SCHEMAS}}).validate(answer.json)
    else:
        assert operation.operation_id in ("getNotification", "listDeliveries"), answer.body
    assert city.call("HEAD", path + query.get(operation.operation_id, ""), who).body == b""


def test_errors_of_the_frame(city: Any) -> None:
    """Unknown path 404, foreign method 405 with Allow, wrong media types 415 and 406, too much 413: all problems."""
    assert city.call("GET", "/v1/nothing").problem == "not-found"
    wrong_method = city.call("DELETE", "/v1/shelters")
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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = sorted({name for schema in SCHEMAS.values() for name in schema.get("properties", {})})
HINTS = st.sampled_from(
    [
        "2027-01-15T07:00:00+09:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:60Z",
        "safe",
        "disaster",
        "d0",
        "c0",
        "app",
        "\x00",
        "𠮷",
        {"type": "Point", "coordinates": [139.9, 37.4]},
        {"sub": "c0"},
        {"temp_id": "t9"},
        ["d0"],
        1e308,
        -1,
        10**30,
    ]
)
BODIES = st.dictionaries(st.sampled_from(MEMBERS), HINTS | JSON, max_size=7)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(OPERATIONS),
    st.sampled_from(["1", "S0", "c0", "%00", "%F0%A0%AE%B7", "9" * 40, "-1", "١"]),
    BODIES,
    st.text(alphabet="abcdefghijklmnop=&%+-.,:0123456789/", max_size=40),
    st.sampled_from(
        [
            "limit=0",
            "limit=x",
            "cursor=AAAA",
            "bbox=1,2,nan,4",
            "bbox=0",
            "shelter=S0",
            "audience=municipality",
            "area=n0",
            "updated_since=x",
            "purpose=x",
        ]
    ),
)
def test_nothing_makes_the_server_fail(
    city: Any, operation: Operation, value: str, body: dict[str, Any], query: str, hint: str
) -> None:
    """Whatever is sent, the answer is no 5xx, and an error is a problem (or OAuth's own JSON)."""
    answer = city.call(operation.method, f"{fill_path(operation, value)}?{hint}&{query}", client_for(operation), body)
    assert answer.status < 500, (answer.status, answer.body)
    if answer.status >= 400 and operation.path != "/token":
        assert answer.problem


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=60)
    | st.sampled_from([b'"\xed\xa0\x80"', b'{"a":"\\ud800"}', b"[" * 5000, b'{"level":1e999}', b"\xff\xfe"]),
    st.sampled_from([o for o in OPERATIONS if o.method != "GET"]),
)
def test_raw_bytes_are_answered(city: Any, body: bytes, operation: Operation) -> None:
    """Bytes that are no JSON get a 4xx."""
    answer = city.call(operation.method, fill_path(operation), client_for(operation), body)
    if operation.operation_id != "resetSandbox":
        assert 400 <= answer.status < 500, (operation.operation_id, answer.status, answer.body)


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
    assert len(caught.value.faults) == 3


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
