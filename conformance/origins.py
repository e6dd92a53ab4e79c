"""Origins: which host an address leads to, and the hosts that a target's own documents name."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, written one way (RFC 6454 4); empty where it is no address of http."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname}:{port}" if parts.scheme in PORTS and parts.hostname else ""


def joined(base: str, place: str) -> str:
    """An address that may be relative, as a whole one; one that nobody can read stays as it is."""
    try:
        return urljoin(base, place)
    except ValueError:
        return place


def path_of(url: str) -> str:
    """The path of an address; empty where nobody can read it."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def addresses_in(document: Mapping[str, Any]) -> Iterator[str]:
    """Every address of a document of metadata, but those of its clients."""
    for name, value in document.items():
        rows = value if isinstance(value, list) else [value]
        yield from (one for one in rows if isinstance(one, str) and origin_of(one))
        if name != "clients":
            yield from (found for one in rows if isinstance(one, dict) for found in addresses_in(one))
