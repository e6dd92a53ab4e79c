"""The authorization details of type ``cityos_consent``: what a client asks a person to agree to, beyond scopes."""

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

TYPE = "cityos_consent"
"""Source: contract C4, standard opt-in authorisation; RFC 9396 section 2."""


class ConsentDetail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One consent asked for, or granted when it names its ``consent_id``.

    Codes are those of the consent catalogue; ``recipients`` may name ``service:<client id>``. ``valid_until`` is
    RFC 3339 with offset.
    """

    type: Literal["cityos_consent"]
    purpose: str
    datatypes: tuple[str, ...]
    recipients: tuple[str, ...]
    modes: tuple[str, ...] = ("normal",)
    actions: tuple[str, ...] = ("read",)
    locations: tuple[str, ...] = ()
    valid_until: str | None = None
    consent_id: str | None = None


def told(details: Iterable[ConsentDetail]) -> list[dict[str, Any]]:
    """The details as clients are told of them, with what holds where the request said nothing."""
    return [
        {**msgspec.to_builtins(detail), "modes": list(detail.modes), "actions": list(detail.actions)}
        for detail in details
    ]
