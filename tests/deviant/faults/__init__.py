"""The faults, by area: importing this package fills the registry of ``deviant.switches``."""

from deviant.faults import authorization, discovery, id_tokens, people, rest, tokens

AREAS = (authorization, discovery, id_tokens, people, rest, tokens)
