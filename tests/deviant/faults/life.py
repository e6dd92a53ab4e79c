"""Faults of what happens to things after they were made: deletions, links, lists, counts, and who sees them."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from deviant.switches import Answer, Bench, Request, fault

from reference_api.call import Call, Reply
from reference_api.city.check_ins import visible_stay
from reference_api.city.shelters import BOARD
from reference_api.city.stays import _count
from reference_api.consent import _counting
from reference_api.disaster import DistrictMode, gravest
from reference_api.handlers import Handler
from reference_api.services import Services


def _deaf(bench: Bench, operation_id: str) -> None:
    """Answer a deletion as if it were done, and do nothing."""

    def wrong(_: Handler) -> Handler:
        async def forgetful(services: Services, call: Call) -> Reply:
            return Reply(204)

        return forgetful

    bench.handler(operation_id, wrong)


def _json(bench: Bench, path: str, change: Callable[[Any], Any]) -> None:
    """Alter the JSON that is answered at paths of a pattern."""

    def altered(request: Request, answer: Answer) -> Answer:
        concerned = re.fullmatch(path, request.path) and answer.status < 300 and answer.body
        return answer.with_json(change(answer.json)) if concerned else answer

    bench.answers(altered)


@fault("card-not-deleted", breaks=["DIS-038"])
def card_stays(bench: Bench) -> None:
    """A card that the person deleted can still be read."""
    _deaf(bench, "deleteOwnCard")


@fault("survey-not-deleted", breaks=["DIS-039", "REST-017"])
def survey_stays(bench: Bench) -> None:
    """A survey that was deleted is still there."""
    _deaf(bench, "deleteSurvey")


@fault("request-not-taken-back", breaks=["DIS-041", "REST-017"])
def request_stays(bench: Bench) -> None:
    """A shelter's request that was taken back can still be read."""
    _deaf(bench, "deleteShelterRequest")


@fault("off-shelter-not-deleted", breaks=["DIS-042", "REST-017"])
def off_shelter_stays(bench: Bench) -> None:
    """The record of evacuees outside of shelters stays when it was deleted."""
    _deaf(bench, "deleteOffShelter")


@fault("plan-not-deleted", breaks=["DIS-046", "REST-017"])
def plan_stays(bench: Bench) -> None:
    """An evacuation plan that was deleted can still be read."""
    _deaf(bench, "deleteEvacuationPlan")


@fault("hazard-not-deleted", breaks=["DIS-048", "REST-017"])
def hazard_stays(bench: Bench) -> None:
    """A hazard report that its poster deleted can still be read."""
    _deaf(bench, "deleteHazardReport")


@fault("link-not-revoked", breaks=["DIS-028"])
def link_stays(bench: Bench) -> None:
    """A share link that was revoked still shows the plan."""
    _deaf(bench, "revokePlanShareLink")


@fault("stream-not-deleted", breaks=["REST-047", "REST-017"])
def stream_stays(bench: Bench) -> None:
    """An endpoint for events that was deleted is still registered."""
    _deaf(bench, "deleteEventStream")


@fault("reset-without-effect", breaks=["REST-046"])
def no_reset(bench: Bench) -> None:
    """A sandbox is not set back to its seeded state."""
    _deaf(bench, "resetSandbox")


@fault("mode-everywhere", breaks=["DIS-002"])
def mode_everywhere(bench: Bench) -> None:
    """What is declared for one district holds in all of them."""

    def wrong(held: Mapping[str, DistrictMode], *_: object) -> str:
        return gravest(held)

    bench.patch("reference_api.disclosure.mode_of", wrong)
    bench.patch("reference_api.city.decisions.mode_of", wrong)


@fault("off-shelter-not-counted", breaks=["DIS-020"])
def not_counted(bench: Bench) -> None:
    """Evacuees outside of shelters are not counted."""
    _json(bench, r"/v1/shelters/[^/]+/status", lambda body: body | {"off_shelter_persons": 0})


@fault("link-counts-again", breaks=["DIS-032"])
def link_counts(bench: Bench) -> None:
    """When a check-in is linked to a person, somebody is counted a second time."""

    def wrong(right: Handler) -> Handler:
        async def counting(services: Services, call: Call) -> Reply:
            reply = await right(services, call)
            stay = await visible_stay(services, call)
            async with services.store.transaction():
                await _count(services, call, stay.shelter_id, 1)
            services.memory.forget(BOARD)
            return reply

        return counting

    bench.handler("linkCheckIn", wrong)


