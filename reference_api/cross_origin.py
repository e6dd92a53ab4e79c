"""Requests of web pages from other origins (CORS): any page may call the API, with a token it holds, never a cookie.

Source: WHATWG Fetch, section CORS protocol; RFC 6750 (bearer tokens are no ambient authority, so any origin is safe).
"""

from collections.abc import Iterable, Mapping

from reference_api.call import Reply

ALLOW_ANY = {"access-control-allow-origin": "*"}
REQUEST_HEADERS = (
    "accept-language, authorization, content-type, idempotency-key, if-match, if-none-exist, if-none-match, prefer"
)
RESPONSE_HEADERS = "etag, link, location, retry-after, ratelimit, ratelimit-policy, city-os-shedding, www-authenticate"
PREFLIGHT_AGE_S = 600
"""How long a browser may remember the answer. Source: none; browsers cap it at 600 to 7,200 s. Confidence C."""


def preflight(methods: Iterable[str], asked: str | None) -> Reply:
    """The answer to OPTIONS: which methods there are, and, to a browser that asks, what a page may send."""
    allowed = ", ".join(sorted({*methods, "OPTIONS"}))
    if asked is None:
        return Reply(status=204, headers={"allow": allowed})
    return Reply(
        status=204,
        headers={
            **ALLOW_ANY,
            "access-control-allow-methods": allowed,
            "access-control-allow-headers": REQUEST_HEADERS,
            "access-control-max-age": str(PREFLIGHT_AGE_S),
        },
    )


def exposed(headers: Mapping[str, str]) -> Mapping[str, str]:
    """An answer's headers, with what lets a page of another origin read them."""
    return {**headers, **ALLOW_ANY, "access-control-expose-headers": RESPONSE_HEADERS}
