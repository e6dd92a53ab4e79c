"""Tokens: JSON Web Tokens read as they stand, and verified with published keys."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from conformance.outcomes import Violation

HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]


@dataclass(frozen=True)
class Token:
    """A JSON Web Token, read without believing it."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def read_token(text: object, what: str) -> Token:
    """A token from its text.

    Raises:
        Violation: It is no JSON Web Token (RFC 7519 7.2).
    """
    parts = text.split(".") if isinstance(text, str) else []
    try:
        header, claims = (json.loads(_decoded(part)) for part in parts[:2])
    except (ValueError, IndexError) as reason:
        raise Violation(what, expected="a JSON Web Token", actual=_short(text)) from reason
    if len(parts) != 3 or not isinstance(header, dict) or not isinstance(claims, dict):
        raise Violation(what, expected="a JSON Web Token of three parts", actual=_short(text))
    return Token(str(text), header, claims)


def is_jwt(text: object) -> bool:
    """Whether a text has the form of a JSON Web Token."""
    try:
        read_token(text, "")
    except Violation:
        return False
    return True


def verifies(token: Token, keys: Mapping[str, Any]) -> bool:
    """Whether a token's signature is made by one of the keys of a JWK set."""
    kid = token.header.get("kid")
    rows = [row for row in keys.get("keys", ()) if isinstance(row, dict)]
    for row in [row for row in rows if kid is None or row.get("kid") == kid]:
        try:
            jws.deserialize_compact(token.text, KeySet.import_key_set({"keys": [row]}), algorithms=ALGORITHMS)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        return True
    return False


def half_hash(value: str, algorithm: str) -> str:
    """The left half of a hash, as ``at_hash`` and ``c_hash`` hold it. Source: OIDCC 3.1.3.6."""
    digest = HASHES.get(algorithm[-3:], hashlib.sha256)(value.encode("ascii", "replace")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _short(text: object) -> str:
    return f"{type(text).__name__} of {len(text)} characters" if isinstance(text, str) else repr(text)[:80]
