"""``python -m movement_bench [--only PART]... [--write PAGE]``: measures, and prints the table of all parts."""

from pathlib import Path
from typing import Any

import click

from movement_bench.environments import PACKAGES, version_of
from movement_bench.parts import BUILD, PARTS, Row, measure, stored

_WORDS = {True: "yes", False: "**no**", None: "-"}


_BEGIN, _END = "<!-- measured -->", "<!-- end -->"


@click.command()
@click.option("--only", multiple=True, type=click.Choice(list(PARTS)), help="Measure these parts alone.")
@click.option("--table", is_flag=True, help="Measure nothing: print the table of what was measured before.")
@click.option("--write", type=click.Path(exists=True, path_type=Path), help="As --table, and into this page too.")
def main(*, only: tuple[str, ...], table: bool, write: Path | None) -> None:
    """Measure movement against its floors and its peers."""
    BUILD.mkdir(parents=True, exist_ok=True)
    path = BUILD / "movement.json"
    for part in () if table or write else only or PARTS:
        click.echo(f"{part} ...", err=True)
        for row in measure(part, path):
            click.echo(f"  {row.name}: {row.measured}", err=True)
    lines = [*_table(stored(path)), "", _peers()]
    click.echo("\n".join(lines))
    if write:
        before, rest = write.read_text(encoding="utf-8").split(_BEGIN)
        after = rest.split(_END)[1]
        write.write_text("\n".join([before + _BEGIN, "", *lines, "", _END + after]), encoding="utf-8")


def _table(known: dict[str, dict[str, Any]]) -> list[str]:
    """Markdown of all rows, in the order of the parts."""
    lines = ["| number | measured | asked | holds | fixed Python loop beside it |", "|---|---|---|---|---|"]
    for part in (part for part in PARTS if part in known):
        for row in (Row(**one) for one in known[part]["rows"]):
            loop_s = known[part]["loop_s"]
            lines.append(f"| {row.name} | {row.measured} | {row.asked} | {_WORDS[row.holds]} | {loop_s:.1f} s |")
    return lines


def _peers() -> str:
    installed = [version_of(peer, BUILD) for peer in PACKAGES if (BUILD / peer / ".ready").is_file()]
    return f"Peers: {', '.join(installed) or 'none could be installed'}."


if __name__ == "__main__":
    main()
