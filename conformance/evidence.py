"""Evidence: what is kept of exchanges: no secret and nothing personal, but enough to judge by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conformance.contract.exchange import Exchange, mask
from conformance.target import Target


@dataclass(frozen=True)
class Known:
    """Credentials known to the run, which are masked wherever they stand."""

    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(cls, target: Target, *further: str) -> "Known":
        """Those of a target's clients and people, and further ones (such as a token for FHIR)."""
        return cls(frozenset(further))


@dataclass(frozen=True)
class Piece:
    """One exchange as it is kept; lengths are those before it was cut, in characters."""

    exchange: Exchange
    request_length: int
    response_length: int


class Masking:
    """Masks all of one result."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.tokens: Mapping[str, Mapping[str, object]] = {}

    def keep(self, exchanges: Sequence[Exchange]) -> list[Piece]:
        """The exchanges as they are kept."""
        masked = map(mask, exchanges)
        return [Piece(one, len(one.request_body), len(one.response_body)) for one in masked]

    def text(self, text: str) -> str:
        """A message about the exchanges as it is kept."""
        return text
