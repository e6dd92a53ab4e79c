"""What a client says of itself when it registers, judged by what this server can keep (RFC 7591 section 2)."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from conformance.contract.catalogue import load_roles
from reference_api.errors import OAuthError
from reference_api.oidc.client_seed import SERVICE_ROLE
from reference_api.oidc.clients import AUTH_METHODS, BASIC, PRIVATE_KEY_JWT, PUBLIC
from reference_api.oidc.grant_types import AUTHORIZATION_CODE, DEVICE_CODE, REFRESH_TOKEN
from reference_api.oidc.keys import ALGORITHMS, RS256
from reference_api.oidc.session_end import may_be_called
from reference_api.settings import LOOPBACK

GRANT_TYPES = (AUTHORIZATION_CODE, REFRESH_TOKEN, DEVICE_CODE)
"""Grant types that anybody may register for: those in which a person decides."""

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*")
"""A name in letters, digits and hyphens (others by their A-labels) without a closing dot, or an IPv6 address.

Pages name the host in a header, and sectors are told apart by it. Source: RFC 1123 section 2.1, RFC 5890 section 2.3.
"""

MOST_URIS, LONGEST_URI, LONGEST_NAME = 20, 2000, 100
"""Source: none; bounds against exhaustion, and names that fit a page at 320 px. Confidence C."""

PRIVATE_MEMBERS = frozenset(("d", "p", "q", "dp", "dq", "qi", "k", "oth"))
"""Members of a JWK that nobody sends. Source: RFC 7518 sections 6.2.2, 6.3.2, 6.4."""


class ClientMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What of a client's metadata counts here; everything else that is sent is ignored."""

    redirect_uris: tuple[str, ...] = ()
    response_types: tuple[str, ...] = ("code",)
    grant_types: tuple[str, ...] = (AUTHORIZATION_CODE,)
    token_endpoint_auth_method: str = BASIC
    scope: str | None = None
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    subject_type: str = "pairwise"
    sector_identifier_uri: str | None = None
    id_token_signed_response_alg: str = RS256
    default_max_age: int | None = None
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    require_pushed_authorization_requests: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A registration that can be kept: the metadata, names by language, and the scopes that the client gets."""

    metadata: ClientMetadata
    name_ja: str
    name_en: str
    scopes: tuple[str, ...]


def read_metadata(body: bytes) -> Wanted:
    """The registration that a body asks for.

    Raises:
        OAuthError: invalid_redirect_uri or invalid_client_metadata. Source: RFC 7591 section 3.2.2.
    """
    try:
        raw = msgspec.json.decode(body, type=dict[str, Any])
        metadata = msgspec.convert({name: value for name, value in raw.items() if value is not None}, ClientMetadata)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise OAuthError("invalid_client_metadata", str(fault)) from fault
    for text in _redirect_faults(metadata):
        raise OAuthError("invalid_redirect_uri", text)
    for text in _faults(metadata):
        raise OAuthError("invalid_client_metadata", text)
    ja, en = _name(raw, "ja"), _name(raw, "en")
    return Wanted(metadata, ja, en, _scopes(metadata.scope))


def sector_of(metadata: ClientMetadata, client_id: str) -> str:
    """What the client's pairwise subjects depend on: its host if tokens reach it only by way of that host, else itself.

    Naming the host of another service is then of no use: no code would arrive. Who could also get tokens by a device
    code, or on a person's own device, proves no host. Source: OpenID Connect Core 1.0 sections 8.1 and 17.3.
    """
    hosts = _web_hosts(metadata)
    is_proven = DEVICE_CODE not in metadata.grant_types and all(
        urlsplit(uri).scheme == "https" for uri in metadata.redirect_uris
    )
    return hosts[0] if hosts and is_proven else client_id


def _web_hosts(metadata: ClientMetadata) -> list[str]:
    """Hosts of the redirect URIs, those on a person's own device left out."""
    parts = [urlsplit(uri) for uri in metadata.redirect_uris]
    return list(dict.fromkeys(part.hostname or "" for part in parts if part.scheme == "https"))


def _redirect_faults(metadata: ClientMetadata) -> Iterator[str]:
    native = metadata.token_endpoint_auth_method == PUBLIC
    for member in ("redirect_uris", "post_logout_redirect_uris"):
        uris: Sequence[str] = getattr(metadata, member)
        if len(uris) > MOST_URIS:
            yield f"{member}: at most {MOST_URIS}"
        for number, uri in enumerate(uris):
            fault = _uri_fault(uri, native=native)
            if fault:
                yield f"{member}/{number}: {fault}"
    if AUTHORIZATION_CODE in metadata.grant_types and not metadata.redirect_uris:
        yield "redirect_uris: at least one"
    if len(_web_hosts(metadata)) > 1:
        yield "redirect_uris: of one host, since no sector_identifier_uri is fetched"


