"""Query: a search as it was understood."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from reference_api.fhir.outcome import refused
from reference_api.fhir.search.criteria import MIRRORED, Context, Criterion, read_criterion
from reference_api.fhir.search.dates import FAR_S
from reference_api.fhir.search.paging import read_count
from reference_api.fhir.search.parameters import parameters_of

Pair = tuple[str, str]

COUNT_ONLY = "count"


@dataclass(frozen=True, slots=True)
class SortKey:
    """What to sort by: an SQL expression over row ``r`` that is never NULL."""

    expression: str
    is_descending: bool = False


@dataclass(slots=True)
class Query:
    """A search as it was understood, by the parameters ``understood``; ``count`` 0 asks for the total only."""

    resource_type: str
    count: int
    criteria: list[Criterion] = field(default_factory=list)
    sort: list[SortKey] = field(default_factory=list)
    includes_patient: bool = False
    wants_total: bool = False
    cursor: str | None = None
    understood: list[Pair] = field(default_factory=list)

    @property
    def identity(self) -> str:
        """What a cursor of this search is bound to."""
        return repr((self.resource_type, self.understood))


def read_query(resource_type: str, pairs: Sequence[Pair], context: Context, *, strict: bool) -> Query:
    """The search that parameters stand for; unknown ones are refused if ``strict``, else left out.

    Raises:
        ApiError: malformed-request.
    """
    query = Query(resource_type, read_count(dict(pairs).get("_count")))
    for name, value in pairs:
        if name == "_cursor":
            query.cursor = value
            continue
        if _is_control(query, name, value):
            query.understood.append((name, value))
            continue
        criterion = read_criterion(resource_type, name, value, context)
        if criterion is not None:
            query.criteria.append(criterion)
            query.understood.append((name, value))
        elif strict:
            raise refused("malformed-request", "not-supported", "A search parameter is not known here", name[:64])
    return query


def _is_control(query: Query, name: str, value: str) -> bool:
    """Take a parameter that says how to answer; False if it is none, or asks for what is not offered."""
    if name == "_sort":
        query.sort = [_sort_key(query.resource_type, part) for part in value.split(",")]
    elif name == "_include" and value in _includes(query.resource_type):
        query.includes_patient = True
    elif name == "_summary" and value == COUNT_ONLY:
        query.count = 0
    elif name == "_total" and value in ("none", "accurate"):
        query.wants_total = value == "accurate"
    else:
        return name in ("_count", "_format", "_pretty")
    return True


def _includes(resource_type: str) -> tuple[str, ...]:
    """Inclusions of the patient, with or without the type it has."""
    names = [name for name, parameter in parameters_of(resource_type).items() if parameter.kind == "patient"]
    return tuple(f"{resource_type}:{name}{suffix}" for name in names for suffix in ("", ":Patient"))


def _sort_key(resource_type: str, text: str) -> SortKey:
    """The key of one part of ``_sort``; what has no date comes last.

    Raises:
        ApiError: malformed-request.
    """
    name, is_descending = text.removeprefix("-"), text.startswith("-")
    parameter = parameters_of(resource_type).get(name)
    if resource_type not in MIRRORED:
        if parameter is not None and parameter.kind == "date":
            last_s = -FAR_S if is_descending else FAR_S
            return SortKey(f"COALESCE(r.starts_s, {last_s!r})", is_descending)
        if name in _SORTED_BY:
            return SortKey(_SORTED_BY[name], is_descending)
    raise refused("malformed-request", "not-supported", "Sorting by this is not offered", "_sort")


_SORTED_BY = {"_lastUpdated": "r.updated_at_s", "_id": "r.logical_id"}
