"""Keys: published ahead of their use and while what they signed holds, sealed where they lie."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws

from reference_api.errors import StoreFault
from reference_api.oidc.key_ring import (
    PUBLISHED_AHEAD_S,
    RETIRED_KEY_S,
    prepare_keys,
    published_keys,
    rotate_keys,
    signing_key,
    verify,
)
from reference_api.oidc.keys import ES256, RS256, new_key, unsealed
from reference_api.settings import Settings

CHANGES = st.tuples(st.integers(0, 100_000), st.permutations("Aa0-._"))
"""Where and to which letter a token is changed: drawn before the token is made, as its signature is never the same."""

PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "k"}


def jwks(city: Any) -> list[dict[str, Any]]:
    """The published keys."""
    return list(city.call("GET", "/.well-known/jwks.json").json["keys"])


def kid_of(token: str) -> str:
    """Which key a token says that it was signed with."""
    return str(jws.extract_compact(token.encode()).headers()["kid"])


def test_published_keys_hold_nothing_private(city: Any) -> None:
    """Each has a kid of its own, an algorithm and use sig, and no private member (fault O-JWK-01)."""
    keys = jwks(city)
    assert [(key["kty"], key["alg"], key["use"]) for key in keys] == [("EC", ES256, "sig"), ("RSA", RS256, "sig")]
    assert len({key["kid"] for key in keys}) == len(keys)
    assert not any(PRIVATE_MEMBERS & set(key) for key in keys)


def test_the_database_holds_no_key_in_the_clear(city: Any) -> None:
    """What lies in the database cannot be read as a key without the secret."""
    jwks(city)
    stored = city.rows("SELECT kid, alg, sealed_jwk FROM signing_key")
    assert len(stored) == 2
    assert not any('"d"' in row[2] or '"kty"' in row[2] for row in stored)
    with pytest.raises(StoreFault, match="another secret"):
        unsealed(stored[0][0], stored[0][1], 0.0, stored[0][2], secret=bytes(32))


def test_a_secret_that_does_not_fit_is_told_at_the_start(make_city: Any) -> None:
    """A server over the same database with another secret does not begin to serve."""
    city = make_city(settings=Settings(sandbox=True, secret="a" * 32))
    city.token("city-office")
    other = make_city(city.seed, settings=Settings(sandbox=True, secret="b" * 32), opened=city.opened)
    with pytest.raises(StoreFault, match="another secret"):
        city.opened.drive(prepare_keys(other.app.services))
    city.opened.drive(prepare_keys(city.app.services))


def test_tokens_outlive_rotation(city: Any) -> None:
    """After a rotation new tokens have a new kid, old ones still open the API, and both keys are published."""
    old = city.token("city-office")
    made = city.call("POST", "/v1/sandbox/keys/rotation", "sandbox-admin", {}).json["keys"]
    new = city.ask_token("city-office", grant_type="client_credentials").json["access_token"]
    assert kid_of(new) in {key["kid"] for key in made}
    assert kid_of(old) != kid_of(new)
    assert {kid_of(old), kid_of(new)} <= {key["kid"] for key in jwks(city)}
    for token in (old, new):
        assert city.call("GET", "/v1/safety-summaries", authorization=f"Bearer {token}").status == 200


def test_a_new_key_is_published_before_it_signs(city: Any) -> None:
    """A rotation ahead changes the JWK set at once and the signatures later."""
    before = kid_of(city.token("city-office"))
    body = {"ahead_s": PUBLISHED_AHEAD_S}
    made = city.call("POST", "/v1/sandbox/keys/rotation", "sandbox-admin", body).json["keys"]
    coming = next(key["kid"] for key in made if key["alg"] == ES256)
    assert coming in {key["kid"] for key in jwks(city)}

    def signs_now() -> str:
        return kid_of(city.ask_token("city-office", grant_type="client_credentials").json["access_token"])

    assert signs_now() == before
    city.clock.set_s(city.clock.now_s() + PUBLISHED_AHEAD_S)
    assert signs_now() == coming


def test_retired_keys_leave_when_nothing_of_theirs_holds(city: Any) -> None:
    """A key stays for a day after its last signature, and is gone then; the next rotation deletes it."""
    old = kid_of(city.token("city-office"))
    city.call("POST", "/v1/sandbox/keys/rotation", "sandbox-admin", {})
    city.clock.set_s(city.clock.now_s() + RETIRED_KEY_S - 1.0)
    assert old in {key["kid"] for key in jwks(city)}
    city.clock.set_s(city.clock.now_s() + 1.0)
    assert old not in {key["kid"] for key in jwks(city)}
    city.call("POST", "/v1/sandbox/keys/rotation", "sandbox-admin", {})
    assert not city.rows("SELECT 1 FROM signing_key WHERE kid = ?", old)


@pytest.mark.parametrize("body", [{"ahead_s": -1}, {"ahead_s": 86_401}, {"ahead_s": "soon"}])
def test_rotation_keeps_within_its_bounds(city: Any, body: dict[str, Any]) -> None:
    """A moment before now or beyond a day is refused."""
    assert city.call("POST", "/v1/sandbox/keys/rotation", "sandbox-admin", body).problem == "validation"


@pytest.mark.parametrize(
    "steps", [[(600.0, 0.0), (600.0, 3600.0), (5000.0, 0.0)], [(0.0, 60.0)] * 4, [(90_000.0, 0.0)] * 3]
)
def test_no_living_token_loses_its_key(city: Any, steps: list[tuple[float, float]]) -> None:
    """Whatever is rotated when, a token that has not expired verifies, and with a published key."""
    services = city.app.services
    minted: list[tuple[float, str]] = []

    async def mint() -> None:
        key = await signing_key(services, ES256, city.clock.now_s())
        minted.append((city.clock.now_s(), key.sign({"n": len(minted)}, "at+jwt")))

    async def judge() -> None:
        now_s = city.clock.now_s()
        published = {key.kid for key in await published_keys(services, now_s)}
        for made_s, token in minted:
            if now_s <= made_s + services.settings.access_token_ttl_s:
                assert await verify(services, token, "at+jwt", now_s) is not None
                assert kid_of(token) in published

    city.token("city-office")
    for wait_s, ahead_s in steps:
        city.opened.drive(mint())
        city.clock.set_s(city.clock.now_s() + wait_s)
        city.opened.drive(rotate_keys(services, ahead_s))
        city.opened.drive(mint())
        city.opened.drive(judge())


@given(st.sampled_from([ES256]), st.dictionaries(st.text(), st.integers() | st.text(), max_size=4), CHANGES)
def test_a_changed_token_does_not_verify(alg: str, claims: dict[str, Any], chosen: tuple[int, list[str]]) -> None:
    """A token verifies as it was signed and typed, and not after any character of it was changed."""
    claims = {"claim " + name: value for name, value in claims.items()}
    key = new_key(alg, 0.0)
    token = key.sign(claims, "at+jwt")
    assert key.verify(token, "at+jwt") == claims
    assert key.verify(token, "JWT") is None
    place = chosen[0] % (len(token) - 1)
    letter = next(one for one in chosen[1] if one != token[place])
    assert key.verify(token[:place] + letter + token[place + 1 :], "at+jwt") is None
