"""FaultLog: every fault that hit a call, as one line of JSON; callers are told apart and not named."""

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import BinaryIO

import msgspec

from scenarios.faults.injection import Hit, Injection, operations


class FaultLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fault that hit one call.

    ``subject`` is a short hash of who called, ``number`` counts the subject's calls of the operation from 0; ``path``
    is the contract's own, without anybody's identifiers. ``amount_s`` is the latency or skew.
    """

    at_s: float
    fault: str
    kind: str
    method: str
    operation: str = ""
    path: str = ""
    role: str = ""
    district: str = ""
    subject: str = ""
    number: int = 0
    amount_s: float | msgspec.UnsetType = msgspec.UNSET


@dataclass
class FaultLog:
    """Writes lines into ``file`` (none: nowhere), each at once if ``is_live``; ``seed`` keys the hashes of subjects."""

    file: BinaryIO | None
    seed: int
    is_live: bool = False
    _encoder: msgspec.json.Encoder = field(default_factory=msgspec.json.Encoder)

    def add(self, injection: Injection) -> None:
        """Write down each fault that hit a call."""
        if self.file is None or not injection.hits:
            return
        self.file.writelines(self._encoder.encode(self._line(injection, hit)) + b"\n" for hit in injection.hits)
        if self.is_live:
            self.file.flush()

    def _line(self, injection: Injection, hit: Hit) -> FaultLine:
        asked = injection.asked
        known = operations().get(asked.operation)
        return FaultLine(
            at_s=round(asked.at_s, 3),
            fault=hit.fault.name,
            kind=hit.fault.kind,
            method=asked.method,
            operation=asked.operation,
            path=known.path if known else "",
            role=asked.role,
            district=asked.district,
            subject=self._masked(asked.subject),
            number=injection.number,
            amount_s=round(hit.amount, 6) if hit.amount else msgspec.UNSET,
        )

    def _masked(self, subject: str) -> str:
        key = str(self.seed).encode()
        return blake2b(subject.encode("utf-8", "surrogatepass"), digest_size=4, key=key).hexdigest() if subject else ""
