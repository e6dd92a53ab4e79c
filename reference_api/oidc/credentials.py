"""Credentials: who somebody is by login name and password. Guesses are counted and slowed down, in every worker.

Only the sign-in page is slowed down: whoever has a token keeps using every operation.
"""

import asyncio
import hmac
import secrets
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address, ip_network

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from reference_api.errors import UnacceptablePassword
from reference_api.oidc.grants import REVOKED
from reference_api.oidc.session_end import end_everything
from reference_api.services import Services, sha256_text
from reference_api.store.protocol import Row, Store

MEMORY_COST_KIB, TIME_COST, PARALLELISM = 19_456, 2, 1
"""Source: OWASP Password Storage Cheat Sheet, Argon2id: at least 19 MiB, 2 iterations, 1 degree of parallelism."""

LEAST_CHARACTERS, MOST_CHARACTERS = 8, 256
"""Source: NIST SP 800-63B 5.1.1.2, at least 8 and no less than 64 as the longest that is permitted."""

MARK_BYTES = 16
"""Entropy of a browser's mark. Source: none; 2**128 never collide. Confidence C."""

LONGEST_NAME = 254
"""Characters. Source: RFC 5321 section 4.5.3.1.3, the longest e-mail address."""

FREE_FAILURES = 5
"""Failures in a row before waiting begins. Source: none; people mistype a few times. Confidence C."""

FIRST_WAIT_S, LONGEST_WAIT_S = 30.0, 3600.0
"""The wait doubles with each further failure. Source: NIST SP 800-63B 5.2.2, from 30 seconds up to one hour.

It never becomes a lock for good: whoever wants somebody else locked out would only have to guess a hundred times.
"""
MOST_DOUBLINGS = 7
"""Enough to get from the first wait to the longest."""

WINDOW_S = 3600.0
"""Length of the windows of WINDOWED, from the first failure on. Source: none. Confidence C."""

WINDOWED: Mapping[str, int] = {"address": 300, "device": 60}
"""Failures from one network address in a window: of passwords, and of the codes of devices.

Source: none; a hundred evacuees behind the one line of a shelter may err three times each, and 300 guesses an hour do
not find a password of 8 characters; 60 an hour find one of ten waiting codes among 20**8 in 5,000 years. Confidence C.
"""

RACES = 10
"""How often a guess is counted anew because another one came between. Source: none; more happen in an attack only.
Confidence C."""

FORGOTTEN_AFTER_S = 30 * 86_400.0
"""How long failures of unknown names and of addresses are kept. Source: none; bounds the table. Confidence C."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``sub`` is who it is (local ID), None if name and password do not belong together.

    ``wait_s`` is how long no guess is taken; then nothing was tried.
    """

    sub: str | None
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a guess comes from: the network address, and the mark that the browser got when somebody signed in there.

    Either is empty where there is none.
    """

    address: str = ""
    mark: str = ""


def browser_mark(services: Services, sub: str) -> str:
    """What a browser keeps in which a person (local ID) signed in; it names nobody."""
    nonce = secrets.token_urlsafe(MARK_BYTES)
    return f"{nonce}.{_mark_tag(services, nonce, sub)}"


async def check_password(services: Services, name: str, password: str, origin: Origin, now_s: float) -> Verdict:
    """Judge a login name (local ID or e-mail address) and a password, given from somewhere at a time (Unix s).

    Unknown names cost the same work and meet the same waits as known ones: nobody learns who has an account. A browser
    in which the person signed in before is counted by itself, so that strangers who guess make nobody else wait there.
    Source: OWASP, Slow Down Online Guessing Attacks with Device Cookies.
    """
    store = services.store
    sub = await find_account(store, name)
    keys = [_counted_for(services, sub, name, origin.mark)]
    if origin.address:
        keys.append(f"address:{network_of(origin.address)}")
    wait_s = await count_guess(store, keys, now_s)
    if wait_s > 0:
        return Verdict(None, wait_s)
    if not await _matches(services, sub, password) or sub is None:
        return Verdict(None)
    await forgive(store, keys)
    return Verdict(sub)


def _counted_for(services: Services, sub: str | None, name: str, mark: str) -> str:
    """Under which key guesses at a name are counted."""
    if sub is None:
        return f"name:{sha256_text(_folded(name))}"
    nonce, _, tag = mark.partition(".")
    known = hmac.compare_digest(tag.encode(), _mark_tag(services, nonce, sub).encode())
    return f"browser:{sha256_text(nonce)}" if known else f"account:{sub}"


def _mark_tag(services: Services, nonce: str, sub: str) -> str:
    key = services.secret.derive("browsers that people signed in with")
    return hmac.digest(key, f"{nonce}\0{sub}".encode(), "sha256").hex()


async def find_account(store: Store, name: str) -> str | None:
    """The local ID that a login name means; None if nobody's, or if several people share the e-mail address."""
    if len(name) > LONGEST_NAME or "\0" in name:
        return None
    rows = await store.all("SELECT sub FROM account WHERE sub = ?", (unicodedata.normalize("NFKC", name).strip(),))
    if not rows and "@" in name:
        rows = await store.all("SELECT sub FROM account WHERE lower(email) = ? LIMIT 2", (_folded(name),))
    return rows[0][0] if len(rows) == 1 else None


