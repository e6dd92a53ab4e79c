"""Batch and transaction: many interactions in one request.

A transaction is done as a whole or not at all, in the order DELETE, POST, PUT, GET whatever order it is written in;
a batch's entries succeed or fail each by itself, in the order written.
Source: HL7 FHIR R4 4.0.1, http.html, batch/transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reference_api.call import Call, Reply
from reference_api.errors import ApiError
from reference_api.fhir.bundles import bundle
from reference_api.fhir.compartment import Asker, open_asker
from reference_api.fhir.drafting import check_references
from reference_api.fhir.entries import Done, Entry, Planned, identify, perform, plan, read_entry
from reference_api.fhir.linking import link_entries
from reference_api.fhir.negotiation import read_body, resource_reply
from reference_api.fhir.outcome import ISSUES, outcome_resource, refused
from reference_api.fhir.write import check_unreferenced
from reference_api.services import Services

ENTRY_LIMIT = 200
"""Entries of a Bundle. Source: none; a day of eight items every hour, and about 0.1 s of work. Confidence C."""

METHODS = ("DELETE", "POST", "PUT", "GET")
"""Methods in the order of a transaction."""


async def perform_bundle(services: Services, call: Call) -> Reply:
    """The answers to the entries of a Bundle, in their order."""
    body = read_body(call)
    kind = body.get("type")
    if body.get("resourceType") != "Bundle" or kind not in ("batch", "transaction"):
        raise refused("malformed-request", "value", "The body is no Bundle of type batch or transaction", "Bundle.type")
    asker = await open_asker(services, call)
    entries = _entries(body)
    done = await (_transact if kind == "transaction" else _batch)(asker, entries)
    responses = [one.entry(asker.base_url) for one in done]
    return resource_reply(bundle(f"{kind}-response", responses, now_s=call.now_s))


def _entries(body: Mapping[str, Any]) -> list[Any]:
    entries = body.get("entry", [])
    if not isinstance(entries, list):
        raise refused("malformed-request", "structure", "Entries are a list", "Bundle.entry")
    if len(entries) > ENTRY_LIMIT:
        raise refused("content-too-large", "too-costly", f"At most {ENTRY_LIMIT} entries", "Bundle.entry")
    return entries


async def _batch(asker: Asker, raw: Sequence[Any]) -> list[Done]:
    done: list[Done] = []
    for number, one in enumerate(raw):
        try:
            entry = read_entry(one, number, METHODS)
            done.append(await _alone(asker, entry))
        except ApiError as fault:
            done.append(Done(f"{fault.status} {fault.title}", outcome=outcome_resource(fault), headers=fault.headers))
    return done


async def _alone(asker: Asker, entry: Entry) -> Done:
    if entry.method == "GET":
        return await perform(asker, await plan(asker, await identify(asker, entry)))
    async with asker.writing():
        planned = await plan(asker, await identify(asker, entry))
        done = await perform(asker, planned)
        await _check(asker, planned)
    return done


async def _check(asker: Asker, planned: Planned) -> None:
    """Whether an entry leaves no reference that leads nowhere."""
    if planned.draft is not None:
        await check_references(asker, planned.draft)
    if planned.entry.method == "DELETE":
        await check_unreferenced(asker, planned.entry.resource_type, planned.entry.logical_id)


async def _transact(asker: Asker, raw: Sequence[Any]) -> list[Done]:
    number = 0

    def at(place: int) -> int:
        nonlocal number
        number = place
        return place

    try:
        return await _all_or_nothing(asker, raw, at)
    except ApiError as fault:
        raise _placed(fault, number) from None


async def _all_or_nothing(asker: Asker, raw: Sequence[Any], at: Callable[[int], int]) -> list[Done]:
    """Do it all; ``at`` is told which entry is at work, for the fault that ends it."""
    entries = [read_entry(one, at(number), METHODS) for number, one in enumerate(raw)]
    done: dict[int, Done] = {}
    async with asker.writing():
        linked = await link_entries(asker, entries, at)
        planned = [await plan(asker, entry) for entry in linked if at(entry.number) >= 0]
        planned.sort(key=lambda one: METHODS.index(one.entry.method))
        writing = [one for one in planned if one.entry.method != "GET"]
        for one in writing:
            at(one.entry.number)
            done[one.entry.number] = await perform(asker, one)
        for one in writing:
            at(one.entry.number)
            await _check(asker, one)
        for one in planned[len(writing) :]:
            at(one.entry.number)
            done[one.entry.number] = await perform(asker, one)
    return [done[number] for number in range(len(entries))]


def _within(place: str) -> str:
    """A place without the type of its resource, which a path has only at its beginning."""
    first, _, rest = place.partition(".")
    return rest if rest and first[0].isupper() else place


def _placed(fault: ApiError, number: int) -> ApiError:
    """The fault with the entry it is of in front of each place."""
    entry = f"Bundle.entry[{number}]"
    placed: list[dict[str, Any]] = []
    for issue in outcome_resource(fault)["issue"]:
        places = [f"{entry}.resource.{_within(place)}" for place in issue.get("expression", ())]
        placed.append(issue | {"expression": places or [entry]})
    return ApiError(fault.problem, fault.detail, headers=fault.headers, members={ISSUES: placed})
