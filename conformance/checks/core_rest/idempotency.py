"""Idempotency-Key: what is said twice is done once."""

from concurrent.futures import ThreadPoolExecutor

from conformance.check import check
from conformance.context import Context
from conformance.generated.making import Making, Request, possible
from conformance.generated.offer import may_write, rest_operations
from conformance.text import Text
from conformance.wire import Reply

TIMES = ("observed_at", "requested_at", "declared_at", "issued_at")
"""Members of which any other value makes another request."""


def keyed(ctx: Context) -> list[Request]:
    """A valid request for each operation that demands Idempotency-Key."""
    making = Making(ctx)
    return list(possible(making, [one for one in rest_operations(ctx.target) if one.needs_idempotency_key]))


def changed(making: Making, body: object) -> object:
    """Another body of the same kind."""
    if not isinstance(body, dict):
        return body
    if "title" in body:
        title = body["title"]
        return {**body, "title": {**title, "ja": "別の件名"} if isinstance(title, dict) else "別の件名"}
    if "items" in body and isinstance(body["items"], list) and body["items"] and "observed_at" in body["items"][0]:
        return {**body, "items": [{**body["items"][0], "channel": "tablet"}]}
    name = next((one for one in TIMES if one in body), "")
    return {**body, name: making.now(-120)} if name else {**body, "name": "別の名"}


def _same(reply: Reply) -> tuple[int, object, str]:
    """What of an answer is the same when it is told again."""
    return reply.status, reply.members or reply.text, reply.header("location")


@check("REST-007", when=(may_write,))
def keys_are_kept(ctx: Context) -> None:
    """Each operation that demands a key: without it, with it, again the same, and with another body."""
    making = Making(ctx)
    for request in keyed(ctx):
        key = ctx.fresh()
        missing = making.send(request, headers={"idempotency-key": None})
        first = making.send(request, headers={"idempotency-key": key})
        again = making.send(request, headers={"idempotency-key": key})
        other = making.send(request, json_body=changed(making, request.body), headers={"idempotency-key": key})
        with ctx.control(f"{request.name} with a fresh key"):
            ctx.expect_in(request.name, expected=(200, 201, 202), actual=first.status)
        ctx.refused_status(Text(f"{request.name} without a key", f"鍵のない {request.name}"), missing, 400)
        told = Text(f"{request.name} sent again with its key", f"同じ鍵で再送した {request.name}")
        ctx.expect(told, expected=_same(first), actual=_same(again))
        told = Text(f"{request.name} with a used key and another body", f"使った鍵で別の内容の {request.name}")
        ctx.refused_status(told, other, 422)


@check("REST-007", "at-once", when=(may_write,))
def keys_hold_at_once(ctx: Context) -> None:
    """The same request is sent four times at once: it is done once, and whoever comes too early gets 409."""
    making = Making(ctx)
    for request in keyed(ctx):
        key = {"idempotency-key": ctx.fresh()}
        with ThreadPoolExecutor(4) as pool:
            replies = list(pool.map(lambda _, key=key, one=request: making.send(one, headers=key), range(4)))
        done = [one for one in replies if one.status < 300]
        with ctx.control(f"{request.name} is done"):
            ctx.require(request.name, done, expected="one 2xx at least", actual=[one.status for one in replies])
        made = {str(_same(one)[1]) for one in done}
        ctx.expect(f"things made by {request.name} sent four times at once", expected=1, actual=len(made))
        statuses = sorted({one.status for one in replies if one.status >= 300})
        ctx.require(f"other answers of {request.name}", set(statuses) <= {409}, expected="409", actual=statuses)


@check("REST-007", "of-each", when=(may_write,))
def keys_are_of_each_client(ctx: Context) -> None:
    """Two clients use the same key: each gets its own thing made."""
    making = Making(ctx)
    request = making.request("reportSafety")
    others = [role for role in ("association", "city_office") if ctx.target.of_role(role)]
    if len(others) < 2:
        ctx.omit("needs two clients that may report safety", "安否を知らせられるクライアントが二つ要る")
    key = {"idempotency-key": ctx.fresh()}
    replies = [ctx.city.call("reportSafety", role, request.body, headers=key) for role in others]
    with ctx.control("the first client's report is taken"):
        ctx.expect_status("reportSafety", replies[0], 201)
    ctx.expect_status(
        Text("another client's report with the same key", "別のクライアントの同じ鍵の報告"), replies[1], 201
    )
    ids = {one.members.get("id") for one in replies}
    ctx.expect("reports made by two clients with the same key", expected=2, actual=len(ids))
