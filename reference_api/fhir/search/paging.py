"""Pages of FHIR: sizes, and cursors that serve one client and one list only."""

from typing import Any

from reference_api.fhir.compartment import Asker
from reference_api.fhir.outcome import refused
from reference_api.paging import DEFAULT_LIMIT, MAX_LIMIT, open_cursor, seal_cursor


def read_count(text: str | None) -> int:
    """Entries of a page; a client that asks for more than there may be gets the most.

    Raises:
        ApiError: malformed-request.

    Source: HL7 FHIR R4 4.0.1, search.html, page count.
    """
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise refused("malformed-request", "value", "_count is a number", "_count")
    return min(int(text), MAX_LIMIT)


def seal_page(asker: Asker, key: Any, bound_to: str) -> str:
    """A cursor that stands for the place after ``key``."""
    return seal_cursor(asker.services, key, _bound(asker, bound_to))


def unseal_page(asker: Asker, cursor: str | None, bound_to: str) -> Any:
    """The place that a cursor stands for, None without one.

    Raises:
        ApiError: invalid-cursor.
    """
    return None if cursor is None else open_cursor(asker.services, cursor, _bound(asker, bound_to))


def _bound(asker: Asker, bound_to: str) -> str:
    token = asker.call.token
    return "\n".join(("fhir", token.client_id, token.subject or "", bound_to))
