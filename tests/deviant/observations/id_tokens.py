"""Observations of the ID token."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any

from deviant.observations.parties import part, tokens
from deviant.observing import observed
from joserfc.errors import JoseError
from relying_party import party_of
from sandbox_city import City


def _claims(city: City) -> dict[str, Any]:
    return part(tokens(city)["id_token"])


@observed("O-IDT-01", right="http://127.0.0.1:8080", wrong="http://127.0.0.1:8080/")
def iss(city: City) -> Any:
    """The issuer of an ID token."""
    return _claims(city)["iss"]


@observed("O-IDT-02", right="example-service", wrong="example-second-service")
def aud(city: City) -> Any:
    """For whom an ID token is."""
    return _claims(city)["aud"]


@observed("O-IDT-04", right=3600, wrong=-60)
def life_s(city: City) -> Any:
    """How long an ID token is valid from now on."""
    return _claims(city)["exp"] - city.clock.now_s()


@observed("O-IDT-05", right=(1_800_003_600, 1_800_000_000), wrong=(1_800_003_600_000, 1_800_000_000_000))
def times(city: City) -> Any:
    """End and beginning of an ID token."""
    claims = _claims(city)
    return claims["exp"], claims["iat"]


@observed("O-IDT-06", right=True, wrong=False)
def has_sub(city: City) -> Any:
    """Whether an ID token says who signed in."""
    return "sub" in _claims(city)


@observed("O-IDT-07", right=True, wrong=False)
def has_iat(city: City) -> Any:
    """Whether an ID token says when it was issued."""
    return "iat" in _claims(city)


@observed("O-IDT-08", right=True, wrong=False)
def at_hash(city: City) -> Any:
    """Whether the hash in an ID token is that of its access token."""
    got = tokens(city)
    half = hashlib.sha256(got["access_token"].encode()).digest()[:16]
    return bool(part(got["id_token"])["at_hash"] == urlsafe_b64encode(half).decode().rstrip("="))


@observed("O-IDT-09", right="str", wrong="int")
def type_of_sub(city: City) -> Any:
    """The type of sub."""
    return type(_claims(city)["sub"]).__name__


@observed("O-IDT-10", right="RS256", wrong="none")
def alg(city: City) -> Any:
    """The algorithm of an ID token."""
    return part(tokens(city)["id_token"], 0)["alg"]


@observed("O-IDT-11", right="verifies", wrong="BadSignatureError")
def signature(city: City) -> Any:
    """Whether an ID token verifies with the published keys."""
    try:
        party_of(city).claims(tokens(city)["id_token"])
    except JoseError as fault:
        return type(fault).__name__
    return "verifies"


@observed("nonce-dropped", right="n-1", wrong=None)
def nonce(city: City) -> Any:
    """The nonce of an ID token."""
    return _claims(city).get("nonce")


@observed("O-JWK-03", right=True, wrong=False)
def kid(city: City) -> Any:
    """Whether the header names a published key."""
    keys = city.call("GET", "/.well-known/jwks.json").json["keys"]
    return part(tokens(city)["id_token"], 0).get("kid") in {key["kid"] for key in keys}
