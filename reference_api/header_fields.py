"""Header fields of a request that came in several lines. Source: RFC 9110 sections 5.2 and 5.3."""

from collections.abc import Iterable

from reference_api.errors import ApiError

SINGLE = frozenset({"authorization", "content-length", "content-type", "host", "idempotency-key", "if-none-exist"})
"""Fields that stand once: of two, a proxy in front and this server might each believe another one."""


def combined(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The fields by name, lines of the same name as one list.

    Raises:
        ApiError: malformed-request, if a field stands twice that may stand once only.
    """
    fields: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name, value = name_bytes.decode("latin-1"), value_bytes.decode("latin-1")
        if name not in fields:
            fields[name] = value
        elif name in SINGLE:
            raise ApiError("malformed-request", f"send {name} once")
        else:
            fields[name] += ("; " if name == "cookie" else ", ") + value
    return fields
