"""What the provider says of itself."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from conformance.check import check
from conformance.context import Context
from conformance.target import OIDC_CONFIGURATION, Target, is_loopback
from conformance.text import Text
from conformance.wire import Reply

REQUIRED_ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")
REQUIRED_LISTS = ("response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported")
"""Source: OIDCD 3, RFC 8414 2."""

OPTIONAL_ADDRESSES = (
    "userinfo_endpoint",
    "registration_endpoint",
    "end_session_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "device_authorization_endpoint",
    "pushed_authorization_request_endpoint",
    "check_session_iframe",
)
OPTIONAL_LISTS = (
    "scopes_supported",
    "response_modes_supported",
    "grant_types_supported",
    "acr_values_supported",
    "id_token_encryption_alg_values_supported",
    "id_token_encryption_enc_values_supported",
    "userinfo_signing_alg_values_supported",
    "request_object_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "display_values_supported",
    "claim_types_supported",
    "claims_supported",
    "claims_locales_supported",
    "ui_locales_supported",
    "code_challenge_methods_supported",
    "introspection_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_methods_supported",
    "prompt_values_supported",
    "authorization_details_types_supported",
)
BOOLEANS = (
    "claims_parameter_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_request_uri_registration",
    "require_pushed_authorization_requests",
    "authorization_response_iss_parameter_supported",
    "backchannel_logout_supported",
    "backchannel_logout_session_supported",
    "frontchannel_logout_supported",
    "frontchannel_logout_session_supported",
)
"""Source: OIDCD 3, RFC 8414 2, RFC 9126 5, RFC 9207 3, RFC 9396 10, BCL 2.1."""


def read_metadata(ctx: Context) -> Reply:
    """The metadata, asked for anew. Source: OIDCD 4.1 (a slash at the issuer's end is left out)."""
    if not ctx.target.issuer:
        ctx.omit("the plan names no issuer", "計画にissuerがない")
    url = ctx.target.issuer.rstrip("/") + OIDC_CONFIGURATION
    return ctx.wire.send("GET", url, headers={"accept": "application/json"})


def beyond_this_machine(target: Target) -> Text | None:
    """A condition: the provider is not on this machine, where https is not asked for."""
    text = Text("https is not judged on loopback", "ループバックではhttpsを判定しない")
    return text if is_loopback(target.issuer) else None


@check("OIDC-001", part="metadata")
def issuer_is_where_it_was_read(ctx: Context) -> None:
    """The issuer of the metadata is the one whose address they were read from."""
    told = read_metadata(ctx).members.get("issuer")
    ctx.expect("issuer in the metadata", expected=ctx.target.issuer, actual=told)


@check("OIDC-001", part="id_token")
def issuer_of_id_tokens(ctx: Context) -> None:
    """The iss of an ID token is the issuer."""
    session = ctx.rp.sign_in()
    ctx.expect("iss of the ID token", expected=ctx.target.issuer, actual=session.id_token.claims.get("iss"))


@check("OIDC-002", part="members")
def metadata_are_whole(ctx: Context) -> None:
    """Every required member of the metadata is there, and every known member has its type."""
    told = read_metadata(ctx).members
    issuer = told.get("issuer")
    _expect_address(ctx, told, "issuer")
    parts = urlsplit(issuer if isinstance(issuer, str) else "")
    bare = not parts.query and not parts.fragment
    ctx.require("issuer", bare, expected="an address without query and fragment", actual=issuer)
    for name in (*REQUIRED_ADDRESSES, *(one for one in OPTIONAL_ADDRESSES if one in told)):
        _expect_address(ctx, told, name)
    for name in (*REQUIRED_LISTS, *(one for one in OPTIONAL_LISTS if one in told)):
        _expect_list(ctx, told, name)
    for name in BOOLEANS:
        value = told.get(name, False)
        ctx.require(f"{name} in the metadata", isinstance(value, bool), expected="true or false", actual=value)


@check("OIDC-002", part="https", when=(beyond_this_machine,))
def addresses_are_https(ctx: Context) -> None:
    """The issuer and every endpoint are addresses of scheme https."""
    told = read_metadata(ctx).members
    for name in ("issuer", *REQUIRED_ADDRESSES, *OPTIONAL_ADDRESSES):
        value = told.get(name)
        if isinstance(value, str):
            scheme = urlsplit(value).scheme
            ctx.require(f"{name} in the metadata", scheme == "https", expected="scheme https", actual=value)


@check("OIDC-026")
def metadata_are_json(ctx: Context) -> None:
    """The metadata come with status 200 as application/json."""
    reply = read_metadata(ctx)
    ctx.expect_status("metadata", reply, 200)
    ctx.require("metadata", "issuer" in reply.members, expected="a JSON object with issuer", actual=reply.text[:200])
    ctx.expect("Content-Type of the metadata", expected="application/json", actual=reply.media_type)


@check("OIDC-027")
def rs256_is_offered(ctx: Context) -> None:
    """The algorithms for ID tokens hold RS256."""
    reply = read_metadata(ctx)
    found = reply.members.get("id_token_signing_alg_values_supported")
    if found is None:  # OIDC-002 says so
        ctx.skip("the metadata have no id_token_signing_alg_values_supported", "メタデータに署名アルゴリズムがない")
    holds = isinstance(found, list) and "RS256" in found
    ctx.require("id_token_signing_alg_values_supported", holds, expected="a list with RS256", actual=found)


def _expect_address(ctx: Context, told: Mapping[str, Any], name: str) -> None:
    value = told.get(name)
    parts = urlsplit(value) if isinstance(value, str) else None
    whole = parts is not None and parts.scheme in ("http", "https") and bool(parts.netloc) and not parts.fragment
    ctx.require(f"{name} in the metadata", whole, expected="an http or https address", actual=value)


def _expect_list(ctx: Context, told: Mapping[str, Any], name: str) -> None:
    value = told.get(name)
    texts = isinstance(value, list) and bool(value) and all(isinstance(one, str) and one for one in value)
    ctx.require(f"{name} in the metadata", texts, expected="a list of strings that is not empty", actual=value)
