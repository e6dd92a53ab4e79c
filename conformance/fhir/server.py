"""FHIR server: interactions of R4 with a server, as one check calls it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from conformance.answer import Table
from conformance.city.caller import City, Who
from conformance.origins import joined
from conformance.outcomes import Unmet, Violation
from conformance.target import Target
from conformance.wire import Reply, Wire

FHIR_JSON = "application/fhir+json"

Resource = dict[str, Any]


class FhirServer:
    """A FHIR R4 server. ``token`` is what the plan's ``[fhir]`` gives; a call may use somebody else's."""

    def __init__(self, target: Target, wire: Wire, city: City, token: str = "") -> None:
        self.target, self.wire, self.city = target, wire, city
        self._given = token

    @property
    def token(self) -> str:
        """The token that the suite writes and reads with; empty for an open server."""
        part = self.target.plan.fhir
        return self.city.token(part.role) if part.access == "role" else self._given

    def send(  # noqa: PLR0913 - a request has so many parts
        self,
        method: str,
        path: str,
        resource: Any = None,
        *,
        who: Who = None,
        token: str | None = None,
        headers: Mapping[str, str | None] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """One interaction; ``path`` is below the base or a whole address. ``token`` "" sends none."""
        used = self.city.token(who) if who is not None else self.token if token is None else token
        # Some servers answer a search that they have answered before from a cache, unless the client asks for no cache.
        fresh: dict[str, str | None] = {"cache-control": "no-cache"} if method == "GET" else {}
        given: dict[str, str | None] = {"accept": FHIR_JSON, **fresh}
        if used:
            given["authorization"] = f"Bearer {used}"
        content = body if body is not None else None if resource is None else encoded(resource)
        if content is not None:
            given["content-type"] = FHIR_JSON
        sent = {name: value for name, value in {**given, **(headers or {})}.items() if value is not None}
        return self.wire.send(method, joined(self.target.fhir_base + "/", path), headers=sent, body=content)

    def create(self, resource: Mapping[str, Any], **options: Any) -> Reply:
        """Create a resource."""
        return self.send("POST", resource["resourceType"], resource, **options)

    def created(self, resource: Mapping[str, Any], **options: Any) -> Resource:
        """A resource as the server stored it.

        Raises:
            Unmet: It was not created.
        """
        reply = self.create(resource, **options)
        if reply.status not in (200, 201):
            raise Unmet(f"{resource['resourceType']} was not created: {reply.status} {reply.text[:200]}")
        return self.stored(reply, str(resource["resourceType"]), **options)

    def stored(self, reply: Reply, kind: str, **options: Any) -> Resource:
        """The resource that an answer to a create or update speaks of, read again where it came without its body."""
        if reply.members.get("resourceType") == kind:
            return Table(reply.members)
        place = reply.header("location").partition("/_history")[0]
        read = self.send("GET", place, **options) if place else reply
        if read.members.get("resourceType") != kind:
            raise Unmet(f"the created {kind} could not be read: {read.status} {read.text[:200]}")
        return Table(read.members)

    def read(self, kind: str, number: str, **options: Any) -> Reply:
        """Read a resource."""
        return self.send("GET", f"{kind}/{number}", **options)

    def search(self, kind: str, query: Mapping[str, Any] | None = None, **options: Any) -> Reply:
        """Search a kind of resource."""
        return self.send(
            "GET", kind + (f"?{urlencode(query, doseq=True, errors='surrogatepass')}" if query else ""), **options
        )

    def bundles(self, first: Reply, **options: Any) -> Iterator[Reply]:
        """A search's pages, by their next links."""
        reply = first
        for _ in range(200):
            yield reply
            following = next_link(reply.members)
            if not following:
                return
            reply = self.send("GET", following, **options)

    def found(self, kind: str, query: Mapping[str, Any] | None = None, **options: Any) -> list[Resource]:
        """Matches of a search on all of its pages.

        Raises:
            Unmet: The search was not answered with 200.
        """
        matches: list[Resource] = []
        for reply in self.bundles(self.search(kind, query, **options), **options):
            if reply.status != 200:
                raise Unmet(f"{kind} {query}: {reply.status} {reply.text[:120]}")
            matches += matches_of(reply.members)
        return matches


def encoded(resource: Any) -> bytes:
    """A resource as JSON; a body that is text already stays as it is."""
    return resource.encode() if isinstance(resource, str) else json.dumps(resource, ensure_ascii=False).encode()


def matches_of(bundle: Mapping[str, Any]) -> list[Resource]:
    """The matches of a searchset, without what is included or told beside them."""
    return [row["resource"] for row in rows_of(bundle) if mode_of(row) == "match" and "resource" in row]


def rows_of(bundle: Mapping[str, Any]) -> list[Resource]:
    """The entries of a Bundle.

    Raises:
        Violation: They are no list of objects, or hold a resource that is none.
    """
    rows = _tables(bundle, "entry")
    for row in rows:
        shown = row.get("resource", {})
        if not isinstance(shown, dict):
            raise Violation("Bundle.entry.resource", expected="an object", actual=repr(shown)[:200])
    return rows


def mode_of(row: Mapping[str, Any]) -> str:
    """Why an entry is in a searchset: match, include or outcome."""
    search = row.get("search")
    return str(search.get("mode", "match")) if isinstance(search, dict) else "match"


def _tables(holder: Mapping[str, Any], name: str) -> list[Resource]:
    rows = holder.get(name)
    if rows is None:
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Violation(f"Bundle.{name}", expected="a list of objects", actual=repr(rows)[:200])
    return rows


def next_link(bundle: Mapping[str, Any]) -> str:
    """Address of the next page; empty on the last."""
    links = _tables(bundle, "link")
    return next((str(link.get("url", "")) for link in links if link.get("relation") == "next"), "")
