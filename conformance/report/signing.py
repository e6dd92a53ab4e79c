"""Signing: keys from files, and detached signatures over a bundle's manifest (RFC 7515 appendix F)."""

import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from conformance.errors import PlanError, PlanFault
from conformance.text import Text

ALGORITHMS = {"Ed25519": "Ed25519", "P-256": "ES256"}
"""Signature algorithm by curve. Source: RFC 9864 2.2 (in place of EdDSA), RFC 7518 3.4."""

Key = OKPKey | ECKey


def read_key(path: Path, *, private: bool) -> Key:
    """A key of a PEM or JWK file: Ed25519 or P-256; of a public one a certificate will do.

    Raises:
        PlanError: There is none, or it is of another kind.
    """
    try:
        content = path.read_bytes()
        data = json.loads(content) if content.lstrip().startswith(b"{") else _from_pem(content, private=private)
        key = imported(data)
    except (OSError, ValueError, TypeError, KeyError, JoseError) as reason:
        raise _unusable(path, str(reason)) from reason
    if private and not key.is_private:
        raise _unusable(path, "it is a public key; the private one signs")
    return key


def imported(data: dict[str, Any]) -> Key:
    """A key of a JWK.

    Raises:
        ValueError: It is of a kind that signs no bundles.
    """
    if data.get("crv") not in ALGORITHMS:
        raise ValueError("neither Ed25519 nor P-256")
    kind = OKPKey if data["kty"] == "OKP" else ECKey
    return kind.import_key(data)


def sign(manifest: bytes, key: Key) -> str:
    """A detached signature that carries the public key in its header."""
    public = key.as_dict(private=False)
    algorithm = ALGORITHMS[str(public["crv"])]
    header: dict[str, Any] = {"alg": algorithm, "typ": "citytwin-bundle+jws", "jwk": public}
    detached: str = jws.detach_content(jws.serialize_compact(header, manifest, key, algorithms=[algorithm]))
    return detached


def carried_key(signature: str) -> Key:
    """The public key that a signature carries.

    Raises:
        ValueError: It carries none that can be used.
    """
    try:
        return imported(dict(jws.extract_compact(signature.encode(), b"").headers()["jwk"]))
    except (JoseError, KeyError, TypeError) as reason:
        raise ValueError(str(reason)) from reason


def is_signed_by(signature: str, manifest: bytes, key: Key) -> bool:
    """Whether a detached signature over a manifest is of a key."""
    try:
        jws.deserialize_compact(signature, key, algorithms=list(ALGORITHMS.values()), payload=manifest)
    except (JoseError, ValueError, TypeError):
        return False
    return True


def thumbprint(key: Key) -> str:
    """The key's SHA-256 thumbprint, by which people compare it. Source: RFC 7638."""
    return str(key.thumbprint())


def sha256(content: bytes) -> str:
    """The SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _from_pem(content: bytes, *, private: bool) -> dict[str, Any]:
    loaded: Any
    if private:
        loaded = load_pem_private_key(content, None)
    elif b"BEGIN CERTIFICATE" in content:
        loaded = load_pem_x509_certificate(content).public_key()
    else:
        loaded = load_pem_public_key(content)
    if isinstance(loaded, ed25519.Ed25519PrivateKey | ed25519.Ed25519PublicKey):
        return dict(OKPKey(loaded, loaded).as_dict(private=private))
    if isinstance(loaded, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey):
        return dict(ECKey(loaded, loaded).as_dict(private=private))
    raise ValueError("neither Ed25519 nor P-256")


def _unusable(path: Path, reason: str) -> PlanError:
    text = Text(
        f"this key cannot be used ({reason}); give an Ed25519 or P-256 key as PEM or JWK, without a password",
        f"この鍵は使えない({reason})。パスワードのないEd25519またはP-256の鍵を、PEMかJWKで指定する",
    )
    return PlanError([PlanFault(str(path), text)])
