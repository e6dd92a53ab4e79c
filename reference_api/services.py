"""Services: what every handler may use, and a memory of answers that change seldom."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from reference_api.admission import Pressure
from reference_api.call import Token
from reference_api.clock import Clock
from reference_api.consent import Decide
from reference_api.errors import StoreFault, StoreUnavailable
from reference_api.oidc.keys import SigningKey
from reference_api.server_secret import ServerSecret
from reference_api.settings import Settings
from reference_api.store.protocol import Store
from reference_api.telemetry import Telemetry

T = TypeVar("T")

CLOCK_OFFSET = "sandbox clock offset"
"""Under this name the memory keeps by how much a sandbox's clock differs from the machine's."""


class Memory:
    """Answers kept until a handler says that they have changed, or somebody else writes to the database.

    What is read within a transaction is not kept, because it may be undone; nor is an answer during whose making
    something was forgotten, because it may be older than that.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen = 0
        self._forgettings = 0
        self._kept: dict[str, Any] = {}

    async def recall(self, name: str, make: Callable[[], Awaitable[T]]) -> T:
        """What is kept under ``name``, made first if there is nothing."""
        changes = await self._store.foreign_changes()
        if changes != self._seen:
            self._seen = changes
            self.forget_all()
        if name in self._kept:
            return cast("T", self._kept[name])
        before = self._forgettings
        made = await make()
        if before == self._forgettings and not self._store.in_transaction:
            self._kept[name] = made
        return made

    def current(self, name: str) -> Any | None:
        """What is kept under ``name``, if it is known without waiting that it holds still; None otherwise."""
        try:
            changes = self._store.foreign_changes_now()
        except StoreFault:
            return None
        return self._kept.get(name) if changes == self._seen else None

    def last(self, name: str, default: T) -> T:
        """What is kept under ``name``, although it may have changed; ``default`` if there is nothing."""
        return cast("T", self._kept.get(name, default))

    def forget(self, *names: str) -> None:
        """Something was written that changes these answers."""
        self._forgettings += 1
        for name in names:
            self._kept.pop(name, None)

    def forget_all(self) -> None:
        """Everything may have changed."""
        self._forgettings += 1
        self._kept.clear()


@dataclass(frozen=True, slots=True)
class Services:
    """What every handler may use.

    ``signing_keys`` are the keys unsealed already, by kid; ``tokens`` the access tokens signed or verified
    here already, by SHA-256.
    ``pressure`` is how loaded this worker is; ``telemetry`` is None where nobody looks (an app in process).
    """

    settings: Settings
    store: Store
    clock: Clock
    secret: ServerSecret
    signing_keys: dict[str, SigningKey]
    decide: Decide
    memory: Memory
    tokens: dict[bytes, Token]
    pressure: Pressure
    telemetry: Telemetry | None = None

    async def now_s(self) -> float:
        """The time to go by (Unix seconds): the clock's, in a sandbox as far off as it was set.

        While the database cannot be used, as far off as it was last; what needs no database goes on.
        """
        now_s = self.clock.now_s()
        if not self.settings.sandbox:
            return now_s
        try:
            return now_s + await self.memory.recall(CLOCK_OFFSET, self._read_offset_s)
        except StoreUnavailable:
            return now_s + self.memory.last(CLOCK_OFFSET, 0.0)

    async def _read_offset_s(self) -> float:
        row = await self.store.one("SELECT offset_s FROM sandbox_clock")
        return 0.0 if row is None else float(row[0])


def sha256_text(secret: str) -> str:
    """SHA-256 of a text as hexadecimal digits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
