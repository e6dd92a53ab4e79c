"""Consent of the person at a city OS (FHIR-016, 030, 031, 035)."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.health_fhir.chart import CATEGORY, Chart, chart_of, sample
from conformance.context import Context
from conformance.fhir.capability import Capability, interacts, searches
from conformance.fhir.server import Resource, matches_of
from conformance.outcomes import Unmet
from conformance.target import of_city_os
from conformance.text import Text
from conformance.wire import Reply

SHARED = ("lifelog", "profile.basic")
PURPOSE, RECIPIENT = "health_sharing", "medical"
IN_FORCE = "given", "renewed"
"""States that let anything be disclosed. Source: contract, schema ConsentState."""

CLOSES_S = 5.0
"""Within how many seconds a decision follows a withdrawal. Source: contract C4, evaluation."""

OBSERVED = of_city_os, interacts("Observation", "create", "read"), searches("Observation", "patient")


class Sharing:
    """Somebody who shares nothing with medical recipients, and what they give and withdraw during a check."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.person = self._unwilling()
        self.chart = chart_of(ctx, self.person)
        self._records: list[str] = []

    def _unwilling(self) -> PersonAccount:
        """Somebody without a consent for the purpose."""
        for person in self.ctx.draws.shuffled(self.ctx.target.people):
            records = self.ctx.city.items("listConsents", person)
            if not any(one.get("purpose") == PURPOSE and _state(one) in IN_FORCE for one in records):
                return person
        raise Unmet(Text("everybody has a consent for health_sharing", "誰もが health_sharing の同意を持つ"))

    def give(self, *categories: str) -> str:
        """Agree that medical recipients have categories; id of the record, withdrawn at the end at the latest."""
        body = {"purpose": PURPOSE, "data_categories": list(categories or SHARED), "recipients": [RECIPIENT]}
        reply = self.ctx.city.call("createConsent", self.person, body)
        if reply.status != 201:
            self.ctx.skip(
                f"no consent: {reply.status} {reply.text[:200]}", f"同意できない: {reply.status} {reply.text[:200]}"
            )
        record = str(reply.json["record_id"])
        self._records.append(record)
        self.ctx.afterwards(self.withdraw)
        return record

    def withdraw(self) -> None:
        """Withdraw all that was given."""
        while self._records:
            self.ctx.city.call("withdrawConsent", self.person, path={"consent_id": self._records.pop()})


def _until(ask: Callable[[], Reply], *statuses: int) -> Reply:
    """An answer of a status, waited for no longer than a withdrawal may take."""
    deadline_s = time.monotonic() + CLOSES_S
    while (reply := ask()).status not in statuses and time.monotonic() < deadline_s:
        time.sleep(0.2)
    return reply


def _shown(ctx: Context, query: dict[str, str]) -> set[str]:
    """Ids of what a search of the suite's own finds."""
    reply = ctx.fhir.search("Observation", query)
    ctx.expect_status(f"search {query}", reply, 200)
    return {str(one.get("id")) for page in ctx.fhir.bundles(reply) for one in matches_of(page.members)}


@check("FHIR-016", alone=True, when=OBSERVED)
def without_consent(ctx: Context) -> None:
    """A person writes a pulse and a result, shares the life log, and withdraws; a hospital looks each time."""
    sharing = Sharing(ctx)
    chart = sharing.chart
    laboratory = [{"coding": [{"system": CATEGORY, "code": "laboratory"}]}]
    pulse = str(chart.write(chart.vital("pulse-rate", 72))["id"])
    result = str(chart.write(chart.observation(category=laboratory))["id"])
    sharing.give()
    patient = {"patient": chart.subject["reference"]}
    with ctx.control(Text("what is consented to", "同意したもの")):
        ctx.expect_status("GET", ctx.fhir.read("Observation", pulse), 200)
        ctx.require("search", pulse in _shown(ctx, patient), expected=pulse, actual=_shown(ctx, patient))
    ctx.refused_status(Text("another category", "同意しない区分"), ctx.fhir.read("Observation", result), 403, 404)
    told = Text("another category in a search", "検索での同意しない区分")
    ctx.refused(told, result not in _shown(ctx, patient), expected="left out", actual=result)
    sharing.withdraw()
    reply = _until(lambda: ctx.fhir.read("Observation", pulse), 403, 404)
    ctx.refused_status(Text("after the withdrawal", "撤回の後"), reply, 403, 404)
    for query in (patient, {"_id": pulse}):
        left = _shown(ctx, query) & {pulse, result}
        ctx.refused(
            Text(f"search {query} after the withdrawal", f"撤回の後の検索 {query}"),
            not left,
            expected=set(),
            actual=left,
        )


@check("FHIR-016", "documented", when=(of_city_os, interacts("Observation", "read")))
def documented(ctx: Context) -> None:
    """Looks in the CapabilityStatement's documentation for the status of what is not consented to."""
    rest = Capability(ctx.target.capability).rest
    security = rest.get("security", {})
    texts = [rest.get("documentation"), security.get("description"), ctx.target.capability.get("description")]
    texts += [row.get("documentation") for row in rest.get("resource", [])]
    told = " ".join(text for text in texts if isinstance(text, str))
    found = sorted(set(re.findall(r"\b(403|404)\b", told)))
    if not found:
        ctx.review(
            "the CapabilityStatement does not say whether it is 403 or 404; look in the vendor's documents",
            "CapabilityStatementに403か404かの記述がない。提供者の文書を見る",
        )
    ctx.require("documentation", found, expected="403 or 404", actual=found)


