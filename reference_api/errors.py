"""Faults of the room, one tree, and how they are told to a client.

ReferenceApiError
├── ApiError           a request that is answered with a problem (RFC 9457)
├── OAuthError         a request that is answered with an error of OAuth 2.0 (RFC 6749)
├── UnsafeSettings     settings that must not go into production (ValueError); carries every fault
├── InvalidSeed        seed data contradict themselves (ValueError); carries every fault
├── UnacceptablePassword a password cannot be set (ValueError)
├── UnreadableResource a body is no FHIR resource in JSON (ValueError); carries the issue type
└── StoreFault         the database cannot be used as it is (RuntimeError)
    ├── UnstorableValue a value that no database column can hold: U+0000, a lone surrogate, an integer too large
    └── StoreUnavailable the database cannot be used now: away, full, or held by others for too long
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

PROBLEM_BASE = "https://citytwin.example/problems/"
"""Where problem types live. Source: the contract's schema Problem (openapi/shared.yaml)."""

REGISTERED_BASE = "https://iana.org/assignments/http-problem-types#"
"""Where registered problem types live. Source: RFC 9457 section 4.2."""

_REGISTERED = ("quota-exceeded", "temporary-reduced-capacity")
"""Source: draft-ietf-httpapi-ratelimit-headers, problem types."""

_TITLES: Mapping[str, tuple[int, str]] = {
    "invalid-token": (401, "The access token is missing or not valid"),
    "insufficient-scope": (403, "The access token does not allow this"),
    "consent-required": (403, "The person's consent is required"),
    "mode-not-allowed": (403, "Not allowed in the mode that holds"),
    "not-found": (404, "Not found"),
    "method-not-allowed": (405, "This method is not offered here"),
    "not-acceptable": (406, "No representation that the client accepts"),
    "conflict": (409, "In conflict with what holds"),
    "idempotency-in-progress": (409, "The first request with this key is not finished"),
    "gone": (410, "No longer there"),
    "precondition-failed": (412, "Changed by somebody else in the meantime"),
    "content-too-large": (413, "The request is too large"),
    "unsupported-media-type": (415, "The media type is not supported"),
    "validation": (422, "The request is not valid"),
    "idempotency-key-reused": (422, "The idempotency key was used for another request"),
    "precondition-required": (428, "If-Match is required"),
    "quota-exceeded": (429, "Too many requests"),
    "malformed-request": (400, "The request cannot be read"),
    "idempotency-key-missing": (400, "An idempotency key is required"),
    "invalid-cursor": (400, "The cursor is not one of this list"),
    "request-timeout": (408, "The request took too long to arrive"),
    "internal-error": (500, "The server failed"),
    "temporary-reduced-capacity": (503, "Served later: the service is kept for what is more urgent"),
}


_NOT_IN_DESCRIPTION = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
"""Source: RFC 6749 section 5.2, error_description."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong where in a request: a JSON pointer into the body, or a parameter's name, and a code."""

    pointer: str
    code: str


class ReferenceApiError(Exception):
    """Root of the room's faults."""


class ApiError(ReferenceApiError):
    """A request that is answered with a problem. ``detail`` is public: never another person's data.

    ``members`` are extension members (RFC 9457 section 3.2).
    """

    def __init__(
        self,
        problem: str,
        detail: str = "",
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(problem, detail)
        self.problem = problem
        self.status, self.title = _TITLES[problem]
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        self.members = dict(members or {})

    def body(self) -> bytes:
        """The problem as JSON. Source: RFC 9457 section 3."""
        members: dict[str, object] = {
            "type": (REGISTERED_BASE if self.problem in _REGISTERED else PROBLEM_BASE) + self.problem,
            "title": self.title,
            "status": self.status,
        }
        if self.detail:
            members["detail"] = self.detail
        if self.faults:
            members["errors"] = [{"pointer": fault.pointer, "code": fault.code} for fault in self.faults]
        return msgspec.json.encode(members | self.members)


class OAuthError(ReferenceApiError):
    """A request to the authorization server that is refused; ``error`` is a registered code, ``description`` public.

    Characters that a description may not hold become question marks. Source: RFC 6749 sections 4.1.2.1 and 5.2.
    """

    def __init__(self, error: str, description: str = "", *, status: int = 400, challenge: str = "") -> None:
        super().__init__(error, description)
        self.error = error
        self.description = _NOT_IN_DESCRIPTION.sub("?", description)
        self.status = status
        self.challenge = challenge


def invalid(pointer: str, code: str) -> ApiError:
    """The problem ``validation`` for one fault."""
    return ApiError("validation", faults=[Fault(pointer, code)])


DATABASE_RETRY_AFTER_S = 5
"""When to ask again while the database cannot be used. Source: none; PostgreSQL restarts within seconds, a
retry costs little. Confidence C."""


def unavailable() -> ApiError:
    """The problem of a request while the database cannot be used.

    Whether it was done is not always known: asked again with the same Idempotency-Key it is done once.
    """
    headers = {"retry-after": str(DATABASE_RETRY_AFTER_S)}
    return ApiError("temporary-reduced-capacity", "the database cannot be used now", headers=headers)


class UnsafeSettings(ReferenceApiError, ValueError):
    """Settings that must not go into production, each named."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("the server does not start with these settings:\n" + "\n".join(faults))
        self.faults = tuple(faults)


class InvalidSeed(ReferenceApiError, ValueError):
    """Seed data contradict themselves, each contradiction named."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class UnacceptablePassword(ReferenceApiError, ValueError):
    """A password cannot be set: too short or too long, or for nobody."""


class UnreadableResource(ReferenceApiError, ValueError):
    """A body is no FHIR resource in JSON. ``code`` is of the code system issue-type; ``details`` is public."""

    def __init__(self, code: str, details: str) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details


class StoreFault(ReferenceApiError, RuntimeError):
    """The database cannot be used as it is."""


class UnstorableValue(StoreFault):
    """A value that no database column can hold: text with U+0000 or lone surrogates, an integer too large."""


class StoreUnavailable(StoreFault):
    """The database cannot be used now, and may be later: it is away, its disk is full, others hold it for too long."""
