"""Discovery: what a city OS says of itself, and whether it is true."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import jsonschema_rs

from conformance.check import check
from conformance.checks.core_rest.errors import made_up_path
from conformance.context import Context
from conformance.contract.operations import Operation, load_document, load_operations
from conformance.contract.profiles import load_profiles
from conformance.generated.making import Making
from conformance.generated.offer import is_offered, level_of, response_schema, rest_operations, takes_json
from conformance.outcomes import NotApplicable, Unmet
from conformance.text import Text
from conformance.wire import Reply

ABSENT = (404, 405, 501)
"""Answers of a service that has no such operation."""


def faults_by_schema(value: Any, schema: Mapping[str, Any]) -> list[str]:
    """What is wrong with a value by a schema of the contract's document."""
    whole = {**schema, "components": load_document()["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole)
    return [f"/{'/'.join(map(str, one.instance_path))}: {one.message}" for one in validator.iter_errors(value)]


@check("REST-028")
def discovery_is_whole(ctx: Context) -> None:
    """The document at /.well-known/city-os is read and validated by its schema."""
    reply = ctx.city.call("getCityOs")
    ctx.expect_status(Text("/.well-known/city-os", "/.well-known/city-os"), reply, 200)
    ctx.expect("media type", expected="application/json", actual=reply.media_type)
    operation = next(one for one in load_operations() if one.operation_id == "getCityOs")
    faults = faults_by_schema(reply.json, response_schema(operation, 200, "application/json"))
    ctx.expect(
        Text("faults of the discovery document by its schema", "文書のスキーマ違反"), expected=[], actual=faults[:5]
    )


@check("REST-028", "consistent")
def discovery_fits(ctx: Context) -> None:
    """What the discovery document says fits together: the issuer, the bases, and the profiles that others need."""
    found = ctx.city.call("getCityOs").members
    issuer = ctx.target.metadata.get("issuer")
    if issuer:
        ctx.expect("issuer, as the OpenID provider says it", expected=issuer, actual=found.get("issuer"))
    base = str(found.get("api_base", ""))
    ctx.require("api_base", urlsplit(base).path.endswith("/v1"), expected="an address that ends in /v1", actual=base)
    levels = {str(one.get("id")): str(one.get("level")) for one in found.get("profiles", ()) if isinstance(one, dict)}
    for name, level in levels.items():
        for needed in load_profiles()[name].needs if level == "full" and name in load_profiles() else ():
            what = Text(f"profile that {name} needs", f"{name} に要るプロファイル")
            ctx.expect_in(what, expected=sorted(levels), actual=needed)
    version = str(found.get("contract_version", ""))
    ctx.require("contract_version", version.partition(".")[0].isdigit(), expected="such as 1.0", actual=version)


@check("REST-029")
def declared_operations_are_there(ctx: Context) -> None:
    """Every operation of the profiles declared full or in part is asked, validly where that can be: none is absent."""
    making = Making(ctx)
    for operation in rest_operations(ctx.target):
        what = Text(
            f"{operation.operation_id} of a declared profile", f"宣言したプロファイルの {operation.operation_id}"
        )
        for reply in _asked(ctx, making, operation):
            actual = f"{reply.status} {reply.text[:120]}"
            ctx.require(what, reply.status not in ABSENT, expected="an operation that is there", actual=actual)


def _asked(ctx: Context, making: Making, operation: Operation) -> Iterator[Reply]:
    """Answers from which it shows whether an operation is there."""
    made_up = made_up_path(ctx, operation)
    if not operation.is_public:
        yield ctx.city.call(operation.operation_id, path=made_up)
    if operation.method == "GET" or operation.operation_id in ("verifyEventStream", "retryNotification"):
        try:
            request = making.request(operation.operation_id)
        except (NotApplicable, Unmet):
            return
        if operation.operation_id not in MAY_BE_EMPTY:
            yield making.send(request)
    elif takes_json(operation) and not made_up:
        try:
            yield ctx.city.call(operation.operation_id, making.who(operation.operation_id), {})
        except (NotApplicable, Unmet):
            return


MAY_BE_EMPTY = (
    "getEvacueeCard",
    "getOwnCard",
    "getLocation",
    "getSurveyDerived",
    "listSupportRegister",
    "getConsentReceipt",
)
"""Reads that rightly answer 404 where nothing is, or not yet."""


@check("REST-029", "not-enabled")
def withheld_operations_are_not(ctx: Context) -> None:
    """Every operation of a profile that is built but not enabled answers 404."""
    withheld = [one for one in load_operations() if level_of(ctx.target, one.profile) == "built-not-enabled"]
    if not withheld:
        ctx.omit("no profile is declared built-not-enabled", "built-not-enabled のプロファイルがない")
    making = Making(ctx)
    for operation in withheld:
        try:
            who = making.who(operation.operation_id)
        except (NotApplicable, Unmet):
            who = None
        reply = ctx.city.call(
            operation.operation_id, who, {} if takes_json(operation) else None, path=made_up_path(ctx, operation)
        )
        what = Text(
            f"{operation.operation_id} of a profile that is not enabled",
            f"有効でないプロファイルの {operation.operation_id}",
        )
        ctx.expect_status(what, reply, 404)


@check("REST-030")
def catalogue_leads_to_descriptions(ctx: Context) -> None:
    """The API catalogue is read; its links to descriptions are followed, and one describes the API of this city OS."""
    url = str(ctx.target.city_os.get("api_catalog", ""))
    reply = ctx.wire.send("GET", url, headers={"accept": "application/linkset+json"})
    ctx.expect_status(Text("the API catalogue", "API目録"), reply, 200)
    ctx.expect("media type of the catalogue", expected="application/linkset+json", actual=reply.media_type)
    contexts = [one for one in reply.members.get("linkset", ()) if isinstance(one, dict)]
    ctx.require("linkset", contexts, expected="a list of link contexts", actual=reply.text[:200])
    links = [(str(one.get("anchor")), link) for one in contexts for link in one.get("service-desc", ())]
    anchors = sorted({anchor for anchor, _ in links})
    name = Text("anchor of an API with a description (service-desc)", "記述(service-desc)のあるAPI")
    ctx.expect_in(name, expected=anchors, actual=ctx.target.api_base)
    for anchor, link in links:
        href = urljoin(url, str(link.get("href", "")))
        described = ctx.wire.send("GET", href)
        ctx.expect_status(f"description of {anchor}", described, 200)
        if anchor == ctx.target.api_base:
            ctx.require(
                "OpenAPI document",
                str(described.members.get("openapi", "")).startswith("3."),
                expected="openapi 3",
                actual=described.text[:80],
            )


@check("REST-030", "complete")
def description_has_every_operation(ctx: Context) -> None:
    """The OpenAPI document that the city OS publishes describes every operation that it says it offers."""
    reply = ctx.city.call("getOpenapi")
    ctx.expect_status("the OpenAPI document", reply, 200)
    paths = reply.members.get("paths")
    ctx.require("paths of the OpenAPI document", isinstance(paths, dict), expected="an object", actual=reply.text[:200])
    known = {(_shape(path), method.upper()) for path, item in (paths or {}).items() for method in item}
    offered = [
        one
        for one in load_operations()
        if is_offered(ctx.target, one) and one.path.startswith("/v1") and one.profile != "sandbox"
    ]
    missing = [
        f"{one.method} {one.path}"
        for one in offered
        if not {(_shape(one.path), one.method), (_shape(one.path[3:]), one.method)} & known
    ]
    ctx.expect(Text("operations that the description leaves out", "記述にない操作"), expected=[], actual=missing[:10])


def _shape(path: str) -> str:
    """A path without the names of its parameters."""
    return "/".join("{}" if part.startswith("{") else part for part in path.rstrip("/").split("/"))
