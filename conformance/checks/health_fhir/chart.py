"""Chart: the records of a made-up patient that a check writes at a FHIR server; they are deleted when it ends."""

import json
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from importlib.resources import files
from typing import Any

from conformance.accounts import PersonAccount
from conformance.city.caller import EXCHANGE, LOCAL_ID
from conformance.context import Context
from conformance.contract.fhir.lifelog import observation
from conformance.fhir.capability import Capability
from conformance.fhir.server import Resource
from conformance.wire import Reply

PROBES = "https://citytwin.example/fhir/CodeSystem/probe"
"""System of codes that only one run of one check knows, so that a search finds what it wrote and nothing else."""

LOINC = "http://loinc.org"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
HL7_PROFILES = "http://hl7.org/fhir/StructureDefinition/"
AT = "2027-01-15T12:00:00+00:00"
"""A time on the same day in every time zone but the easternmost."""


@cache
def _sample(name: str) -> bytes:
    return files(__package__).joinpath("samples", f"{name}.json").read_bytes()


def sample(name: str) -> Any:
    """A sample by the name of its file, to be changed at will."""
    return json.loads(_sample(name))


class Chart:
    """One made-up patient at the server, made when first asked for, and what is written about them.

    ``token`` is somebody's instead of the suite's own; ``patient`` names a Patient who is there already.
    """

    def __init__(self, ctx: Context, *, token: str | None = None, patient: str = "") -> None:
        self.ctx, self._token, self._patient = ctx, token, patient
        self.code = f"probe-{ctx.fresh(9)}"

    @property
    def options(self) -> dict[str, Any]:
        """What calls of the server need to be made as the one who writes."""
        return {} if self._token is None else {"token": self._token}

    @property
    def patient_id(self) -> str:
        """Logical id of the patient.

        Raises:
            Unmet: None could be made.
        """
        if not self._patient:
            made = self.write({**sample("patient"), "identifier": [{"system": PROBES, "value": self.code}]})
            self._patient = str(made["id"])
        return self._patient

    @property
    def subject(self) -> Resource:
        """The reference to the patient."""
        return {"reference": f"Patient/{self.patient_id}"}

    def observation(self, **changed: Any) -> Resource:
        """An Observation that no profile restricts, with the chart's own code; None leaves a member out."""
        coding = [{"system": PROBES, "code": self.code}]
        whole = {**sample("observation"), "subject": self.subject}
        whole["code"] = {**whole["code"], "coding": coding}
        return {name: value for name, value in {**whole, **changed}.items() if value is not None}

    def vital(self, item: str, values: Mapping[str, Any] | float, *, plain: bool = True, **changed: Any) -> Resource:
        """An item of the life log; ``plain``: as HL7 has it, without Japanese codes and profiles."""
        given = values if isinstance(values, Mapping) else {"value": values}
        whole = observation(item, given, subject=self.subject["reference"], effective=AT)
        shown = _plain(whole) if plain else whole
        return {name: value for name, value in {**shown, **changed}.items() if value is not None}

    def tried(self, resource: Mapping[str, Any] | str, **options: Any) -> Reply:
        """The answer to a create; what is made by it is deleted at the end."""
        kind = "Observation" if isinstance(resource, str) else str(resource["resourceType"])
        reply = self.ctx.fhir.send("POST", kind, resource, **{**self.options, **options})
        if reply.status in (200, 201):
            self.forget_later(kind, _id_of(reply, kind))
        return reply

    def write(self, resource: Mapping[str, Any] | str) -> Resource:
        """A resource as the server stored it.

        Raises:
            Unmet: It was not created.
        """
        kind = "Observation" if isinstance(resource, str) else str(resource["resourceType"])
        reply = self.tried(resource)
        if reply.status not in (200, 201):
            self.ctx.skip(
                f"{kind} was not created: {reply.status} {reply.text[:200]}",
                f"{kind} を作れない: {reply.status} {reply.text[:200]}",
            )
        return self.ctx.fhir.stored(reply, kind, **self.options)

    def forget_later(self, kind: str, number: str) -> None:
        """Delete something when the check ends, if the server can."""
        if number and Capability(self.ctx.target.capability).does(kind, "delete"):
            self.ctx.afterwards(lambda: self.ctx.fhir.send("DELETE", f"{kind}/{number}", **self.options))

    def read(self, resource: Mapping[str, Any]) -> Reply:
        """A resource read again."""
        return self.ctx.fhir.read(str(resource["resourceType"]), str(resource["id"]), **self.options)

    def update(self, resource: Mapping[str, Any], **headers: str) -> Reply:
        """A resource's next version; names of headers with underscores."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        place = f"{resource['resourceType']}/{resource['id']}"
        return self.ctx.fhir.send("PUT", place, resource, headers=given, **self.options)

    def found(self, **query: Any) -> set[str]:
        """Ids of what a search of Observations finds on all its pages."""
        return {str(one.get("id")) for one in self.ctx.fhir.found("Observation", query, **self.options)}

    @property
    def token(self) -> str:
        """The chart's code as a search writes it: without its system, which is looked at apart (FHIR-023)."""
        return self.code


