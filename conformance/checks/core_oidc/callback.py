"""What the provider says in the callback."""

from conformance.check import check
from conformance.context import Context


@check("OIDC-011")
def state_comes_back(ctx: Context) -> None:
    """The callback repeats the state of the request, character by character."""
    state = f"{ctx.fresh()}.~-_ {ctx.fresh()}&="
    _, _, callback = ctx.rp.grant(state=state)
    ctx.expect("state in the callback", expected=state, actual=callback.get("state"))
