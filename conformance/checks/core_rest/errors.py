"""How errors are told: problem details, challenges, and what they must not tell."""

import re
from collections.abc import Iterator, Sequence

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.context import Context
from conformance.contract.operations import Operation
from conformance.generated.making import Making, possible
from conformance.generated.offer import may_write, parameters_of, rest_operations, takes_json, with_fhir
from conformance.outcomes import NotApplicable, Unmet
from conformance.text import Text
from conformance.wire import Reply

PROBLEM = "application/problem+json"

TRACES = re.compile(
    r"Traceback \(most recent|File \"[^\"]+\", line \d+|^\s+at [\w$.<>]+\([\w.]+:\d+\)"
    r"|\.(?:java|py|rb|php|cs|go|js|ts):\d+|(?:sqlite3?|psycopg\w*|mysql|asyncpg|ORA-\d{4,}|SQLSTATE)"
    r"|\bSELECT\b.+\bFROM\b|goroutine \d+|panic:|Exception in thread"
    r"|/usr/(?:lib|local)/|/home/\w+/|site-packages|node_modules",
    re.IGNORECASE | re.MULTILINE,
)
"""Signs of a stack trace or of the inside in a text: frames of common languages, databases' messages, file paths."""


def made_up_path(ctx: Context, operation: Operation) -> dict[str, str]:
    """Path parameters that name nothing."""
    names = re.findall(r"{(\w+)}", operation.path)
    return {name: f"none-{ctx.fresh(6)}" for name in names}


def errors_of(ctx: Context) -> Iterator[tuple[str, Reply]]:
    """Errors of every operation offered: without a token, with a bad one, of things that are not, and of bad input."""
    making = Making(ctx)
    for operation in rest_operations(ctx.target):
        making.next_person()
        path, name = made_up_path(ctx, operation), operation.operation_id
        if not operation.is_public:
            yield f"{name} without a token", ctx.city.call(name, path=path)
            bad = {"authorization": f"Bearer {ctx.fresh()}"}
            yield f"{name} with a made-up token", ctx.city.call(name, path=path, headers=bad)
        try:
            who = making.who(name)
        except (NotApplicable, Unmet):
            continue
        if path:
            yield f"{name} of nothing", ctx.city.call(name, who, path=path)
        yield f"{name} with Accept: text/csv", ctx.city.call(name, who, path=path, headers={"accept": "text/csv"})
        if takes_json(operation):
            broken = {"content-type": "application/json"}
            yield f"{name} with broken JSON", ctx.city.call(name, who, path=path, headers=broken, body=b'{"a":')
            plain = {"content-type": "text/plain"}
            yield f"{name} with text/plain", ctx.city.call(name, who, path=path, headers=plain, body=b"text")


def judge_problem(ctx: Context, what: str, reply: Reply) -> None:
    """Demand that an error is a problem with type, title and status."""
    ctx.expect(
        Text(f"media type of the error: {what}", f"エラーのメディアタイプ: {what}"),
        expected=PROBLEM,
        actual=reply.media_type,
    )
    found = reply.members
    kind, title = found.get("type"), found.get("title")
    ctx.require(f"type: {what}", isinstance(kind, str) and kind, expected="a URI reference", actual=kind)
    ctx.require(f"title: {what}", isinstance(title, str) and title, expected="a short text", actual=title)
    ctx.expect(f"status in the body: {what}", expected=reply.status, actual=found.get("status"))


@check("REST-001")
def errors_are_problems(ctx: Context) -> None:
    """Every operation is asked in wrong ways (no token, unknown things, broken bodies), and each error is a problem."""
    errors = 0
    for what, reply in errors_of(ctx):
        if reply.status >= 400:
            errors += 1
            judge_problem(ctx, what, reply)
    if not errors:
        ctx.skip("no wrong request was answered with an error", "誤った要求にエラーが一つも返らない")


@check("REST-001", "elsewhere")
def unknown_paths_are_problems(ctx: Context) -> None:
    """A path below the API that is not there is answered with 404 as a problem."""
    for path in (f"/none-{ctx.fresh(6)}", f"/shelters/{ctx.fresh(6)}/none", "/users/%00", "/..%2f..%2fetc/passwd"):
        reply = ctx.wire.send("GET", ctx.target.api_base + path)
        ctx.require(f"status of {path}", 400 <= reply.status < 500, expected="an error 4xx", actual=f"{reply.status}")
        judge_problem(ctx, f"GET {path}", reply)


def _challenge(ctx: Context, what: str, reply: Reply) -> None:
    told = reply.header("www-authenticate")
    name = Text(f"WWW-Authenticate: {what}", f"WWW-Authenticate: {what}")
    ctx.require(
        name, re.search(r"(?i)\bbearer\b", told), expected="a challenge of scheme Bearer", actual=told or "none"
    )


