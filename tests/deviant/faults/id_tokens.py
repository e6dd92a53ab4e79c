"""Faults of the ID token."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any

from deviant.switches import Bench, fault
from joserfc import jwt

from reference_api.oidc.key_ring import verify
from reference_api.oidc.keys import SigningKey
from reference_api.services import Services

Claims = dict[str, Any]


def _signing(bench: Bench, sign: Callable[[SigningKey, Claims], str]) -> None:
    """Sign ID tokens in another way; the server still knows them again as its own (id_token_hint)."""
    right = SigningKey.sign
    meant: dict[str, str] = {}

    def wrong(key: SigningKey, claims: Claims, typ: str) -> str:
        if typ != "JWT":
            return right(key, claims, typ)
        token = sign(key, dict(claims))
        meant[token] = right(key, claims, typ)
        return token

    async def known(services: Services, text: str, typ: str, now_s: float) -> Mapping[str, Any] | None:
        return await verify(services, meant.get(text, text), typ, now_s)

    bench.patch("reference_api.oidc.keys.SigningKey.sign", wrong)
    bench.patch("reference_api.oidc.id_tokens.verify", known)


def _claims(bench: Bench, change: Callable[[Claims], Claims]) -> None:
    """Alter what ID tokens say; None leaves a claim out."""
    right = SigningKey.sign

    def sign(key: SigningKey, claims: Claims) -> str:
        changed = {**claims, **change(claims)}
        return right(key, {name: value for name, value in changed.items() if value is not None}, "JWT")

    _signing(bench, sign)


@fault("O-IDT-01", breaks=["OIDC-001"])
def iss_with_a_slash(bench: Bench) -> None:
    """The claim iss differs from the issuer by a trailing slash."""
    _claims(bench, lambda claims: {"iss": claims["iss"] + "/"})


@fault("O-IDT-02", breaks=["OIDC-010"])
def aud_of_another_client(bench: Bench) -> None:
    """The claim aud is another client."""
    _claims(bench, lambda _: {"aud": "example-second-service", "azp": "example-second-service"})


@fault("O-IDT-04", breaks=["OIDC-049"])
def expired_when_issued(bench: Bench) -> None:
    """The claim exp lies in the past."""
    _claims(bench, lambda claims: {"exp": claims["iat"] - 60})


@fault("O-IDT-05", breaks=["OIDC-049"])
def times_in_milliseconds(bench: Bench) -> None:
    """The claims exp and iat are in milliseconds."""
    _claims(bench, lambda claims: {"exp": claims["exp"] * 1000, "iat": claims["iat"] * 1000})


@fault("O-IDT-06", breaks=["OIDC-049"])
def no_sub(bench: Bench) -> None:
    """The claim sub is missing."""
    _claims(bench, lambda _: {"sub": None})


@fault("O-IDT-07", breaks=["OIDC-049"])
def no_iat(bench: Bench) -> None:
    """The claim iat is missing."""
    _claims(bench, lambda _: {"iat": None})


@fault("O-IDT-08", breaks=["OIDC-050"])
def wrong_at_hash(bench: Bench) -> None:
    """at_hash is the hash of something else."""
    _claims(bench, lambda _: {"at_hash": "A" * 22})


@fault("O-IDT-09", breaks=["OIDC-049"])
def sub_is_a_number(bench: Bench) -> None:
    """The claim sub is a number."""
    _claims(bench, lambda _: {"sub": 12345})


@fault("O-IDT-10", breaks=["OIDC-009", "OIDC-051"])
def alg_none(bench: Bench) -> None:
    """ID tokens have alg none although no client registered that."""
    _signing(bench, lambda _, claims: _unsigned(claims))


@fault("O-IDT-11", breaks=["OIDC-051"])
def bad_signature(bench: Bench) -> None:
    """The signature does not verify, since a bit of it is wrong."""
    right = SigningKey.sign

    def sign(key: SigningKey, claims: Claims) -> str:
        head, payload, signature = right(key, claims, "JWT").split(".")
        return f"{head}.{payload}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"

    _signing(bench, sign)


@fault("nonce-dropped", breaks=["OIDC-008"])
def no_nonce(bench: Bench) -> None:
    """The nonce of the request is not in the ID token."""
    _claims(bench, lambda _: {"nonce": None})


@fault("O-JWK-03", breaks=["OIDC-003"])
def no_kid(bench: Bench) -> None:
    """The header of ID tokens has no kid, although the JWKS hold several keys."""
    _signing(bench, lambda key, claims: jwt.encode({"alg": key.alg, "typ": "JWT"}, claims, key.key, [key.alg]))


def _unsigned(claims: Claims) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims)]
    return ".".join([*(urlsafe_b64encode(part).decode().rstrip("=") for part in parts), ""])
