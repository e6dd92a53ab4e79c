"""Making: a valid request for each operation, about things that are made for it, at any city OS."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from conformance.accounts import PersonAccount
from conformance.city.caller import Who, operation_of
from conformance.context import Context
from conformance.contract.operations import Operation
from conformance.generated.bodies import BODIES, CHANGES
from conformance.generated.offer import is_offered, links_of, request_schema, roles_for
from conformance.outcomes import NotApplicable, Unmet
from conformance.wire import Reply

PATH_NAMES = re.compile(r"{(\w+)}")

JST = timezone(timedelta(hours=9))

DESK = ("checkIn", "transferCheckIn", "uploadCheckIns", "reportOffShelter", "createShelterRequest", "checkOut")
"""What a shelter's desk does."""

BY_PERSON = (
    "getUser",
    "putLocation",
    "getLocation",
    "createConsent",
    "giveConsent",
    "refuseConsent",
    "renewConsent",
    "withdrawConsent",
    "decideConsents",
    "listConsents",
    "getConsent",
    "getConsentReceipt",
    "createEvacuationPlan",
    "getEvacuationPlan",
    "updateEvacuationPlan",
    "deleteEvacuationPlan",
    "postHazardReport",
    "getOwnCard",
    "putOwnCard",
    "deleteOwnCard",
)
"""What a person does about themselves, though a role's client could do something of the kind as well."""

BY_DESK = {
    "createSurveyResponse": "shelter_desk",
    "getSurveyResponse": "shelter_desk",
    "updateSurveyResponse": "shelter_desk",
    "deleteSurveyResponse": "shelter_desk",
    "listCheckIns": "shelter_desk",
    "getCheckIn": "shelter_desk",
    "getEvacueeCard": "shelter_desk",
    "getOffShelter": "shelter_desk",
    "listOffShelter": "shelter_desk",
}
"""What the desk reads, since it wrote it."""

ABOUT = {
    "listCheckIns": {"shelter": "shelter"},
    "listSafetyReports": {"audience": "municipality"},
    "listSupportRegister": {"area": "area"},
    "listSurveyResponses": {},
}
"""Query parameters that a list demands; shelter and area stand for one of the target's."""


@dataclass(frozen=True)
class Request:
    """A request that is right as it is."""

    operation: Operation
    who: Who
    body: Any = None
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.operation.operation_id

    def having(self, **headers: str | None) -> "Request":
        """The same request with other headers; names with underscores."""
        return replace(self, headers={**self.headers, **{key.replace("_", "-"): one for key, one in headers.items()}})


@dataclass(frozen=True)
class Made:
    """What a request made: the request and its answer."""

    request: Request
    reply: Reply

    @property
    def etag(self) -> str:
        """The entity tag of what was made."""
        return self.reply.header("etag")


