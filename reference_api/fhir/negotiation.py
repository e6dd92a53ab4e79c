"""What HTTP says around a resource: media types, Prefer, entity tags and dates.

Source: HL7 FHIR R4 4.0.1, http.html; RFC 9110 (conditional requests), RFC 7240 (Prefer).
"""

from collections.abc import Mapping
from email.utils import formatdate, parsedate_to_datetime
from typing import Any

from reference_api.call import Call, Reply
from reference_api.errors import ApiError, UnreadableResource
from reference_api.fhir.outcome import FHIR_JSON, refused, unreadable
from reference_api.fhir.stored import Version
from reference_api.fhir.validation import encode, parse

MEDIA_TYPES = (FHIR_JSON, "application/json", "text/json")
"""Source: HL7 FHIR R4 4.0.1, http.html, content types; the generic ones are accepted for JSON."""

_FORMATS = (*MEDIA_TYPES, "json")


def check_format(query: Mapping[str, str]) -> None:
    """Refuse a ``_format`` that is not JSON.

    Raises:
        ApiError: not-acceptable.
    """
    # A plus sign that nobody encoded arrives as a blank.
    asked = query.get("_format", "json").partition(";")[0].strip().replace(" ", "+").lower()
    if asked not in _FORMATS:
        raise ApiError("not-acceptable", f"answers are {FHIR_JSON}")


def read_body(call: Call) -> dict[str, Any]:
    """The resource of the body.

    Raises:
        ApiError: unsupported-media-type or malformed-request.
    """
    check_format(call.query() if "_format" in call.query_string else {})
    media_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        raise ApiError("unsupported-media-type", f"send {FHIR_JSON}", headers={"accept": FHIR_JSON})
    try:
        return parse(call.body)
    except UnreadableResource as fault:
        raise unreadable(fault) from None


def preferences(headers: Mapping[str, str]) -> dict[str, str]:
    """What ``Prefer`` says, by name."""
    pairs = (part.partition("=") for part in headers.get("prefer", "").replace(";", ",").split(","))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def is_strict(headers: Mapping[str, str]) -> bool:
    """Whether unknown search parameters are to be refused. Source: search.html, handling errors."""
    return preferences(headers).get("handling") == "strict"


def version_reply(version: Version, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A version with its tag and date."""
    return Reply(status, version.content or b"", {**version_headers(version), **(headers or {})}, FHIR_JSON)


def version_headers(version: Version) -> dict[str, str]:
    """ETag, and Last-Modified where it is known."""
    headers = {"etag": version.etag}
    if version.updated_at_s is not None:
        headers["last-modified"] = formatdate(version.updated_at_s, usegmt=True)
    return headers


def resource_reply(resource: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A resource that has no versions of its own, such as a Bundle."""
    return Reply(status, encode(resource), headers or {}, FHIR_JSON)


def is_unchanged(headers: Mapping[str, str], version: Version) -> bool:
    """Whether the client has this version already. Source: RFC 9110 section 13.2.2."""
    tags = headers.get("if-none-match")
    if tags is not None:
        return _names(tags, version.version_id)
    since = headers.get("if-modified-since")
    if since is None or version.updated_at_s is None:
        return False
    try:
        return int(version.updated_at_s) <= parsedate_to_datetime(since).timestamp()
    except (ValueError, TypeError, OverflowError):
        return False


def check_if_match(if_match: str | None, version_id: str) -> None:
    """Refuse to change a version that the client has not seen.

    Raises:
        ApiError: precondition-failed.
    """
    if if_match is not None and not _names(if_match, version_id):
        raise refused("precondition-failed", "conflict", f'The resource is at version W/"{version_id}"')


def _names(tags: str, version_id: str) -> bool:
    known = [tag.strip().removeprefix("W/").strip('"') for tag in tags.split(",")]
    return version_id in known or "*" in known
