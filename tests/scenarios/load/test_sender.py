"""The sender, against a line that answers at once or when the test says so."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from scenarios.load.calls import CHECK_IN, CURSOR, ORDER, DueCall, Login, Measured, Setup
from scenarios.load.sender import NO_TOKEN, UNSENT, Ask, Said, Sender, fault_kind

TOKEN = Said(200, b'{"access_token": "t", "expires_in": 3600}', {})
DONE = Said(200, b'{"id": "7", "next_cursor": "n"}', {})


@dataclass
class Line:
    """A line whose work waits until ``run`` is called; ``answers`` by the name of a request."""

    answers: dict[str, Said] = field(default_factory=dict)
    sent: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)
    work: list[tuple[Callable[..., None], tuple[object, ...]]] = field(default_factory=list)
    at_s: float = 0.0

    def send(self, ask: Ask) -> Said:
        """Answer as told."""
        name, _, url, headers, body, _ = ask
        self.sent.append((name, url, headers, body))
        return self.answers.get(name, TOKEN if name == "issueToken" else DONE)

    def start(self, work: Callable[..., None], *arguments: object) -> None:
        """Keep it for later."""
        self.work.append((work, arguments))

    def run(self) -> None:
        """Do what waits, and what comes of it."""
        while self.work:
            work, arguments = self.work.pop(0)
            work(*arguments)

    def now_s(self) -> float:
        """The time that the test set."""
        return self.at_s


@dataclass
class Desk:
    """A sender, its line, and what it noted."""

    line: Line
    sender: Sender
    noted: list[Measured]

    def offer(self, *calls: DueCall) -> list[str]:
        """Offer calls, run all, and tell the names of what was sent."""
        before = len(self.line.sent)
        for call in calls:
            self.sender.offer(call)
        self.line.run()
        return [name for name, *_ in self.line.sent[before:]]


def desk(most_waiting: int = 100, **answers: Said) -> Desk:
    """A sender at its beginning."""
    login = Login("Basic x", "subject_token={}")
    setup = Setup("http://t", "http://t/token", "k" * 20, {"citizen": login, "shelter_desk": login}, 1.0, most_waiting)
    line, noted = Line(answers), list[Measured]()
    return Desk(line, Sender(setup, line, noted.append), noted)


def call(number: int = 0, **more: object) -> DueCall:
    """A call of anybody's."""
    plain = {"due_s": 0.0, "operation": "op", "method": "GET", "url": "http://t/v1/x", "actor": "anybody"}
    return DueCall(number, **{**plain, **more})  # type: ignore[arg-type]


def test_everybody_signs_in_once_and_for_themselves() -> None:
    """A citizen's calls share one token, which no other citizen has; desks share theirs."""
    many = [call(1, actor="citizen:a"), call(2, actor="citizen:a"), call(3, actor="citizen:b")]
    many += [call(4, actor="shelter_desk:1"), call(5, actor="shelter_desk:2"), call(6)]
    at = desk()
    names = at.offer(*many)
    assert (names.count("issueToken"), names.count("op")) == (3, 6)
    assert sorted(body for name, _, _, body in at.line.sent if name == "issueToken")[1:] == [
        "subject_token=a",
        "subject_token=b",
    ]
    assert ["authorization" in headers for name, _, headers, _ in at.line.sent if name == "op"].count(False) == 1


def test_a_token_is_renewed_when_it_ends_or_is_refused() -> None:
    """A token has the life that the answer gave it; one that was refused is not used again."""
    at = desk()
    assert at.offer(call(1, actor="citizen:a")) == ["issueToken", "op"]
    at.line.at_s = 3599.0
    assert at.offer(call(2, actor="citizen:a", due_s=3599.0)) == ["issueToken", "op"]
    at.line.answers["op"] = Said(401, b"", {})
    assert at.offer(call(3, actor="citizen:a", due_s=3599.0)) == ["op"]
    assert at.offer(call(4, actor="citizen:a", due_s=3599.0)) == ["issueToken", "op"]