@check("REST-002")
def challenges(ctx: Context) -> None:
    """Each protected operation is called without a token and gets 401 with a Bearer challenge."""
    protected = [one for one in rest_operations(ctx.target) if not one.is_public]
    if not protected:
        ctx.omit("no protected operation is offered", "保護された操作を提供していない")
    for operation in protected:
        path = made_up_path(ctx, operation)
        for what, headers in (("no token", {}), ("a made-up token", {"authorization": f"Bearer {ctx.fresh()}"})):
            reply = ctx.city.call(operation.operation_id, path=path, headers=headers)
            told = f"{operation.operation_id}, {what}"
            ctx.expect_status(Text(f"status: {told}", f"ステータス: {told}"), reply, 401)
            _challenge(ctx, told, reply)


@check("REST-002", "error")
def challenge_names_the_error(ctx: Context) -> None:
    """The challenge to a token that does not hold says error="invalid_token"."""
    operation = next(
        (one for one in rest_operations(ctx.target) if not one.is_public and not made_up_path(ctx, one)), None
    )
    if operation is None:
        ctx.omit("no protected operation is offered", "保護された操作を提供していない")
    bad = ctx.city.call(operation.operation_id, headers={"authorization": f"Bearer {ctx.fresh()}"})
    told = bad.header("www-authenticate")
    ctx.require("challenge to a made-up token", "invalid_token" in told, expected='error="invalid_token"', actual=told)


@check("REST-038")
def errors_tell_nothing(ctx: Context) -> None:
    """No error of any operation holds a stack trace, a file path or a database's message."""
    errors = 0
    for what, reply in errors_of(ctx):
        if reply.status >= 400:
            errors += 1
            judge_discreet(ctx, what, reply)
    if not errors:
        ctx.skip("no wrong request was answered with an error", "誤った要求にエラーが一つも返らない")


def judge_discreet(ctx: Context, what: str, reply: Reply) -> None:
    """Demand that an answer shows no trace of the inside."""
    found = TRACES.search(reply.text)
    shown = reply.text[max(0, found.start() - 20) : found.end() + 80] if found else ""
    name = Text(f"a trace of the inside in the answer: {what}", f"答えに内部の構造が見える: {what}")
    ctx.require(name, found is None, expected="none", actual=shown)


@check("REST-038", "others", when=(may_write,))
def errors_tell_nothing_of_others(ctx: Context) -> None:
    """Errors to those who may not see a thing do not repeat what is in it."""
    making, canary = Making(ctx), f"秘密{ctx.fresh(6)}"
    report = {**making.request("reportSafety").body, "condition": canary, "whereabouts": canary}
    with ctx.control("a safety report is taken"):
        made = ctx.city.call("reportSafety", making.who("reportSafety"), report)
        ctx.expect_status("reportSafety", made, 201)
    path = {"report_id": str(made.members.get("id"))}
    person = making.person()
    asked = [
        ctx.city.call("getSafetyReport", person, path=path),
        ctx.city.call("getSafetyReport", path=path),
        ctx.city.call("reportSafety", making.who("reportSafety"), {**report, "status": canary[:1]}),
        ctx.city.call("listSafetyReports", person, query={"audience": "municipality"}),
    ]
    for reply in asked:
        if reply.status >= 400:
            ctx.require(
                Text(f"another's data in the error of {reply.url}", f"{reply.url} のエラーに他人の情報"),
                canary not in reply.text,
                expected="nothing of the report",
                actual=reply.text[:300],
            )


HOSTILE_BODIES = (
    b"", b"null", b"[]", b'""', b"0", b"\xff\xfe", b"{}", b'{"":""}', b"[" * 2000, b'{"a":1e999}',
    rb'{"name":"\ud800","title":"\udfff","body":"\ud83d"}', rb'{"id":"\u0000","name":"\u0000"}',
)  # fmt: skip
"""Bodies that have brought servers down: empty, of another type, no UTF-8, deep, beyond a number's range, half a pair
of surrogates (RFC 8259 8.2), NUL."""

HOSTILE_TEXTS = (
    "\x00",
    "%00",
    "' OR 1=1 --",
    "../../etc/passwd",
    "𠮷" * 300,
    "-1",
    "9" * 400,
    "NaN",
    "\u202e",
    "{}",
    "%s%n",
)
"""Texts that have brought servers down, in paths and queries."""


TOLD_OF = 4
"""Hostile bodies, beside those with surrogates and NUL, whose answers are searched for the inside; REST-021 looks at
the answers to all. Confidence C."""


def hostile_replies(ctx: Context, bodies: Sequence[bytes] = HOSTILE_BODIES) -> Iterator[tuple[str, Reply]]:
    """Answers of every operation that takes JSON to hostile bodies."""
    making = Making(ctx)
    operations = [one for one in rest_operations(ctx.target) if takes_json(one)]
    for operation in operations:
        making.next_person()
        try:
            who = making.who(operation.operation_id)
        except (NotApplicable, Unmet):
            continue
        path = made_up_path(ctx, operation)
        for body in bodies:
            headers = {"content-type": "application/json", "if-match": '"none"'}
            name = operation.operation_id
            reply = ctx.city.call(name, who, path=path, headers=headers, body=body, patient=False)
            yield f"{name} with body {body[:40]!r}", reply


