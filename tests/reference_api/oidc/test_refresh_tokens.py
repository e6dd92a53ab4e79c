"""Refresh tokens: each gives the next, once; one that comes again ends the family."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference_api.oidc.grants import GRANT_LIFE_S
from reference_api.oidc.refresh_tokens import IDLE_TTL_S
from reference_api.services import sha256_text


def test_a_refresh_gives_new_tokens_for_the_same_person(city: Any, party: Any) -> None:
    """The refresh token changes; the ID token has the same iss, sub, aud and auth_time, and no nonce (Core 12.2)."""
    one = party()
    first = one.tokens()
    city.clock.set_s(city.clock.now_s() + 100.0)
    second = one.refresh(first["refresh_token"])
    assert second.status == 200, second.body
    assert second.json["refresh_token"] != first["refresh_token"]
    before, after = one.claims(first["id_token"]), one.claims(second.json["id_token"])
    for name in ("iss", "sub", "aud", "azp", "auth_time", "acr", "sid"):
        assert before[name] == after[name]
    assert after["iat"] == before["iat"] + 100
    assert "nonce" not in after
    assert city.opens_userinfo(second.json["access_token"])


def test_a_token_that_comes_again_ends_the_family(city: Any, party: Any) -> None:
    """After a reuse neither the newest refresh token nor any access token of the grant holds (OIDC-016, O-TOK-19)."""
    one = party()
    first = one.tokens()
    second = one.refresh(first["refresh_token"]).json
    again = one.refresh(first["refresh_token"])
    assert (again.status, again.json["error"]) == (400, "invalid_grant")
    assert one.refresh(second["refresh_token"]).json["error"] == "invalid_grant"
    assert not city.opens_userinfo(first["access_token"])
    assert not city.opens_userinfo(second["access_token"])


def test_scope_can_be_narrowed_for_a_time_but_never_widened(party: Any) -> None:
    """A narrower scope holds for that access token; the grant keeps its own (RFC 6749 6, O-TOK-18)."""
    one = party()
    first = one.tokens(scope="openid email offline_access")
    narrow = one.refresh(first["refresh_token"], scope="email").json
    assert (narrow["scope"], "id_token" in narrow) == ("email", False)
    wide = one.refresh(narrow["refresh_token"], scope="openid email phone")
    assert (wide.status, wide.json["error"]) == (400, "invalid_scope")
    full = one.refresh(narrow["refresh_token"]).json
    assert set(full["scope"].split()) == {"openid", "email", "offline_access"}


def test_a_refresh_token_belongs_to_its_client(party: Any) -> None:
    """Another client gets invalid_grant, and the token still works for its own."""
    one, thief = party(), party("example-second-service")
    token = one.tokens()["refresh_token"]
    assert thief.refresh(token).json["error"] == "invalid_grant"
    assert one.refresh(token).status == 200


@pytest.mark.parametrize(("wait_s", "status"), [(IDLE_TTL_S - 1.0, 200), (IDLE_TTL_S, 400)])
def test_an_unused_token_ends(city: Any, party: Any, wait_s: float, status: int) -> None:
    """After a month unused the person signs in again."""
    one = party()
    token = one.tokens()["refresh_token"]
    city.clock.set_s(city.clock.now_s() + wait_s)
    assert one.refresh(token).status == status


def test_a_grant_is_not_refreshed_for_ever(city: Any, party: Any) -> None:
    """However often it is refreshed, a grant ends when its time is over."""
    one = party()
    began_s, token, refreshes = city.clock.now_s(), one.tokens()["refresh_token"], 0
    while True:
        city.clock.set_s(city.clock.now_s() + IDLE_TTL_S / 2)
        answer = one.refresh(token)
        if answer.status != 200:
            break
        token, refreshes = answer.json["refresh_token"], refreshes + 1
    assert refreshes == GRANT_LIFE_S // (IDLE_TTL_S / 2) - 1
    assert city.clock.now_s() == began_s + GRANT_LIFE_S


@pytest.mark.parametrize("token", ["", "bogus", "é", "x" * 5000])
def test_what_is_no_refresh_token_is_refused(party: Any, token: str) -> None:
    """A text that was never given out is invalid_grant; an empty one is none (O-TOK-07)."""
    answer = party().refresh(token)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant" if token else "invalid_request")


def test_tokens_are_kept_hashed(city: Any, party: Any) -> None:
    """Neither refresh nor access tokens stand in the database."""
    tokens = party().tokens()
    stored = str([city.rows("SELECT * FROM refresh_token"), city.rows("SELECT * FROM authorization_grant")])
    assert tokens["refresh_token"] not in stored
    assert tokens["access_token"] not in stored


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(uses=st.lists(st.integers(0, 4), max_size=8))
def test_at_most_one_token_of_a_family_lives(city: Any, party: Any, uses: list[int]) -> None:
    """Whatever earlier token is used in whatever order: one lives until the first reuse, and none afterwards.

    A slow, obvious formulation keeps the whole family as a list.
    """
    one = party()
    family, is_dead = [one.tokens()["refresh_token"]], False
    for use in uses:
        place = min(use, len(family) - 1)
        answer = one.refresh(family[place])
        is_newest = place == len(family) - 1
        assert (answer.status == 200) == (is_newest and not is_dead)
        is_dead = is_dead or not is_newest
        if answer.status == 200:
            family.append(answer.json["refresh_token"])
    living = city.rows(
        "SELECT count(*) FROM refresh_token JOIN authorization_grant ON id = grant_id WHERE used_at_s IS NULL"
        " AND revoked_at_s IS NULL AND grant_id = (SELECT grant_id FROM refresh_token WHERE token_sha256 = ?)",
        sha256_text(family[0]),
    )
    assert living == [(0 if is_dead else 1,)]
