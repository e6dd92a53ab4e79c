"""Recipes: read with all faults at once, each with its line."""

from pathlib import Path

import pytest

from twin.errors import InvalidSource, MissingSource
from twin.sources.recipe_file import KINDS, read_recipe


def test_every_recipe_that_ships_is_read(recipes: Path) -> None:
    """The shipped recipes have no faults and name their kinds."""
    for path in recipes.glob("*.toml"):
        recipe = read_recipe(path)
        assert all(section.kind in KINDS[name] for name, section in recipe.sections())


def faults_of(text: str, tmp_path: Path) -> tuple[str, ...]:
    """The faults of a recipe text."""
    path = tmp_path / "r.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidSource) as fault:
        read_recipe(path)
    return tuple(line.replace(str(tmp_path), "") for line in fault.value.faults)


def test_all_faults_come_at_once_with_their_lines(recipes: Path, tmp_path: Path) -> None:
    """Unknown keys (with the nearest), wrong types, bad numbers, a code without its zero: each on its own line."""
    text = (recipes / "synthetic.toml").read_text(encoding="utf-8")
    lines = text.splitlines()
    bad = (
        text.replace('"072028"', '"72028"')
        .replace("nodes = 9000", "nodes = -5\nnods = 3")
        .replace("office_lat = 37.494833", "office_lat = 139.9")
        .replace('name_en = "Aizu-Wakamatsu"', "name_en = 7")
    )
    faults = faults_of(bad, tmp_path)
    code_line = 1 + next(number for number, line in enumerate(lines) if line.startswith("code"))
    assert any(fault.startswith(f"/r.toml:{code_line}: ") and "leading zero" in fault for fault in faults)
    assert any("name_en is 7; it must be text" in fault for fault in faults)
    assert any("office_lat 139.9 is not in Japan" in fault for fault in faults)
    assert any("nodes is -5" in fault for fault in faults)
    assert any("unknown key of [streets] 'nods'; did you mean 'nodes'?" in fault for fault in faults)
    assert len(faults) == 5


def test_missing_sections_and_unknown_kinds_are_named(tmp_path: Path) -> None:
    """A recipe without sections, and a kind that does not exist, say what there may be."""
    faults = faults_of('[streets]\nkind = "magic"\n[weather]\n', tmp_path)
    assert any("section [town] is missing" in fault for fault in faults)
    assert any(fault.startswith("/r.toml:2: ") and "'magic'; choose synthetic" in fault for fault in faults)
    assert any("unknown section 'weather'" in fault for fault in faults)


def test_kinds_that_do_not_fit_together_are_refused(recipes: Path, tmp_path: Path) -> None:
    """Synthetic streets stand on places and a boundary; cells are cut from real streets."""
    text = (recipes / "synthetic.toml").read_text(encoding="utf-8")
    cells = text.replace('kind = "figures"', 'kind = "cells"\ncolumns = 2\nrows = 2\nneighbourhoods = 4', 1)
    assert any("cells are cut from real streets" in fault for fault in faults_of(cells, tmp_path))
    head, tail = text.split("[boundary]")
    hull = head + "[boundary]" + tail.replace('kind = "figures"', 'kind = "hull"\nmargin_m = 5.0')
    assert any("synthetic streets need a boundary" in fault for fault in faults_of(hull, tmp_path))


def test_what_is_not_toml_has_its_line(tmp_path: Path) -> None:
    """A syntax error is named with its line; another encoding too; an absent file is called absent."""
    assert faults_of("[town]\ncode = \n", tmp_path)[0].startswith("/r.toml:2: not TOML")
    path = tmp_path / "s.toml"
    path.write_bytes("name = '会津'".encode("cp932"))
    with pytest.raises(InvalidSource, match="not UTF-8"):
        read_recipe(path)
    with pytest.raises(MissingSource, match="is no file"):
        read_recipe(tmp_path / "absent.toml")