async def set_password(services: Services, sub: str, password: str) -> None:
    """Give a person a password in place of the one before, forget failed guesses, and sign the person out everywhere.

    Whoever knew the password before, and signed in or connected a device with it, is out. Source: RFC 9700 section
    4.14.2 (change of a password).

    Raises:
        UnacceptablePassword: It is too short or too long, or nobody has that local ID.
    """
    store, now_s = services.store, await services.now_s()
    length = len(_prepared(password))
    if not LEAST_CHARACTERS <= length <= MOST_CHARACTERS:
        raise UnacceptablePassword(f"{length} characters: give {LEAST_CHARACTERS} to {MOST_CHARACTERS}")
    if await store.one("SELECT 1 FROM account WHERE sub = ?", (sub,)) is None:
        raise UnacceptablePassword(f"no account {sub!r}: give the local ID of a person registered here")
    await services.secret.learn(store)
    async with store.transaction():
        await end_everything(services, sub, now_s)
        await store.run(
            "INSERT INTO password (sub, argon2, set_at_s) VALUES (?, ?, ?)"
            " ON CONFLICT (sub) DO UPDATE SET argon2 = excluded.argon2, set_at_s = excluded.set_at_s",
            (sub, _hasher().hash(_prepared(password)), now_s),
        )
        await store.run("DELETE FROM guess WHERE guessed = ?", (f"account:{sub}",))
    services.memory.forget(REVOKED)


def network_of(address: str) -> str:
    """What failures are counted for: an IPv4 address, or the /64 network that an IPv6 host draws its addresses from.

    Source: RFC 4291 section 2.5.4, RFC 8981.
    """
    try:
        whole = IPv6Address(address)
    except ValueError:
        return address
    # A socket that takes both protocols shows IPv4 hosts so, all of them in one /64 network (RFC 4291 2.5.5.2).
    return str(whole.ipv4_mapped or ip_network((whole, 64), strict=False))


async def count_guess(store: Store, keys: Sequence[str], now_s: float) -> float:
    """Count a guess as failed before it is tried, so that guesses made at once are all counted.

    Returns how long to wait (s) before a guess is taken; if that is not 0, nothing was counted. What is counted need
    not survive a loss of power, so that statements alone suffice.
    """
    for _ in range(RACES):
        rows = {row[0]: row for row in await _counted(store, keys)}
        wait_s = max((_wait_s(row, now_s) for row in rows.values()), default=0.0)
        if wait_s > 0:
            return wait_s
        if await _counted_on(store, keys[0], rows.get(keys[0]), now_s):
            for key in keys[1:]:
                await _counted_on(store, key, rows.get(key), now_s)
            return 0.0
    return FIRST_WAIT_S


