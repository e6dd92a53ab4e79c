"""The shape that all code keeps: sizes, names, docstrings, no print and no clock."""

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_LINES = 500
MAX_FUNCTION_CODE_LINES = 50
DRAWERS = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc", "tools", "shared", "base"}

WALL_CLOCK = {
    "reference_api/clock.py",  # the server's own time
    "reference_api/store/sqlite.py",  # a file that another process is making
    "reference_api/telemetry.py",  # how long an answer took
    "scenarios/faults/serving.py",  # a proxy lives in real time
    "scenarios/run.py",  # how long the run itself took
    "scenarios/commands/sweep.py",  # how long the runs that are left will take
    "scenarios/load/clock.py",  # a load's calls leave at real times
}
"""Who may know what time it is on the machine, beside the suite, which waits for real services and times them."""

CLOCKS = {
    "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns",
    "time.process_time", "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.sleep",
}  # fmt: skip

Modules = dict[str, ast.Module]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    """All functions and methods of a tree."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def code_lines(path: Path) -> set[int]:
    """Lines that hold code: no blanks, no comments."""
    skip = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    return {line for one in tokens if one.type not in skip for line in range(one.start[0], one.end[0] + 1)}


def docstring_lines(function: Function) -> set[int]:
    """Lines of a function's docstring."""
    if ast.get_docstring(function) is None:
        return set()
    first = function.body[0]
    return set(range(first.lineno, (first.end_lineno or first.lineno) + 1))


def too_long(root: Path, modules: Modules) -> Iterator[str]:
    """Functions with more code lines than allowed."""
    for name, tree in modules.items():
        code = code_lines(root / name)
        for function in functions(tree):
            span = set(range(function.lineno, (function.end_lineno or function.lineno) + 1))
            count = len(span & code - docstring_lines(function))
            if count > MAX_FUNCTION_CODE_LINES:
                yield f"{name}:{function.lineno} {function.name}: {count}"


def undocumented(modules: Modules) -> Iterator[str]:
    """Modules, classes and public functions without a docstring."""
    for name, tree in modules.items():
        if ast.get_docstring(tree) is None:
            yield name
        for node in tree.body:
            if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
                members = node.body if isinstance(node, ast.ClassDef) else []
                for one in (node, *members):
                    if not isinstance(one, ast.ClassDef | Function) or one.name.startswith("_"):
                        continue
                    if ast.get_docstring(one) is None:
                        yield f"{name}:{one.lineno} {one.name}"


def clock_readers(modules: Modules) -> Iterator[str]:
    """Modules that read the machine's clock or sleep, however it was imported."""
    for name, tree in modules.items():
        imported = {
            alias.asname or alias.name: f"{node.module}.{alias.name}"
            for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
        }  # fmt: skip
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute | ast.Name):
                first, dot, rest = ast.unparse(node).partition(".")
                full = imported.get(first, first) + dot + rest
                if any(full == clock or full.endswith(f".{clock}") for clock in CLOCKS):
                    yield name


def test_files_are_short(root: Path, modules: Modules) -> None:
    """No module has more than 500 lines."""
    lengths = {name: len((root / name).read_text(encoding="utf-8").splitlines()) for name in modules}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FILE_LINES} == {}


def test_functions_are_short(root: Path, modules: Modules) -> None:
    """No function has more than 50 lines of code."""
    assert list(too_long(root, modules)) == []


def test_no_drawers(modules: Modules) -> None:
    """No module or package is called after a drawer into which anything may be put."""
    assert [name for name in modules if DRAWERS & set(Path(name).with_suffix("").parts)] == []


def test_everything_public_is_documented(modules: Modules) -> None:
    """Every module, public class, function and method says what it is."""
    assert list(undocumented(modules)) == []


def test_nothing_prints(modules: Modules) -> None:
    """Text reaches users through the command line, files or logging; a ``__main__`` is a command line."""
    calls = [
        f"{name}:{node.lineno}"
        for name, tree in modules.items()
        if not name.endswith("__main__.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert calls == []


def test_only_the_named_modules_read_the_clock(modules: Modules) -> None:
    """Nothing else knows what time it is, so the same seed gives the same bytes; nor does what the suite demands."""
    suite = ("conformance/contract/", "conformance/publication/", "conformance/report/")
    readers = {name for name in clock_readers(modules) if not name.startswith("conformance/") or name.startswith(suite)}
    assert readers == WALL_CLOCK


def test_doors_hold_a_docstring_only(modules: Modules) -> None:
    """Importing a part of a room runs nothing of the room: the five packages' __init__ hold a docstring."""
    doors = {name: tree for name, tree in modules.items() if name.count("/") == 1 and name.endswith("__init__.py")}
    assert len(doors) == 5
    assert {name: len(tree.body) for name, tree in doors.items() if len(tree.body) != 1} == {}


def test_a_clock_is_found_under_any_name() -> None:
    """The search sees through the ways of importing a clock, and takes no other word for one."""
    tree = {
        "a.py": ast.parse("import time\ntime.time()"),
        "b.py": ast.parse("from time import monotonic as m\nm()"),
        "c.py": ast.parse("from datetime import datetime\ndatetime.now()"),
        "d.py": ast.parse("import datetime\ndatetime.datetime.now()"),
        "e.py": ast.parse("clock.now_s()\nenv.now\nevent.time"),
    }
    assert set(clock_readers(tree)) == {"a.py", "b.py", "c.py", "d.py"}
