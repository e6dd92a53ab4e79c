"""Pairwise subjects: services cannot find out together that a person is the same."""

from conformance.check import check
from conformance.checks.core_oidc.own_clients import registered
from conformance.context import Context
from conformance.oidc.relying_party import RelyingParty
from conformance.target import offers, with_second_client
from conformance.text import Text

PAIRWISE = offers("subject_types_supported", "pairwise")


def sub_at(rp: RelyingParty) -> str:
    """How a client knows the person."""
    return str(rp.sign_in().id_token.claims.get("sub"))


def _own(ctx: Context, host: str) -> RelyingParty:
    uri = f"https://{host}/callback"
    return registered(ctx, subject_type="pairwise", redirect_uris=[uri])


@check("OIDC-025", when=(PAIRWISE, offers("registration_endpoint")))
def by_sector(ctx: Context) -> None:
    """Clients of one host know a person by one sub, a client of another host by another."""
    name = ctx.fresh(5).lower().replace("_", "a").replace("-", "b")
    first, host = _own(ctx, f"a{name}.example"), f"a{name}.example"
    known = sub_at(first)
    ctx.expect("sub at the second sign-in", expected=known, actual=sub_at(first))
    ctx.expect(
        Text("sub at another client of the same sector", "同じセクターの別のクライアントでのsub"),
        expected=known,
        actual=sub_at(_own(ctx, host)),
    )
    _differs(ctx, known, sub_at(_own(ctx, f"b{name}.example")))


@check("OIDC-025", "plan", when=(PAIRWISE, with_second_client))
def by_client_of_the_plan(ctx: Context) -> None:
    """The plan's two clients, of different sectors, know a person by different subs, always the same."""
    if not ctx.target.is_city_os and "public" in ctx.target.metadata["subject_types_supported"]:
        ctx.omit(
            "subs may also be public here, and which the plan's clients get is not known",
            "publicなsubもあり、計画のクライアントがどちらかは分からない",
        )
    if not ctx.target.is_city_os and not _of_different_hosts(ctx):
        ctx.omit("the plan's clients are of one sector", "計画のクライアントは同じセクターである")
    known, other = sub_at(ctx.rp), sub_at(ctx.second_rp)
    ctx.expect("sub at the second sign-in", expected=known, actual=sub_at(ctx.rp))
    ctx.expect("sub at the second client's second sign-in", expected=other, actual=sub_at(ctx.second_rp))
    _differs(ctx, known, other)


def _of_different_hosts(ctx: Context) -> bool:
    hosts = [
        uri.partition("://")[2].partition("/")[0]
        for uri in (ctx.rp.client.redirect_uri, ctx.second_rp.client.redirect_uri)
    ]
    return hosts[0] != hosts[1]


def _differs(ctx: Context, known: str, other: str) -> None:
    what = Text("sub at a client of another sector", "別のセクターのクライアントでのsub")
    ctx.require(what, known != other, expected=f"other than {known}", actual=other)
