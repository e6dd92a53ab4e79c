"""References: to the patient, to other resources of this server, and a resource's own id."""

from dataclasses import dataclass
from typing import Any

from reference_api.fhir.search.indexed import Indexed
from reference_api.fhir.search.tokens import TokenTest

MAX_DIGITS = 15
"""Of a Patient's number. Source: none; every integer of so many digits is exact in JSON. Confidence C."""

_SIGNS = {"a": 1, "p": -1}
"""Sign of the number by the first letter of the id: an account's row, or a Patient without an account."""


def patient_id(account: int) -> str:
    """Logical id of a Patient: of the account's row, so that no client learns the local ID from it.

    A negative number stands for a Patient without an account.
    """
    return f"a{account}" if account > 0 else f"p{-account}"


def account_of(logical_id: str) -> int | None:
    """The account's row, negative for a Patient without an account; None if no Patient can have that id."""
    digits = logical_id[1:]
    if not (digits.isascii() and digits.isdigit()) or len(digits) > MAX_DIGITS:
        return None
    account = _SIGNS.get(logical_id[0], 0) * int(digits)
    return account if account and logical_id == patient_id(account) else None


@dataclass(frozen=True, slots=True)
class PatientTest:
    """Resources of one patient; None is nobody here."""

    account: int | None

    def sql(self) -> tuple[str, list[Any]]:
        """The condition on row ``r`` and its parameters."""
        return ("1 = 0", []) if self.account is None else ("r.account_id = ?", [self.account])

    def matches(self, indexed: Indexed) -> bool:
        """Whether it holds of one resource."""
        return indexed.account == self.account


@dataclass(frozen=True, slots=True)
class IdTest:
    """The resource with a logical id."""

    logical_id: str

    def sql(self) -> tuple[str, list[Any]]:
        """The condition on row ``r`` and its parameters."""
        return "r.logical_id = ?", [self.logical_id]

    def matches(self, indexed: Indexed) -> bool:
        """Whether it holds of one resource."""
        return indexed.logical_id == self.logical_id


def read_reference(text: str, base_url: str) -> tuple[str, str]:
    """Type and logical id; the type is empty for a bare id, and both hold a URL that leads elsewhere."""
    local = text.removeprefix(base_url + "/")
    kind, slash, logical_id = local.partition("/")
    if not slash:
        return "", local
    return ("", text) if "/" in logical_id or ":" in kind else (kind, logical_id)


def patient_test(text: str, base_url: str) -> PatientTest:
    """Resources of the patient that a bare id, ``Patient/<id>`` or a URL of this server names."""
    kind, logical_id = read_reference(text, base_url)
    return PatientTest(account_of(logical_id) if kind in ("", "Patient") else None)


def reference_test(parameter: str, text: str, base_url: str) -> TokenTest:
    """Resources that refer to another one; a bare id matches a reference of any type.

    Raises:
        ValueError: nothing is asked for.
    """
    kind, logical_id = read_reference(text, base_url)
    if not logical_id:
        raise ValueError("no reference")
    return TokenTest(parameter, kind or None, logical_id)
