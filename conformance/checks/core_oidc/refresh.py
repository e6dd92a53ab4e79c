"""What refresh tokens are good for."""

from conformance.check import check
from conformance.checks.core_oidc.grants import OFFLINE, is_issued, refreshable, scopes_to_ask, shown
from conformance.context import Context
from conformance.oidc.relying_party import Session
from conformance.target import Target, with_second_client
from conformance.text import Text
from conformance.wire import Reply


def of_no_city_os(target: Target) -> Text | None:
    """A condition: the target is no city OS, for which another requirement demands more."""
    text = Text("a city OS must do more (see the requirement)", "都市OSにはより厳しい要件がある(要件を参照)")
    return text if target.is_city_os else None


def replaced(reply: Reply, before: str) -> str:
    """The refresh token to go on with (RFC 6749 6: the new one if there is one)."""
    return str(reply.members.get("refresh_token", before))


@check("OIDC-016", part="replaced")
def refresh_tokens_are_replaced(ctx: Context) -> None:
    """Each refresh brings another refresh token, which works."""
    token = refreshable(ctx).refresh_token
    seen = [token]
    for _ in range(3):
        reply = _refreshed(ctx, seen[-1])
        seen.append(replaced(reply, seen[-1]))
    ctx.expect("different refresh tokens after three uses", expected=len(seen), actual=len(set(seen)))


@check("OIDC-016", part="reuse")
def reuse_ends_the_family(ctx: Context) -> None:
    """A refresh token that was used does not work again, and then the newest of its family does not either."""
    old = refreshable(ctx).refresh_token
    new = replaced(_refreshed(ctx, old), old)
    if new == old:
        ctx.skip(
            "the refresh token was not replaced (OIDC-016.replaced)", "更新トークンが替わらない(OIDC-016.replaced)"
        )
    again = ctx.rp.refresh(old)
    ctx.refused("a refresh token that was used", not is_issued(again), expected="no token", actual=shown(again))
    newest = ctx.rp.refresh(new)
    ctx.refused("the newest one after that", not is_issued(newest), expected="no token", actual=shown(newest))


@check("OIDC-080", when=(of_no_city_os,))
def replaced_ones_do_not_work(ctx: Context) -> None:
    """A refresh token that was replaced does not work again."""
    old = refreshable(ctx).refresh_token
    if replaced(_refreshed(ctx, old), old) == old:
        ctx.omit("refresh tokens are not replaced", "更新トークンを替えない提供者である")
    again = ctx.rp.refresh(old)
    ctx.refused("a refresh token that was replaced", not is_issued(again), expected="no token", actual=shown(again))


@check("OIDC-046", part="wider")
def scope_cannot_grow(ctx: Context) -> None:
    """A refresh with a scope that was not granted does not grant it."""
    session = refreshable(ctx)
    token = replaced(_refreshed(ctx, session.refresh_token), session.refresh_token)
    granted = _granted(session)
    extra = next((name for name in scopes_to_ask(ctx) if name not in granted), "citytwin.made-up")
    wanted = f"openid {extra}"
    reply = ctx.rp.refresh(token, scope=wanted)
    told = str(reply.members.get("scope", wanted)).split()
    grown = is_issued(reply) and extra in told
    ctx.refused(f"a refresh with scope={wanted}", not grown, expected=f"nothing of {extra}", actual=shown(reply))


@check("OIDC-046", part="narrower")
def scope_may_shrink(ctx: Context) -> None:
    """A refresh with a part of the scope that was granted is taken."""
    scopes = scopes_to_ask(ctx)[:1]
    session = refreshable(ctx, " ".join([OFFLINE, *scopes]))
    reply = ctx.rp.refresh(session.refresh_token, scope="openid")
    ctx.require("a refresh with scope=openid", is_issued(reply), expected="a token", actual=shown(reply))


@check("OIDC-079", when=(with_second_client,))
def bound_to_the_client(ctx: Context) -> None:
    """A refresh token brings nothing to another client."""
    session = refreshable(ctx)
    token = replaced(_refreshed(ctx, session.refresh_token), session.refresh_token)
    with ctx.control("the second client is let in"):
        ctx.second_rp.sign_in()
    reply = ctx.second_rp.refresh(token)
    ctx.refused("a refresh token of another client", not is_issued(reply), expected="no token", actual=shown(reply))


def _refreshed(ctx: Context, token: str) -> Reply:
    """The control of all of these: a refresh token that is right works."""
    reply = ctx.rp.refresh(token)
    with ctx.control("the refresh token works"):
        ctx.require("refresh", is_issued(reply), expected="a token", actual=shown(reply))
    return reply


def _granted(session: Session) -> list[str]:
    named = session.tokens.get("scope", session.request.get("scope", ""))
    return str(named).split()
