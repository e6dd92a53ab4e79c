"""Methods, media types and pages of other sites: what HTTP itself demands of every operation."""

import re

from conformance.check import check
from conformance.checks.core_rest.errors import made_up_path
from conformance.context import Context
from conformance.contract.operations import Operation, load_document
from conformance.generated.making import Making, Request, answered, possible
from conformance.generated.offer import may_write, rest_operations, takes_json
from conformance.outcomes import NotApplicable, Unmet
from conformance.text import Text
from conformance.wire import Reply

SAME_IN_HEAD = (
    "content-type", "content-language", "content-encoding", "etag", "last-modified", "cache-control", "vary", "link",
    "location", "accept-ranges", "deprecation", "sunset", "access-control-allow-origin",
)  # fmt: skip
"""Headers that say the same of a GET and of its HEAD; times, counts and lengths may differ (RFC 9110 9.3.2)."""

TRIES = 4
"""How often a read is repeated where another check changed it in between. Confidence C."""

CURSOR = re.compile(r"([?&]cursor=)[^&>;]*")
"""The cursor in a link: it is opaque, and may be another for each answer (contract C6)."""

PAGE = "https://page.citytwin.example"
"""Another site, whose pages read public data."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def public_reads(ctx: Context) -> list[Operation]:
    """Reads that need no token."""
    found = [one for one in rest_operations(ctx.target) if one.is_public and one.method == "GET"]
    if not found:
        ctx.omit("no public read is offered", "公開の読み取りを提供していない")
    return found


@check("REST-003", "accept")
def accept_is_kept(ctx: Context) -> None:
    """Every read that answers JSON refuses Accept: text/csv with 406, and takes wildcards."""
    making = Making(ctx)
    reads = [one for one in rest_operations(ctx.target) if one.method == "GET" and "text/csv" not in one.media_types]
    for request, right in answered(making, reads):
        if any(not kind.startswith("application/") for kind in request.operation.media_types):
            continue
        with ctx.control(f"{request.name} is answered"):
            ctx.expect_status(request.name, right, 200)
        for accept in ("application/*", "text/csv, */*;q=0.1", "*/*"):
            reply = making.send(request, headers={"accept": accept})
            ctx.expect_status(f"{request.name} with Accept: {accept}", reply, 200)
        for accept in ("text/csv", "image/png, text/html;q=0.5"):
            reply = making.send(request, headers={"accept": accept})
            ctx.refused_status(f"{request.name} with Accept: {accept}", reply, 406)


@check("REST-003", "content-type", when=(may_write,))
def content_type_is_kept(ctx: Context) -> None:
    """Every operation that takes JSON refuses the same body called text/plain, XML or a form, with 415."""
    making = Making(ctx)
    apart = ("declareDisaster", "updateDisasterEvent")
    takers = [one for one in rest_operations(ctx.target) if takes_json(one) and one.operation_id not in apart]
    for request in possible(making, takers):
        if request.body is None:
            continue
        for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
            reply = making.send(request, headers={"content-type": kind})
            with ctx.control(f"{request.name} is understood"):
                right = {"content-type": "application/json; charset=utf-8", "if-match": '"none"'}
                understood = making.send(request, json_body={}, headers=right)
                ctx.require(request.name, understood.status != 415, expected="not 415", actual=understood.status)
            ctx.refused_status(f"{request.name} with Content-Type: {kind}", reply, 415)


@check("REST-004")
def head_is_get(ctx: Context) -> None:
    """Every read is asked by GET, HEAD and GET again: HEAD has the status and headers of GET, and no body."""
    making = Making(ctx)
    reads = [one for one in rest_operations(ctx.target) if one.method == "GET"]
    for request, _ in answered(making, reads):
        told = f"HEAD {ctx.city.url(request.operation, request.path).removeprefix(ctx.target.api_base)}"
        before, head, after = _asked_thrice(ctx, making, request)
        statuses = (before.status, after.status)
        ctx.expect_in(Text(f"status: {told}", f"ステータス: {told}"), expected=statuses, actual=head.status)
        ctx.expect(f"body: {told}", expected=b"", actual=head.body)
        for name in SAME_IN_HEAD:
            _judge_same(ctx, f"{name}: {told}", [_steady(one, name) for one in (before, after)], _steady(head, name))


def _asked_thrice(ctx: Context, making: Making, request: Request) -> tuple[Reply, Reply, Reply]:
    """Answers to GET, HEAD and GET; asked again where the content changed in between."""
    before = making.send(request)
    for left in reversed(range(TRIES)):
        head = ctx.wire.send("HEAD", before.url, headers=dict(_sent(ctx, before)))
        after = making.send(request)
        if not left or all(_steady(before, name) == _steady(after, name) for name in SAME_IN_HEAD):
            return before, head, after
        before = after
    raise AssertionError


def _steady(reply: Reply, name: str) -> str:
    """A header's value, the opaque part of links apart."""
    return CURSOR.sub(r"\1...", reply.header(name))


