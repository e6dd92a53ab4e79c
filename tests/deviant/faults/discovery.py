"""Faults of discovery and of the published keys."""

from typing import Any

import msgspec
from deviant.switches import Answer, Bench, Request, fault

from reference_api.call import Call, Reply, json_reply
from reference_api.oidc.keys import SigningKey

METADATA = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


def _metadata(bench: Bench, **changed: Any) -> None:
    """Alter members of the metadata; None leaves one out."""

    def change(_: Call, reply: Reply) -> Reply:
        whole = {**msgspec.json.decode(reply.body), **changed}
        return json_reply({name: value for name, value in whole.items() if value is not None}, headers=reply.headers)

    bench.reply("getOpenidConfiguration getAuthorizationServer", change)


@fault("O-DIS-01", breaks=["OIDC-001"])
def issuer_with_a_slash(bench: Bench) -> None:
    """The issuer in the metadata has an extra trailing slash."""
    _metadata(bench, issuer=bench.settings.issuer + "/")


@fault("O-DIS-02", breaks=["OIDC-002"])
def subject_types_missing(bench: Bench) -> None:
    """subject_types_supported is missing."""
    _metadata(bench, subject_types_supported=None)


@fault("O-DIS-03", breaks=["OIDC-026"])
def metadata_as_text(bench: Bench) -> None:
    """The metadata are served as text/plain."""

    def change(request: Request, answer: Answer) -> Answer:
        return answer.with_header("content-type", "text/plain") if request.path in METADATA else answer

    bench.answers(change)


@fault("O-DIS-04", breaks=["OIDC-027"])
def no_rs256(bench: Bench) -> None:
    """id_token_signing_alg_values_supported is without RS256."""
    _metadata(bench, id_token_signing_alg_values_supported=["ES256"])


@fault("O-DIS-06", breaks=["OIDC-028"])
def promises_too_much(bench: Bench) -> None:
    """The metadata promise a grant that is not there."""

    def change(_: Call, reply: Reply) -> Reply:
        told = msgspec.json.decode(reply.body)
        grants = [*told["grant_types_supported"], "urn:ietf:params:oauth:grant-type:jwt-bearer"]
        return json_reply({**told, "grant_types_supported": grants}, headers=reply.headers)

    bench.reply("getOpenidConfiguration getAuthorizationServer", change)


@fault("O-JWK-01", breaks=["OIDC-029"])
def private_keys_published(bench: Bench) -> None:
    """The private exponent d is in the published JWKS."""

    def jwk(key: SigningKey) -> dict[str, Any]:
        return {**key.key.as_dict(private=True), "kid": key.kid, "use": "sig", "alg": key.alg}

    bench.patch("reference_api.oidc.keys.SigningKey.public_jwk", jwk)


@fault("O-JWK-04", breaks=["OIDC-030"])
def old_keys_removed_at_once(bench: Bench) -> None:
    """A rotation removes the old key at once, so that tokens minted a minute ago no longer verify."""
    bench.patch("reference_api.oidc.key_ring.RETIRED_KEY_S", 0.0)
