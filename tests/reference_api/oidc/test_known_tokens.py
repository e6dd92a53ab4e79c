"""A token that was signed here is known by its hash: as reading it would tell, and no longer than it holds."""

import hashlib
from typing import Any

from reference_api.oidc.access_tokens import read_token


def minted(city: Any, party: Any) -> list[str]:
    """Tokens of a client itself, of a subject by exchange, and of a person's grant, none of them shown yet."""
    return [city.token("city-office"), city.token("c0"), party().tokens()["access_token"]]


def test_what_is_known_of_a_token_is_what_it_says(city: Any, party: Any) -> None:
    """Verified and read, the text says the same as what was remembered when it was signed."""
    services = city.app.services
    for text in minted(city, party):
        known = services.tokens[hashlib.sha256(text.encode()).digest()]
        assert city.opened.drive(read_token(services, text, city.clock.now_s())) == known


def test_nothing_else_is_known(city: Any, party: Any) -> None:
    """The same claims under another signature are not, neither before nor after the token was shown."""
    token = party().tokens()["access_token"]
    claims, _, signature = token.rpartition(".")
    other = f"{claims}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    assert [city.opens_userinfo(one) for one in (other, token, other)] == [False, True, False]


def test_a_known_token_ends_when_it_says_so(city: Any, party: Any) -> None:
    """Also one that nobody has shown before."""
    token = party().tokens()["access_token"]
    city.clock.set_s(city.clock.now_s() + city.app.services.settings.access_token_ttl_s)
    assert not city.opens_userinfo(token)


def test_a_known_token_can_be_revoked(city: Any, party: Any) -> None:
    """Also one that nobody has shown before."""
    one = party()
    token = one.tokens()["access_token"]
    assert one.post("/revoke", token=token).status == 200
    assert not city.opens_userinfo(token)
