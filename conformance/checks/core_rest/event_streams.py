"""Event streams: endpoints that a client registers for itself."""

from collections.abc import Mapping

from conformance.accounts import ClientAccount
from conformance.check import check
from conformance.context import Context
from conformance.generated.making import Making
from conformance.generated.offer import may_write, offers_operation
from conformance.text import Text

STREAMS = offers_operation("createEventStream", "listEventStreams", "getEventStream", "deleteEventStream")


def _clients(ctx: Context) -> list[ClientAccount]:
    """Two clients that may register endpoints."""
    found = [
        account
        for role in ("association", "city_office")
        for account in ctx.target.of_role(role)
        if "events.subscribe" in account.scopes or "client_credentials" in account.grant_types
    ]
    if len(found) < 2:
        ctx.omit("needs two clients that may register endpoints", "宛先を登録できるクライアントが二つ要る")
    return found[:2]


def _ids(ctx: Context, client: ClientAccount) -> list[str]:
    return [str(one.get("id")) for one in ctx.city.items("listEventStreams", client)]


def _registered(ctx: Context, client: ClientAccount) -> tuple[Mapping[str, str], dict[str, object]]:
    body = Making(ctx).request("createEventStream").body
    reply = ctx.city.call("createEventStream", client, body)
    with ctx.control("an endpoint is registered"):
        ctx.expect_status("createEventStream", reply, 201)
    path = {"stream_id": str(reply.members.get("id"))}
    ctx.afterwards(lambda: ctx.city.call("deleteEventStream", client, path=path))
    return path, body


@check("REST-047", when=(may_write, STREAMS))
def streams_come_and_go(ctx: Context) -> None:
    """An endpoint is registered, listed, read, verified and deleted; after that it is neither listed nor read."""
    client = _clients(ctx)[0]
    path, body = _registered(ctx, client)
    number = path["stream_id"]
    read = ctx.city.call("getEventStream", client, path=path)
    ctx.expect_status(Text("an endpoint, read by its client", "宛先の確認"), read, 200)
    for name in ("url", "events"):
        ctx.expect(f"{name} of the endpoint", expected=body[name], actual=read.members.get(name))
    ctx.expect_in(Text("endpoints listed", "宛先の一覧"), expected=_ids(ctx, client), actual=number)
    verified = ctx.city.call("verifyEventStream", client, path=path)
    ctx.expect_status(Text("a verification", "宛先への確認の送信"), verified, 202, 200)
    ctx.require(
        "state of the verification",
        verified.members.get("state"),
        expected="what the event will carry",
        actual=verified.text[:120],
    )
    gone = ctx.city.call("deleteEventStream", client, path=path)
    ctx.expect_in(Text("deletion of an endpoint", "宛先の削除"), expected=range(200, 300), actual=gone.status)
    ctx.refused_status(
        Text("a deleted endpoint", "消した宛先"), ctx.city.call("getEventStream", client, path=path), 404, 410
    )
    listed = _ids(ctx, client)
    ctx.refused(
        "endpoints listed after the deletion", number not in listed, expected=f"without {number}", actual=listed
    )


@check("REST-047", "others", when=(may_write, STREAMS))
def streams_are_of_their_client(ctx: Context) -> None:
    """Another client neither sees an endpoint, nor verifies it, nor deletes it."""
    mine, other = _clients(ctx)
    path, _ = _registered(ctx, mine)
    number = path["stream_id"]
    ctx.refused(
        Text("the endpoint in another client's list", "別のクライアントの一覧の宛先"),
        number not in _ids(ctx, other),
        expected="not there",
        actual=number,
    )
    for operation in ("getEventStream", "verifyEventStream", "deleteEventStream"):
        reply = ctx.city.call(operation, other, path=path)
        ctx.refused_status(Text(f"{operation} by another client", f"別のクライアントの {operation}"), reply, 403, 404)
    still = ctx.city.call("getEventStream", mine, path=path)
    ctx.expect_status("the endpoint after another client tried to delete it", still, 200)


@check("REST-047", "address", when=(may_write, STREAMS))
def addresses_are_public_https(ctx: Context) -> None:
    """An endpoint that is no https address, or inside a private network, is refused."""
    client = _clients(ctx)[0]
    _, body = _registered(ctx, client)
    for url in (
        "http://receiver.citytwin.example/e",
        "ftp://receiver.citytwin.example/e",
        "not a url",
        "https://169.254.169.254/latest",
    ):
        reply = ctx.city.call("createEventStream", client, {**body, "url": url})
        if reply.status == 201:
            ctx.city.call("deleteEventStream", client, path={"stream_id": str(reply.members.get("id"))})
        ctx.refused_status(Text(f"an endpoint at {url}", f"宛先 {url}"), reply, 400, 403, 422)
