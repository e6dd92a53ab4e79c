"""Pages of the checks: one for each requirement, with what is sent, expected, why it matters and where to mend it."""

from collections.abc import Iterator

from conformance.contract.requirements import clause_link, load_sources
from conformance.coverage import Covered, coverage, modules_of
from conformance.explanations import load_explanations
from conformance.publication.page import environment, style


def check_pages() -> Iterator[tuple[str, str]]:
    """File names below ``checks/`` and their HTML; ``index.html`` is the first."""
    rows = coverage()
    index = environment().get_template("checks.html")
    yield "index.html", index.render(rows=rows, style=style(), explanations=load_explanations())
    for row in rows:
        yield f"{row.requirement.id}.html", _page(row)


def _page(row: Covered) -> str:
    one = row.requirement
    places = {other.requirement.id: place for place, other in enumerate(coverage())}
    names = list(places)
    place = places[one.id]
    return (
        environment()
        .get_template("check.html")
        .render(
            row=row,
            one=one,
            clauses=[(text, load_sources()[text.partition(" ")[0]].title, _link(text)) for text in one.clauses],
            explanation=load_explanations().get(one.id),
            modules=modules_of(one.id),
            before=names[place - 1] if place else "",
            after=names[place + 1] if place + 1 < len(names) else "",
            style=style(),
        )
    )


def _link(clause: str) -> str:
    """Where a clause can be read; the contract's own are on its page."""
    link = clause_link(clause)
    return f"../index.html{link}" if link.startswith("#") else link
