"""Settings of a server: frozen, safe by default, checked before it starts."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec

from conformance.contract.profiles import load_profiles
from reference_api.errors import UnsafeSettings
from reference_api.store.opening import is_shared

SECRET_BYTES = 32
"""Least length of the server's secret. Source: RFC 2104 section 3, a key as long as the hash keeps its strength."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server runs.

    ``issuer`` is the public base URL without a closing slash. ``database`` is an address as ``open_store`` takes it.
    ``environment`` is production, drill or test. ``sandbox`` opens the client list in discovery, token exchange and
    reset.
    ``secret`` is what seals, signs and hides what leaves the server or lies in its database; without it one is made and
    kept in the database.
    """

    issuer: str = "http://127.0.0.1:8080"
    municipality: str = "072028"
    municipality_name: str = "会津若松市"
    environment: str = "test"
    sandbox: bool = False
    database: str = ":memory:"
    secret: str | None = None
    access_token_ttl_s: int = 3600
    """Source: contract C7, access tokens at most 60 minutes."""
    idempotency_retention_s: float = 72 * 3600.0
    """Source: contract C6, at least 72 hours in a disaster."""
    subject_quota: int = 600
    """Requests a minute of one person through one client. Source: none; ten views polled every second. Confidence C."""
    client_quota: int = 60_000
    """Requests a minute of a client for itself, in each worker. Source: contract C7, the disaster's reads of 24,000 IDs
    are 400/s; 1,000/s leave room for one gateway in front of all apps. Confidence C."""
    request_timeout_s: float = 30.0
    """Source: none; a megabyte over a congested mobile cell (0.3 Mbit/s) takes 28 s. Confidence C."""
    not_enabled: tuple[str, ...] = ()
    """Profiles that are built and whose release waits for somebody's agreement; their operations are absent."""
    registration: bool = False
    """Whether clients may register themselves (RFC 7591); beyond a test only with ``registration_token``."""
    registration_token: str | None = None
    """Initial access token that the city gives to those who may register a client (RFC 7591 section 3)."""
    log_requests: bool = False
    """Whether each request is a line of the log: operation, status and duration, never who or whom."""
    max_body_bytes: int = 1 << 20
    """Source: none; a bound against exhaustion, well above the largest request (5,000 subjects). Confidence C."""

    @property
    def audience(self) -> str:
        """Audience of access tokens: the API's base."""
        return self.issuer + "/v1"

    @property
    def fhir_base(self) -> str:
        """Base of the FHIR server."""
        return self.issuer + "/fhir"


def settings_from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; what is not given keeps its default.

    Each field is the variable ``CITYTWIN_`` and its name in capitals; flags are 1 or 0, lists are separated by commas.

    Raises:
        UnsafeSettings: with every value that cannot be read.
    """
    given = os.environ if environ is None else environ
    kinds = get_type_hints(Settings)
    values: dict[str, Any] = {}
    faults: list[str] = []
    for name, kind in kinds.items():
        text = given.get(_variable(name))
        if text is None:
            continue
        try:
            values[name] = msgspec.convert(text.split(",") if get_origin(kind) is tuple else text, kind, strict=False)
        except msgspec.ValidationError as fault:
            # The value itself is not told: it may be a secret.
            faults.append(f"{_variable(name)}: {fault}; give {getattr(kind, '__name__', kind)}")
    if faults:
        raise UnsafeSettings(faults)
    return Settings(**values)


def settings_to_environment(settings: Settings) -> dict[str, str]:
    """The variables from which ``settings_from_environment`` reads the same settings, for another worker."""
    values = {field.name: getattr(settings, field.name) for field in fields(Settings)}
    return {_variable(name): _text(value) for name, value in values.items() if value not in (None, ())}


def _variable(name: str) -> str:
    return f"CITYTWIN_{name.upper()}"


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return str(int(value)) if isinstance(value, bool) else str(value)


def check_settings(settings: Settings) -> None:
    """Refuse settings that contradict themselves or are unsafe in production.

    Raises:
        UnsafeSettings: with every fault.
    """
    parts = urlsplit(settings.issuer)
    rules = _form_rules(settings, parts.scheme, parts.hostname or "")
    if settings.environment == "production":
        rules += _production_rules(settings, parts.scheme)
    faults = [text for failed, text in rules if failed]
    if faults:
        raise UnsafeSettings(faults)


def _form_rules(settings: Settings, scheme: str, host: str) -> list[tuple[bool, str]]:
    """What is wrong anywhere."""
    return [
        (
            settings.environment not in ("production", "drill", "test"),
            f"environment {settings.environment!r}: give production, drill or test",
        ),
        (
            not {*settings.not_enabled} <= {*load_profiles()},
            f"profiles {', '.join(settings.not_enabled)} not enabled: give names of {', '.join(load_profiles())}",
        ),
        (scheme not in ("http", "https") or not host, f"issuer {settings.issuer!r} is no URL: give https://host"),
        (settings.issuer.endswith("/"), f"issuer {settings.issuer!r} ends in a slash: leave it out"),
        (
            len(settings.municipality) != 6 or not settings.municipality.isdigit(),
            f"municipality {settings.municipality!r}: give the 6-digit code, leading zero kept",
        ),
        (
            any(mark in settings.issuer for mark in "?#@"),
            f"issuer {settings.issuer!r}: a URL of scheme, host, port and path only (RFC 8414 section 2)",
        ),
        (
            scheme == "http" and host not in LOOPBACK,
            f"issuer {settings.issuer!r}: tokens need https beyond this machine",
        ),
        (
            settings.secret is not None and len(settings.secret.encode()) < SECRET_BYTES,
            f"the secret is short: give CITYTWIN_SECRET at least {SECRET_BYTES} random bytes",
        ),
    ]


def _production_rules(settings: Settings, scheme: str) -> list[tuple[bool, str]]:
    """What is wrong in production."""
    return [
        (
            scheme == "http",
            f"issuer {settings.issuer!r} in production: give CITYTWIN_ISSUER the public https address",
        ),
        (settings.sandbox, "sandbox features are on in production: leave CITYTWIN_SANDBOX out"),
        (
            settings.secret is None,
            f"no secret in production: give CITYTWIN_SECRET ({SECRET_BYTES} random bytes or more, all workers alike)",
        ),
        (
            settings.registration and settings.registration_token is None,
            "anybody may register clients in production: give CITYTWIN_REGISTRATION_TOKEN, or CITYTWIN_REGISTRATION=0",
        ),
        (
            not is_shared(settings.database),
            "a database in memory loses everything: give CITYTWIN_DATABASE a file or postgresql://",
        ),
    ]
