"""How codes are redeemed, and by whom."""

from collections.abc import Callable, Mapping
from typing import Any

from conformance.check import check
from conformance.checks.core_oidc.grants import attempt, code_of, has_ended, is_issued, shown, works
from conformance.checks.core_oidc.redirect_uris import several_uris, wrong_uris
from conformance.context import Context
from conformance.oidc.relying_party import challenge_of
from conformance.target import Target, offers, with_sandbox, with_second_client
from conformance.text import Text
from conformance.wire import Reply

CODE_LIFE_S = 600
"""Longest life of a code, in seconds. Source: RFC 6749 4.1.2 (recommended)."""

WRONG_VERIFIERS: Mapping[str, Callable[[str], str | None]] = {
    "a wrong": lambda verifier: verifier[::-1] + "x",
    "no": lambda _: None,
    "an empty": lambda _: "",
    "the challenge as": challenge_of,
    "a shortened": lambda verifier: verifier[:-1],
    "a lengthened": lambda verifier: f"{verifier}x",
    "a swapped-case": str.swapcase,
}
"""Verifiers that are not the one of a challenge, some of them nearly."""


def with_pkce(target: Target) -> Text | None:
    """A condition: the provider says that it heeds code challenges; a city OS must."""
    if target.is_city_os:
        return None
    condition = offers("code_challenge_methods_supported", "S256")
    found: Text | None = condition(target)
    return found


@check("OIDC-007", part="twice")
def codes_work_once(ctx: Context) -> None:
    """A code that was redeemed is not redeemed again."""
    _, verifier, callback = ctx.rp.grant()
    code = str(callback.get("code"))
    with ctx.control("the code is redeemed"):
        _expect_token(ctx, ctx.rp.redeem(code, verifier))
    _refuse(ctx, "the same code again", ctx.rp.redeem(code, verifier))


@check("OIDC-007", part="made_up")
def made_up_codes(ctx: Context) -> None:
    """A made-up code is not redeemed, while another of the client is open."""
    browser = ctx.rp.new_browser()
    with ctx.control("a code that was issued is redeemed"):
        ctx.rp.sign_in(browser)
    _, verifier, callback = ctx.rp.grant(browser)
    code = str(callback.get("code"))
    altered = ("a" if code[:1] != "a" else "b") + code[1:]
    for what, wrong in (("a made-up", ctx.fresh(32)), ("an altered", altered)):
        _refuse(ctx, f"{what} code while another is open", ctx.rp.redeem(wrong, verifier))


@check("OIDC-041", part="verifier", when=(with_pkce,))
def verifier_must_fit(ctx: Context) -> None:
    """A code of a request with a challenge is not redeemed without the verifier of that challenge."""
    browser = ctx.rp.new_browser()
    with ctx.control("a code is redeemed with its verifier"):
        ctx.rp.sign_in(browser)
    for what, alter in WRONG_VERIFIERS.items():
        _, verifier, callback = ctx.rp.grant(browser)
        _refuse(ctx, f"{what} code_verifier", ctx.rp.redeem(str(callback.get("code")), alter(verifier)))


@check("OIDC-041", part="downgrade", when=(with_pkce,))
def verifier_without_challenge(ctx: Context) -> None:
    """A code of a request without a challenge is not redeemed with a verifier."""
    bare: dict[str, Any] = {"code_challenge": None, "code_challenge_method": None}
    code = code_of(attempt(ctx.rp, **bare))
    if code is None:
        ctx.omit("requests without code_challenge are refused", "code_challengeのない要求は拒まれる")
    with ctx.control("a code of a request without challenge is redeemed without verifier"):
        _expect_token(ctx, ctx.rp.redeem(code, None))
    second = code_of(attempt(ctx.rp, **bare))
    _refuse(ctx, "code_verifier without code_challenge", ctx.rp.redeem(str(second), ctx.fresh(48)))


@check("OIDC-042", part="client", when=(with_second_client,))
def another_client(ctx: Context) -> None:
    """A code is not redeemed by a client that it was not issued to."""
    with ctx.control("the second client redeems a code of its own"):
        ctx.second_rp.sign_in()
    _, verifier, callback = ctx.rp.grant()
    code, uri = str(callback.get("code")), ctx.rp.client.redirect_uri
    _refuse(ctx, "a code of another client", ctx.second_rp.redeem(code, verifier, redirect_uri=uri))


@check("OIDC-042", part="redirect_uri")
def another_redirect_uri(ctx: Context) -> None:
    """A code is not redeemed with another redirect_uri than that of its request."""
    browser = ctx.rp.new_browser()
    with ctx.control("a code is redeemed with its redirect_uri"):
        ctx.rp.sign_in(browser)
    uri = ctx.rp.client.redirect_uri
    others = [one for one in ctx.rp.client.redirect_uris if one != uri][:2]
    near = (wrong_uris(uri)[name] for name in ("another path", "another host", "a longer path", "an added query"))
    for other in (*others, *near):
        _, verifier, callback = ctx.rp.grant(browser)
        reply = ctx.rp.redeem(str(callback.get("code")), verifier, redirect_uri=other)
        _refuse(ctx, f"redirect_uri={other}", reply)


@check("OIDC-042", part="no_redirect_uri", when=(several_uris,))
def missing_redirect_uri(ctx: Context) -> None:
    """Where a client has several redirect URIs, a code is not redeemed without naming that of its request."""
    browser = ctx.rp.new_browser()
    with ctx.control("a code is redeemed with its redirect_uri"):
        ctx.rp.sign_in(browser)
    _, verifier, callback = ctx.rp.grant(browser)
    _refuse(ctx, "no redirect_uri", ctx.rp.redeem(str(callback.get("code")), verifier, redirect_uri=None))


@check("OIDC-043", when=(with_sandbox,), alone=True)
def codes_end(ctx: Context) -> None:
    """A code of more than ten minutes ago is not redeemed."""
    box = ctx.sandbox
    with ctx.control("a fresh code is redeemed"):
        ctx.rp.sign_in()
    _, verifier, callback = ctx.rp.grant()
    box.advance(CODE_LIFE_S + 1)
    _refuse(ctx, "a code of ten minutes ago", ctx.rp.redeem(str(callback.get("code")), verifier))


@check("OIDC-045", when=(offers("userinfo_endpoint"),))
def replay_ends_tokens(ctx: Context) -> None:
    """When a code comes again, the tokens that it gave end."""
    session = ctx.rp.sign_in()
    with ctx.control("the access token works"):
        ctx.require("UserInfo", works(ctx.rp, session.access_token), expected="claims", actual="none")
    reply = ctx.rp.redeem(str(session.callback.get("code")), session.verifier)
    with ctx.control("the code is refused the second time"):
        ctx.require("the same code again", not is_issued(reply), expected="an error", actual=shown(reply))
    ended = has_ended(ctx.rp, session.access_token)
    ctx.refused("the access token after a replay", ended, expected="refused by UserInfo", actual="still works")


def _expect_token(ctx: Context, reply: Reply) -> None:
    ctx.require("token response", is_issued(reply), expected="a token", actual=shown(reply))


def _refuse(ctx: Context, what: str, reply: Reply) -> None:
    ctx.refused(what, not is_issued(reply), expected="no token", actual=shown(reply))