def _judge_same(ctx: Context, what: str, of_get: list[str], of_head: str) -> None:
    """Demand that HEAD says what GET says; of what changes with each answer only that it is there."""
    if of_get[0] != of_get[1] and all(of_get):
        ctx.require(what, of_head, expected=f"a value as {of_get[1]}", actual=of_head or "none")
    else:
        ctx.expect_in(what, expected=tuple(of_get), actual=of_head)


def _sent(ctx: Context, reply: Reply) -> dict[str, str]:
    """The headers that a request was sent with and that matter to its answer."""
    kept = ("accept", "authorization", "accept-language")
    return {name: value for name, value in ctx.wire.exchanges[reply.exchange].request_headers.items() if name in kept}


@check("REST-019")
def pages_may_read(ctx: Context) -> None:
    """Every public read tells a page of another site that it may read the answer."""
    making = Making(ctx)
    for request in possible(making, public_reads(ctx)):
        reply = making.send(request, headers={"origin": PAGE})
        ctx.expect_in(
            Text(f"Access-Control-Allow-Origin: {request.name}", f"Access-Control-Allow-Origin: {request.name}"),
            expected=("*", PAGE),
            actual=reply.header("access-control-allow-origin"),
        )


@check("REST-019", "preflight")
def preflight_is_answered(ctx: Context) -> None:
    """Before a page asks with If-None-Match its browser asks by OPTIONS: that is answered, and allows it."""
    making = Making(ctx)
    for request in possible(making, public_reads(ctx)):
        asked = {"origin": PAGE, "access-control-request-method": "GET"}
        asked["access-control-request-headers"] = "if-none-match"
        reply = ctx.wire.send("OPTIONS", ctx.city.url(request.operation, request.path), headers=asked)
        told = f"preflight of {request.name}"
        ctx.require(f"status: {told}", 200 <= reply.status < 300, expected="2xx", actual=reply.status)
        ctx.expect_in(f"origin: {told}", expected=("*", PAGE), actual=reply.header("access-control-allow-origin"))
        names = {one.strip().lower() for one in reply.header("access-control-allow-headers").split(",")}
        ctx.require(f"headers: {told}", {"*", "if-none-match"} & names, expected="if-none-match", actual=sorted(names))


