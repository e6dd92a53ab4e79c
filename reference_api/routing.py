"""Routing: from a path to its operations, in time that does not grow with their number."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from conformance.contract.operations import Operation
from reference_api.handlers import Handler

Methods = Mapping[str, tuple[Operation, Handler]]
"""Operations of one path by method."""

_ALIASES: Mapping[str, str] = {"/fhir": "/fhir/"}
"""Other spellings of paths. Source: fhir-kit-client 2.0.3 posts Bundles to the base URL with a slash at its end."""


@dataclass(slots=True)
class _Step:
    """What may follow after a part of a path: fixed texts, or one parameter of any text."""

    fixed: dict[str, "_Step"] = field(default_factory=dict)
    parameter: "_Step | None" = None
    names: tuple[str, ...] = ()
    methods: dict[str, tuple[Operation, Handler]] = field(default_factory=dict)


class Routes:
    """The paths of a server. A fixed part of a path is preferred to a parameter at the same place."""

    def __init__(self, entries: Iterable[tuple[Operation, Handler]]) -> None:
        self._root = _Step()
        self._fixed: dict[str, Methods] = {}
        for operation, handler in entries:
            self._add(operation, handler)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Method and path of every operation, HEAD left out."""
        pending = [self._root]
        while pending:
            step = pending.pop()
            yield from ((method, entry[0].path) for method, entry in step.methods.items() if method != "HEAD")
            pending += [*step.fixed.values(), *([step.parameter] if step.parameter else [])]

    def find(self, path: str) -> tuple[Methods, Mapping[str, str]] | None:
        """Operations and parameters of a path, None if there is none. A parameter is never empty."""
        methods = self._fixed.get(path)
        if methods is not None:
            return methods, {}
        parts = path.split("/")
        values: list[str] = []
        step = _descend(self._root, parts, 0, values)
        return None if step is None else (step.methods, dict(zip(step.names, values, strict=True)))

    def _add(self, operation: Operation, handler: Handler) -> None:
        step, names = self._root, list[str]()
        for part in operation.path.split("/"):
            if part.startswith("{"):
                names.append(part[1:-1])
                step.parameter = step.parameter or _Step()
                step = step.parameter
            else:
                step = step.fixed.setdefault(part, _Step())
        step.names = tuple(names)
        step.methods[operation.method] = (operation, handler)
        if operation.method == "GET":
            # HEAD is answered as GET without its body. Source: RFC 9110 section 9.3.2.
            step.methods["HEAD"] = (operation, handler)
        if not names:
            self._fixed[operation.path] = step.methods
            self._fixed[_ALIASES.get(operation.path, operation.path)] = step.methods


def _descend(step: _Step, parts: list[str], at: int, values: list[str]) -> _Step | None:
    """The step that a path leads to; what its parameters hold is put into ``values``."""
    if at == len(parts):
        return step if step.methods else None
    part = parts[at]
    fixed = step.fixed.get(part)
    if fixed is not None:
        found = _descend(fixed, parts, at + 1, values)
        if found is not None:
            return found
    if step.parameter is None or not part:
        return None
    values.append(part)
    found = _descend(step.parameter, parts, at + 1, values)
    if found is None:
        values.pop()
    return found
