"""Sender: sends due calls as their citizens - token, key, ETag, and what an earlier answer must give first.

It knows nothing of locust: how a request is sent, who runs it and what time it is are given to it.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple, Protocol
from urllib.parse import quote

import msgspec

from scenarios.load.calls import CHECK_IN, DueCall, Login, Measured, Setup, idempotency_key

ISSUE_TOKEN = "issueToken"  # noqa: S105 - an operation of the contract
LONG_BODY_BYTES = 256
"""Bodies from here on are kept once. Source: as conformance.contract.exchange."""

INJECTED = "citytwin-fault"
"""Header by which `citytwin fault-proxy` names what it did to an answer. Source: scenarios.faults.answers."""

UNSENT, NO_TOKEN = "unsent", "no_token"
"""Faults of calls that never left: too many without an answer already; the citizen could not sign in."""

FAULT_KINDS = {
    "TimeoutError": "timeout",
    "Timeout": "timeout",
    "gaierror": "name",
    "SSLError": "tls",
    "ConnectionRefusedError": "refused",
    "OSError": "closed",
    "ConnectionError": "closed",
}
"""Kinds of fault by the names of exceptions of sockets and gevent, the particular ones first."""

EARLY_S = 30.0
"""How long before its end a token is renewed. Source: none; a few requests' time-outs. Confidence C."""


