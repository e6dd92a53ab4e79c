"""What searches find (FHIR-022, 023, 027, 040, 041, 042, 048)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from conformance.check import check
from conformance.checks.health_fhir.chart import PROBES, Chart, sample
from conformance.context import Context
from conformance.fhir.capability import Capability, declares, interacts, searches
from conformance.fhir.server import matches_of, next_link
from conformance.text import Text
from conformance.wire import FORM, Reply

MADE = interacts("Patient", "create"), interacts("Observation", "create", "read")
OTHER_SYSTEM = "https://citytwin.example/fhir/CodeSystem/other-probe"


@check("FHIR-022", when=(*MADE, searches("Observation", "patient")))
def references(ctx: Context) -> None:
    """Searches the data of one of two patients by bare id, type and id, and absolute address."""
    chart, second = Chart(ctx), Chart(ctx)
    own = {str(chart.write(chart.observation())["id"]) for _ in range(2)}
    second.write(second.observation())
    number, typed = chart.patient_id, chart.subject["reference"]
    with ctx.control(Text("by type and id", "型と id で")):
        ctx.require("patient", own <= chart.found(patient=typed), expected=own, actual=chart.found(patient=typed))
    forms = {"patient": [typed, number, f"{ctx.target.fhir_base}/{typed}"]}
    if Capability(ctx.target.capability).parameter("Observation", "subject"):
        forms |= {"subject": [typed, f"{ctx.target.fhir_base}/{typed}"], "subject:Patient": [number]}
    for name, values in forms.items():
        for value in values:
            ctx.expect(f"{name}={value}", expected=own, actual=chart.found(**{name: value}))
    nobody = chart.found(patient=f"Patient/nobody-{ctx.draws.number(10**9)}")
    ctx.expect(Text("a patient who is not there", "居ない患者"), expected=set(), actual=nobody)


class _Coded:
    """Observations whose codes differ in system and code, and which of them a token finds."""

    def __init__(self, ctx: Context) -> None:
        self.chart = Chart(ctx)
        self.a, self.b = f"a-{ctx.fresh(9)}", f"b-{ctx.fresh(9)}"
        self.codings: dict[str, list[dict[str, str]]] = {}
        for codings in (
            [{"system": PROBES, "code": self.a}],
            [{"system": OTHER_SYSTEM, "code": self.a}],
            [{"code": self.a}],
            [{"system": PROBES, "code": self.b}],
            [{"system": OTHER_SYSTEM, "code": self.b}, {"system": PROBES, "code": self.a}],
        ):
            made = self.chart.write(self.chart.observation(code={"coding": codings}))
            self.codings[str(made["id"])] = codings

    def expected(self, value: str) -> set[str]:
        """Source: R4 search.html#token: code, system|code, |code (no system), system|."""
        system, bar, code = value.rpartition("|")
        return {
            number
            for number, codings in self.codings.items()
            if any(
                (not bar or one.get("system", "") == system) and (not code or one["code"] == code) for one in codings
            )
        }

    def found(self, *values: str) -> set[str]:
        """Ids that a search by code finds; system| alone may find what others wrote."""
        return self.chart.found(code=values) & set(self.codings)


@check("FHIR-023", when=(*MADE, searches("Observation", "code")))
def tokens(ctx: Context) -> None:
    """Writes codes with a system, another one and none, and searches by every form of a token."""
    coded = _Coded(ctx)
    with ctx.control(Text("code and system", "符号と体系")):
        ctx.expect(coded.b, expected=coded.expected(coded.b), actual=coded.found(coded.b))
    for value in (
        f"{PROBES}|{coded.b}",
        f"{PROBES}|{coded.a}",
        f"{OTHER_SYSTEM}|{coded.a}",
        f"http://snomed.info/sct|{coded.a}",
        coded.a,
        f"|{coded.a}",
        f"|{coded.b}",
        f"{PROBES}|{coded.a[:-1]}",
    ):
        ctx.expect(f"code={value}", expected=coded.expected(value), actual=coded.found(value))


