"""Clients that a check registers for itself, and removes again."""

from typing import Any

from conformance.accounts import ClientAccount
from conformance.context import Context
from conformance.errors import PlanError
from conformance.oidc.relying_party import RelyingParty
from conformance.survey import register


def registered(ctx: Context, **changed: Any) -> RelyingParty:
    """A client of the check's own, with the same person at the browser; removed when the check ends.

    Raises:
        NotApplicable: The provider offers no registration.
        Unmet: It registers no such client.
    """
    if not ctx.target.endpoint("registration_endpoint"):
        ctx.omit("the metadata have no registration_endpoint", "メタデータに registration_endpoint がない")
    try:
        account = register(ctx.wire, ctx.target.metadata, **changed)
    except PlanError as reason:
        ctx.skip(f"no client could be registered: {reason}", f"クライアントを登録できない: {reason}")
    ctx.afterwards(lambda: remove(ctx, account))
    return ctx.rp.as_client(account)


def remove(ctx: Context, account: ClientAccount) -> None:
    """Remove a registered client, where the provider lets clients be removed (RFC 7592 2.3)."""
    if account.registration_uri:
        headers = {"authorization": f"Bearer {account.registration_token}"}
        ctx.wire.send("DELETE", account.registration_uri, headers=headers)
