"""Opening a store by its address."""

from urllib.parse import unquote

from reference_api.errors import StoreFault
from reference_api.store.address import without_password
from reference_api.store.protocol import Store
from reference_api.store.sqlite import SqliteStore

MEMORY = ":memory:"


def open_store(url: str) -> Store:
    """The store at an address: ``:memory:``, a path, ``sqlite:///path`` or ``postgresql://user@host/name``.

    A path after ``sqlite:///`` is relative, after ``sqlite:////`` absolute. SQLite is ready at once; every store is
    ready after its ``open``, which belongs into the event loop that will use it.

    Raises:
        StoreFault: The address is of no kind known here, or the database cannot be used; the message says what to do.
    """
    scheme = url.partition("://")[0]
    if is_embedded(url):
        return SqliteStore(_path(url))
    if scheme in ("postgresql", "postgres"):
        return _postgres(url)
    raise StoreFault(
        f"database {without_password(url)!r}: give {MEMORY}, a path, sqlite:///path or postgresql://user@host/name"
    )


def is_embedded(url: str) -> bool:
    """Whether the store at an address lives in this process and never waits."""
    return "://" not in url or url.startswith("sqlite:")


def is_shared(url: str) -> bool:
    """Whether other processes see the same database at an address: all but the one in memory."""
    return not is_embedded(url) or _path(url) != MEMORY


def _path(url: str) -> str:
    """The path in an address of SQLite."""
    _, mark, rest = url.partition("://")
    return (unquote(rest.removeprefix("/")) or MEMORY) if mark else url


def _postgres(url: str) -> Store:
    try:
        from reference_api.store.postgres import PostgresStore  # noqa: PLC0415 - the extra is optional
    except ImportError as fault:
        raise StoreFault("asyncpg is missing: pip install 'citytwin[postgres]'") from fault
    return PostgresStore(url)
