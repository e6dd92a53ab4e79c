"""What the provider says in the callback."""

import math
from collections.abc import Sequence
from typing import Any

from conformance.check import check
from conformance.checks.core_oidc.grants import attempt
from conformance.context import Context
from conformance.oidc.browser import Callback

CODES = 6
"""Codes compared: with six, one place of random hexadecimal digits is the same in all once in a million."""

BITS = 128
"""Least entropy of a code, in bits. Source: RFC 6749 10.10."""

ALPHABETS = ("0123456789", "0123456789abcdef", "0123456789abcdefghijklmnopqrstuvwxyz", "0123456789ABCDEF")


@check("OIDC-011", part="success")
def state_comes_back(ctx: Context) -> None:
    """The callback repeats the state of the request, character by character, and asks for none."""
    browser = ctx.rp.new_browser()
    for state in (f"{ctx.fresh()}.~-_ {ctx.fresh()}&=%2B+\"'<>", ctx.fresh(96)):
        _, _, callback = ctx.rp.grant(browser, state=state)
        ctx.expect("state in the callback", expected=[state], actual=_values(callback, "state"))


@check("OIDC-011", part="error")
def state_comes_back_with_errors(ctx: Context) -> None:
    """A callback that tells an error repeats the state."""
    state = f"{ctx.fresh()} &=+"
    ctx.expect("state in an error", expected=[state], actual=_values(_refused(ctx, state), "state"))


@check("OIDC-012", part="success")
def iss_is_told(ctx: Context) -> None:
    """The callback with a code names the issuer."""
    _, _, callback = ctx.rp.grant()
    _expect_iss(ctx, callback)


@check("OIDC-012", part="error")
def iss_is_told_with_errors(ctx: Context) -> None:
    """The callback that tells an error names the issuer."""
    _expect_iss(ctx, _refused(ctx, ctx.fresh()))


@check("OIDC-035")
def codes_cannot_be_guessed(ctx: Context) -> None:
    """Codes of several sign-ins differ in so many places that 128 bits fit there."""
    browser = ctx.rp.new_browser()
    codes = [str(ctx.rp.grant(browser)[2].get("code")) for _ in range(CODES)]
    ctx.expect("different codes", expected=CODES, actual=len(set(codes)))
    bits = entropy_bits(codes)
    ctx.require("entropy of a code", bits >= BITS, expected=f"at least {BITS} bits", actual=f"{bits:.0f} bits at most")


def entropy_bits(codes: Sequence[str]) -> float:
    """The most entropy that codes can have, in bits: places that differ among them, by their alphabet."""
    shortest = min(map(len, codes))
    differing = ["".join(one[place] for one in codes) for place in range(shortest)]
    differing = [column for column in differing if len(set(column)) > 1]
    used = set("".join(differing))
    fitting = [len(alphabet) for alphabet in ALPHABETS if used <= set(alphabet)]
    size = min(fitting, default=62 if all(one.isalnum() for one in used) else 64 + len(used - _BASE64URL))
    longer = sum(map(len, codes)) / len(codes) - shortest
    return (len(differing) + longer) * math.log2(size)


_BASE64URL = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def _values(callback: Callback, name: str) -> list[str]:
    return [value for key, value in callback.parameters if key == name]


def _refused(ctx: Context, state: str) -> Callback:
    """An error that the client is told of: nobody is signed in and no page may be shown, or the request is faulty."""
    faulty: tuple[dict[str, Any], ...] = ({"prompt": "none"}, {"response_type": "no"})
    arrivals = (attempt(ctx.rp, state=state, **changed) for changed in faulty)
    told = (one for one in arrivals if isinstance(one, Callback) and one.get("error"))
    found = next(told, None)
    if found is None:
        ctx.skip("no error was sent to the client", "誤りがクライアントに伝えられない")
    return found


def _expect_iss(ctx: Context, callback: Callback) -> None:
    values = _values(callback, "iss")
    promised = ctx.target.metadata.get("authorization_response_iss_parameter_supported") is True
    if not values and not promised and not ctx.target.is_city_os:
        ctx.omit("the provider does not say that it sends iss (RFC 9207)", "issを送ると宣言していない(RFC 9207)")
    ctx.expect("iss in the callback", expected=[ctx.target.issuer], actual=values)
