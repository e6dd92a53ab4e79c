"""Pages of validation: prose of the data file, tables and charts of the runs, put together as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scenarios.validation.misfit import Misfit
from scenarios.validation.observed import Case, read_preface
from scenarios.validation.tables import Row, rows_in, table, written

SUMMARY = "README.md"
COMMAND = "make validation"


@dataclass(frozen=True)
class Section:
    """A table of a page: what it asks, and the misfits that answer; ``note`` stands below it."""

    title: str
    misfits: tuple[Misfit, ...]
    note: str = ""


@dataclass(frozen=True)
class Page:
    """A page: its case, what was run in words that hold its numbers, its sections and charts by file name."""

    name: str
    case: Case
    settings: str
    sections: tuple[Section, ...]
    charts: Mapping[str, str]

    def text(self) -> str:
        """The page in Markdown."""
        words = self.case.words
        parts = [
            f"# {words.title_en}",
            f"<!-- written by `{COMMAND}` from scenarios/validation/data/{self.name}.toml -->",
            "## What was observed",
            words.observed,
            *_sources(self.case),
            "## What was run",
            words.run,
            self.settings,
            "## Observed, simulated, misfit",
            read_preface().legend,
            *(part for section in self.sections for part in _section(section)),
            *(f"![{words.title_en}]({name})" for name in self.charts),
            "## What the misfit means",
            words.reading,
            "## What is not covered",
            words.not_covered,
            f"## 要約: {words.title_ja}",
            words.summary_ja,
        ]
        return "\n\n".join(part.strip() for part in parts) + "\n"

    def write(self, folder: Path) -> None:
        """Write the page and its charts; each file is there whole or as it was."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, drawn in self.charts.items():
            _write(folder / name, drawn + "\n")
        _write(folder / f"{self.name}.md", self.text())


def _section(section: Section) -> list[str]:
    return [f"### {section.title}", table(section.misfits), *([section.note] if section.note else [])]


def _sources(case: Case) -> list[str]:
    """Each source once, with what came from it."""
    keys: dict[str, list[str]] = {}
    last = ""
    cited = [(one.key, one.source, one.confidence) for one in case.figure]
    cited += [(one.key, one.source, one.confidence) for one in case.drill]
    for key, source, confidence in cited:
        last = last if source == "as above" else source
        keys.setdefault(f"{last} (confidence {confidence})", []).append(f"`{key}`")
    if not keys:
        return []
    return ["Sources:\n" + "\n".join(f"- {source}: {', '.join(names)}" for source, names in keys.items())]


def _write(path: Path, text: str) -> None:
    half = path.with_suffix(path.suffix + ".part")
    half.write_text(text, encoding="utf-8")
    half.replace(path)


def summary(folder: Path, cases: Sequence[tuple[str, Case]]) -> str:
    """The first page: all misfits of the pages that lie in a folder."""
    preface, rows, first = read_preface(), list[Row](), list[str]()
    for name, _ in cases:
        path = folder / f"{name}.md"
        found = rows_in(path.read_text(encoding="utf-8")) if path.exists() else []
        rows += found
        first += [f"[{name}]({name}.md)"] * len(found)
    links = "\n".join(f"- [{case.words.title_en}]({name}.md) / {case.words.title_ja}" for name, case in cases)
    parts = [
        "# Validation",
        f"<!-- written by `{COMMAND}` -->",
        preface.introduction,
        links,
        "## All misfits",
        preface.legend,
        written(rows, first),
        "## 要約",
        preface.summary_ja,
    ]
    return "\n\n".join(parts) + "\n"


def write_summary(folder: Path, cases: Sequence[tuple[str, Case]]) -> None:
    """Write the first page from the pages that lie beside it."""
    _write(folder / SUMMARY, summary(folder, cases))
