"""Remark: one thing that preflight found, and how it is told."""

from dataclasses import dataclass
from typing import Literal

from conformance.text import Text

Kind = Literal[
    "plan",
    "variable",
    "unreachable",
    "certificate",
    "no-provider",
    "no-city-os",
    "no-fhir",
    "issuer",
    "clock",
    "sandbox",
    "client",
    "role",
    "redirect-uri",
    "person",
    "login-page",
    "receiver",
    "fhir-token",
]
"""What a remark is about; users look it up in the guide by this word."""


@dataclass(frozen=True)
class Remark:
    """One thing found, and its fix. ``blocks``: a run would judge nothing useful before it is mended.

    What the target itself handed out (a client of its sandbox, say) cannot be a fault of the plan: it does not block.
    """

    kind: Kind
    text: Text
    blocks: bool = True
