"""Hosts: which machines may be loaded: this one, and those that somebody has spelled out."""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from scenarios.load.errors import ForbiddenHost


def check_host(address: str, allowed: Collection[str]) -> None:
    """Refuse to load another machine than this one, unless somebody has spelled out that it may be loaded.

    Raises:
        ForbiddenHost: nobody has.
    """
    host = urlsplit(address).hostname or ""
    if not is_loopback(host) and host not in {one.lower() for one in allowed}:
        raise ForbiddenHost(host, address)


def is_loopback(host: str) -> bool:
    """Whether a host's name says that it is this machine. Source: RFC 6761 6.3, RFC 1122 3.2.1.3, RFC 4291 2.5.3."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
