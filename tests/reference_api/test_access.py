"""Access: which tokens open what, and how a refusal tells what is missing."""

from typing import Any
from urllib.parse import quote

import pytest

ISSUER = "http://127.0.0.1:8080"
SUMMARIES = "/v1/safety-summaries"


def test_a_refusal_says_where_tokens_come_from(city: Any) -> None:
    """Without a token there is a challenge without an error, and the resource's metadata can be read (RFC 9728 5.1)."""
    answer = city.call("GET", SUMMARIES)
    assert (answer.status, answer.problem) == (401, "invalid-token")
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert "error=" not in challenge
    place = challenge.partition('resource_metadata="')[2].partition('"')[0]
    metadata = city.call("GET", place.removeprefix(ISSUER)).json
    assert metadata["resource"] == ISSUER + "/v1"
    assert metadata["authorization_servers"] == [ISSUER]


def test_a_missing_scope_is_named(city: Any) -> None:
    """403 says which scope would do (RFC 6750 3.1)."""
    answer = city.call("GET", SUMMARIES, "shelter-desk")
    assert (answer.status, answer.problem) == (403, "insufficient-scope")
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert 'scope="' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic eDp5", "Token x", "Bearer é", "Bearer a b c", "x" * 9000]
)
def test_what_is_no_token_is_refused(city: Any, header: str) -> None:
    """Whatever stands in the header instead of a token, the answer is 401 with a challenge."""
    answer = city.call("GET", SUMMARIES, authorization=header)
    assert (answer.status, answer.problem) == (401, "invalid-token")
    assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_the_scheme_is_written_in_any_case(city: Any) -> None:
    """Names of schemes are case-insensitive (RFC 9110 11.1)."""
    token = city.token("city-office")
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert city.call("GET", SUMMARIES, authorization=f"{scheme} {token}").status == 200


def test_a_token_in_the_url_is_refused(city: Any) -> None:
    """Tokens in query strings end in logs: neither alone nor beside the header (RFC 9700 4.3.2)."""
    token = city.token("city-office")
    url = f"{SUMMARIES}?access_token={quote(token)}"
    for headers in ({}, {"authorization": f"Bearer {token}"}):
        answer = city.call("GET", url, **headers)
        assert (answer.status, answer.problem) == (400, "malformed-request")
        assert 'error="invalid_request"' in answer.headers["www-authenticate"]


def test_a_token_comes_once(city: Any) -> None:
    """UserInfo takes it in a form, and not in both places (RFC 6750 2)."""
    answer = city.ask_token(
        "citizen-app",
        grant_type="urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token="c0",
        subject_token_type="urn:citytwin:local-id",
        scope="openid",
    )
    token = answer.json["access_token"]
    form = {"content_type": "application/x-www-form-urlencoded"}
    body = f"access_token={token}".encode()
    assert city.call("POST", "/userinfo", "", body, **form).json["sub"] == "c0"
    twice = city.call("POST", "/userinfo", "", body, authorization=f"Bearer {token}", **form)
    assert (twice.status, twice.problem) == (400, "malformed-request")
    assert city.call("POST", "/userinfo", "", b"access_token=x", **form).status == 401


def test_public_operations_need_no_token(city: Any) -> None:
    """What everybody may read is read with no token, and with a broken one."""
    assert city.call("GET", "/v1/disaster-state").status == 200
    assert city.call("GET", "/v1/disaster-state", authorization="Bearer broken").status == 200