async def forgive(store: Store, keys: Sequence[str]) -> None:
    """The guess was right: what was counted for its name begins anew, and the address has one failure less."""
    for key in keys:
        if _kind(key) in WINDOWED:
            await store.run("UPDATE guess SET failures = failures - 1 WHERE guessed = ?", (key,))
        else:
            await store.run("DELETE FROM guess WHERE guessed = ?", (key,))


async def _counted(store: Store, keys: Sequence[str]) -> list[Row]:
    marks = ", ".join("?" * len(keys))
    return await store.all(
        f"SELECT guessed, failures, first_at_s, last_at_s FROM guess WHERE guessed IN ({marks})", keys
    )


async def _counted_on(store: Store, key: str, row: Row | None, now_s: float) -> bool:
    """One failure more; False if somebody else counted since ``row`` was read, which matters for names only."""
    if _kind(key) in WINDOWED and (row is None or row[2] + WINDOW_S <= now_s):
        await store.run("DELETE FROM guess WHERE guessed = ?", (key,))
        await store.run(
            "DELETE FROM guess WHERE last_at_s < ? AND guessed NOT LIKE 'account:%'", (now_s - FORGOTTEN_AFTER_S,)
        )
    changed = await store.run(
        "INSERT INTO guess (guessed, failures, first_at_s, last_at_s) VALUES (?, 1, ?, ?)"
        " ON CONFLICT (guessed) DO UPDATE SET failures = guess.failures + 1, last_at_s = excluded.last_at_s"
        " WHERE guess.failures = ? OR guess.guessed LIKE 'address:%' OR guess.guessed LIKE 'device:%'",
        (key, now_s, now_s, 0 if row is None else row[1]),
    )
    return changed == 1


def _wait_s(row: Row, now_s: float) -> float:
    """How long no guess is taken for what a row counts."""
    guessed, failures, first_at_s, last_at_s = row
    if _kind(guessed) in WINDOWED:
        return max(0.0, first_at_s + WINDOW_S - now_s) if failures >= WINDOWED[_kind(guessed)] else 0.0
    if failures < FREE_FAILURES:
        return 0.0
    pause_s = min(FIRST_WAIT_S * 2.0 ** min(failures - FREE_FAILURES, MOST_DOUBLINGS), LONGEST_WAIT_S)
    return float(max(0.0, last_at_s + pause_s - now_s))


def _kind(key: str) -> str:
    """What is counted: account, name, browser, address or device."""
    return key.partition(":")[0]


async def _matches(services: Services, sub: str | None, password: str) -> bool:
    store = services.store
    if services.settings.sandbox:
        row = await store.one("SELECT password FROM sandbox_password WHERE id = 1")
        # 256 random bits cannot be guessed from their hash: no slow hash is needed, as for client secrets.
        if row is not None and hmac.compare_digest(sha256_text(password), sha256_text(row[0])):
            return True
    row = None if sub is None else await store.one("SELECT argon2 FROM password WHERE sub = ?", (sub,))
    fits = await _off_the_loop(lambda: _fits(None if row is None else row[0], password))
    return fits and row is not None


async def _off_the_loop(work: Callable[[], bool]) -> bool:
    """The work's result; where an event loop runs, other requests are served meanwhile (argon2 lets go of the GIL)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    return await asyncio.to_thread(work)


def _fits(hashed: str | None, password: str) -> bool:
    try:
        return _hasher().verify(hashed or _nobodys_hash(), _prepared(password)[:MOST_CHARACTERS])
    except VerificationError:
        return False


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_COST_KIB, parallelism=PARALLELISM)


@cache
def _nobodys_hash() -> str:
    """A hash that is tried where there is none, so that the answer takes as long."""
    return _hasher().hash(secrets.token_urlsafe(32))


def _prepared(password: str) -> str:
    """The password as it is hashed. Source: NIST SP 800-63B 5.1.1.2, normalised by NFKC."""
    return unicodedata.normalize("NFKC", password)


def _folded(name: str) -> str:
    """A login name without what people vary when they type it."""
    return unicodedata.normalize("NFKC", name).strip().lower()