@check("FHIR-030", alone=True, when=OBSERVED)
def disclosures_are_logged(ctx: Context) -> None:
    """A hospital reads and searches data of a person who consents; each is told in the person's own log."""
    sharing = Sharing(ctx)
    chart = sharing.chart
    pulse = str(chart.write(chart.vital("pulse-rate", 72))["id"])
    sharing.give()
    own = ctx.city.role(ctx.target.plan.fhir.role).client_id
    before = _logged(ctx, sharing.person, own)
    with ctx.control(Text("the hospital reads", "医療機関が読む")):
        ctx.expect_status("GET", ctx.fhir.read("Observation", pulse), 200)
        ctx.require("search", pulse in _shown(ctx, {"_id": pulse}), expected=pulse, actual=_shown(ctx, {"_id": pulse}))
    operations = _logged(ctx, sharing.person, own)[len(before) :]
    for name in ("readFhir", "searchFhir"):
        ctx.require(Text(f"{name} in the log", f"記録の {name}"), name in operations, expected=name, actual=operations)


def _logged(ctx: Context, person: PersonAccount, client_id: str) -> list[str]:
    """Operations by which a client was shown data of a person, the oldest first."""
    rows = [
        row for row in ctx.city.items("listAccessLog", person) if row.get("client", {}).get("client_id") == client_id
    ]
    return [str(row.get("operation")) for row in reversed(rows)]


@check("FHIR-031", when=(of_city_os,))
def levels_of_profiles(ctx: Context) -> None:
    """Reads the level at which each profile is declared; what is built and not enabled answers 404."""
    profiles = ctx.target.city_os.get("profiles", [])
    levels = {str(one.get("id")): one.get("level") for one in profiles if isinstance(one, dict)}
    ctx.require("health-fhir", "health-fhir" in levels, expected="declared", actual=sorted(levels))
    for name, level in levels.items():
        ctx.expect_in(f"{name}: level", expected=("full", "partial", "built-not-enabled"), actual=level)
    if levels["health-fhir"] == "built-not-enabled":
        ctx.expect_status("GET metadata", ctx.fhir.send("GET", "metadata", token=""), 404)


def _consent(chart: Chart) -> Resource:
    """A Consent of the person to let hospitals have the life log and the basic data."""
    whole: Resource = sample("consent")
    whole["patient"] = chart.subject
    return whole


WRITTEN = of_city_os, interacts("Consent", "create", "read", "update")


@check("FHIR-035", alone=True, when=WRITTEN)
def written_consents(ctx: Context) -> None:
    """A person writes a Consent, finds it in the consents API, and withdraws it by an update to inactive."""
    sharing = Sharing(ctx)
    chart = sharing.chart
    made = chart.tried(_consent(chart))
    ctx.expect_status("POST Consent", made, 201)
    consent = ctx.fhir.stored(made, "Consent", **chart.options)
    ctx.afterwards(lambda: ctx.city.call("withdrawConsent", sharing.person, path={"consent_id": str(consent["id"])}))
    record = ctx.city.call("getConsent", sharing.person, path={"consent_id": str(consent["id"])})
    ctx.expect_status("getConsent", record, 200)
    shown = (record.json.get("purpose"), set(record.json.get("data_categories", [])), record.json.get("recipients"))
    ctx.expect(Text("the record", "同意記録"), expected=(PURPOSE, set(SHARED), [RECIPIENT]), actual=shown)
    reply = chart.update({**consent, "status": "inactive"})
    ctx.expect_status("PUT inactive", reply, 200)
    after = ctx.city.call("getConsent", sharing.person, path={"consent_id": str(consent["id"])})
    ctx.expect(Text("state of the record", "記録の状態"), expected="withdrawn", actual=_state(after.members))
    hidden = _until(lambda: ctx.fhir.send("GET", chart.subject["reference"]), 403, 404)
    ctx.expect_status(Text("a hospital after the withdrawal", "撤回の後の医療機関"), hidden, 403, 404)


def _state(record: Mapping[str, Any]) -> object:
    """The state of a consent record: its own member, or that of its last event."""
    events = record.get("events") or [{}]
    return record.get("state", events[-1].get("state"))


@check("FHIR-035", "no_place", alone=True, when=WRITTEN)
def elements_without_a_place(ctx: Context) -> None:
    """Writes a Consent with a securityLabel, and ones with other elements that a record does not keep."""
    sharing = Sharing(ctx)
    chart = sharing.chart
    with ctx.control(Text("a Consent that a record can keep", "記録にできるConsent")):
        made = chart.tried(_consent(chart))
        ctx.expect_status("POST", made, 201)
    number = str(ctx.fhir.stored(made, "Consent", **chart.options)["id"])
    ctx.afterwards(lambda: ctx.city.call("withdrawConsent", sharing.person, path={"consent_id": number}))
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    for element, value in (
        ("securityLabel", [label]),
        ("code", [{"text": "x"}]),
        ("dataPeriod", {"start": "2027-01-01"}),
    ):
        whole = _consent(chart)
        whole["provision"][element] = value
        reply = chart.tried(whole)
        ctx.refused_status(f"Consent.provision.{element}", reply, 422)
        places = [str(place) for issue in reply.members.get("issue", []) for place in issue.get("expression", [])]
        named = any(place.startswith(f"Consent.provision.{element}") for place in places)
        ctx.require(
            Text("element that is named", "名指した要素"), named, expected=f"Consent.provision.{element}", actual=places
        )