@dataclass(frozen=True, slots=True)
class Said:
    """What came back; ``status`` 0 and a ``fault`` where nothing did. Names of ``headers`` may have any case."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    fault: str = ""


class Ask(NamedTuple):
    """One request: what it is called, and how it goes out; ``owner`` is the device that sends it."""

    name: str
    method: str
    url: str
    headers: dict[str, str]
    body: str
    owner: str


class Line(Protocol):
    """Where requests go."""

    def send(self, ask: Ask) -> Said:
        """Send a request and wait for what comes back; never raises for a bad service."""

    def start(self, work: Callable[..., None], *arguments: object) -> None:
        """Have work done beside all other."""

    def now_s(self) -> float:
        """Seconds since the beginning of the load."""


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float = 3600.0


class _Given(msgspec.Struct):
    id: str | None = None
    next_cursor: str | None = None


@dataclass(slots=True)
class _Holder:
    """A login: its token until when, and who waits for it."""

    token: str = ""
    until_s: float = 0.0
    waiting: list[DueCall] | None = None


@dataclass
class Sender:
    """Sends calls when they are offered; ``note`` hears of every request as it went."""

    setup: Setup
    line: Line
    note: Callable[[Measured], None]
    sent: int = 0
    answered: int = 0
    failed: int = 0
    skipped: int = 0
    _holders: dict[str, _Holder] = field(default_factory=lambda: defaultdict(_Holder))
    _given: dict[int, str] = field(default_factory=dict)
    _parked: dict[int, list[DueCall]] = field(default_factory=dict)
    _open: set[int] = field(default_factory=set)
    _etags: dict[str, str] = field(default_factory=dict)
    _bodies: dict[bytes, int] = field(default_factory=dict)
    _number: int = 0

    @property
    def waiting(self) -> int:
        """Requests without an answer yet."""
        return self.sent - self.answered

    def offer(self, call: DueCall) -> None:
        """Take a call that is due: it leaves now, or as soon as what it needs is there."""
        if call.gives:
            self._open.add(call.number)
        if call.after in self._open:
            self._parked.setdefault(call.after, []).append(call)
        else:
            self._admit(call, call.due_s)

    def _admit(self, call: DueCall, ready_s: float) -> None:
        if call.takes and call.after not in self._given:
            # What it needs was never given: in life the desk would not have asked either.
            self.skipped += 1
            self._settle(call, "")
            return
        login = self.setup.logins.get(_login_name(call.actor))
        if login is None:
            self.line.start(self._send, call, "", ready_s)
            return
        holder = self._holders[_holder_name(call.actor)]
        if holder.token and ready_s < holder.until_s:
            self.line.start(self._send, call, holder.token, ready_s)
        elif holder.waiting is not None:
            holder.waiting.append(call)
        else:
            holder.waiting = [call]
            self.line.start(self._sign_in, holder, login, call, ready_s)

    def _sign_in(self, holder: _Holder, login: Login, call: DueCall, ready_s: float) -> None:
        """Fetch a token, and let everybody go who waits for it."""
        form = login.form.replace("{}", quote(call.actor.partition(":")[2], safe=""))
        headers = {
            "authorization": login.authorization,
            "accept": "application/json",
            "content-type": "application/x-www-form-urlencoded",
        }
        ask = Ask(ISSUE_TOKEN, "POST", self.setup.token_url, headers, form, call.reader or call.actor)
        said = self._request(call, ask, ready_s)
        now_s = self.line.now_s()
        holder.token = ""
        if said.status == 200:
            try:
                token = msgspec.json.decode(said.body, type=_Token)
                holder.token, holder.until_s = token.access_token, now_s + token.expires_in - EARLY_S
            except (msgspec.DecodeError, UnicodeDecodeError):
                pass
        waiting, holder.waiting = holder.waiting or [], None
        for one in waiting:
            if holder.token:
                self.line.start(self._send, one, holder.token, now_s)
            else:
                self._never_left(one, NO_TOKEN, now_s)

    def _send(self, call: DueCall, token: str, ready_s: float) -> None:
        url = call.url.replace("{}", quote(self._given.get(call.after, ""), safe="")) if call.takes else call.url
        headers = {"accept": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        if call.body:
            headers["content-type"] = "application/json"
        if call.keyed:
            headers["idempotency-key"] = idempotency_key(self.setup, call.number)
        if call.reader in self._etags:
            headers["if-none-match"] = self._etags[call.reader]
        owner = call.reader or call.actor
        said = self._request(call, Ask(call.operation, call.method, url, headers, call.body, owner), ready_s)
        if said.status == 401 and token:
            # The next call signs in anew.
            holder = self._holders[_holder_name(call.actor)]
            holder.until_s = 0.0 if holder.token == token else holder.until_s
        if call.reader and said.status == 200 and (etag := _header(said.headers, "etag")):
            self._etags[call.reader] = etag
        self._settle(call, _taken(call, said) if call.gives and 200 <= said.status < 300 else "")

    def _request(self, call: DueCall, ask: Ask, ready_s: float) -> Said:
        sent_s = self.line.now_s()
        if self.waiting >= self.setup.most_waiting:
            said = Said(0, b"", {}, UNSENT)
        else:
            self.sent += 1
            said = self.line.send(ask)
            self.answered += 1
        self._note(call, ask.name, (ready_s, sent_s, self.line.now_s()), said)
        return said

    def _never_left(self, call: DueCall, fault: str, now_s: float) -> None:
        self._note(call, call.operation, (now_s, now_s, now_s), Said(0, b"", {}, fault))
        self._settle(call, "")

    def _settle(self, call: DueCall, given: str) -> None:
        """Keep what a call gave, and let those go that waited for it."""
        if not call.gives:
            return
        if given:
            self._given[call.number] = given
        self._open.discard(call.number)
        for one in self._parked.pop(call.number, ()):
            self._admit(one, self.line.now_s())

    def _note(self, call: DueCall, operation: str, times_s: tuple[float, float, float], said: Said) -> None:
        ready_s, sent_s, done_s = times_s
        self.failed += not 0 < said.status < 400
        number = self._number
        body, same_as = said.body, -1
        if operation == ISSUE_TOKEN:
            # Secrets are written nowhere.
            body = b""
        elif len(body) >= LONG_BODY_BYTES:
            first = self._bodies.setdefault(blake2b(body, digest_size=16).digest(), number)
            if first != number:
                body, same_as = b"", first
        puts_off = bool(said.status in (429, 503) and _header(said.headers, "retry-after"))
        self._number += 1
        self.note(
            Measured(
                call=call.number,
                operation=operation,
                actor=call.actor,
                due_s=call.due_s,
                ready_s=max(ready_s, call.due_s),
                sent_s=sent_s,
                done_s=done_s,
                status=said.status,
                fault=said.fault,
                puts_off=puts_off,
                body=body,
                same_as=same_as,
                injected=_header(said.headers, INJECTED),
            )
        )


def fault_kind(fault: BaseException) -> str:
    """How a request failed that had no answer."""
    names = {one.__name__ for one in type(fault).__mro__}
    return next((kind for name, kind in FAULT_KINDS.items() if name in names), "connection")


def _login_name(actor: str) -> str:
    kind = actor.partition(":")[0]
    return actor if kind == "association" else kind


def _holder_name(actor: str) -> str:
    """All desks share one client's token; each association and each citizen has their own."""
    return "shelter_desk" if actor.startswith("shelter_desk") else actor


def _header(headers: Mapping[str, str], name: str) -> str:
    return headers.get(name) or ""


def _taken(call: DueCall, said: Said) -> str:
    try:
        given = msgspec.json.decode(said.body, type=_Given)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return (given.id if call.gives == CHECK_IN else given.next_cursor) or ""
