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
        ("README.md", r"(\d+) operations in OpenAPI", r"(\d+) requirements"),
        ("README.ja.md", r"OpenAPI 3.1 の(\d+)の操作", r"(\d+)の要件"),
    ],
)
def test_operations_and_requirements_are_as_many_as_told(page: str, operations: str, requirements: str) -> None:
    """The numbers in the readme are those of the contract."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert {int(found) for found in re.findall(operations, text)} == {len(load_operations())}
    assert {int(found) for found in re.findall(requirements, text)} == {len(load_requirements())}
