"""How errors are told (FHIR-012, 045)."""

from collections.abc import Iterator

from conformance.check import check
from conformance.checks.health_fhir.chart import Chart
from conformance.context import Context
from conformance.fhir.capability import interacts, searches
from conformance.fhir.server import FHIR_JSON
from conformance.target import of_city_os
from conformance.text import Text
from conformance.wire import Reply

SEVERITIES = ("fatal", "error", "warning", "information")
MADE = interacts("Patient", "create"), interacts("Observation", "create", "read")


def _judge(ctx: Context, what: Text | str, reply: Reply) -> None:
    """Demand an OperationOutcome with an issue that is an error."""
    ctx.expect(what, expected=FHIR_JSON, actual=reply.media_type)
    ctx.expect(what, expected="OperationOutcome", actual=reply.members.get("resourceType"))
    issues = reply.members.get("issue") or [{}]
    for issue in issues:
        ctx.expect_in("issue.severity", expected=SEVERITIES, actual=issue.get("severity"))
        ctx.require("issue.code", isinstance(issue.get("code"), str), expected="a code", actual=issue.get("code"))
    worst = [issue.get("severity") for issue in issues]
    ctx.require("issue.severity", {"fatal", "error"} & set(worst), expected="fatal or error", actual=worst)


@check("FHIR-012", when=(searches("Observation", "date"),))
def failed_searches(ctx: Context) -> None:
    """Searches for what cannot be searched; what fails must come with an OperationOutcome."""
    with ctx.control(Text("a search that can be done", "できる検索")):
        ctx.expect_status("GET Observation", ctx.fhir.search("Observation", {"date": "2027-01-15"}), 200)
    strict = {"prefer": "handling=strict"}
    replies = [
        ctx.fhir.search("Observation", {"date": "2027-13-45"}),
        ctx.fhir.search("Observation", {"date": "yesterday"}, headers=strict),
        ctx.fhir.search("Observation", {"no-such-parameter": "1"}, headers=strict),
        ctx.fhir.search("NoSuchType", {"_id": "1"}),
    ]
    failed = [reply for reply in replies if reply.status >= 400]
    if not failed:
        ctx.omit("none of these searches failed here", "ここではどの検索も失敗しなかった")
    for reply in failed:
        _judge(ctx, f"{reply.url} ({reply.status})", reply)


def _errors(ctx: Context) -> Iterator[tuple[Text, Reply]]:
    """Requests that a server may not grant, with what was wrong."""
    chart = Chart(ctx)
    with ctx.control(Text("a right resource", "正しい資源")):
        ctx.expect_status("POST", chart.tried(chart.observation()), 201)
    yield Text("no JSON", "JSONでない本文"), ctx.fhir.send("POST", "Observation", body=b'{"resourceType": "Obs')
    yield Text("an unknown id", "無い id"), ctx.fhir.read("Observation", f"nobody-{ctx.draws.number(10**9)}")
    yield Text("an unknown type", "知らない資源型"), ctx.fhir.send("GET", "NoSuchType/1")
    yield Text("another type than the URL's", "URLと違う型"), ctx.fhir.send("POST", "Patient", chart.observation())


@check("FHIR-012", "every_error", when=(of_city_os, *MADE))
def every_error(ctx: Context) -> None:
    """Meets errors of a city OS: a bad body, a wrong resource, an unknown id or type, no token."""
    for what, reply in _errors(ctx):
        ctx.refused(what, 400 <= reply.status < 500, expected="4xx", actual=reply.status)
        _judge(ctx, what, reply)
    nobody = ctx.fhir.send("GET", "Observation", token="")
    ctx.refused_status(Text("no token", "トークンなし"), nobody, 401)
    _judge(ctx, Text("no token", "トークンなし"), nobody)


@check("FHIR-045", when=MADE)
def errors_tell(ctx: Context) -> None:
    """Meets errors of any server: a bad body, a wrong resource, an unknown id or type."""
    met = [(what, reply) for what, reply in _errors(ctx) if reply.status >= 400]
    ctx.require(Text("errors met", "出会ったエラー"), met, expected="at least one", actual=len(met))
    for what, reply in met:
        _judge(ctx, what, reply)
