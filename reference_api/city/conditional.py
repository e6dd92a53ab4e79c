"""Conditional requests: entity tags, 304, 412, 428."""

import hashlib

import msgspec

from reference_api.call import Call, Reply
from reference_api.cross_origin import ALLOW_ANY
from reference_api.errors import ApiError

PUBLIC_CACHE = {"cache-control": "public, max-age=5", **ALLOW_ANY}
"""Source: contract C7 asks for shelter status at most 60 s old, max-age at most 30; 5 keeps a poll every 15 s fresh.
What a shared cache keeps serves pages of other origins too, whoever asked first."""


def json_with_etag(value: object) -> tuple[bytes, str]:
    """``value`` as JSON, and its strong entity tag (RFC 9110 section 8.8.3)."""
    body = msgspec.json.encode(value)
    return body, f'"{hashlib.sha256(body).hexdigest()[:24]}"'


def quoted(call: Call, body: bytes, etag: str) -> Reply:
    """The body, or 304 if the client has it (RFC 9110 section 13.1.2)."""
    return public_reply(body, etag, is_held=is_not_modified(call, etag))


def public_reply(body: bytes, etag: str, *, is_held: bool) -> Reply:
    """What everybody may read, or 304 to a client that has it."""
    headers = {**PUBLIC_CACHE, "etag": etag}
    return Reply(status=304, headers=headers) if is_held else Reply(body=body, headers=headers)


def is_not_modified(call: Call, etag: str) -> bool:
    """Whether the client has what the entity tag stands for (RFC 9110 section 13.1.2)."""
    return is_held(call.headers.get("if-none-match", ""), etag)


def is_held(if_none_match: str, etag: str) -> bool:
    """Whether the header field names what the entity tag stands for."""
    return _matches(if_none_match, etag, weakly=True)


def check_if_match(call: Call, etag: str, *, required: bool) -> None:
    """Refuse a change of what the client has not seen (RFC 9110 section 13.1.1, RFC 6585 section 3).

    Raises:
        ApiError: precondition-failed or precondition-required.
    """
    header = call.headers.get("if-match")
    if header is None:
        if required:
            raise ApiError("precondition-required", "send If-Match with the ETag of what you read")
        return
    if not _matches(header, etag, weakly=False):
        raise ApiError("precondition-failed", headers={"etag": etag})


def _matches(header: str, etag: str, *, weakly: bool) -> bool:
    candidates = [part.strip() for part in header.split(",")]
    if weakly:
        candidates = [part.removeprefix("W/") for part in candidates]
    return etag in candidates or "*" in candidates
