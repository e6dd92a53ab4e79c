"""The matrix: every fault of the reference city OS and of the proxy against the whole suite, and what came of it.

``python -m deviant.matrix`` (``make deviance``) judges each, and writes a row for each to ``docs/conformance/*.toml``
and the tables of ``docs/conformance/how-the-suite-is-judged.md``; with names it judges and writes those only.
"""

import sys
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import click
from deviant.proxy.mutations import FAULTS as MUTATED
from deviant.switches import FAULTS
from judged_city import judged_city
from judged_provider import judged, provider_behind_proxy

from conformance.contract.requirements import load_requirements
from conformance.results import Result
from conformance.runner import Choice, Planned, plan_run, results_of, run_planned

DOCS = Path(__file__).resolve().parents[2] / "docs" / "conformance"
TABLES = {"reference": DOCS / "detection_reference.toml", "proxy": DOCS / "detection_proxy.toml"}
PAGE = DOCS / "how-the-suite-is-judged.md"
MARK = "<!-- tables, written by make deviance -->"
JUDGED = ("fail", "warn")
JOBS = 2
SWEEPS = ("walk", "sequences", "generated", "stateful", "alone")
"""Parts of checks that go over all operations, or over states, by generated requests."""

WAITING = ("OIDC-014", "OIDC-017", "OIDC-021", "OIDC-031", "OIDC-059", "OIDC-065")
"""Requirements whose checks wait for a clock or for messages; asked of the proxy where its fault breaks them."""

OF_THE_PROVIDER = ("OIDC-094",)
"""Warnings that the provider itself earns: its pages for development send no frame headers."""

PROFILES = {one.id: one.profile for one in load_requirements()}
MUTATIONS = {one.name: one for one in MUTATED}
TITLES = {
    "reference": "Faults of a city OS",
    "proxy": "Faults of a certified OpenID provider behind a mutating proxy",
}


@dataclass(frozen=True)
class Row:
    """One fault: requirements that it breaks, those that were found broken, and those that became unknown."""

    name: str
    breaks: tuple[str, ...]
    found: tuple[str, ...]
    unknown: tuple[str, ...]
    duration_s: float = 0.0

    @property
    def is_caught(self) -> bool:
        """Whether it was found at every clause that it breaks."""
        return set(self.breaks) <= set(self.found)

    @property
    def beside(self) -> tuple[str, ...]:
        """What was found broken that the fault does not explain."""
        return tuple(sorted(set(self.found) - set(self.breaks)))


def judge_fault(name: str) -> Row:
    """The row of a fault: all checks of the profiles that it touches, and of sweeps those that it breaks."""
    begin_s = time.monotonic()
    breaks = FAULTS[name].breaks
    profiles = tuple({PROFILES[one] for one in breaks})
    with judged_city(name) as target:
        rows = plan_run(target, Choice(profiles=profiles))
        chosen = [row for row in rows if row.requirement.id in breaks or not _is_sweep(row)]
        results = results_of(run_planned(target, chosen, jobs=4))
    return _row(name, breaks, results, time.monotonic() - begin_s)


def _is_sweep(row: Planned) -> bool:
    """Whether it tries everything at once: such checks meet every fault, and take long."""
    return row.check is not None and (row.check.slow or row.check.name.rpartition(".")[2] in SWEEPS)


def _row(name: str, breaks: Sequence[str], results: Sequence[Result], duration_s: float) -> Row:
    found = _requirements(results, JUDGED)
    unknown = tuple(sorted(set(_requirements(results, ("skip", "error", "config"))) - set(found)))
    return Row(name, tuple(breaks), found, unknown, duration_s)


def _requirements(results: Iterable[Result], verdicts: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({one.requirement.id for one in results if one.verdict.value in verdicts}))


def judge_mutation(name: str) -> Row:
    """The row of a mutation of the proxy before the certified provider."""
    begin_s = time.monotonic()
    mutation = MUTATIONS[name]
    with provider_behind_proxy() as proxy:
        proxy.mutation = mutation
        names = {one for one, profile in PROFILES.items() if profile == "core-oidc" and one not in WAITING}
        results = judged(proxy.url, *sorted(names | set(mutation.breaks)), jobs=4)
    others = [one for one in results if one.requirement.id not in OF_THE_PROVIDER]
    return _row(name, mutation.breaks, others, time.monotonic() - begin_s)


