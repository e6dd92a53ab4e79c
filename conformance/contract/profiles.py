"""Profiles of the contract: sets of operations that a service may declare, and names that later versions will fill."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A profile; a ``slot`` has no operations yet. A service that declares it declares ``needs`` too."""

    slot: bool
    needs: tuple[str, ...]
    ja: str
    en: str


@cache
def load_profiles() -> Mapping[str, Profile]:
    """All profiles by id, in the contract's order."""
    text = files("conformance.contract").joinpath("profiles.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Profile])