def _uri_fault(uri: str, *, native: bool) -> str:
    """What is wrong with a redirect URI, empty if nothing is. Source: RFC 9700 section 4.1.3, RFC 8252 section 7."""
    if len(uri) > LONGEST_URI or not uri.isascii() or not uri.isprintable() or " " in uri:
        return f"printable ASCII without blanks, at most {LONGEST_URI} characters"
    if "*" in uri or "#" in uri or "\\" in uri:
        return "no wildcard, fragment or backslash"
    try:
        parts = urlsplit(uri)
        named = _HOST.fullmatch(parts.hostname or "") is not None and parts.port != 0
    except ValueError:
        return "not a URI"
    if parts.username is not None or parts.password is not None:
        return "no user name"
    return (
        "" if _may_be_target(parts, named=named, native=native) else "https, http on loopback, or an app's own scheme"
    )


def _may_be_target(parts: SplitResult, *, named: bool, native: bool) -> bool:
    if parts.scheme == "https":
        return named
    if parts.scheme == "http":
        return named and parts.hostname in LOOPBACK
    # An app's own scheme is a domain name written backwards: RFC 8252 section 7.1.
    return native and "." in parts.scheme


def _faults(metadata: ClientMetadata) -> Iterator[str]:
    known: dict[str, tuple[Sequence[str], Sequence[str]]] = {
        "response_types": (metadata.response_types, ("code",)),
        "grant_types": (metadata.grant_types, GRANT_TYPES),
        "token_endpoint_auth_method": ((metadata.token_endpoint_auth_method,), AUTH_METHODS),
        "subject_type": ((metadata.subject_type,), ("pairwise",)),
        "id_token_signed_response_alg": ((metadata.id_token_signed_response_alg,), ALGORITHMS),
    }
    for member, (given, allowed) in known.items():
        if not given or not set(given) <= set(allowed):
            yield f"{member}: some of {' '.join(allowed)}"
    if metadata.jwks_uri is not None or metadata.sector_identifier_uri is not None:
        yield "jwks_uri and sector_identifier_uri are not fetched: give jwks, and redirect URIs of one host"
    if metadata.default_max_age is not None and not 0 <= metadata.default_max_age < 10**9:
        yield "default_max_age: seconds, 0 or more"
    uri = metadata.backchannel_logout_uri
    if uri is not None and (_uri_fault(uri, native=False) or not may_be_called(uri)):
        yield "backchannel_logout_uri: https on a public host, or http on loopback; no fragment"
    yield from _key_faults(metadata)


def _key_faults(metadata: ClientMetadata) -> Iterator[str]:
    if metadata.token_endpoint_auth_method == PRIVATE_KEY_JWT and metadata.jwks is None:
        yield "jwks: needed for private_key_jwt"
    if metadata.jwks is None:
        return
    keys = metadata.jwks.get("keys")
    if not isinstance(keys, list) or any(not isinstance(key, dict) or PRIVATE_MEMBERS & set(key) for key in keys):
        yield "jwks: a set of public keys"
        return
    try:
        KeySet.import_key_set({"keys": keys})
    except (JoseError, ValueError, TypeError, KeyError):
        yield "jwks: keys that can be read"


def _scopes(asked: str | None) -> tuple[str, ...]:
    """The scopes asked for, as far as a service may have them; all of them if none is named."""
    offered = load_roles()[SERVICE_ROLE].scopes
    wanted = offered if asked is None else tuple(asked.split())
    scopes = tuple(scope for scope in offered if scope in wanted)
    if not scopes:
        raise OAuthError("invalid_client_metadata", f"scope: some of {' '.join(offered)}")
    return scopes


def _name(raw: dict[str, Any], language: str) -> str:
    """What people are told that the client is called: in that language if it says so, else what it says for all.

    Raises:
        OAuthError: invalid_client_metadata.
    """
    tagged = [raw[name] for name in raw if name.lower().startswith(f"client_name#{language}")]
    name = (tagged or [raw.get("client_name", "")])[0]
    if not isinstance(name, str) or len(name) > LONGEST_NAME or any(_is_unseen(letter) for letter in name):
        raise OAuthError("invalid_client_metadata", f"client_name: at most {LONGEST_NAME} letters that can be seen")
    return name.strip()


def _is_unseen(letter: str) -> bool:
    """Whether a letter is a control or turns the writing direction, by which a name could pretend to be another.

    Variation selectors of names are marks (Mn) and stay.
    """
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
