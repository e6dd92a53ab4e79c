"""Sessions: a person signed in with a browser. The browser holds a random name, the database only its hash."""

import hmac
import secrets
from dataclasses import dataclass

from reference_api.call import Call
from reference_api.oidc.assurance import AMR
from reference_api.oidc.grants import SignIn
from reference_api.pages.cookies import read_cookie, write_cookie
from reference_api.services import Services, sha256_text
from reference_api.store.protocol import Row

COOKIE = "session"
NAME_BYTES = 32
"""Entropy of a session's name. Source: OWASP ASVS 4.0 3.2.2, at least 64 bits; as tokens have here."""

SESSION_TTL_S = 12 * 3600
"""Life of a session, whatever is done in it. Source: NIST SP 800-63B 4.2.3, sign in again at least every 12 hours."""

KEPT_S = 30 * 86_400
"""How long a session that is over is kept. Source: none; tells what a person's devices did lately. Confidence C."""

_COLUMNS = "sid, sub, auth_time_s, acr, amr, expires_at_s"


@dataclass(frozen=True, slots=True)
class Session:
    """A session that holds. ``sub`` is the local ID, ``auth_time_s`` when the person last proved who they are."""

    sid: str
    sub: str
    auth_time_s: float
    acr: str
    amr: tuple[str, ...]
    expires_at_s: float

    def sign_in(self) -> SignIn:
        """What a grant keeps of it."""
        return SignIn(self.sub, self.sid, self.auth_time_s, self.acr, self.amr)


async def read_session(services: Services, call: Call) -> Session | None:
    """The session of the browser that calls, None if it has none that holds."""
    name = read_cookie(services.settings, call, COOKIE)
    if not name:
        return None
    row = await services.store.one(
        f"SELECT {_COLUMNS} FROM auth_session WHERE cookie_sha256 = ? AND ended_at_s IS NULL AND expires_at_s > ?",
        (sha256_text(name), call.now_s),
    )
    return None if row is None else _session(row)


async def open_session(
    services: Services, sub: str, acr: str, now_s: float, before: Session | None = None
) -> tuple[Session, str]:
    """A session of somebody who just signed in, and the cookie for it. Call it in a transaction.

    The browser gets a new name each time, so that a name planted before is worth nothing. Signing in again continues
    the session ``before`` where it is the same person's: its clients stay signed in.
    """
    name = secrets.token_urlsafe(NAME_BYTES)
    sid = before.sid if before is not None and before.sub == sub else secrets.token_urlsafe(NAME_BYTES)
    session = Session(sid, sub, now_s, acr, AMR[acr], now_s + SESSION_TTL_S)
    store = services.store
    await store.run("DELETE FROM auth_session WHERE sid = ? OR expires_at_s < ?", (sid, now_s - KEPT_S))
    await store.run(
        f"INSERT INTO auth_session (cookie_sha256, created_at_s, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (sha256_text(name), now_s, sid, sub, now_s, acr, " ".join(session.amr), session.expires_at_s),
    )
    return session, write_cookie(services.settings, COOKIE, name)


def client_sid(services: Services, sid: str, client_id: str) -> str:
    """The session as one client is told of it: clients cannot find out together that a person is the same.

    Source: OpenID Connect Back-Channel Logout 1.0 section 2.1 (sid); Core 1.0 section 8 (pairwise subjects).
    """
    key = services.secret.derive("sessions as clients know them")
    return hmac.digest(key, f"{sid}\0{client_id}".encode(), "sha256").hex()[:32]


def _session(row: Row) -> Session:
    return Session(row[0], row[1], row[2], row[3], tuple(row[4].split()), row[5])
