"""What services of third parties learn of each other's tokens."""

from conformance.check import check
from conformance.context import Context
from conformance.target import of_city_os, offers, with_second_client
from conformance.text import Text


@check("OIDC-078", when=(of_city_os, offers("introspection_endpoint"), with_second_client))
def tokens_of_others(ctx: Context) -> None:
    """A service that asks about another service's live token is told active:false, and nothing else."""
    token = ctx.rp.sign_in().access_token
    what = Text("a live token, asked about by its own client", "有効なトークンを、それを得たクライアントが照会")
    with ctx.control(what):
        reply = ctx.rp.introspect(token)
        ctx.expect(what, expected=True, actual=reply.members.get("active"))
    reply = ctx.second_rp.introspect(token)
    what = Text("a live token, asked about by another service", "有効なトークンを、別のサービスが照会")
    ctx.refused(what, dict(reply.members) == {"active": False}, expected={"active": False}, actual=reply.text[:200])
