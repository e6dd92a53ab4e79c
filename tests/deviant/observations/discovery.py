"""Observations of discovery and of the published keys."""

from typing import Any

from deviant.observations.parties import error_of, tokens
from deviant.observing import observed
from relying_party import party_of
from sandbox_city import City

METADATA = "/.well-known/openid-configuration"


def _metadata(city: City) -> Any:
    return city.call("GET", METADATA).json


@observed("O-DIS-01", right="http://127.0.0.1:8080", wrong="http://127.0.0.1:8080/")
def issuer(city: City) -> Any:
    """The issuer as told."""
    return _metadata(city)["issuer"]


@observed("O-DIS-02", right=["pairwise", "public"], wrong=None)
def subject_types(city: City) -> Any:
    """The subject types as told."""
    return _metadata(city).get("subject_types_supported")


@observed("O-DIS-03", right="application/json", wrong="text/plain")
def media_type(city: City) -> Any:
    """The media type of the metadata."""
    return city.call("GET", METADATA).headers["content-type"]


@observed("O-DIS-04", right=True, wrong=False)
def rs256(city: City) -> Any:
    """Whether RS256 is offered."""
    return "RS256" in _metadata(city)["id_token_signing_alg_values_supported"]


@observed("O-DIS-06", right=set(), wrong={"urn:ietf:params:oauth:grant-type:jwt-bearer"})
def grants_that_are_not_there(city: City) -> Any:
    """Grants that the metadata promise and the token endpoint does not know."""
    post = party_of(city).post
    offered = _metadata(city)["grant_types_supported"]
    return {one for one in offered if error_of(post("/token", grant_type=one)) == "400 unsupported_grant_type"}


@observed("O-JWK-01", right=[False, False], wrong=[True, True])
def private_parts(city: City) -> Any:
    """Which published keys have a private part."""
    return ["d" in key for key in city.call("GET", "/.well-known/jwks.json").json["keys"]]


@observed("O-JWK-04", right=(True, "200"), wrong=(False, "401 invalid-token"))
def old_key(city: City) -> Any:
    """Whether a key is published after a rotation, and whether a token that it signed still counts."""
    token = tokens(city)["access_token"]
    before = [key["kid"] for key in city.call("GET", "/.well-known/jwks.json").json["keys"]]
    assert city.call("POST", "/v1/sandbox/keys/rotation", "sandbox-admin", {}).status == 200
    after = [key["kid"] for key in city.call("GET", "/.well-known/jwks.json").json["keys"]]
    city.app.services.tokens.clear()  # type: ignore[attr-defined]  # as another worker, which has not seen the token
    return {*before} <= {*after}, error_of(city.call("GET", "/userinfo", authorization=f"Bearer {token}"))
