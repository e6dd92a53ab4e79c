"""The exported folder is whole, safe for spreadsheets, and the same each time."""

import csv
import hashlib
import json
from pathlib import Path

import pytest
import yaml

from conformance.contract.operations import load_document, load_operations
from conformance.contract.requirements import load_requirements
from conformance.publication.folder import name_rows, write_contract


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contract, written once."""
    out = tmp_path_factory.mktemp("contract")
    write_contract(out)
    return out


def test_manifest_tells_every_file(folder: Path) -> None:
    """Every file but the manifest is in it, with its hash; the page comes first."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {*manifest["sha256"], "manifest.json"}
    for name, sha256 in manifest["sha256"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
    assert manifest["contract_version"] == load_document()["info"]["version"]


def test_the_export_is_the_same_each_time(folder: Path, tmp_path: Path) -> None:
    """Two exports are equal byte for byte."""
    for path in write_contract(tmp_path):
        assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes()


def test_openapi_is_the_contract(folder: Path) -> None:
    """JSON and YAML say what the parts say together."""
    assert json.loads((folder / "openapi.json").read_text(encoding="utf-8")) == load_document()
    assert yaml.safe_load((folder / "openapi.yaml").read_text(encoding="utf-8")) == load_document()


def test_tables_hold_every_operation_and_requirement(folder: Path) -> None:
    """The CSV files open as UTF-8 in spreadsheets, hold every row, and no cell is a formula."""
    operations = list(csv.reader((folder / "operations.csv").read_text(encoding="utf-8-sig").splitlines()))
    requirements = list(csv.reader((folder / "requirements.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [row[0] for row in operations[1:]] == [one.operation_id for one in load_operations()]
    assert [row[0] for row in requirements[1:]] == [one.id for one in load_requirements()]
    for row in (*operations, *requirements):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)
    assert (folder / "operations.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_names_have_japanese_and_places_in_national_models() -> None:
    """The table of names holds the Japanese of at least 100 members, and where the national models have them."""
    rows = name_rows(load_document())
    assert sum(bool(row[3]) for row in rows) >= 100
    assert sum(bool(row[4]) for row in rows) >= 50


def test_programs_are_not_published(folder: Path) -> None:
    """Data only: no Python file goes along."""
    assert not list(folder.rglob("*.py"))
    assert (folder / "data/fhir/capability.json").is_file()
    assert (folder / "data/consent/cityos_consent.schema.json").is_file()