def test_without_a_token_nothing_leaves() -> None:
    """A citizen who cannot sign in fails in all calls that were waiting, and tries again with the next."""
    at = desk(issueToken=Said(503, b"", {"retry-after": "5"}))
    assert at.offer(call(1, actor="citizen:a"), call(2, actor="citizen:a")) == ["issueToken"]
    assert [(one.operation, one.status, one.fault) for one in at.noted] == [
        ("issueToken", 503, ""),
        ("op", 0, NO_TOKEN),
        ("op", 0, NO_TOKEN),
    ]
    assert at.offer(call(3, actor="citizen:a")) == ["issueToken"]


@pytest.mark.parametrize(("takes", "given"), [(CHECK_IN, "7"), (CURSOR, "n")])
def test_what_an_answer_gave_is_used(takes: str, given: str) -> None:
    """A call that needs an answer waits for it and speaks of what it gave."""
    at = desk()
    at.sender.offer(call(1, gives=takes))
    at.sender.offer(call(2, after=1, takes=takes, url="http://t/{}/y"))
    assert len(at.line.work) == 1
    at.line.run()
    assert at.line.sent[1][1] == f"http://t/{given}/y"


def test_what_was_never_given_is_not_asked_for() -> None:
    """Nobody leaves who was not received; what follows in order goes all the same."""
    at = desk(op=Said(500, b"", {}))
    names = at.offer(
        call(1, gives=CHECK_IN), call(2, after=1, takes=CHECK_IN, gives=ORDER, operation="leave"), call(3, after=2)
    )
    assert (names, at.sender.skipped) == (["op", "op"], 1)


def test_calls_do_not_wait_for_answers_of_others() -> None:
    """Everything that needs no answer is under way before the first answer is there."""
    at = desk()
    for number in range(50):
        at.sender.offer(call(number))
    assert len(at.line.work) == 50


def test_latency_counts_from_the_time_at_which_a_call_was_due() -> None:
    """A generator that sends 3 s late, or a target that lets wait, is in the latency; the lag is told apart."""
    at = desk()
    at.line.at_s = 5.0
    at.offer(call(1, due_s=2.0))
    assert (at.noted[0].latency_s, at.noted[0].lag_s) == (3.0, 3.0)


def test_what_waits_for_an_answer_is_no_lag_of_the_generator() -> None:
    """Who waits for a token or an earlier answer waits for the target."""
    at = desk()
    at.sender.offer(call(1, gives=CHECK_IN))
    at.sender.offer(call(2, due_s=1.0, after=1, takes=CHECK_IN))
    at.line.at_s = 9.0
    at.line.run()
    assert (at.noted[1].latency_s, at.noted[1].lag_s) == (8.0, 0.0)


def test_beyond_the_most_that_may_wait_calls_fail_unsent() -> None:
    """A target that answers nothing does not make the generator run out of sockets."""
    at = desk(most_waiting=0)
    assert at.offer(call(1)) == []
    assert at.noted[0].fault == UNSENT


def test_reads_are_conditional_on_what_was_read_before() -> None:
    """Each reader carries the ETag of their own last answer."""
    at = desk(op=Said(200, b"{}", {"etag": '"e"'}))
    at.offer(call(1, reader="a"), call(2, reader="a"), call(3, reader="b"))
    assert [headers.get("if-none-match") for _, _, headers, _ in at.line.sent] == [None, '"e"', None]


def test_secrets_are_not_written_and_long_bodies_once() -> None:
    """No token lies in a file; the same long answer is told by its first number."""
    at = desk(op=Said(200, b"x" * 1000, {}))
    at.offer(call(1, actor="citizen:a"), call(2), call(3))
    assert sorted((len(one.body), one.same_as >= 0) for one in at.noted) == [
        (0, False),
        (0, True),
        (0, True),
        (1000, False),
    ]
    assert all(b"access_token" not in one.body for one in at.noted)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (TimeoutError(), "timeout"),
        (ConnectionRefusedError(), "refused"),
        (ConnectionResetError(), "closed"),
        (socket.gaierror(), "name"),
        (ssl.SSLError(), "tls"),
        (ValueError(), "connection"),
    ],
)
def test_faults_have_kinds(fault: BaseException, kind: str) -> None:
    """A reader of the report sees what happened to requests without an answer."""
    assert fault_kind(fault) == kind
