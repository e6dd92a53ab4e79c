"""Keys that sign tokens: made, sealed for the database, published, used."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_bytes
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from reference_api.errors import StoreFault

ES256 = "ES256"
RS256 = "RS256"
ALGORITHMS = (ES256, RS256)
"""ES256 signs access tokens; RS256 signs ID tokens, since every client must be able to have that (Discovery 1.0, 3)."""

RSA_BITS = 2048
"""Source: RFC 7518 section 3.3, at least 2048."""

NONCE_BYTES = 12
"""Source: NIST SP 800-38D, 96-bit initialisation vectors for AES-GCM."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its identifier; it signs from ``active_from_s`` (Unix seconds) until a later one does."""

    kid: str
    alg: str
    active_from_s: float
    key: ECKey | RSAKey

    def public_jwk(self) -> dict[str, Any]:
        """The public half, for the JWK set (RFC 7517)."""
        return {**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": self.alg}

    def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """A signed JWT of the type ``typ``."""
        header = {"alg": self.alg, "typ": typ, "kid": self.kid}
        return jwt.encode(header, dict(claims), self.key, algorithms=[self.alg])

    def verify(self, token: str, typ: str) -> Mapping[str, Any] | None:
        """The claims of a token of that type that this key signed, None for anything else.

        Time, issuer and audience are not judged here.
        """
        try:
            decoded = jwt.decode(token, self.key, algorithms=[self.alg])
        except (JoseError, ValueError, TypeError, KeyError):
            return None
        return decoded.claims if decoded.header.get("typ") == typ else None

    def sealed(self, secret: bytes) -> str:
        """The private key for the database, readable with ``secret`` (32 bytes) only."""
        nonce = token_bytes(NONCE_BYTES)
        text = msgspec.json.encode(self.key.as_dict(private=True))
        return b64encode(nonce + AESGCM(secret).encrypt(nonce, text, self.kid.encode())).decode()


def new_key(alg: str, active_from_s: float) -> SigningKey:
    """A fresh key of an algorithm of ``ALGORITHMS``; RSA takes about 0.1 s."""
    key = ECKey.generate_key("P-256") if alg == ES256 else RSAKey.generate_key(RSA_BITS)
    return SigningKey(key.thumbprint(), alg, active_from_s, key)


def unsealed(kid: str, alg: str, active_from_s: float, sealed_jwk: str, *, secret: bytes) -> SigningKey:
    """The key that was sealed with ``secret``.

    Raises:
        StoreFault: It was sealed with another secret.
    """
    raw = b64decode(sealed_jwk)
    try:
        text = AESGCM(secret).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], kid.encode())
    except InvalidTag as fault:
        raise StoreFault(
            f"signing key {kid} was sealed with another secret: give the server the secret it had, or remove the key"
        ) from fault
    jwk = msgspec.json.decode(text, type=dict[str, str | list[str]])
    kind = ECKey if alg == ES256 else RSAKey
    return SigningKey(kid, alg, active_from_s, kind.import_key(jwk))