@check("FHIR-023", "modifiers", when=(*MADE, searches("Observation", "code")))
def modifiers(ctx: Context) -> None:
    """Searches by a token with :not and a made-up modifier: what a server does not support is refused, not ignored."""
    chart = Chart(ctx)
    own = str(chart.write(chart.observation())["id"])
    with ctx.control(Text("without a modifier", "修飾子なし")):
        ctx.expect("code", expected={own}, actual=chart.found(code=chart.token))
    reply = ctx.fhir.search("Observation", {"code:no-such-modifier": chart.token})
    ctx.refused_status("code:no-such-modifier", reply, 400, 403, 404, 405, 422, 501)
    for name, value in (("code:not", chart.token), ("code:missing", "true")):
        reply = ctx.fhir.search("Observation", {name: value, "code": chart.token})
        if reply.status < 400:
            ctx.expect(f"{name}={value}", expected=[], actual=[one.get("id") for one in matches_of(reply.json)])


@check("FHIR-041", when=(*MADE, searches("Observation", "code", "status")))
def either_and_both(ctx: Context) -> None:
    """Searches by lists of values, by a parameter twice, and by two parameters at once."""
    coded = _Coded(ctx)
    a, b = coded.a, coded.b
    ctx.expect("code=A,B", expected=coded.expected(a) | coded.expected(b), actual=coded.found(f"{a},{b}"))
    ctx.expect("code=B,none", expected=coded.expected(b), actual=coded.found(f"{b},{a}-none"))
    ctx.expect("code=A&code=B", expected=coded.expected(a) & coded.expected(b), actual=coded.found(a, b))
    chart = Chart(ctx, patient=coded.chart.patient_id)
    states = {
        name: str(chart.write(chart.observation(status=name))["id"]) for name in ("final", "amended", "preliminary")
    }
    two = {states["final"], states["amended"]}
    ctx.expect(
        "code=C&status=final,amended", expected=two, actual=chart.found(code=chart.token, status="final,amended")
    )
    ctx.expect("code=C&status=cancelled", expected=set(), actual=chart.found(code=chart.token, status="cancelled"))
    ids = f"{states['final']},{states['preliminary']},nobody"
    if Capability(ctx.target.capability).parameter("Observation", "_id"):
        expected = {states["final"], states["preliminary"]}
        ctx.expect("_id=X,Y", expected=expected, actual=chart.found(_id=ids, code=chart.token))


def _post(ctx: Context, form: Mapping[str, Any], query: Mapping[str, Any] | None = None) -> Reply:
    path = "Observation/_search" + (f"?{urlencode(query)}" if query else "")
    return ctx.fhir.send("POST", path, body=urlencode(form).encode(), headers={"content-type": FORM})


@check("FHIR-040", when=(*MADE, searches("Observation", "code", "status")))
def by_post(ctx: Context) -> None:
    """Searches by POST with the parameters in the form, and in form and address, beside the same GET."""
    chart = Chart(ctx)
    for status in ("final", "final", "amended"):
        chart.write(chart.observation(status=status))
    other = Chart(ctx, patient=chart.patient_id)
    other.write(other.observation(status="final"))  # found where one of the two parameters is not heard
    query = {"code": chart.token, "status": "final"}
    expected = chart.found(**query)
    with ctx.control(Text("the same by GET", "同じ検索をGETで")):
        ctx.expect("GET", expected=2, actual=len(expected))
    replies = {
        "form": _post(ctx, query),
        "form and URL": _post(ctx, {"status": "final"}, {"code": chart.token}),
    }
    for told, reply in replies.items():
        ctx.expect_status(f"POST _search ({told})", reply, 200)
        found = {str(one["id"]) for one in matches_of(reply.members)}
        ctx.expect(f"POST _search ({told})", expected=expected, actual=found)


