"""Subjects: each sector of clients knows a person by another identifier, so that services cannot be joined by it.

The identifier is the local ID, encrypted so that the same ID and sector always give the same text (AES-SIV, RFC 5297);
it can be turned back, so that no table is needed. Source: OpenID Connect Core 1.0 section 8.1.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from reference_api.services import Services

KEY_BYTES = 64
"""AES-256-SIV. Source: RFC 5297 section 2.2: two keys of 256 bits."""


class Sectored(Protocol):
    """A token or a client: ``sector`` is None where local IDs are shown."""

    @property
    def sector(self) -> str | None:
        """The sector identifier."""


def shown_sub(services: Services, towards: Sectored, local_id: str) -> str:
    """By which subject identifier the holder of a token, or a client, knows a person."""
    if towards.sector is None:
        return local_id
    sealed = _cipher(services).encrypt(local_id.encode(), [towards.sector.encode()])
    return urlsafe_b64encode(sealed).decode().rstrip("=")


def local_sub(services: Services, towards: Sectored, text: str) -> str | None:
    """The local ID of the person whom a token's holder or a client calls ``text``; None if it is nobody's name there.

    Where local IDs are shown, ``text`` itself; whether there is such a person is not judged.
    """
    return local_id_in(services, towards.sector, text)


def local_id_in(services: Services, sector: str | None, text: str) -> str | None:
    """The local ID behind a subject identifier of a sector, None if there is none."""
    if sector is None:
        return text
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        local_id = _cipher(services).decrypt(raw, [sector.encode()]).decode()
    except (ValueError, InvalidTag):
        return None
    # Two texts may decode to the same bytes; only the one that was given out is taken.
    return local_id if urlsafe_b64encode(raw).decode().rstrip("=") == text else None


def _cipher(services: Services) -> AESSIV:
    return _cipher_of(services.secret.derive("pairwise subjects", KEY_BYTES))


@lru_cache(maxsize=8)
def _cipher_of(key: bytes) -> AESSIV:
    return AESSIV(key)
