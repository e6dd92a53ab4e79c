"""What decides a run's results: other code and other sums have another hash, what only shows has none."""

from pathlib import Path

import numpy as np
import pytest

from scenarios import provenance
from scenarios.provenance import code_hash, computed_with, hash_of


def test_what_computes_is_part_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of another numpy are not taken for runs of this one."""
    assert np.__version__ in computed_with()
    here = code_hash.__wrapped__()
    assert code_hash.__wrapped__() == here == code_hash()
    monkeypatch.setattr(provenance, "installed", lambda name: "0.0" if name == "numpy" else "1.0")
    assert code_hash.__wrapped__() != here


def test_constants_are_code_and_pages_are_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A parameter's value changes the hash; a page, a shipped study and a message do not."""
    for folder in ("twin", "agents", "reference_api", "conformance/contract", "scenarios/report", "scenarios/faults"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "scenarios" / "provenance.py"))
    before = code_hash.__wrapped__()
    (tmp_path / "scenarios" / "report" / "page.py").write_text("other", encoding="utf-8")
    assert code_hash.__wrapped__() == before
    for name in ("twin/behaviour.toml", "scenarios/run.py", "scenarios/faults/proxy.py", "agents/new.py"):
        (tmp_path / name).write_text("first", encoding="utf-8")
        first = code_hash.__wrapped__()
        assert first != before
        (tmp_path / name).write_text("second", encoding="utf-8")
        before = code_hash.__wrapped__()
        assert first != before


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    """SHA-256 of "abc". Source: FIPS 180-2, B.1."""
    (tmp_path / "x").write_bytes(b"abc")
    assert hash_of(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
