"""Every known violation of the contract has its fault here, or a reason why not."""

import re
import tomllib
from pathlib import Path
from typing import Any

import deviant.faults
import pytest
from deviant.switches import FAULTS

assert deviant.faults.AREAS


def catalogue() -> dict[str, Any]:
    """Read ``catalogue.toml``."""
    return tomllib.loads(Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8"))


@pytest.mark.shared_data
def test_every_violation_of_the_catalogue_is_a_fault(shared_data: Path) -> None:
    """Each id is a fault of the registry or has its reason, and no id has both."""
    text = (shared_data.parent / "facts" / "faults.md").read_text(encoding="utf-8")
    ids = set(re.findall(r"^- ([A-Z]+(?:-[A-Z]+)?-\d+) \|", text, re.MULTILINE))
    reasons = catalogue()["not_ours"]
    assert len(ids) > 100
    assert ids - set(FAULTS) == set(reasons)
    assert all(reasons.values())


@pytest.mark.shared_data
def test_every_mutant_of_the_contract_is_a_fault(shared_data: Path) -> None:
    """Each mutant that the contract wants is told by a fault of the registry, or has its reason."""
    text = (shared_data.parent / "facts" / "contract.md").read_text(encoding="utf-8")
    section = text.partition("## C9.")[2].partition("\n")[2].partition("\n## ")[0]
    wanted = {" ".join(word.split()).strip(" .") for word in section.split("·")}
    kept = catalogue()
    assert wanted == set(kept["mutants"]) | set(kept["mutants_not_ours"])
    assert not set(kept["mutants"]) & set(kept["mutants_not_ours"])


def test_the_catalogue_names_faults() -> None:
    """Whatever the catalogue names is a fault of the registry."""
    assert set(catalogue()["mutants"].values()) <= set(FAULTS)
