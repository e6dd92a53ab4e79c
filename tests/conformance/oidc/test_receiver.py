"""The receiver hears what a target sends, and says clearly where it cannot listen."""

import socket
import threading
from collections.abc import Callable
from contextlib import closing

import httpx2
import pytest

from conformance.oidc import receiver as module
from conformance.oidc.receiver import Receiver, receiver
from conformance.outcomes import Misconfigured, Unmet
from conformance.plan import ReceiverPart

TOKEN = {"logout_token": "a.b.c"}


@pytest.fixture
def part() -> ReceiverPart:
    """A plan whose port is free."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
    return ReceiverPart(f"http://127.0.0.1:{port}", f"127.0.0.1:{port}")


def _has(name: str) -> Callable[[module.Message], bool]:
    return lambda message: name in message.form


def test_a_form_is_heard(part: ReceiverPart) -> None:
    """A form that was posted is there with its path, its type and its fields."""
    with receiver(part) as heard:
        reply = httpx2.post(f"{heard.url}/logout?x=1", data=TOKEN)
        message = heard.wait(_has("logout_token"), within_s=5)
    assert reply.status_code == 200
    assert message is not None
    assert (message.method, message.path, dict(message.form)) == ("POST", "/logout", TOKEN)


def test_a_body_in_chunks_is_heard(part: ReceiverPart) -> None:
    """A sender may not tell the length beforehand (RFC 9112 7.1)."""
    with receiver(part) as heard:
        httpx2.post(heard.url, content=iter([b"logout_", b"token=x"]))
        assert heard.wait(_has("logout_token"), within_s=5) is not None


def test_a_security_event_token_is_accepted_with_202(part: ReceiverPart) -> None:
    """RFC 8935 2.2 answers 202; a listener may answer otherwise."""
    kind = {"content-type": "application/secevent+jwt"}
    with receiver(part) as heard:
        assert httpx2.post(heard.url, content=b"a.b.c", headers=kind).status_code == 202
        heard.answer = lambda _: 503
        assert httpx2.post(heard.url, content=b"a.b.c", headers=kind).status_code == 503


def test_waiting_ends(part: ReceiverPart) -> None:
    """What never comes is not waited for without end."""
    with receiver(part) as heard:
        assert heard.wait(_has("logout_token"), within_s=0.01) is None


def test_a_message_that_comes_later_is_waited_for(part: ReceiverPart) -> None:
    """The wait ends when the message comes, not before."""
    with receiver(part) as heard:
        sender = threading.Timer(0.05, lambda: httpx2.post(heard.url, data=TOKEN))
        sender.start()
        assert heard.wait(_has("logout_token"), within_s=5) is not None
        sender.join()


def test_listeners_of_one_address_all_hear(part: ReceiverPart) -> None:
    """Checks that run side by side share the plan's port, and one that ends leaves the others listening."""
    with receiver(part) as first:
        with receiver(part) as second:
            assert first.url == second.url
            httpx2.post(first.url, data={"one": "1"})
            assert second.wait(_has("one"), within_s=5) is not None
        httpx2.post(first.url, data={"two": "2"})
        assert len(first.gather(lambda _: True, count=2, within_s=5)) == 2
        first.forget()
        assert first.messages == []


def test_documents_are_served(part: ReceiverPart) -> None:
    """A target can fetch what the suite serves, and nothing else."""
    with receiver(part) as heard:
        url = heard.serve("/jwks", b"{}")
        assert httpx2.get(url).text == "{}"
        assert httpx2.get(f"{heard.url}/other").status_code == 404


def test_a_port_that_is_held_is_left_for_a_free_one(part: ReceiverPart) -> None:
    """Where the address is the suite's to choose, another port of this machine does as well."""
    with closing(_holder(part)), receiver(part) as heard:
        assert heard.url != part.url
        assert httpx2.post(heard.url, data=TOKEN).status_code == 200


def test_a_port_that_is_held_and_needed_is_told(part: ReceiverPart, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the target already sends to an address, no other will do."""
    monkeypatch.setattr(module, "PATIENCE_S", 0.0)
    with (
        closing(_holder(part)),
        pytest.raises(Misconfigured, match="cannot listen"),
        receiver(part, f"{part.url}/logout"),
    ):
        pass


@pytest.mark.parametrize(("url", "at"), [("", ""), ("https://suite.example", "https://other.example/logout")])
def test_where_the_target_cannot_reach_the_suite_nothing_is_known(url: str, at: str) -> None:
    """Without an address, or with a client's that leads elsewhere, the verdict is skip."""
    with pytest.raises(Unmet), receiver(ReceiverPart(url, "127.0.0.1:0"), at):
        pass


def test_a_clients_own_address_on_this_machine_is_listened_at(part: ReceiverPart) -> None:
    """A sandbox's client has an address of its own, at another port than the plan's."""
    with receiver(ReceiverPart("http://127.0.0.1:1", "127.0.0.1:1"), f"{part.url}/logout") as heard:
        assert heard.url == part.url
        assert isinstance(heard, Receiver)


def _holder(part: ReceiverPart) -> socket.socket:
    return socket.create_server(("127.0.0.1", int(part.bind.rpartition(":")[2])))
