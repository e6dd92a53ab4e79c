"""Read, vread and history of one resource.

What a token does not reach, and what was never there, is answered alike: 404. Of what it reaches and was deleted: 410.
Source: HL7 FHIR R4 4.0.1, http.html, read, vread, history.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reference_api.call import Call, Reply
from reference_api.errors import ApiError
from reference_api.fhir import mirrors, stored
from reference_api.fhir.bundles import Link, bundle, history_entry
from reference_api.fhir.categories import category_of
from reference_api.fhir.compartment import Asker, Grant, open_asker
from reference_api.fhir.negotiation import check_format, is_unchanged, resource_reply, version_headers, version_reply
from reference_api.fhir.search.criteria import is_mirrored
from reference_api.fhir.search.indexed import Indexed
from reference_api.fhir.search.paging import read_count, seal_page, unseal_page
from reference_api.fhir.search.parameters import index, parameters_of
from reference_api.fhir.smart import READ
from reference_api.fhir.stored import Head, Version
from reference_api.fhir.validation import parse
from reference_api.services import Services

NEWEST = 2**31 - 1
"""Above every version number: the largest INTEGER of PostgreSQL."""


def served_type(name: str) -> str:
    """The resource type of a path.

    Raises:
        ApiError: not-found.
    """
    if not parameters_of(name):
        raise ApiError("not-found", "this server has no such resource type")
    return name


@dataclass(frozen=True, slots=True)
class Opened:
    """A resource that the asker may see, as it is now; ``head`` is None for a mirrored one."""

    version: Version
    account: int
    category: str
    head: Head | None = None


async def read(services: Services, call: Call) -> Reply:
    """The resource as it is now."""
    check_format(call.query())
    asker = await open_asker(services, call)
    opened = await open_resource(asker, served_type(call.parameters["type"]), call.parameters["id"], READ)
    await asker.log([(opened.account, opened.category)])
    if is_unchanged(call.headers, opened.version):
        return Reply(304, headers=version_headers(opened.version))
    return version_reply(opened.version)


async def vread(services: Services, call: Call) -> Reply:
    """The resource as it was at a version."""
    check_format(call.query())
    asker = await open_asker(services, call)
    resource_type, logical_id = served_type(call.parameters["type"]), call.parameters["id"]
    version_id = call.parameters["vid"]
    opened = await open_resource(asker, resource_type, logical_id, READ, deleted_too=True)
    if opened.head is None:
        kept = await _mirrored_versions(asker, opened)
        version = next((one for one in kept if one.version_id == version_id), None)
    else:
        version = await _numbered(asker, opened.head, version_id, opened.version)
        version = version if version and await is_open(asker, READ, opened.account, version) else None
    if version is None or version.version_id != version_id:
        raise ApiError("not-found")
    if version.content is None:
        raise ApiError("gone", "this version is the resource's deletion")
    await _log_versions(asker, opened, [version])
    return version_reply(version)


async def _numbered(asker: Asker, head: Head, version_id: str, like: Version) -> Version | None:
    if not (version_id.isascii() and version_id.isdigit() and len(version_id) < len(str(NEWEST))):
        return None
    return await stored.read_version(
        asker.services.store, like.resource_type, like.logical_id, row=head.row, number=int(version_id)
    )


async def history(services: Services, call: Call) -> Reply:
    """Versions of the resource, the newest first."""
    query = call.query()
    check_format(query)
    asker = await open_asker(services, call)
    resource_type, logical_id = served_type(call.parameters["type"]), call.parameters["id"]
    opened = await open_resource(asker, resource_type, logical_id, READ, deleted_too=True)
    count = max(1, read_count(query.get("_count")))
    bound_to = f"history {resource_type}/{logical_id} {count}"
    before = unseal_page(asker, query.get("_cursor"), bound_to)
    found = await _versions(asker, opened, NEWEST if before is None else before, count + 1)
    shown = [version for _, version in found[:count] if await is_open(asker, READ, opened.account, version)]
    url = f"{asker.base_url}/{resource_type}/{logical_id}/_history"
    links = [Link("self", url, {"_count": str(count)})]
    if len(found) > count:
        cursor = seal_page(asker, found[count - 1][0], bound_to)
        links.append(Link("next", url, {"_count": str(count), "_cursor": cursor}))
    await _log_versions(asker, opened, shown)
    return resource_reply(
        bundle("history", [history_entry(asker.base_url, version) for version in shown], links, now_s=call.now_s)
    )


async def _versions(asker: Asker, opened: Opened, before: int, count: int) -> list[tuple[int, Version]]:
    """At most ``count`` versions below a number, the newest first."""
    newest = opened.version
    if opened.head is None:
        kept = await _mirrored_versions(asker, opened)
        numbered = zip(range(len(kept), 0, -1), kept, strict=True)
        return [(number, version) for number, version in numbered if number < before][:count]
    return await stored.versions(
        asker.services.store,
        newest.resource_type,
        newest.logical_id,
        row=opened.head.row,
        before=before,
        count=count,
    )


async def _mirrored_versions(asker: Asker, opened: Opened) -> list[Version]:
    """The newest first; of an account no other than the present one is known."""
    if opened.version.resource_type == "Consent":
        return await mirrors.consent_versions(asker, opened.version.logical_id)
    return [opened.version]


async def open_resource(
    asker: Asker, resource_type: str, logical_id: str, letter: str, *, deleted_too: bool = False
) -> Opened:
    """The resource, if the token and the person's consent let the asker have it.

    Raises:
        ApiError: insufficient-scope, not-found or gone.
    """
    grants = await asker.grants(resource_type, letter)
    if is_mirrored(resource_type, logical_id):
        return await _open_mirrored(asker, resource_type, logical_id, grants)
    head = await stored.find(asker.services.store, resource_type, logical_id)
    if head is None:
        raise ApiError("not-found")
    version = await stored.read_version(
        asker.services.store, resource_type, logical_id, row=head.row, number=head.version
    )
    if version is None or not await _admits(asker, grants, head.account, version, head.category):
        raise ApiError("not-found")
    if head.is_deleted and not deleted_too:
        raise ApiError("gone", "the resource was deleted", headers={"etag": version.etag})
    return Opened(version, head.account, head.category, head)


async def _open_mirrored(asker: Asker, resource_type: str, logical_id: str, grants: Sequence[Grant]) -> Opened:
    for wanted in await mirrors.by_id(asker, resource_type, grants, [logical_id]):
        return Opened(wanted.version, wanted.indexed.account, wanted.category)
    raise ApiError("not-found")


async def is_open(asker: Asker, letter: str, account: int, version: Version) -> bool:
    """Whether the asker may have one version of a resource that is in reach."""
    return await _admits(asker, await asker.grants(version.resource_type, letter), account, version, None)


async def _admits(asker: Asker, grants: Sequence[Grant], account: int, version: Version, category: str | None) -> bool:
    reaching = [grant for grant in grants if grant.accounts is None or account in grant.accounts]
    unrestricted = any(not grant.criteria for grant in reaching)
    if not reaching or (version.content is None and not unrestricted):
        return False
    if account == asker.own and asker.is_the_person and unrestricted:
        return True
    if version.content is None:
        return category is None or await asker.permits(account, category)
    if is_mirrored(version.resource_type, version.logical_id):
        return True
    indexed = _indexed(asker, account, version, version.content)
    if not any(grant.admits(indexed) for grant in reaching):
        return False
    return await asker.permits(account, category_of(version.resource_type, indexed.tokens))


def _indexed(asker: Asker, account: int, version: Version, content: bytes) -> Indexed:
    return index(parse(content), version.logical_id, account, asker.base_url)


async def _log_versions(asker: Asker, opened: Opened, versions: Sequence[Version]) -> None:
    """Write down what was shown; an old version may have been of another category than the newest."""
    categories = {opened.category}
    if opened.head is not None and not (asker.is_the_person and opened.account == asker.own):
        indexed = [_indexed(asker, opened.account, one, one.content) for one in versions if one.content is not None]
        categories |= {category_of(opened.version.resource_type, one.tokens) for one in indexed}
    await asker.log([(opened.account, category) for category in sorted(categories)])
