"""What clients register as receivers leads to public machines only, at registration and whenever it is used."""

import asyncio
from collections.abc import Sequence

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_api.receivers import PublicTransport, is_public_address, may_be_public

INNER = ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1"]


def _sent(url: str, *addresses: str, may_be_local: bool = False) -> httpx2.Request:
    """The request as it goes out."""
    seen: list[httpx2.Request] = []

    def accept(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(202)

    async def look_up(_host: str, _port: int) -> Sequence[str]:
        return addresses

    async def work() -> None:
        transport = PublicTransport(httpx2.MockTransport(accept), look_up, may_be_local=may_be_local)
        async with httpx2.AsyncClient(transport=transport) as client:
            await client.post(url)

    asyncio.run(work())
    return seen[0]


def test_the_address_that_was_judged_is_the_one_that_is_called() -> None:
    """The request goes to the address; its name is kept for Host and for the certificate."""
    request = _sent("https://receiver.example:8443/events", "203.0.114.7")
    assert str(request.url) == "https://203.0.114.7:8443/events"
    assert request.headers["host"] == "receiver.example:8443"
    assert request.extensions["sni_hostname"] == "receiver.example"


@pytest.mark.parametrize("address", INNER)
def test_a_name_that_leads_inside_is_not_called(address: str) -> None:
    """Also where another address of the same name is public."""
    for addresses in ((address,), ("203.0.114.7", address)):
        with pytest.raises(httpx2.ConnectError):
            _sent("https://receiver.example/", *addresses)


def test_this_machine_is_called_in_tests_only() -> None:
    """By name or number, and not through another name."""
    assert str(_sent("http://127.0.0.1:1/", may_be_local=True).url) == "http://127.0.0.1:1/"
    with pytest.raises(httpx2.ConnectError):
        _sent("http://127.0.0.1:1/", "127.0.0.1")
    with pytest.raises(httpx2.ConnectError):
        _sent("http://other.example/", "127.0.0.1", may_be_local=True)


@given(address=st.ip_addresses(v=4))
def test_every_way_to_write_an_address_is_judged_alike(address: object) -> None:
    """Decimal, hexadecimal, with dots, with a dot at the end, mapped into IPv6."""
    text = str(address)
    number = int.from_bytes(bytes(int(part) for part in text.split(".")))
    for written in (text, text + ".", str(number), hex(number), f"::ffff:{text}"):
        assert may_be_public(written) == is_public_address(text)
