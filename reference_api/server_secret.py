"""The server's secret, from which the secrets for each purpose are derived."""

import hmac
import secrets

from reference_api.errors import StoreUnavailable
from reference_api.settings import SECRET_BYTES
from reference_api.store.protocol import Store


class ServerSecret:
    """The secret that all workers of a server share: ``given`` by the settings, else kept in the database."""

    def __init__(self, given: str | None = None) -> None:
        self._key = None if given is None else given.encode()

    @property
    def is_known(self) -> bool:
        """Whether secrets can be derived; without a given secret only after ``learn``."""
        return self._key is not None

    async def learn(self, store: Store) -> None:
        """Read the secret from the database, or make and keep one there, so that workers and restarts agree."""
        if self.is_known:
            return
        row = await store.one("SELECT secret FROM server_secret WHERE id = 1")
        if row is None:
            async with store.transaction():
                # Another worker may have been faster: whose secret came first is everybody's.
                row = await store.one(
                    "INSERT INTO server_secret (id, secret) VALUES (1, ?)"
                    " ON CONFLICT (id) DO UPDATE SET secret = server_secret.secret RETURNING secret",
                    (secrets.token_urlsafe(SECRET_BYTES),),
                )
        self._key = None if row is None else row[0].encode()

    def derive(self, purpose: str, length: int = 32) -> bytes:
        """A secret of ``length`` bytes (at most 64) for one purpose.

        Raises:
            StoreUnavailable: Nobody has learnt the secret yet.
        """
        if self._key is None:
            raise StoreUnavailable("the server's secret is not known yet: call learn first")
        return hmac.digest(self._key, f"citytwin {purpose}".encode(), "sha512")[:length]
