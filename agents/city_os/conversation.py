"""Conversation: operations of a modelled city OS from start to end - token, retry, status, counts - as Caller has them.

Tokens are those of the contract: an hour long, in whole seconds, fetched when first needed. So the same calls go over
the line as would go to a service.
"""

import math
from collections import Counter
from typing import NamedTuple

from agents.city_os.asker import Asker, AskerKind
from agents.city_os.line import FIRST_ERROR, Deed, Line, LineCall, Reply
from agents.city_os.operations import TOKEN, attempts
from agents.city_os.patience import Waited, send_patiently
from agents.city_os.port import Failure, FailureKind

TOKEN_LIFE_S = 3600
"""Source: contract C7, access tokens hold for 60 minutes."""


# A member of an enumeration is looked up much slower than a name of the module.
_ANYBODY, _CITIZEN, _DESK, _CITY_OFFICE = (
    AskerKind.ANYBODY,
    AskerKind.CITIZEN,
    AskerKind.SHELTER_DESK,
    AskerKind.CITY_OFFICE,
)
_DESKS, _OFFICE, _FIRST_ASSOCIATION = -1, -2, -3


class Outcome(NamedTuple):
    """What came of a call: what was said, or a failure; ``waited_s`` as the line counts it."""

    value: object
    failure: Failure | None
    waited_s: float


class _Token(NamedTuple):
    """When a token ends, and when its holder fetches another: whoever counts it in whole seconds is never late."""

    ends_s: float
    renewed_s: float


class Conversation:
    """Calls operations over a line; the scenario starts at ``start_s`` (Unix seconds).

    ``calls`` and ``errors`` count requests by operation, retries included.
    """

    def __init__(self, line: Line, start_s: float) -> None:
        self._line = line
        self._start_s = start_s
        self._held: dict[int, _Token] = {}
        self.calls: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()

    def say(self, call: LineCall, do: Deed) -> Outcome:
        """Call an operation; never raises because a line is at fault."""
        waited = Waited()
        reply = self._authorised(call, do, waited)
        if isinstance(reply, Failure):
            return Outcome(None, reply, waited.seconds)
        if reply.status >= FIRST_ERROR:
            return Outcome(None, Failure(FailureKind.STATUS, reply.status), waited.seconds)
        return Outcome(reply.value, None, waited.seconds)

    def record(self, call: LineCall, reply: Reply | None) -> None:
        """Count one request and tell whoever waits for it what was answered."""
        operation = call.use.operation
        self.calls[operation] += 1
        if reply is None or reply.status >= FIRST_ERROR:
            self.errors[operation] += 1
        if reply is not None:
            call.heard(reply.status)

    def _authorised(self, call: LineCall, do: Deed, waited: Waited) -> Reply | Failure:
        if call.asker.kind is _ANYBODY:
            return self._exchange(call, do, waited)
        reply = self._with_token(call, do, waited, renew=False)
        if isinstance(reply, Reply) and reply.status == 401:
            return self._with_token(call, do, waited, renew=True)
        return reply

    def _with_token(self, call: LineCall, do: Deed, waited: Waited, *, renew: bool) -> Reply | Failure:
        holder = _holder(call.asker)
        held = self._held.get(holder)
        if held is None or renew or call.at_s >= held.renewed_s:
            refused = self._fetch(holder, LineCall(TOKEN, call.asker, call.at_s), waited)
            if refused is not None:
                return refused
            held = self._held[holder]
        call.holds_until_s = held.ends_s
        return self._exchange(call, do, waited)

    def _fetch(self, holder: int, call: LineCall, waited: Waited) -> Failure | None:
        reply = self._exchange(call, _issued, waited)
        if isinstance(reply, Failure):
            return reply
        if reply.status != 200:
            return Failure(FailureKind.STATUS, reply.status, "no token was issued")
        now_s = self._start_s + call.at_s
        ends_s = math.floor(now_s) + TOKEN_LIFE_S
        self._held[holder] = _Token(ends_s - self._start_s, call.at_s + ends_s - math.ceil(now_s))
        return None

    def _exchange(self, call: LineCall, do: Deed, waited: Waited) -> Reply | Failure:
        use = call.use
        return send_patiently(
            lambda: self._line.send(call, do),
            lambda reply, _: self.record(call, reply),
            attempts=attempts(use.method, keyed=use.keyed, repeatable=use.repeatable),
            waited=waited,
        )


def _holder(asker: Asker) -> int:
    """A number for each who holds a token; all desks share one."""
    # Identity, since the hash of an enumeration's member takes longer than all the rest.
    if asker.kind is _CITIZEN:
        return asker.row
    if asker.kind is _DESK:
        return _DESKS
    return _OFFICE if asker.kind is _CITY_OFFICE else _FIRST_ASSOCIATION - asker.row


def _issued(_received_s: float, _observed_s: float) -> Reply:
    return Reply(200)