@check("REST-020")
def other_methods_are_405(ctx: Context) -> None:
    """On every path each method that the contract does not have there gets 405 with Allow, which names the others."""
    making = Making(ctx)
    paths = dict.fromkeys(one.path for one in rest_operations(ctx.target))
    for path in paths:
        there = {one.method: one for one in rest_operations(ctx.target) if one.path == path}
        first = next(iter(there.values()))
        try:
            token = (
                {"authorization": f"Bearer {ctx.city.token(who)}"} if (who := making.who(first.operation_id)) else {}
            )
        except (NotApplicable, Unmet):
            continue
        made_up = made_up_path(ctx, first)
        with ctx.control(f"{first.method} {path} is no 405"):
            reply = ctx.city.call(first.operation_id, headers=token, path=made_up)
            ctx.require(path, reply.status != 405, expected="not 405", actual=reply.status)
        for method in (one for one in METHODS if one not in _documented(ctx, path)):
            reply = ctx.wire.send(method, ctx.city.url(first, made_up), headers=token, json_body=_body_of(method))
            _judge_405(ctx, f"{method} {path}", reply, set(there), may_be_404=bool(made_up))


def _documented(ctx: Context, path: str) -> set[str]:
    """Methods that the contract knows at a path, offered here or not."""
    del ctx
    return {name.upper() for name in load_document()["paths"][path] if name != "parameters"}


def _body_of(method: str) -> object:
    return {} if method in ("POST", "PUT", "PATCH") else None


def _judge_405(ctx: Context, told: str, reply: Reply, there: set[str], *, may_be_404: bool) -> None:
    if may_be_404 and reply.status == 404:
        return
    ctx.refused_status(Text(f"status: {told}", f"ステータス: {told}"), reply, 405)
    allow = {one.strip().upper() for one in reply.header("allow").split(",") if one.strip()}
    missing = there - allow
    name = Text(f"Allow: {told}", f"Allow: {told}")
    ctx.refused(
        name,
        not missing,
        expected=f"the methods there: {', '.join(sorted(there))}",
        actual=reply.header("allow") or "none",
    )
    ctx.refused(
        name, told.split(maxsplit=1)[0] not in allow, expected="without the one refused", actual=reply.header("allow")
    )


@check("REST-010")
def unknown_parameters_are_ignored(ctx: Context) -> None:
    """Every read is asked with made-up query parameters beside its own, and answers as it does without."""
    making = Making(ctx)
    reads = [one for one in rest_operations(ctx.target) if one.method == "GET"]
    for request, _ in answered(making, reads):
        for query in ({f"unknown_{ctx.fresh(4)}": "1"}, {"utm_source": "mail", "_": "1700000000"}):
            reply = making.send(request, query=query)
            told = f"{request.name} with {'&'.join(query)}"
            ctx.expect_status(Text(told, told), reply, 200)


@check("REST-010", "same")
def unknown_parameters_change_nothing(ctx: Context) -> None:
    """Public reads answer the same content with made-up parameters as without."""
    making = Making(ctx)
    for request in possible(making, public_reads(ctx)):
        for _ in range(3):
            before, seen, after = (
                making.send(request),
                making.send(request, query={"unknown_x": "1"}),
                making.send(request),
            )
            if before.body == after.body:
                ctx.expect(f"body of {request.name} with unknown_x", expected=before.text[:500], actual=seen.text[:500])
                break


@check("REST-011", when=(may_write,))
def unknown_members_are_ignored(ctx: Context) -> None:
    """Everything that can be made is made with unknown members, which are neither refused nor echoed nor kept."""
    making = Making(ctx)
    posts = [one for one in rest_operations(ctx.target) if takes_json(one) and one.method == "POST"]
    makers = [one for one in posts if one.operation_id not in ("declareDisaster", "createEvacuationPlan")]
    canary = f"unknown-{ctx.fresh(6)}"
    for request, _ in answered(making, makers):
        fresh = making.request(request.name)
        reply = making.send(fresh, json_body={**fresh.body, "x_unknown": canary, "x_more": {"a": [canary]}})
        ctx.require(
            Text(f"{request.name} with unknown members", f"知らない項目のある {request.name}"),
            reply.status < 300,
            expected="accepted as without them",
            actual=f"{reply.status} {reply.text[:200]}",
        )
        ctx.require(f"answer of {request.name}", canary not in reply.text, expected="no echo", actual=reply.text[:300])
