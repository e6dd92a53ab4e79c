"""Names: which parameters, members, headers and fields hold secrets or personal data."""

import re
import tomllib
from functools import cache
from importlib.resources import files

import msgspec


class SecretNames(msgspec.Struct, frozen=True):
    """Names of secrets, how such names end, and those that only look so; private members of a JSON Web Key."""

    exact: frozenset[str]
    endings: tuple[str, ...]
    never: frozenset[str]
    jwk: frozenset[str]


class PersonalNames(msgspec.Struct, frozen=True):
    """Names of personal data, and of what tells that an object is a person's."""

    exact: frozenset[str]
    of_person: frozenset[str]
    markers: frozenset[str]
    hints: frozenset[str]
    things: frozenset[str]
    holders: frozenset[str]
    resources: frozenset[str]
    codes: frozenset[str]


class Names(msgspec.Struct, frozen=True):
    """All names."""

    secret: SecretNames
    personal: PersonalNames


@cache
def load_names() -> Names:
    """Read ``names.toml``."""
    text = files("conformance.masking").joinpath("names.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Names)


@cache
def plain(name: str) -> str:
    """A name in snake_case, without the language of a claim (``name#ja-Kana-JP``)."""
    bare = re.sub(r"[\[\].\s-]+", "_", name.partition("#")[0].strip())
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", bare).lower().strip("_")


@cache
def is_secret(name: str) -> bool:
    """Whether what stands under a name is a credential."""
    known, names = plain(name), load_names().secret
    return known not in names.never and (known in names.exact or known.endswith(names.endings))


@cache
def is_personal(name: str) -> bool:
    """Whether what stands under a name is about a person, wherever it stands."""
    return plain(name) in load_names().personal.exact
