"""Safety summaries: numbers of people by status and district that tell nothing of any single person.

A number below ``K`` is not told. What is withheld is told as a sum only where it is at least ``K`` and stands for two
cells or more, and every number told is over people of its own: no sum or difference of what is told gives a cell that
was withheld.
"""

from collections.abc import Mapping, Sequence

from reference_api.call import Call, Reply, json_reply
from reference_api.services import Services

K = 5
"""Source: contract C2, k-anonymous counts with k of at least 5."""

STATUSES = ("safe", "injured", "needs_help")


async def summarise_safety(services: Services, call: Call) -> Reply:
    """Numbers of people by status and district of home."""
    rows = await services.store.all(
        "SELECT safety_holding.district, safety_report.status, count(*) FROM safety_holding"
        " JOIN safety_report ON safety_report.id = safety_holding.report_id"
        " GROUP BY safety_holding.district, safety_report.status"
    )
    counts: dict[str | None, dict[str, int]] = {}
    for district, status, number in rows:
        counts.setdefault(district, dict.fromkeys(STATUSES, 0))[status] = number
    table, elsewhere = withhold(counts)
    area = call.query().get("area")
    ordered = sorted(table.items(), key=lambda item: (item[0] is None, item[0] or ""))
    items = [{"district": district, **row} for district, row in ordered if area in (None, district)]
    return json_reply({"k": K, "items": items, **({} if area is not None else {"withheld_districts": elsewhere})})


def withhold(
    counts: Mapping[str | None, Mapping[str, int]],
) -> tuple[dict[str | None, dict[str, int | None]], int | None]:
    """The table as it may be told, and the people of all districts whose rows are withheld whole.

    In a row told in part, ``withheld`` is the sum of its cells that are None. The second value is None where it would
    tell of less than ``K`` people or of one district only.
    """
    table = {district: _row(cells) for district, cells in counts.items()}
    hidden = [sum(counts[district].values()) for district, row in table.items() if row["withheld"] is None]
    return table, sum(hidden) if not hidden or _is_safe(hidden) else None


def _row(cells: Mapping[str, int]) -> dict[str, int | None]:
    names = _hidden(cells)
    if names == STATUSES and sum(cells.values()) < K:
        return dict.fromkeys((*STATUSES, "withheld"))
    told: dict[str, int | None] = {name: None if name in names else cells[name] for name in STATUSES}
    return told | {"withheld": sum(cells[name] for name in names)}


def _hidden(cells: Mapping[str, int]) -> Sequence[str]:
    """Cells to withhold: those below ``K``, and with them others, until their sum tells nothing of one of them.

    Of two equal others both are taken: which of the two was taken would tell how they stand to the small one.
    """
    hidden = [name for name in STATUSES if 0 < cells[name] < K]
    others = sorted((name for name in STATUSES if name not in hidden), key=lambda name: (not cells[name], cells[name]))
    while hidden and others:
        is_tied = cells[hidden[-1]] == cells[others[0]]
        if _is_safe([cells[name] for name in hidden]) and not is_tied:
            break
        hidden.append(others.pop(0))
    return tuple(name for name in STATUSES if name in hidden)


def _is_safe(numbers: Sequence[int]) -> bool:
    """Whether a sum may be told of numbers that are known to be withheld.

    It must stand for ``K`` people and two numbers at least, and be neither the least nor the most that so many numbers
    from 1 to K - 1 can give: then each of them would be known.
    """
    total, least, most = sum(numbers), len(numbers), len(numbers) * (K - 1)
    return len(numbers) > 1 and total >= K and total not in (least, most)
