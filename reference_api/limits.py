"""Quotas: how many requests a caller may make in a minute, said on every answer.

Counted by each worker for itself: several workers admit as many times the quota.
Source: draft-ietf-httpapi-ratelimit-headers; contract C6, C7.
"""

import hashlib
import math
from dataclasses import dataclass, field

from reference_api.call import Token
from reference_api.errors import ApiError

WINDOW_S = 60
"""Length of a window. Source: none; short enough that a caller who overdid it is soon served again. Confidence C."""


@dataclass(slots=True)
class Quota:
    """Counts the requests of each caller in windows of a minute.

    ``subject_limit`` is for one person's calls through one client, ``client_limit`` for a client's own (a minute).
    """

    subject_limit: int
    client_limit: int
    _window: int = 0
    _counts: dict[tuple[str, str | None], int] = field(default_factory=dict)

    def count(self, token: Token, now_s: float) -> tuple[int, int, int]:
        """Count a request: limit, what remains (below 0: the limit was passed), and seconds until the next window."""
        window = int(now_s // WINDOW_S)
        if window != self._window:
            self._window = window
            self._counts.clear()
        limit = self.client_limit if token.subject is None else self.subject_limit
        key = (token.client_id, token.subject)
        used = self._counts.get(key, 0) + 1
        self._counts[key] = used
        return limit, limit - used, math.ceil((window + 1) * WINDOW_S - now_s)


POLL_FLOOR_S = 15.0
"""Under load in a disaster, how often one caller may read the same thing. Source: contract C7, class P1."""

REMEMBERED_POLLS = 200_000
"""Four for each of the 50,000 IDs that the contract is sized for (C7); about 60 MB."""


@dataclass(slots=True)
class PollFloor:
    """Remembers when each caller read each address last, while the service is reduced."""

    _last_s: dict[tuple[str, str | None, bytes], float] = field(default_factory=dict)

    def check(self, token: Token, url: str, now_s: float, *, reduced_s: float = POLL_FLOOR_S) -> None:
        """Let a read pass if the same was not read within the last 15 s.

        ``reduced_s``: for how long the service will probably be reduced; nobody need wait longer.

        Raises:
            ApiError: quota-exceeded.
        """
        digest = hashlib.blake2b(url.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        key = (token.client_id, token.subject, digest)
        wait_s = self._last_s.get(key, -math.inf) + POLL_FLOOR_S - now_s
        if wait_s > 0:
            wait_s = min(wait_s, reduced_s)
            headers = {
                "ratelimit-policy": f'"poll";q=1;w={POLL_FLOOR_S:.0f}',
                "ratelimit": f'"poll";r=0;t={math.ceil(wait_s)}',
            }
            raise quota_exceeded("poll", headers, math.ceil(wait_s))
        if len(self._last_s) >= REMEMBERED_POLLS:
            self._last_s.clear()
        self._last_s[key] = now_s


def quota_headers(limit: int, remaining: int, reset_s: int) -> dict[str, str]:
    """The RateLimit fields. Source: draft-ietf-httpapi-ratelimit-headers, sections 3 and 4; RFC 9651."""
    return {
        "ratelimit-policy": f'"requests";q={limit};w={WINDOW_S}',
        "ratelimit": f'"requests";r={max(remaining, 0)};t={reset_s}',
    }


def quota_exceeded(policy: str, headers: dict[str, str], reset_s: int) -> ApiError:
    """The problem of a caller who asked more often than a policy allows."""
    return ApiError(
        "quota-exceeded",
        f"ask again in {reset_s} s",
        headers={**headers, "retry-after": str(reset_s)},
        members={"violated-policies": [policy]},
    )
