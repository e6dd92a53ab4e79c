"""Changes since a time: what was deleted stays as a tombstone, and is gone to whoever asks for it by its id."""

from reference_api.clock import instant
from reference_api.errors import ApiError
from reference_api.store.protocol import Row


def live_filter(since_s: float | None) -> str:
    """The SQL condition: what is there; or, with a parameter, what has changed since then, deletion included."""
    return "deleted_at_s IS NULL" if since_s is None else "updated_at_s >= ?"


def tombstone_or(row: Row, deleted_at_s: float | None, item: dict[str, object]) -> dict[str, object]:
    """The item, or what is left of a deleted one; the row's first column is its number."""
    if deleted_at_s is None:
        return item
    return {"id": str(row[0]), "removed": True, "updated_at": instant(deleted_at_s)}


def demand_live(row: Row | None, *, deleted_at: int) -> Row:
    """The row, which is there; ``deleted_at`` is the place of the time of deletion in it.

    Raises:
        ApiError: not-found or gone.
    """
    if row is None:
        raise ApiError("not-found")
    if row[deleted_at] is not None:
        raise ApiError("gone")
    return row