class Making:
    """Makes requests and things for one check. What it makes stands apart from what others look at.

    Which of the people acts is drawn, so that checks that run at once seldom share one, nor its quota; ``number`` names
    one for checks that would disturb each other.
    """

    def __init__(self, ctx: Context, number: int | None = None) -> None:
        self.ctx, self.city, self.target = ctx, ctx.city, ctx.target
        self._number = ctx.draws.number(max(1, len(self.target.people))) if number is None else number
        self._shelters: dict[int, str] = {}
        self._parents: dict[str, Made] = {}

    def person(self) -> PersonAccount:
        """The person who acts.

        Raises:
            NotApplicable: Nobody can sign in.
        """
        people = self.target.people
        return people[-1 - self._number % len(people)] if people else self.city.person()

    def next_person(self) -> PersonAccount:
        """From now on the next of the people acts, who has a quota of their own."""
        self._number += 1
        return self.person()

    def now(self, ahead_s: float = -60) -> str:
        """A time near the present, in Japan's offset: a minute ago, so that no clock finds it in the future."""
        return (datetime.now(JST) + timedelta(seconds=ahead_s)).isoformat(timespec="milliseconds")

    def area(self) -> str:
        """Code of a district or neighbourhood of the target.

        Raises:
            Unmet: None is known.
        """
        for account in self.target.accounts:
            kind, _, code = account.recipient.partition(":")
            if kind == "association" and code:
                return code
        shelters = self.city.call("listShelters").members.get("items", ())
        district = next((str(one["district"]) for one in shelters if one.get("district")), "")
        if not district:
            raise Unmet("no district of the town is known: no association's client, and no shelter tells its district")
        return district

    def shelter(self, number: int = 0) -> str:
        """Id of a shelter that was opened for this check, and is taken off the list after it."""
        if number not in self._shelters:
            made = self.made("createShelter")
            self._shelters[number] = str(made.reply.members.get("id", ""))
        return self._shelters[number]

    def who(self, operation_id: str) -> Who:
        """Who calls an operation.

        Raises:
            NotApplicable: The target has no client of a role that may.
        """
        operation = operation_of(operation_id)
        if operation.is_public:
            return None
        roles = roles_for(operation)
        if not roles or operation_id in BY_PERSON:
            return self.person()
        first = "shelter_desk" if operation_id in DESK else BY_DESK.get(operation_id, "")
        there = [role for role in (first, *roles) if role and self.target.of_role(role)]
        return there[0] if there else self.city.role(roles[0])

    def request(self, operation_id: str) -> Request:
        """A valid request for an operation; what it speaks of is made before.

        Raises:
            NotApplicable: The target does not offer it, or nothing is known to make it of.
            Unmet: What it speaks of could not be made.
        """
        operation = operation_of(operation_id)
        if not is_offered(self.target, operation):
            raise NotApplicable(f"the target does not offer {operation_id}")
        parent = self._parent(operation)
        who = self.who(operation_id)
        path, headers = self._filled(operation, parent)
        if any(not path.get(name) for name in PATH_NAMES.findall(operation.path)):
            raise Unmet(f"{operation_id}: nothing is known that its path could name")
        body = self._body(operation_id)
        if body is None and request_schema(operation):
            raise Unmet(f"{operation_id}: no valid request for it is known")
        query = {name: self._named(value) for name, value in ABOUT.get(operation_id, {}).items()}
        return Request(operation, who, body, path, query, headers)

    def send(self, request: Request, **options: Any) -> Reply:
        """Send a request."""
        headers = {**request.headers, **options.pop("headers", {})}
        query = {**request.query, **options.pop("query", {})}
        body = options.pop("json_body", request.body)
        if options.get("body") is not None:
            headers = {"content-type": "application/json", **headers}
            body = None
        return self.city.call(
            request.name, request.who, body, query=query, headers=headers, path=request.path, **options
        )

    def made(self, operation_id: str) -> Made:
        """Something new that an operation made; it is taken away after the check where it can be.

        Raises:
            Unmet: It was not made.
        """
        request = self.request(operation_id)
        reply = self.send(request)
        for _ in range(PEOPLE_TRIED if operation_id in ONE_EACH and reply.status == 409 else 0):
            self._number += 1
            request = self.request(operation_id)
            reply = self.send(request)
        if reply.status not in (200, 201, 202, 204):
            raise Unmet(f"{operation_id} made nothing: {reply.status} {reply.text[:200]}")
        made = Made(request, reply)
        self.ctx.afterwards(lambda: self._take_away(made))
        return made

    def follow(self, made: Made, link: str) -> Request | None:
        """The request that a link of the document leads to from what was made; None if there is no such link."""
        told = links_of(made.request.operation).get(link)
        if told is None or not is_offered(self.target, operation_of(told["operationId"])):
            return None
        operation = operation_of(told["operationId"])
        values = {name: _value(str(rule), made) for name, rule in told.get("parameters", {}).items()}
        path = {name: value for name, value in values.items() if "{" + name + "}" in operation.path}
        headers: dict[str, str | None] = {"if-match": made.etag} if values.get("If-Match") else {}
        who = self.who(operation.operation_id)
        if isinstance(who, PersonAccount) and isinstance(made.request.who, PersonAccount):
            who = made.request.who
        return Request(operation, who, self._body(operation.operation_id), path, {}, headers)

    def place_of(self, made: Made) -> Mapping[str, str]:
        """Path parameters that name what was made."""
        read = self.follow(made, "read")
        return read.path if read else made.request.path

    def _parent(self, operation: Operation) -> Made | None:
        """Something made that the path's parameters name."""
        maker = PARENTS.get(operation.path)
        if maker is None:
            return None
        may_share = operation.method == "GET" or maker in ONE_EACH
        if maker not in self._parents or not may_share:
            self._parents[maker] = self.made(maker)
        return self._parents[maker]

    def _filled(self, operation: Operation, parent: Made | None) -> tuple[dict[str, str], dict[str, str | None]]:
        path, headers = dict[str, str](), dict[str, str | None]()
        if "{sub}" in operation.path:
            path["sub"] = self.person().user
        if "{shelter_id}" in operation.path:
            path["shelter_id"] = self.shelter()
        if "{purpose}" in operation.path:
            path["purpose"] = "disaster_support"
        if "{resource}" in operation.path:
            path["resource"] = "v1"
        if "{site_id}" in operation.path:
            path["site_id"] = self._site()
        if parent is not None:
            path |= {key: value for key, value in self.place_of(parent).items() if "{" + key + "}" in operation.path}
        return path, headers

    def _site(self) -> str:
        sites = self.city.call("listEvacuationSites").members.get("items", ())
        if not sites:
            raise Unmet("the town has no evacuation site")
        return str(sites[0]["id"])

    def _body(self, operation_id: str) -> Any:
        maker: Callable[[Any], Any] | None = BODIES.get(operation_id) or CHANGES.get(operation_id)
        return maker(self) if maker else None

    def _named(self, value: str) -> str:
        return {"shelter": self.shelter, "area": self.area}.get(value, lambda: value)()

    def _take_away(self, made: Made) -> None:
        """Delete, lift or end what was made; what is gone already is no fault."""
        if made.request.name == "createShelter":
            self._empty(made)
        for link in ("delete", "lift", "withdraw", "checkOut"):
            request = self.follow(made, link)
            if request is None:
                continue
            read = self.follow(made, "read")
            etag = self.send(read, patient=True).header("etag") if read else ""
            self.send(request, headers={"if-match": etag} if etag else {})
            return

    def _empty(self, made: Made) -> None:
        """Check everybody out of a shelter, so that it can be taken off the list."""
        shelter = {"shelter": str(made.reply.members.get("id", ""))}
        desk = self.target.of_role("shelter_desk")
        items = self.city.call("listCheckIns", desk[0], query=shelter).members.get("items", ()) if desk else ()
        for one in items:
            self.city.call("checkOut", desk[0], {"observed_at": self.now(0)}, path={"check_in_id": str(one.get("id"))})


