"""The observations, by area: importing this package fills the registry of ``deviant.observing``."""

from deviant.observations import discovery, id_tokens

AREAS = (discovery, id_tokens)
