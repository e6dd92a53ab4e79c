"""Receivers: addresses that a client gave, to which this server sends. They must not lead into the network behind it.

An address is judged when it is registered and again when it is used: a name may have come to mean another machine.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

import httpx2

from reference_api.settings import LOOPBACK

INNER_NAMES = (".local", ".internal", ".localhost")
"""Names of inner networks. Source: RFC 6762 section 3, RFC 6761 section 6.3, ICANN on .internal (2024)."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From host and port to the addresses they stand for."""


def is_public_address(text: str) -> bool:
    """Whether an IP address is one of the public Internet."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return all(one.is_global and not one.is_multicast for one in (address, mapped) if one is not None)


def may_be_public(host: str) -> bool:
    """Whether a host is a public address, or a name that may stand for one; 127.1 and 0x7f000001 are addresses too."""
    name = host.rstrip(".").lower()
    try:
        return is_public_address(name)
    except ValueError:
        pass
    try:
        return is_public_address(socket.inet_ntoa(socket.inet_aton(name)))
    except OSError:
        return name not in LOOPBACK and not name.endswith(INNER_NAMES)


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as this machine knows them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class PublicTransport(httpx2.AsyncBaseTransport):
    """Sends to public addresses only: to the very address that was judged, under the name that was asked for.

    ``may_be_local`` lets this machine itself be named, for tests.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, look_up: Resolve = resolve, *, may_be_local: bool) -> None:
        self._inner = inner
        self._look_up = look_up
        self._may_be_local = may_be_local

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request.

        Raises:
            httpx2.ConnectError: The host is not known, or one of its addresses is not public.
        """
        host = request.url.host
        if not (self._may_be_local and host in LOOPBACK):
            try:
                addresses = await self._look_up(host, request.url.port or 443)
            except OSError as fault:
                raise httpx2.ConnectError("the host is not known") from fault
            if not addresses or not all(map(is_public_address, addresses)):
                raise httpx2.ConnectError("not a public address")
            request.url = request.url.copy_with(host=addresses[0])
            request.extensions = {**request.extensions, "sni_hostname": host}
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()
