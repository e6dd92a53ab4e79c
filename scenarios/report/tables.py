"""Tables: one for any rows, and those by district and by shelter."""

from collections.abc import Iterable, Sequence

from scenarios.language import Text
from scenarios.metrics import Number
from scenarios.outputs import values_by
from scenarios.report.markup import Markup, element, escaped, joined, words
from scenarios.report.material import Material
from scenarios.report.texts import duration, number, percent, phrase
from twin.shelters import Shelter

Cell = Markup | Text | str


def table(headings: Sequence[Text], rows: Iterable[Sequence[Cell]], *, numbers_from: int) -> Markup:
    """A table; columns from ``numbers_from`` on hold numbers and stand right-aligned."""

    def css(column: int) -> str | None:
        return "num" if column >= numbers_from else None

    head = [element("th", words(one), class_=css(column), scope="col") for column, one in enumerate(headings)]
    body = [
        element("tr", *(element("td", cell(one), class_=css(column)) for column, one in enumerate(row))) for row in rows
    ]
    whole = element("table", element("thead", element("tr", *head)), element("tbody", *body))
    return element("div", whole, class_="table")


def cell(content: Cell) -> Markup:
    """A cell's content as markup."""
    return words(content) if isinstance(content, Text) else joined((content,))


def columns(names: str) -> list[Text]:
    """Headings for names of the group "column", apart by blanks."""
    return [phrase(f"column.{name}") for name in names.split()]


def district_table(material: Material) -> Markup:
    """What happened to the people of each district."""
    values = values_by(material.metrics, "district")
    headings = columns("district people evacuees arrived")
    headings += [Text("T50", "T50"), Text("T90", "T90"), *columns("unassisted safety")]
    rows: list[list[Cell]] = []
    for district in material.record.town.districts:
        code = district.code
        counts = [number(values[name, code]) for name in ("people", "evacuees", "arrived")]
        times = [duration(values[name, code]) for name in ("t50_s", "t90_s")]
        rest = [number(values["unassisted", code]), percent(values["safety_confirmed_share", code])]
        rows.append([Text(district.name, district.name_en), *counts, *times, *rest])
    return joined((element("h3", words(phrase("table.districts"))), table(headings, rows, numbers_from=1)))


def shelter_table(material: Material) -> Markup:
    """What happened at each shelter that was used."""
    values = values_by(material.metrics, "shelter")

    def of(shelter: Shelter, name: str) -> Number:
        return values[name, shelter.id]

    used = [one for one in material.record.town.shelters if of(one, "peak_occupancy") or of(one, "diverted")]
    used.sort(key=lambda one: (-(of(one, "peak_occupancy") or 0), one.id))
    headings = columns("shelter kind town standard peak share over wait diverted")
    rows = [_shelter_row(material, shelter) for shelter in used]
    rest = len(material.record.town.shelters) - len(used)
    return joined(
        (
            element("h3", words(phrase("table.shelters"))),
            table(headings, rows, numbers_from=2),
            element("p", words(phrase("table.shelters_rest", rest=rest)), class_="remark"),
        )
    )


def _shelter_row(material: Material, shelter: Shelter) -> list[Cell]:
    has_rooms = shelter.capacity_standard_persons > 0
    by = {"shelter": shelter.id, "capacity": "standard"}
    share = material.value("peak_occupancy_share", **by) if has_rooms else None
    over = material.value("over_capacity_person_h", **by) if has_rooms else None
    mark = element("sup", words(phrase("table.estimate"))) if shelter.capacity_is_estimate and has_rooms else Markup("")
    return [
        joined((escaped(shelter.name), mark)),
        phrase(f"kind.{shelter.kind}"),
        number(shelter.capacity_persons if has_rooms else None),
        number(shelter.capacity_standard_persons if has_rooms else None),
        material.shown("peak_occupancy", shelter=shelter.id),
        element("b", words(percent(share))) if share is not None and share > 1 else percent(share),
        number(over),
        duration(material.value("reception_wait_p95_s", shelter=shelter.id)),
        material.shown("diverted", shelter=shelter.id),
    ]