def possible(making: Making, operations: Iterable[Operation]) -> Iterator[Request]:
    """Valid requests for operations; those that the target cannot be asked are left out.

    Raises:
        Unmet: None can be asked.
    """
    reasons = list[str]()
    found = False
    for operation in operations:
        try:
            request = making.request(operation.operation_id)
        except (NotApplicable, Unmet) as reason:
            reasons.append(f"{operation.operation_id}: {reason}")
            continue
        found = True
        yield request
    if not found:
        raise Unmet(f"no operation could be asked: {'; '.join(reasons)[:400] or 'none is offered'}")


def answered(making: Making, operations: Iterable[Operation]) -> Iterator[tuple[Request, Reply]]:
    """Valid requests for operations with their answers, of those that are answered with 2xx.

    Raises:
        Unmet: None is.
    """
    refused = list[str]()
    found = False
    for request in possible(making, operations):
        reply = making.send(request)
        if reply.status >= 300:
            refused.append(f"{request.name}: {reply.status}")
            continue
        found = True
        yield request, reply
    if not found:
        raise Unmet(f"no valid request was accepted: {', '.join(refused)[:400]}")


def _value(rule: str, made: Made) -> str:
    """What a runtime expression of a link stands for (OpenAPI 3.1, 4.8.20.3)."""
    _, _, rest = rule.partition(".")
    if rule.startswith("$response.body#/"):
        found: Any = made.reply.members
        for part in rule.partition("#/")[2].split("/"):
            found = found.get(part) if isinstance(found, dict) else None
        return "" if found is None else str(found)
    if rule.startswith("$request.path."):
        return made.request.path.get(rest.removeprefix("path."), "")
    return made.reply.header(rest.removeprefix("header.")) if rule.startswith("$response.header.") else rule


ONE_EACH = ("createEvacuationPlan",)
"""What a person can have one of only."""

PEOPLE_TRIED = 9
"""How many further people are tried where one has what each can have one of only. Confidence C."""

PARENTS = {
    "/v1/check-ins/{check_in_id}": "checkIn",
    "/v1/check-ins/{check_in_id}/check-out": "checkIn",
    "/v1/check-ins/{check_in_id}/transfer": "checkIn",
    "/v1/check-ins/{check_in_id}/card": "checkIn",
    "/v1/consents/{consent_id}": "createConsent",
    "/v1/consents/{consent_id}/receipt": "createConsent",
    "/v1/consents/{consent_id}/confirmation": "createConsent",
    "/v1/consents/{consent_id}/refusal": "createConsent",
    "/v1/consents/{consent_id}/renewal": "createConsent",
    "/v1/consents/{consent_id}/withdrawal": "createConsent",
    "/v1/users/{sub}/notifications/{notification_id}/receipt": "sendNotification",
    "/v1/evacuation-orders/{order_id}": "issueEvacuationOrder",
    "/v1/evacuation-orders/{order_id}/lifting": "issueEvacuationOrder",
    "/v1/event-streams/{stream_id}": "createEventStream",
    "/v1/event-streams/{stream_id}/verification": "createEventStream",
    "/v1/hazard-reports/{hazard_report_id}": "postHazardReport",
    "/v1/notifications/{notification_id}": "sendNotification",
    "/v1/notifications/{notification_id}/retries": "sendNotification",
    "/v1/notifications/{notification_id}/deliveries": "sendNotification",
    "/v1/evacuation-plans/{plan_id}": "createEvacuationPlan",
    "/v1/evacuation-plans/{plan_id}/share-links": "createEvacuationPlan",
    "/v1/evacuation-plans/{plan_id}/share-links/{link_id}": "createPlanShareLink",
    "/v1/safety-reports/{report_id}": "reportSafety",
    "/v1/off-shelter-evacuees/{evacuees_id}": "reportOffShelter",
    "/v1/shelter-requests/{request_id}": "createShelterRequest",
    "/v1/surveys/{survey_id}": "createSurvey",
    "/v1/surveys/{survey_id}/results": "createSurvey",
    "/v1/survey-responses/{response_id}": "createSurveyResponse",
}
"""Which operation makes what a path names. Paths of share links name the plan too."""
