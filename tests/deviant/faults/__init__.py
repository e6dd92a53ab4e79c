"""The faults, by area: importing this package fills the registry of ``deviant.switches``."""

from deviant.faults import discovery, id_tokens

AREAS = (discovery, id_tokens)
