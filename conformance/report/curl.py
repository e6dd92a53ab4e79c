"""Curl lines: each exchange as a command that sends its request again, secrets as variables of the shell."""

from conformance.evidence import Piece


class Replay:
    """Curl lines of one result; the same secret has the same variable in all of them."""

    def line(self, piece: Piece) -> str:
        """The command for one exchange."""
        return f"curl {piece.exchange.url}"
