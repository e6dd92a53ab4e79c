"""Rate limits: told in structured fields, and when to come again."""

import re
from typing import Any

from conformance.check import check
from conformance.context import Context
from conformance.generated.making import Making, possible
from conformance.generated.offer import rest_operations
from conformance.target import with_sandbox
from conformance.text import Text
from conformance.wire import Reply

_KEY = r"[a-z*][a-z0-9_\-.*]*"
_STRING = r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"'
_WORD = r"[A-Za-z*][!#$%&'*+\-.^_`|~\w:/]*"
_BARE = rf"(?:{_STRING}|-?\d{{1,15}}(?:\.\d{{1,3}})?|:[A-Za-z0-9+/=]*:|\?[01]|@-?\d{{1,15}}|{_WORD})"
_ITEM = re.compile(rf"({_STRING})((?: *; *{_KEY}(?:={_BARE})?)*)")
_PARAMETER = re.compile(rf"; *({_KEY})(?:=({_BARE}))?")

MOST_REQUESTS = 1500
"""Requests sent at most to meet a quota. Source: none; twice the contract's own quota. Confidence C."""
MOST_SLOW_REQUESTS = 10_000
"""The same where the run may take long; sandboxes may allow more than real people have. Confidence C."""


def parse_items(value: str) -> list[tuple[str, dict[str, str]]] | None:
    """A List of Strings with parameters (RFC 9651 3.1, 3.1.2); None where it is none."""
    found, at = [], 0
    while at < len(value):
        item = _ITEM.match(value, at)
        if item is None:
            return None
        found.append((item[1][1:-1], {name: told or "?1" for name, told in _PARAMETER.findall(item[2])}))
        at = item.end()
        separator = re.compile(r"[ \t]*,[ \t]*(?=\S)").match(value, at)
        if at < len(value) and separator is None:
            return None
        at = separator.end() if separator else at
    return found or None


def _number(told: Any) -> int | None:
    return int(told) if isinstance(told, str) and re.fullmatch(r"\d{1,15}", told) else None


def judge_rate_limit(ctx: Context, what: str, reply: Reply) -> None:
    """Demand RateLimit-Policy with a quota and RateLimit with what is left, of policies that it names."""
    told = {name: reply.header(name) for name in ("ratelimit-policy", "ratelimit")}
    parsed = {name: parse_items(value.strip()) for name, value in told.items()}
    for name, items in parsed.items():
        title = Text(f"{name} of the answer to {what}", f"{what} への答えの {name}")
        ctx.require(title, items, expected="a list of strings with parameters (RFC 9651)", actual=told[name] or "none")
    quotas = {name: _number(parameters.get("q")) for name, parameters in parsed["ratelimit-policy"] or ()}
    for name, quota in quotas.items():
        ctx.require(
            f"q of policy {name}: {what}", quota is not None, expected="a whole number", actual=told["ratelimit-policy"]
        )
    for name, parameters in parsed["ratelimit"] or ():
        left, reset = _number(parameters.get("r")), parameters.get("t")
        ctx.expect_in(f"policy of RateLimit: {what}", expected=sorted(quotas), actual=name)
        ctx.require(f"r of {name}: {what}", left is not None, expected="a whole number", actual=told["ratelimit"])
        ctx.require(
            f"t of {name}: {what}",
            reset is None or _number(reset) is not None,
            expected="whole seconds",
            actual=told["ratelimit"],
        )


@check("REST-015")
def limits_are_told(ctx: Context) -> None:
    """Every protected read is asked with a token, and so are things that are not there: each answer tells its limit."""
    making = Making(ctx)
    reads = [one for one in rest_operations(ctx.target) if one.method == "GET" and not one.is_public]
    if not reads:
        ctx.omit("no protected read is offered", "保護された読み取りを提供していない")
    for request in possible(making, reads):
        judge_rate_limit(ctx, request.name, making.send(request))
        if request.path:
            none = ctx.city.call(
                request.name, request.who, path={name: f"none-{ctx.fresh(4)}" for name in request.path}
            )
            judge_rate_limit(ctx, f"{request.name} of nothing", none)


RETRY_AFTER = re.compile(r"\d+|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT")
"""Seconds or an HTTP date (RFC 9110 10.2.3)."""


@check("REST-027", when=(with_sandbox,), alone=True)
def refusals_say_when(ctx: Context) -> None:
    """A person asks until the quota is used up: the 429 (or 503) says by Retry-After when to come again."""
    _ask_until_refused(ctx, 0, MOST_REQUESTS)


@check("REST-027", "large_quota", when=(with_sandbox,), alone=True, slow=True)
def refusals_say_when_after_many(ctx: Context) -> None:
    """The same where the quota is so large that using it up takes long, as in sandboxes."""
    _ask_until_refused(ctx, MOST_REQUESTS, MOST_SLOW_REQUESTS)


def _ask_until_refused(ctx: Context, more_than: int, most: int) -> None:
    limits = ctx.target.city_os.get("limits") or {}
    quota = limits.get("subject_requests_per_minute")
    if not isinstance(quota, int) or not more_than < quota <= most:
        ctx.omit(
            f"the discovery document tells no quota between {more_than} and {most}",
            f"{more_than}より大きく{most}以下の上限が示されていない",
        )
    ctx.afterwards(ctx.sandbox.reset)
    person = ctx.city.person()
    path = {"sub": person.user}
    first = ctx.city.call("getUser", person, path=path, patient=False)
    with ctx.control("the person's own data are told"):
        ctx.expect_status("getUser", first, 200)
    reply = first
    kept = len(ctx.wire.exchanges)
    # A window that ends while requests are sent gives a second quota: nearly two can pass without a refusal.
    most_asked = 2 * quota + quota // 5
    for _ in range(most_asked):
        reply = ctx.city.call("getUser", person, path=path, patient=False)
        if reply.status in (429, 503):
            break
        del ctx.wire.exchanges[kept:]
    if reply.status not in (429, 503):
        ctx.omit(f"no 429 or 503 came in {most_asked} requests", f"{most_asked}回の要求で429も503も返らない")
    told = reply.header("retry-after")
    ctx.require(
        Text("Retry-After of the refusal", "断りのRetry-After"),
        RETRY_AFTER.fullmatch(told),
        expected="seconds or an HTTP date",
        actual=told or "none",
    )
