"""What the authorization endpoint takes and refuses."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from conformance.check import check
from conformance.checks.core_oidc.grants import (
    attempt,
    code_of,
    error_of,
    is_issued,
    rp_verifier,
    scopes_to_ask,
    seen,
    shown,
)
from conformance.context import Context
from conformance.oidc.browser import Arrival, Browser, Callback
from conformance.oidc.relying_party import told

RESPONSE_TYPES = ("token", "id_token", "code token", "code id_token", "id_token token")
"""Response types that hand tokens to the browser. Source: OAuth 2.0 Multiple Response Type Encoding Practices 5."""

TOKENS = ("access_token", "id_token")
"""What a callback must never bring."""

REPEATED = ("state", "scope", "nonce", "redirect_uri", "client_id", "response_type")
"""Parameters that a request may hold once only. Source: RFC 6749 3.1."""


def tokens_of(arrival: Arrival | None) -> list[str]:
    """Names of the tokens that a callback brings."""
    return [name for name in TOKENS if isinstance(arrival, Callback) and arrival.get(name)]


@check("OIDC-004", part="response_type")
def only_codes(ctx: Context) -> None:
    """Requests of response types other than code bring no token to the browser."""
    with ctx.control("a request of response_type code is taken"):
        ctx.rp.grant()
    for wanted in RESPONSE_TYPES:
        arrival = attempt(ctx.rp, response_type=wanted)
        ctx.refused(f"response_type={wanted}", not tokens_of(arrival), expected="no token", actual=seen(arrival))


@check("OIDC-004", part="password")
def no_passwords_at_the_token_endpoint(ctx: Context) -> None:
    """The password of a person who can sign in brings no token at the token endpoint."""
    with ctx.control("the person can sign in"):
        ctx.rp.sign_in()
    person = ctx.city.person()
    form = {"grant_type": "password", "username": person.user, "password": person.password}
    clients = [ctx.rp.client, *(one for one in ctx.target.accounts if one.auth_method != "private_key_jwt")]
    for account in clients:
        reply = ctx.rp.as_client(account).token(**form)
        what = f"grant_type=password of the client {account.client_id}"
        ctx.refused(what, not is_issued(reply), expected="an error", actual=shown(reply))


@check("OIDC-005")
def challenge_is_demanded(ctx: Context) -> None:
    """Requests without a challenge of method S256 bring no code."""
    with ctx.control("a request with S256 is taken"):
        ctx.rp.grant()
    wrong: Mapping[str, Mapping[str, Any]] = {
        "no code_challenge": {"code_challenge": None, "code_challenge_method": None},
        "code_challenge_method=plain": {"code_challenge": rp_verifier(), "code_challenge_method": "plain"},
        "no code_challenge_method, which means plain": {"code_challenge_method": None},
        "an unknown code_challenge_method": {"code_challenge_method": "S1"},
        "an empty code_challenge": {"code_challenge": ""},
    }
    for what, changed in wrong.items():
        arrival = attempt(ctx.rp, **changed)
        ctx.refused(what, code_of(arrival) is None, expected="an error", actual=seen(arrival))


@check("OIDC-032", part="authorization")
def unknown_parameters_do_no_harm(ctx: Context) -> None:
    """Requests with parameters that a provider need not know, or need not heed, bring a code."""
    browser = ctx.rp.new_browser()
    with ctx.control("a request without them is taken"):
        ctx.rp.grant(browser)
    acr_values = ctx.target.metadata.get("acr_values_supported")
    advertised = " ".join(map(str, acr_values)) if isinstance(acr_values, list) else "1 2"
    given = [("citytwin_extra", ctx.fresh())]
    given += [("display", name) for name in ("page", "popup", "touch", "wap")]
    given += [("ui_locales", "ja en"), ("ui_locales", "se"), ("claims_locales", "ja"), ("claims_locales", "se")]
    given += [("acr_values", "urn:citytwin:made-up 1"), ("acr_values", advertised)]
    given += [("login_hint", f"{ctx.fresh()}@example.org")]
    for name, value in given:
        end = ctx.rp.authorize(ctx.rp.request(rp_verifier(), **{name: value}), browser)
        ctx.require(f"a request with {name}={value}", code_of(end), expected="a code", actual=told(end))


@check("OIDC-032", part="token")
def unknown_parameters_of_token_requests(ctx: Context) -> None:
    """A token request with an unknown parameter is answered as one without."""
    browser = ctx.rp.new_browser()
    with ctx.control("a token request without it is taken"):
        ctx.rp.sign_in(browser)
    _, verifier, callback = ctx.rp.grant(browser)
    reply = ctx.rp.redeem(str(callback.get("code")), verifier, citytwin_extra=ctx.fresh())
    ctx.require("a token request with citytwin_extra", is_issued(reply), expected="a token", actual=shown(reply))


@check("OIDC-033")
def order_means_nothing(ctx: Context) -> None:
    """The same scopes in another order, and the same parameters in another order, bring the same."""
    scopes = ["openid", *scopes_to_ask(ctx)[:2]]
    browser = ctx.rp.new_browser()
    with ctx.control("the scopes are granted in their usual order"):
        first = ctx.rp.sign_in(browser, scope=" ".join(scopes))
    second = _signed_in_backwards(ctx, " ".join(reversed([*scopes])))
    ctx.expect("scopes granted", expected=_granted(first.tokens, scopes), actual=_granted(second, scopes))


@check("OIDC-034", part="unknown")
def unknown_response_type(ctx: Context) -> None:
    """A made-up response_type is told to the client as unsupported_response_type."""
    with ctx.control("a request of response_type code is taken"):
        ctx.rp.grant()
    arrival = attempt(ctx.rp, response_type=f"citytwin_{ctx.fresh(4).replace('-', '_')}")
    ctx.refused("a made-up response_type", code_of(arrival) is None, expected="no code", actual=seen(arrival))
    error = error_of(arrival) or seen(arrival)
    ctx.refused("error", error == "unsupported_response_type", expected="unsupported_response_type", actual=error)


@check("OIDC-034", part="missing")
def missing_response_type(ctx: Context) -> None:
    """A request without response_type is told to the client, or to the person, as an error."""
    with ctx.control("a request with response_type is taken"):
        ctx.rp.grant()
    arrival = attempt(ctx.rp, response_type=None)
    ctx.refused("no response_type", code_of(arrival) is None, expected="no code", actual=seen(arrival))
    if isinstance(arrival, Callback):
        # A provider may tell the person instead, since the response mode is not known.
        error, right = arrival.get("error"), ("invalid_request", "unsupported_response_type")
        ctx.refused("error", error in right, expected=f"one of {right}", actual=error)


@check("OIDC-036")
def get_and_post(ctx: Context) -> None:
    """The same request is taken by GET and by POST, and its code comes in the query of the redirect URI."""
    for method in ("GET", "POST"):
        end = ctx.rp.authorize(ctx.rp.request(rp_verifier()), method=method)
        ctx.require(f"a request by {method}", code_of(end), expected="a code", actual=told(end))
        place = urlsplit(end.url).query if isinstance(end, Callback) else ""
        ctx.require(f"query of the callback, by {method}", "code=" in place, expected="the code", actual=told(end))


@check("OIDC-037", part="authorization")
def repeated_parameters(ctx: Context) -> None:
    """An authorization request that holds a parameter twice brings no code."""
    browser = ctx.rp.new_browser()
    with ctx.control("the request with each parameter once is taken"):
        ctx.rp.grant(browser)
    for name in REPEATED:
        request = ctx.rp.request(rp_verifier())
        other = ctx.fresh() if name in ("state", "nonce") else request[name]
        arrival = _attempt_twice(ctx, browser, name, [request[name], other])
        ctx.refused(f"{name} twice", code_of(arrival) is None, expected="an error", actual=seen(arrival))


@check("OIDC-037", part="token")
def repeated_parameters_of_token_requests(ctx: Context) -> None:
    """A token request that holds a parameter twice brings no token."""
    browser = ctx.rp.new_browser()
    with ctx.control("the request with each parameter once is taken"):
        ctx.rp.sign_in(browser)
    for name in ("grant_type", "code", "redirect_uri"):
        _, verifier, callback = ctx.rp.grant(browser)
        form = {
            "grant_type": "authorization_code",
            "code": callback.get("code"),
            "redirect_uri": ctx.rp.client.redirect_uri,
        }
        reply = ctx.rp.token(**{**form, "code_verifier": verifier, name: [form[name], form[name]]})
        ctx.refused(f"{name} twice", not is_issued(reply), expected="an error", actual=shown(reply))


def _attempt_twice(ctx: Context, browser: Browser, name: str, values: list[Any]) -> Arrival | None:
    changed: dict[str, Any] = {name: values}
    return attempt(ctx.rp, browser, **changed)


def _signed_in_backwards(ctx: Context, scope: str) -> Mapping[str, Any]:
    """The token response to a request whose parameters come in the opposite order."""
    request = dict(reversed([*ctx.rp.request(rp_verifier(), scope=scope).items()]))
    end = ctx.rp.authorize(request)
    ctx.require(f"a request with scope={scope}", code_of(end), expected="a code", actual=told(end))
    reply = ctx.rp.redeem(str(code_of(end)), rp_verifier())
    ctx.require("its code", is_issued(reply), expected="a token", actual=shown(reply))
    return reply.members


def _granted(tokens: Mapping[str, Any], asked: list[str]) -> list[str]:
    """The scopes that were granted; those asked for where none are told (RFC 6749 5.1)."""
    named = tokens.get("scope")
    return sorted(named.split() if isinstance(named, str) else asked)
