"""Found: what was masked in a text, so that it can be masked wherever else it stands."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.contract.exchange import masked_secret

MARK = "***"
LABEL = re.compile(r"\*\*\*[0-9a-f]{8}")
"""What a masked secret looks like."""

_CLASSES = (
    (re.compile(r"[0-9]"), "0"),
    (re.compile(r"[A-Z]"), "X"),
    (re.compile(r"[a-z]"), "x"),
    (re.compile(r"[ぁ-ゖ]"), "あ"),
    (re.compile(r"[ァ-ヺ]"), "ア"),
    (re.compile(r"[ｦ-ﾝ]"), "ｱ"),
    (re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003ffff]"), "漢"),
    (re.compile(r"[^\W\d_0Xxあアｱ漢]"), "x"),
    (re.compile(r"[^\W0Xxあアｱ漢_a-z]"), "0"),
)


def shape_of(value: str) -> str:
    """A value with its letters and digits replaced by one of their kind: ``090-1234`` is ``000-0000``."""
    for pattern, sign in _CLASSES:
        value = pattern.sub(sign, value)
    return value


@dataclass
class Found:
    """Secrets with their labels, personal values with their shapes, and tokens decoded without their signatures."""

    secrets: dict[str, str] = field(default_factory=dict)
    personal: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def add(self, other: "Found") -> None:
        """Take in what was found elsewhere."""
        self.secrets |= other.secrets
        self.personal |= other.personal
        self.tokens |= other.tokens

    def secret(self, value: str) -> str:
        """The label of a secret; what is masked already stays."""
        if not value or LABEL.fullmatch(value):
            return value
        label = masked_secret(value)
        if is_text(value):
            self.secrets[value] = label
        if label not in self.tokens and (token := decoded(value)):
            self.tokens[label] = token
        return label

    def person(self, value: str) -> str:
        """The shape of a personal value."""
        shape = shape_of(value)
        if shape != value and is_text(value):
            self.personal[value] = shape
        return shape


def is_text(value: str) -> bool:
    """Whether a value can be written as UTF-8: JSON can hold halves of characters (RFC 8259 8.2)."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def decoded(token: str) -> Mapping[str, Any]:
    """Header and claims of a JSON Web Token, without its signature; empty for anything else."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    except ValueError:
        return {}
    return {"header": header, "claims": claims} if isinstance(header, dict) and isinstance(claims, dict) else {}