@check("REST-021")
def hostile_bodies(ctx: Context) -> None:
    """Every operation that takes JSON gets hostile bodies; none is answered with 5xx or a stack trace."""
    for what, reply in hostile_replies(ctx):
        judge_standing(ctx, what, reply)


@check("REST-021", "fhir")
def hostile_resources(ctx: Context) -> None:
    """FHIR operations that take a resource get hostile bodies; none is answered with 5xx or a stack trace."""
    takers = [one for one in with_fhir(ctx.target) if one.operation_id in ("createFhir", "performFhirBundle")]
    making = Making(ctx)
    if not takers or not ctx.target.of_role("medical_institution"):
        ctx.omit("no FHIR server that takes resources is offered", "資源を受け取るFHIRサーバーを提供していない")
    for operation in takers:
        path = {"type": "Observation"} if "{type}" in operation.path else {}
        for body in (*HOSTILE_BODIES, *HOSTILE_RESOURCES):
            headers = {"content-type": "application/fhir+json"}
            who = making.who(operation.operation_id)
            reply = ctx.city.call(operation.operation_id, who, path=path, headers=headers, body=body, patient=False)
            judge_standing(ctx, f"{operation.operation_id} with body {body[:60]!r}", reply)


HOSTILE_RESOURCES = (
    b'{"resourceType":"Observation","status":{"a":1},"code":[]}',
    b'{"resourceType":"Nothing"}',
    b'{"resourceType":["Observation"]}',
    b'{"resourceType":"Observation","valueQuantity":{"value":"x"},"subject":{"reference":"Patient/"}}',
    b'{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"BREW","url":"::"}}]}',
)
"""Resources of the wrong shape."""


@check("REST-038", "hostile")
def hostile_bodies_are_told_nothing(ctx: Context) -> None:
    """Every operation that takes JSON gets hostile bodies, some of them drawn; no answer shows the inside."""
    for what, reply in hostile_replies(ctx, (*HOSTILE_BODIES[-2:], *ctx.draws.shuffled(HOSTILE_BODIES[:-2])[:TOLD_OF])):
        judge_discreet(ctx, what, reply)


@check("REST-021", "members", when=(may_write,))
def hostile_members(ctx: Context) -> None:
    """Valid requests that make things get one hostile member each; none is answered with 5xx or a stack trace."""
    making = Making(ctx)
    makers = [one for one in rest_operations(ctx.target) if takes_json(one) and one.operation_id not in DANGEROUS]
    for request in possible(making, makers):
        if not isinstance(request.body, dict):
            continue
        making.next_person()
        for name in request.body:
            for value in (*HOSTILE_MEMBERS, *ctx.draws.shuffled(ODD_MEMBERS)[:2]):
                reply = making.send(request, json_body={**request.body, name: value}, patient=False)
                judge_standing(ctx, f"{request.name} with {name} = {str(value)[:40]!r}", reply)


HOSTILE_MEMBERS: tuple[object, ...] = (
    "\ud800",
    "\x00",
    10**400,
    None,
    {},
)
"""Values of a member that have brought servers down."""

ODD_MEMBERS: tuple[object, ...] = (-1, [], [[[[]]]], "", "9999-99-99T99:99:99Z", True)
"""The same, seldomer: some of them are drawn for each member."""

DANGEROUS = (
    "declareDisaster",
    "updateDisasterEvent",
    "sendNotification",
    "issueEvacuationOrder",
    "createEvacuationPlan",
)
"""What everybody would notice, or each person has one of."""


@check("REST-021", "addresses")
def hostile_addresses(ctx: Context) -> None:
    """Every reading operation gets hostile paths and parameters; none is answered with 5xx or a stack trace."""
    making = Making(ctx)
    for operation in rest_operations(ctx.target):
        try:
            who = making.who(operation.operation_id)
        except (NotApplicable, Unmet):
            continue
        if operation.method != "GET":
            continue
        names = list(made_up_path(ctx, operation))
        asked = any(one.get("in") == "query" for one in parameters_of(operation))
        if isinstance(who, PersonAccount):
            who = making.next_person()
        for text in HOSTILE_TEXTS:
            path = dict.fromkeys(names, text)
            query = dict.fromkeys(
                ("limit", "cursor", "updated_since", "bbox", "area", "purpose", "shelter", "name"), text
            )
            query = {} if names and not asked else query
            reply = ctx.city.call(operation.operation_id, who, path=path, query=query, patient=False)
            judge_standing(ctx, f"{operation.operation_id} with path and parameters {text[:20]!r}", reply)


def judge_standing(ctx: Context, what: str, reply: Reply) -> None:
    """Demand that an answer is no 5xx but one put off in good order, and shows no stack trace."""
    put_off = reply.status == 503 and reply.header("retry-after")
    name = Text(f"status: {what}", f"ステータス: {what}")
    ctx.require(name, reply.status < 500 or put_off, expected="no 5xx", actual=f"{reply.status} {reply.text[:200]}")
    if reply.status >= 400:
        judge_discreet(ctx, what, reply)