@fault("check-in-shows-name", breaks=["DIS-037"])
def names_shown(bench: Bench) -> None:
    """One check-in shows personal data."""
    _json(bench, r"/v1/check-ins/\d+", lambda body: body | {"person": {"name": "𠮷野󠄁"}})


@fault("ended-declarations-missing", breaks=["DIS-044"])
def ended_missing(bench: Bench) -> None:
    """The list of declarations leaves out those that have ended."""

    def change(body: Any) -> Any:
        return body | {"items": [one for one in body["items"] if one.get("ended_at") is None]}

    _json(bench, "/v1/disaster-events", lambda body: change(body) if "items" in body else body)


@fault("history-of-one", breaks=["DIS-045"])
def history_of_one(bench: Bench) -> None:
    """A person reads the newest of their safety reports only."""
    _json(bench, r"/v1/users/[^/]+/safety-reports", lambda body: body | {"items": body["items"][-1:]})


@fault("no-tombstones", breaks=["REST-025"])
def no_tombstones(bench: Bench) -> None:
    """A delta does not tell what went."""
    kept = "/v1/(users|safety-reports|off-shelter-evacuees|surveys|survey-responses|shelter-requests)"

    def change(body: Any) -> Any:
        return body | {"items": [one for one in body["items"] if not one.get("removed")]}

    _json(bench, kept, lambda body: change(body) if "items" in body else body)


@fault("staff-as-self", breaks=["CONS-013"])
def staff_as_self(bench: Bench) -> None:
    """A consent obtained by staff is shown as the person's own."""

    def change(record: Any) -> Any:
        return record | {"events": [event | {"method": "self"} for event in record["events"]]}

    _json(bench, r"/v1/consents/[^/]+", change)


@fault("asked-is-given", breaks=["CONS-027"])
def asked_is_given(bench: Bench) -> None:
    """A consent that was asked for counts before the person confirms it."""
    bench.patch("reference_api.consent._counting", lambda: _counting() | {"requested"})


@fault("dry-run-applies", breaks=["LGW-002"])
def applied_at_once(bench: Bench) -> None:
    """What a dry run of a register shows is applied at once."""

    async def wire(request: Request, server: Callable[[Request], Awaitable[Answer]]) -> Answer:
        answer = await server(request)
        if request.path == "/v1/support-registers/imports" and answer.status == 201:
            where = f"{request.path}/{answer.json['id']}/application"
            further = replace(request, url=where, body=b"").with_header("if-match", answer.header("etag"))
            await server(further.with_header("idempotency-key", request.header("idempotency-key") + "-applied"))
        return answer

    bench.wire(wire)


@fault("fhir-etag-strong", breaks=["FHIR-028"])
def strong_etags(bench: Bench) -> None:
    """The ETag of a resource is not W/"version"."""

    def change(request: Request, answer: Answer) -> Answer:
        weak = answer.header("etag").startswith("W/") and request.path.startswith("/fhir/")
        return answer.with_header("etag", '"x"') if weak else answer

    bench.answers(change)


@fault("fhir-dates-in-utc", breaks=["FHIR-024"])
def dates_in_utc(bench: Bench) -> None:
    """A day in a search is taken as a day of UTC, not of Japan."""

    def change(request: Request) -> Request:
        days = re.fullmatch(r"(/fhir/\w+\?)date=(\d{4}-\d\d-\d\d)", request.url)
        if days is None:
            return request
        first, last = (f"{bound}{days[2]}T{time}Z" for bound, time in (("ge", "00:00:00"), ("le", "23:59:59")))
        return replace(request, url=f"{days[1]}date={first}&date={last}")

    bench.requests(change)


@fault("finer-scopes-ignored", breaks=["FHIR-013"])
def coarse_scopes(bench: Bench) -> None:
    """The finer conditions of a scope (?category=) are not enforced."""

    def change(request: Request) -> Request:
        if request.path != "/token":
            return request
        return replace(request, body=re.sub(rb"(scope=[^&]*?)%3Fcategory[^&+]*", rb"\1", request.body))

    bench.requests(change)
