"""Search of a type, by GET and by POST, and the searches behind conditional writes.

Source: HL7 FHIR R4 4.0.1, search.html.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from reference_api.call import MAX_QUERY_FIELDS, Call, Reply
from reference_api.errors import ApiError
from reference_api.fhir import mirrors
from reference_api.fhir.bundles import Link, bundle, search_entry
from reference_api.fhir.compartment import Asker, Grant, open_asker
from reference_api.fhir.negotiation import check_format, is_strict, resource_reply
from reference_api.fhir.outcome import refused
from reference_api.fhir.read import served_type
from reference_api.fhir.search.criteria import MIRRORED
from reference_api.fhir.search.paging import seal_page, unseal_page
from reference_api.fhir.search.query import Query, read_query
from reference_api.fhir.search.references import patient_id
from reference_api.fhir.search.rows import Match, StoredList, count_all
from reference_api.fhir.smart import READ, SEARCH
from reference_api.paging import Page, Window, fill
from reference_api.services import Services

FORM = "application/x-www-form-urlencoded"

Pairs = list[tuple[str, str]]


async def search(services: Services, call: Call) -> Reply:
    """A page of what the query finds."""
    return await _search(services, call, read_pairs(call.query_string))


async def search_by_post(services: Services, call: Call) -> Reply:
    """The same, asked for by a form, whose fields count beside those of the query."""
    pairs = read_pairs(call.query_string)
    if call.body:
        if call.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise ApiError("unsupported-media-type", f"send {FORM}", headers={"accept": FORM})
        try:
            pairs += read_pairs(call.body.decode("utf-8"))
        except UnicodeDecodeError:
            raise refused("malformed-request", "structure", "The form is not in UTF-8") from None
    return await _search(services, call, pairs)


async def _search(services: Services, call: Call, pairs: Pairs) -> Reply:
    check_format(dict(pairs))
    asker = await open_asker(services, call)
    found = await search_bundle(asker, served_type(call.parameters["type"]), pairs, strict=is_strict(call.headers))
    return resource_reply(found)


def read_pairs(text: str) -> Pairs:
    """Names and values of a query, in order; a name may come twice.

    Raises:
        ApiError: malformed-request.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS)
    except ValueError:
        raise refused("malformed-request", "too-costly", f"At most {MAX_QUERY_FIELDS} parameters") from None
    if any("\0" in value for _, value in pairs):
        raise refused("malformed-request", "value", "A value has a null character")
    return pairs


async def search_bundle(asker: Asker, resource_type: str, pairs: Pairs, *, strict: bool) -> dict[str, Any]:
    """The page as a Bundle of type searchset; what was shown of others is logged."""
    grants = await asker.grants(resource_type, SEARCH)
    query = read_query(resource_type, pairs, asker.context, strict=strict)
    url = f"{asker.base_url}/{resource_type}"
    links = [Link("self", url, query.understood)]
    now_s = asker.call.now_s
    if query.count == 0:
        return bundle("searchset", [], links, now_s=now_s, total=await count_all(asker, grants, query))
    after = unseal_page(asker, query.cursor, query.identity)
    page = await _page(asker, grants, query, Window(query.count, after, query.identity))
    if page.next_key is not None:
        cursor = seal_page(asker, page.next_key, query.identity)
        links.append(Link("next", url, [*query.understood, ("_cursor", cursor)]))
    entries = [search_entry(asker.base_url, match.version, "match") for match in page.items]
    if query.includes_patient:
        entries += await _patients(asker, sorted({match.account for match in page.items}))
    await asker.log([(match.account, match.category) for match in page.items])
    # Counting what must be judged for everybody in town costs as much as reading it all; then there is no total.
    total = await count_all(asker, grants, query) if query.wants_total or _is_counted_fast(grants) else None
    return bundle("searchset", entries, links, now_s=now_s, total=total)


def _is_counted_fast(grants: Sequence[Grant]) -> bool:
    """Whether only a household's data can be found at all."""
    return all(grant.accounts is not None for grant in grants)


async def _page(asker: Asker, grants: Sequence[Grant], query: Query, window: Window) -> Page[Match]:
    if query.resource_type in MIRRORED:

        async def fetch(after: Any, count: int) -> list[tuple[Any, ...]]:
            rows = await mirrors.fetch(asker, query.resource_type, grants, query.criteria, after or 0, count)
            return list(rows)

        return await fill(window, fetch, _unwrapped)
    listed = StoredList(asker, grants, query)
    return await fill(window, listed.fetch, listed.judge)


async def _unwrapped(rows: list[tuple[Any, ...]]) -> list[Match | None]:
    return [None if found is None else Match(found.indexed.account, found.category, found.version) for _, found in rows]


async def _patients(asker: Asker, accounts: Sequence[int]) -> list[dict[str, Any]]:
    """The Patients of matches, as far as scope and consent open them."""
    if not accounts or not await asker.may("Patient", READ):
        return []
    grants = await asker.grants("Patient", READ)
    found = await mirrors.by_id(asker, "Patient", grants, [patient_id(account) for account in accounts])
    await asker.log([(patient.indexed.account, patient.category) for patient in found])
    return [search_entry(asker.base_url, patient.version, "include") for patient in found]


async def find_one(asker: Asker, resource_type: str, text: str) -> str | None:
    """Logical id of the one resource that a query finds, None if it finds none.

    Raises:
        ApiError: precondition-failed if there are more; malformed-request if it asks for nothing.
    """
    grants = await asker.grants(resource_type, SEARCH)
    query = read_query(resource_type, read_pairs(text.removeprefix("?")), asker.context, strict=True)
    if not query.criteria:
        raise refused("malformed-request", "required", "A condition needs a search parameter")
    page = await _page(asker, grants, query, Window(2, None, ""))
    if len(page.items) > 1:
        raise refused("precondition-failed", "multiple-matches", "More than one resource matches")
    return page.items[0].version.logical_id if page.items else None
