"""The command that writes the pages."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from scenarios.validation import __main__ as command
from scenarios.validation.cases import Asked, Tell, survey
from scenarios.validation.page import Page
from scenarios.validation.tables import rows_in


def test_without_the_data_set_nothing_is_written(tmp_path: Path) -> None:
    """Asking for Nanao where its data are not ends with 2, names the file, and leaves the page that is there."""
    page = tmp_path / "nanao.md"
    page.write_text("as it was", encoding="utf-8")
    arguments = ["--case", "nanao", "--data", str(tmp_path), "--out", str(tmp_path), "--quiet"]
    result = CliRunner().invoke(command.validate, arguments)
    assert result.exit_code == 2
    assert "nanao_2024_evacuees_timeseries.csv" in result.output
    assert [one.name for one in tmp_path.iterdir()] == ["nanao.md"]
    assert page.read_text(encoding="utf-8") == "as it was"


def test_a_page_is_written_with_its_chart_and_the_first_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small run writes the case's page, its chart and the table of all misfits, and no half-written file."""

    def small(name: str, asked: Asked, tell: Tell) -> Page:
        return survey(name, Asked(1, 1000, asked.data), tell)

    monkeypatch.setattr(command, "page_of", small)
    result = CliRunner().invoke(command.validate, ["--case", "hagibis", "--out", str(tmp_path), "--quiet"])
    assert result.exit_code == 0, result.output
    assert sorted(one.name for one in tmp_path.iterdir()) == ["README.md", "hagibis.md", "hagibis.svg"]
    rows = rows_in((tmp_path / "hagibis.md").read_text(encoding="utf-8"))
    assert len(rows) == 6
    assert all(row.simulated.endswith("%") for row in rows)
    assert (tmp_path / "README.md").read_text(encoding="utf-8").count("[hagibis](hagibis.md)") == 6
