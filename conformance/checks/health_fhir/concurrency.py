"""What keeps two writers apart: If-Match, If-None-Exist, conditional updates (FHIR-011, 032)."""

from urllib.parse import quote

from conformance.check import check
from conformance.checks.health_fhir.chart import PROBES, Chart
from conformance.context import Context
from conformance.fhir.capability import declares, interacts, searches, supports
from conformance.fhir.server import Resource
from conformance.text import Text
from conformance.wire import Reply

MADE = interacts("Patient", "create"), interacts("Observation", "create", "read")
VERSIONED = declares("Observation", "versioning", "versioned", "versioned-update")


@check("FHIR-011", "if_match", when=(*MADE, interacts("Observation", "update"), VERSIONED))
def stale_version(ctx: Context) -> None:
    """Updates with the present version, then with the one before and one that never was; the second writer loses."""
    chart = Chart(ctx)
    made = chart.write(chart.observation())
    first = made.get("meta", {}).get("versionId", "")
    if not first:
        ctx.skip("no meta.versionId", "meta.versionId がない")
    with ctx.control(Text("If-Match of the present version", "今の版の If-Match")):
        ctx.expect_status("PUT", chart.update({**made, "valueString": "8"}, if_match=f'W/"{first}"'), 200)
    for told, tag in ((Text("the version before", "前の版"), first), (Text("no version of it", "無い版"), "99999")):
        reply = chart.update({**made, "valueString": "9"}, if_match=f'W/"{tag}"')
        ctx.refused_status(told, reply, 412)
    now = chart.read(made).members.get("valueString")
    ctx.expect(Text("what is there afterwards", "その後の内容"), expected="8", actual=now)


class _Condition:
    """An identifier that only this check knows, and writes that depend on it."""

    def __init__(self, ctx: Context) -> None:
        self.ctx, self.chart = ctx, Chart(ctx)
        self.value = f"n-{ctx.fresh(9)}"
        self.query = f"identifier={quote(f'{PROBES}|{self.value}', safe='')}"

    @property
    def resource(self) -> Resource:
        return self.chart.observation(identifier=[{"system": PROBES, "value": self.value}])

    def created(self) -> Reply:
        return self.chart.tried(self.resource, headers={"if-none-exist": self.query})

    def updated(self, **changed: str) -> Reply:
        reply = self.ctx.fhir.send("PUT", f"Observation?{self.query}", {**self.resource, **changed})
        if reply.status in (200, 201):
            self.chart.forget_later("Observation", str(self.ctx.fhir.stored(reply, "Observation").get("id", "")))
        return reply

    def ids(self) -> set[str]:
        return self.chart.found(identifier=f"{PROBES}|{self.value}")


CREATES = supports("Observation", "conditionalCreate")
UPDATES = supports("Observation", "conditionalUpdate")


@check("FHIR-011", "if_none_exist", when=(*MADE, searches("Observation", "identifier"), CREATES))
def conditional_create(ctx: Context) -> None:
    """Creates with If-None-Exist where nothing, one and several resources match, and counts what is there."""
    condition = _Condition(ctx)
    ctx.expect_status(Text("no match", "一致なし"), condition.created(), 201)
    first = condition.ids()
    ctx.expect(Text("resources after the first", "1回目の後の件数"), expected=1, actual=len(first))
    ctx.expect_status(Text("one match", "一致1件"), condition.created(), 200)
    ctx.expect(Text("resources after the second", "2回目の後"), expected=first, actual=condition.ids())
    condition.chart.write(condition.resource)
    ctx.expect_status(Text("two matches", "一致2件"), condition.created(), 412)
    ctx.expect(Text("resources in the end", "終わりの件数"), expected=2, actual=len(condition.ids()))


@check("FHIR-032", when=(*MADE, searches("Observation", "identifier"), UPDATES))
def conditional_update(ctx: Context) -> None:
    """Updates by a query that finds nothing, one and several resources.

    What an id in the body does is left out: R4 says both that it is ignored and that another one is 400.
    """
    condition = _Condition(ctx)
    ctx.expect_status(Text("no match", "一致なし"), condition.updated(), 201)
    first = condition.ids()
    ctx.expect(Text("resources after the first", "1回目の後の件数"), expected=1, actual=len(first))
    ctx.expect_status(Text("one match", "一致1件"), condition.updated(valueString="8"), 200)
    ctx.expect(Text("resources after the second", "2回目の後"), expected=first, actual=condition.ids())
    (number,) = first
    ctx.expect("valueString", expected="8", actual=ctx.fhir.read("Observation", number).members.get("valueString"))
    condition.chart.write(condition.resource)
    ctx.expect_status(Text("two matches", "一致2件"), condition.updated(valueString="9"), 412)
    ctx.expect("valueString", expected="8", actual=ctx.fhir.read("Observation", number).members.get("valueString"))
