"""The observations, by area: importing this package fills the registry of ``deviant.observing``."""

from deviant.observations import authorization, discovery, id_tokens, people, rest, tokens

AREAS = (authorization, discovery, id_tokens, people, rest, tokens)
