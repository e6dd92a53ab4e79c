"""The key that signs access tokens (ES256), and its public half."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from reference_api.errors import UnsafeSettings

ALGORITHM = "ES256"
JWT_TYPE = "at+jwt"
"""Source: RFC 9068 section 2.1."""


class SigningKey:
    """An EC P-256 key. Without ``private_jwk`` (JWK text) one is made that dies with the object.

    Raises:
        UnsafeSettings: The text is no such private key.
    """

    def __init__(self, private_jwk: str | None = None) -> None:
        self._key = ECKey.generate_key("P-256", private=True) if private_jwk is None else _read(private_jwk)
        self.kid = self._key.thumbprint()
        self._header = {"alg": ALGORITHM, "typ": JWT_TYPE, "kid": self.kid}

    def public_jwk(self) -> dict[str, Any]:
        """The public half, for the JWK set (RFC 7517)."""
        return {**self._key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": ALGORITHM}

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A signed JWT of the access-token type."""
        return jwt.encode(self._header, dict(claims), self._key, algorithms=[ALGORITHM])

    def verify(self, token: str) -> Mapping[str, Any] | None:
        """The claims of a token that this key signed, None for anything else. Time and audience are not judged here."""
        try:
            decoded = jwt.decode(token, self._key, algorithms=[ALGORITHM])
        except (JoseError, ValueError, TypeError, KeyError):
            return None
        return decoded.claims if decoded.header.get("typ") == JWT_TYPE else None

    def derive(self, purpose: str) -> bytes:
        """A secret of 32 bytes for another purpose, the same in every worker that has this key."""
        private = self._key.as_dict(private=True)["d"]
        return hashlib.sha256(f"citytwin {purpose} {private}".encode()).digest()


def new_private_jwk() -> str:
    """A fresh private key as JWK text, for ``Settings.signing_key_jwk``."""
    key = ECKey.generate_key("P-256", private=True)
    return msgspec.json.encode(key.as_dict(private=True)).decode()


def _read(text: str) -> ECKey:
    try:
        key = ECKey.import_key(msgspec.json.decode(text, type=dict[str, str | list[str]]))
    except (msgspec.DecodeError, JoseError, ValueError) as fault:
        raise UnsafeSettings(
            [f"the signing key cannot be read ({type(fault).__name__}): give a private JWK"]
        ) from fault
    if key.curve_name != "P-256" or not key.is_private:
        raise UnsafeSettings(
            [f"the signing key is {key.curve_name}, private: {key.is_private}: give a private P-256 key"]
        )
    return key
