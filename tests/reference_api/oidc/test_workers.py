"""Two workers over one database: what one revokes or makes, the other one knows at its next request."""

from collections.abc import Callable
from typing import Any

import pytest
from stores import OpenedStore, in_memory

from reference_api.oidc.grants import REVOKED, revoke_grants_of_session

Pair = tuple[Any, Any]


@pytest.fixture
def open_empty() -> Callable[[], OpenedStore]:
    """Stores beside the pair are in memory: the pair itself comes in both kinds."""
    return in_memory


@pytest.fixture
def workers(two_over_one: tuple[OpenedStore, OpenedStore], make_city: Any) -> Pair:
    """One city served by two workers that share nothing but the database."""
    seed = make_city().seed
    one, other = (make_city(seed, opened=opened) for opened in two_over_one)
    return one, other


def test_a_code_of_one_worker_is_redeemed_at_the_other(workers: Pair, make_party: Callable[..., Any]) -> None:
    """Keys, codes, subjects and tokens are the same everywhere, without a secret in the settings."""
    one, other = workers
    here, there = make_party(one), make_party(other)
    there.verifier = here.verifier
    tokens = there.redeem(here.code()).json
    assert one.opens_userinfo(tokens["access_token"])
    assert here.claims(tokens["id_token"])["sub"] == here.claims(here.tokens()["id_token"])["sub"]
    keys = [{key["kid"] for key in city.call("GET", "/.well-known/jwks.json").json["keys"]} for city in workers]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("how", ["revocation", "replay", "reuse", "logout"])
def test_what_one_worker_ends_the_other_refuses(workers: Pair, make_party: Callable[..., Any], how: str) -> None:
    """A token that a worker has taken before is refused there right after its end elsewhere (OIDC-017)."""
    one, other = workers
    here = make_party(one)
    code = here.code()
    tokens = here.redeem(code).json
    assert one.opens_userinfo(tokens["access_token"])
    assert other.opens_userinfo(tokens["access_token"])
    ends = {
        "revocation": lambda: here.post("/revoke", token=tokens["access_token"]),
        "replay": lambda: here.redeem(code),
        "reuse": lambda: [here.refresh(tokens["refresh_token"]) for _ in range(2)],
        "logout": lambda: one.opened.drive(end_session(one)),
    }
    ends[how]()
    assert not other.opens_userinfo(tokens["access_token"])
    assert not one.opens_userinfo(tokens["access_token"])


async def end_session(city: Any) -> None:
    """The person signs out of the session that the party's grants were given in."""
    services = city.app.services
    async with services.store.transaction():
        await revoke_grants_of_session(services, "session-1", city.clock.now_s())
    services.memory.forget(REVOKED)


def test_a_rotation_reaches_the_other_worker(workers: Pair, make_party: Callable[..., Any]) -> None:
    """After one worker made new keys, what it signs is taken by the other, and the other signs with them too."""
    one, other = workers
    for city in workers:
        city.token("city-office")
    one.call("POST", "/v1/sandbox/keys/rotation", "sandbox-admin", {})
    fresh = one.ask_token("city-office", grant_type="client_credentials").json["access_token"]
    assert other.call("GET", "/v1/safety-summaries", authorization=f"Bearer {fresh}").status == 200
    published = [key["kid"] for key in other.call("GET", "/.well-known/jwks.json").json["keys"]]
    assert published == [key["kid"] for key in one.call("GET", "/.well-known/jwks.json").json["keys"]]
    assert len(published) >= 3