OWN_DATA = "patient/*.cruds"
"""Everything of one person. Source: SMART App Launch 2.2.0, scopes."""


def chart_of(ctx: Context, person: PersonAccount) -> Chart:
    """The chart of a person at a city OS, written with a token of their own.

    The Patient is the one that the token response names (SMART launch context), else the one that a search finds.

    Raises:
        Unmet: There is no token, or it is not clear which Patient it is about.
    """
    subject = {"subject_token": person.user, "subject_token_type": LOCAL_ID}
    reply = ctx.city.ask_token(ctx.city.role("citizen_app"), grant_type=EXCHANGE, scope=OWN_DATA, **subject)
    token, patient = reply.members.get("access_token"), reply.members.get("patient")
    if not isinstance(token, str):
        ctx.skip(f"no token of a person: {reply.status}", f"本人のトークンがない: {reply.status}")
    if not isinstance(patient, str):
        found = ctx.fhir.found("Patient", token=token)
        if len(found) != 1:
            ctx.skip(
                f"a person's token finds {len(found)} Patients", f"本人のトークンで Patient が{len(found)}件見つかる"
            )
        patient = str(found[0]["id"])
    return Chart(ctx, token=token, patient=patient)


def _plain(whole: Resource) -> Resource:
    shown = deepcopy(whole)
    shown["meta"] = {"profile": [one for one in whole["meta"]["profile"] if one.startswith(HL7_PROFILES)]}
    shown["category"] = [one for one in whole["category"] if one["coding"][0]["system"] == CATEGORY]
    for part in (shown, *shown.get("component", ())):
        part["code"]["coding"] = [one for one in part["code"]["coding"] if one["system"] == LOINC]
    if not shown["meta"]["profile"]:
        del shown["meta"]
    return shown


def _id_of(reply: Reply, kind: str) -> str:
    place = reply.header("location").partition("/_history")[0].rstrip("/")
    if place.rpartition("/")[0].endswith(kind):
        return place.rpartition("/")[2]
    return str(reply.members.get("id", "")) if reply.members.get("resourceType") == kind else ""


def codes_of(resource: Mapping[str, Any], element: str = "code") -> set[tuple[str, str]]:
    """System and code of every coding of a CodeableConcept, or of a list of them."""
    value = resource.get(element)
    concepts = value if isinstance(value, list) else [value]
    codings = [one for concept in concepts if isinstance(concept, dict) for one in concept.get("coding", [])]
    return {(str(one.get("system", "")), str(one.get("code", ""))) for one in codings if isinstance(one, dict)}


def is_refused(reply: Reply) -> bool:
    """Whether something was not accepted. R4 lets servers answer 5xx here too (http.html#create, status codes)."""
    return reply.status >= 400
