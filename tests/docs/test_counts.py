"""What the readmes count is counted right."""

import re
from pathlib import Path

import pytest

from conformance.contract.operations import load_operations
from conformance.contract.requirements import load_requirements

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("page", "operations", "requirements"),
    [
        ("README.md", r"(\d+) operations in OpenAPI", r"more than (\d+) requirements"),
        ("README.ja.md", r"OpenAPI 3.1 の(\d+)の操作", r"(\d+)を超える要件"),
    ],
)
def test_operations_and_requirements_are_as_many_as_told(page: str, operations: str, requirements: str) -> None:
    """The readme's number of operations is the contract's, and its tens of requirements too."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert {int(found) for found in re.findall(operations, text)} == {len(load_operations())}
    (tens,) = {int(found) for found in re.findall(requirements, text)}
    assert tens < len(load_requirements()) <= tens + 10
