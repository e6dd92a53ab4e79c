"""``python -m movement_bench [--only PART]...``: measures, and prints the Markdown table of all parts."""

import click

from movement_bench.parts import BUILD, PARTS, Row, measure, stored

_WORDS = {True: "yes", False: "**no**", None: "-"}


@click.command()
@click.option("--only", multiple=True, type=click.Choice(list(PARTS)), help="Measure these parts alone.")
@click.option("--table", is_flag=True, help="Measure nothing: print the table of what was measured before.")
def main(*, only: tuple[str, ...], table: bool) -> None:
    """Measure movement against its floors and its peers."""
    BUILD.mkdir(parents=True, exist_ok=True)
    path = BUILD / "movement.json"
    for part in () if table else only or PARTS:
        click.echo(f"{part} ...", err=True)
        for row in measure(part, path):
            click.echo(f"  {row.name}: {row.measured}", err=True)
    known = stored(path)
    click.echo("| number | measured | asked | holds |\n|---|---|---|---|")
    for part in PARTS:
        for row in (Row(**one) for one in known.get(part, [])):
            click.echo(f"| {row.name} | {row.measured} | {row.asked} | {_WORDS[row.holds]} |")


if __name__ == "__main__":
    main()