@check("FHIR-042", when=(*MADE, searches("Observation", "code"), declares("Observation", "searchInclude", "Observation:patient", "Observation:subject", "*")))  # fmt: skip  # noqa: E501
def included(ctx: Context) -> None:
    """Writes data of two patients, and searches for those of one, and of both, with _include of the patient."""
    chart, second = Chart(ctx), Chart(ctx)
    for _ in range(2):
        chart.write(chart.observation())
    second.write(second.observation())
    listed = Capability(ctx.target.capability).kind("Observation")["searchInclude"]
    name = "Observation:subject" if "Observation:patient" not in listed and "*" not in listed else "Observation:patient"
    plain = ctx.fhir.search("Observation", {"code": chart.token})
    ctx.expect(Text("without _include", "_include なし"), expected=[], actual=_others(plain))
    for codes, charts in ((chart.token, [chart]), (f"{chart.token},{second.token}", [chart, second])):
        reply = ctx.fhir.search("Observation", {"code": codes, "_include": name})
        ctx.expect_status(reply.url, reply, 200)
        with ctx.control(Text("the matches", "一致したもの")):
            subjects = {one.get("subject", {}).get("reference") for one in matches_of(reply.json)}
            ctx.expect("subject", expected=len(charts), actual=len(subjects))
        expected = sorted(("include", f"Patient/{one.patient_id}") for one in charts)
        ctx.expect(name, expected=expected, actual=sorted(_others(reply)))


def _others(page: Reply) -> list[tuple[str, str]]:
    rows = [(row.get("search", {}).get("mode", "match"), row.get("resource", {})) for row in page.json.get("entry", [])]
    shown = [(mode, f"{one.get('resourceType')}/{one.get('id')}") for mode, one in rows]
    return [row for row in shown if row[0] not in ("match", "outcome")]


@check("FHIR-027", when=(*MADE, searches("Observation", "code")))
def unknown_parameters(ctx: Context) -> None:
    """Searches with an unknown parameter: strict must be refused, lenient ignores it and says in self what was used."""
    chart = Chart(ctx)
    written = {str(chart.write(chart.observation())["id"])}
    with ctx.control(Text("without it", "知らないものなし")):
        ctx.expect("GET", expected=written, actual=chart.found(code=chart.token))
    query = {"code": chart.token, "no-such-parameter": "1"}
    strict = ctx.fhir.search("Observation", query, headers={"prefer": "handling=strict"})
    ctx.refused_status("Prefer: handling=strict", strict, 400, 403, 404, 405, 422, 501)
    lenient = ctx.fhir.search("Observation", query, headers={"prefer": "handling=lenient"})
    ctx.expect_status("Prefer: handling=lenient", lenient, 200)
    found = {str(one["id"]) for one in matches_of(lenient.json)}
    ctx.expect("Prefer: handling=lenient", expected=written, actual=found)
    own = next((str(one["url"]) for one in lenient.json.get("link", []) if one.get("relation") == "self"), "")
    used = {name for name, _ in parse_qsl(urlsplit(own).query, keep_blank_values=True)}
    ctx.require("link self", "no-such-parameter" not in used, expected="what was used", actual=sorted(used))
    assert not next_link(lenient.json) or found  # noqa: S101 - a page that is not the last holds something


@check("FHIR-048", when=(interacts("Patient", "create"), searches("Patient", "family", "given", "identifier")))
def strings(ctx: Context) -> None:
    """Writes names and searches by their whole, their beginning, other case, another part and two values."""
    chart = Chart(ctx)
    mark = f"s-{ctx.fresh(9)}"
    identifier = [{"system": PROBES, "value": mark}]
    ids: dict[str, str] = {}
    for family, given in (("Citytwin", "Alpha"), ("Citytwinson", "Beta"), ("試験", "用"), ("Twin", "Gamma")):
        body = {**sample("patient"), "identifier": identifier, "name": [{"family": family, "given": [given]}]}
        ids[family] = str(chart.write(body)["id"])
    names: dict[tuple[str, str], list[str]] = {
        ("family", "Citytwin"): ["Citytwin", "Citytwinson"],
        ("family", "cityTWIN"): ["Citytwin", "Citytwinson"],
        ("family", "citytwins"): ["Citytwinson"],
        ("family", "twin"): ["Twin"],
        ("family", "試"): ["試験"],
        ("given", "bet"): ["Citytwinson"],
        ("family", "Nobody"): [],
        ("family", "試,Twin"): ["試験", "Twin"],
    }
    for (name, value), families in names.items():
        matches = ctx.fhir.found("Patient", {name: value, "identifier": f"{PROBES}|{mark}"})
        found = {str(one["id"]) for one in matches}
        ctx.expect(f"{name}={value}", expected={ids[family] for family in families}, actual=found)