def judge_all(names: Sequence[str], jobs: int) -> Iterator[tuple[str, Row]]:
    """Rows and their tables, as they come; in processes of their own, because a fault holds for the process."""
    with get_context("spawn").Pool(jobs, maxtasksperchild=8) as pool:
        faults = [name for name in names if name in FAULTS]
        yield from (("reference", row) for row in pool.imap_unordered(judge_fault, faults))
        mutations = [name for name in names if name in MUTATIONS]
        yield from (("proxy", row) for row in pool.imap_unordered(judge_mutation, mutations))


def figures(rows: Sequence[Row]) -> dict[str, float]:
    """Detection rate, precision, and the median number of failing requirements for a fault."""
    found = sum(len(row.found) for row in rows)
    explained = sum(len(set(row.found) & set(row.breaks)) for row in rows)
    return {
        "faults": len(rows),
        "caught": sum(row.is_caught for row in rows),
        "detection": round(sum(row.is_caught for row in rows) / len(rows), 4),
        "precision": round(explained / found, 4) if found else 0.0,
        "median_failing": median(len(row.found) for row in rows),
    }


def written(rows: Sequence[Row]) -> str:
    """A table as TOML."""
    lines = ["# Written by `make deviance`: each fault against the whole suite.", "", "[figures]"]
    lines += [f"{name} = {value}" for name, value in figures(rows).items()]
    for row in rows:
        parts = (f"{name} = {list(getattr(row, name))}" for name in ("breaks", "found", "unknown"))
        lines += ["", f'["{row.name}"]', *parts]
    return "\n".join(lines).replace("'", '"') + "\n"


def read_table(name: str) -> list[Row]:
    """A table as it was written last."""
    data: Mapping[str, Mapping[str, Sequence[str]]] = tomllib.loads(TABLES[name].read_text(encoding="utf-8"))
    rows = {key: value for key, value in data.items() if key != "figures"}
    return [Row(key, *(tuple(value[part]) for part in ("breaks", "found", "unknown"))) for key, value in rows.items()]


def page_tables() -> str:
    """The tables of the page, from the files."""
    lines = []
    for name, title in TITLES.items():
        rows = read_table(name)
        told = figures(rows)
        caught = f"{told['caught']} of {told['faults']} faults are caught at every clause that they break"
        explained = f"{told['precision']:.1%} of all failing requirements are explained by the fault (precision)"
        usual = f"a fault makes {told['median_failing']:g} requirement fail (median)"
        lines += [
            f"## {title}",
            "",
            f"{caught} (detection {told['detection']:.1%}); {explained}; {usual}.",
            "",
            "| fault | breaks | found besides | unknown then |",
            "| --- | --- | --- | --- |",
            *(f"| {row.name} | {_marked(row)} | {' '.join(row.beside)} | {' '.join(row.unknown)} |" for row in rows),
            "",
        ]
    return "\n".join(lines)


def _marked(row: Row) -> str:
    return " ".join(name if name in row.found else f"~~{name}~~ (missed)" for name in row.breaks)


def with_tables(page: str) -> str:
    """The page with its tables written anew behind the mark."""
    return f"{page.partition(MARK)[0]}{MARK}\n\n{page_tables()}"


def main() -> None:
    """Judge the faults that are named, or all of them; their rows are written in the place of older ones."""
    named = sys.argv[1:]
    for table, row in judge_all(named or [*sorted(FAULTS), *MUTATIONS], JOBS):
        verdict = "caught" if row.is_caught else "MISSED"
        beside = f" beside {', '.join(row.beside)}" if row.beside else ""
        unknown = f" unknown {', '.join(row.unknown)}" if row.unknown else ""
        click.echo(f"{row.name:36} {verdict} at {', '.join(row.breaks)}{beside}{unknown} {row.duration_s:.0f} s")
        _enter(table, row)
    for table in TABLES:
        click.echo(f"{table}: {figures(read_table(table))}")
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def _enter(table: str, row: Row) -> None:
    """Write a row into its table; rows of faults that are no more are left out."""
    known = FAULTS if table == "reference" else MUTATIONS
    rows = {one.name: one for one in read_table(table)} if TABLES[table].exists() else {}
    rows[row.name] = row
    TABLES[table].write_text(written([rows[name] for name in known if name in rows]), encoding="utf-8")


if __name__ == "__main__":
    main()
