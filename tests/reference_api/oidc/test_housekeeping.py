"""What no longer matters does not stay: the tables of the authorization server do not grow for ever."""

from typing import Any

from reference_api.oidc.code_redemption import REPLAY_NOTICED_S
from reference_api.oidc.grants import GRANT_LIFE_S

YEAR_S = 366 * 86_400.0


def count(city: Any, table: str) -> int:
    """Rows of a table."""
    contents: dict[str, list[str]] = city.opened.contents()
    return len(contents[table])


def test_pushed_requests_and_assertions_go_with_the_next(city: Any, party: Any) -> None:
    """Whatever has expired is deleted when one of its kind is written."""
    one = party("example-key-client")
    for _ in range(3):
        assert one.post("/par", **one.parameters()).status == 201
    assert (count(city, "pushed_request"), count(city, "used_assertion")) == (3, 3)
    city.clock.set_s(city.clock.now_s() + 3600.0)
    one.post("/par", **one.parameters())
    assert (count(city, "pushed_request"), count(city, "used_assertion")) == (1, 1)


def test_codes_are_forgotten_when_their_tokens_are_over(city: Any, party: Any) -> None:
    """A code is kept for a day, so that its replay is noticed, and not longer."""
    one = party()
    one.tokens()
    one.code()
    city.clock.set_s(city.clock.now_s() + REPLAY_NOTICED_S + 61.0)
    one.tokens()
    assert count(city, "authorization_code") == 1


def test_grants_are_forgotten_when_nothing_of_theirs_can_hold(city: Any, party: Any) -> None:
    """Grants and refresh tokens of a season ago are deleted, those of today stay."""
    one = party()
    one.tokens()
    city.clock.set_s(city.clock.now_s() + GRANT_LIFE_S + 3601.0)
    fresh = one.tokens()
    one.refresh(fresh["refresh_token"])
    assert count(city, "authorization_grant") == 1
    assert count(city, "refresh_token") == 2


def test_revoked_tokens_are_forgotten_when_they_are_over(city: Any, party: Any) -> None:
    """A revoked access token is remembered as long as it would have held."""
    one = party()
    one.post("/revoke", token=one.tokens()["access_token"])
    city.clock.set_s(city.clock.now_s() + 3601.0)
    one.post("/revoke", token=one.tokens()["access_token"])
    assert count(city, "revoked_token") == 1


def test_a_signing_key_is_made_once(city: Any, party: Any) -> None:
    """However much is signed, there is one key of each algorithm until somebody rotates them."""
    party().tokens()
    party("example-key-client").tokens()
    city.clock.set_s(city.clock.now_s() + YEAR_S)
    party().tokens()
    assert count(city, "signing_key") == 2
