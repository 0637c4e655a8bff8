"""Limits that keep files and functions small, and what calls and constructors keep to."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import xdpctl

PACKAGE = Path(xdpctl.__file__).parent
TREES = {path: ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}
LINES_OF_A_FILE = 320
LINES_OF_A_FUNCTION = 45
"""From its first statement on: what it takes, as options of a command line, is declared above."""
EVERY_OPS = ("Request", "Prepared")
"""What each op has one of (docs/architecture.md)."""
POSITIONS = 4
"""A call that gives a struct more than so many values names them."""
STARTERS = {f"xdpctl.tools.proc.{name}" for name in ("start", "query", "act")}


def relative(path: Path) -> str:
    return str(path.relative_to(PACKAGE.parent))


def test_no_file_is_long() -> None:
    lines = {relative(path): len(path.read_text().splitlines()) for path in TREES}
    assert {path: count for path, count in lines.items() if count > LINES_OF_A_FILE} == {}


def test_no_function_is_long() -> None:
    long = [
        f"{relative(path)}:{node.lineno}: {node.name}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and lines_of(node) > LINES_OF_A_FUNCTION
    ]
    assert long == []


def lines_of(function: ast.FunctionDef) -> int:
    first, *others = function.body
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    begin = others[0] if documented and others else first
    return (function.end_lineno or 0) - begin.lineno + 1


def test_no_two_public_classes_have_one_name() -> None:
    classes = [
        node.name
        for tree in TREES.values()
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and node.name not in EVERY_OPS
    ]
    assert sorted(name for name, times in Counter(classes).items() if times > 1) == []


def structs() -> set[str]:
    classes = (node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    return {
        node.name
        for node in classes
        if any(ast.unparse(base).rpartition(".")[2] in ("Struct", "NamedTuple") for base in node.bases)
        and sum(isinstance(statement, ast.AnnAssign) for statement in node.body) > POSITIONS
    }


def test_values_of_a_large_struct_are_named() -> None:
    large = structs()
    assert len(large) > 20
    calls = [(p, node) for p, tree in TREES.items() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    unnamed = {
        f"{relative(path)}: {ast.unparse(call.func)}"
        for path, call in calls
        if ast.unparse(call.func).rpartition(".")[2] in large
        and call.args
        and len(call.args) + len(call.keywords) > POSITIONS
    }
    assert unnamed == set()


def test_command_lines_of_tools_are_built_in_one_place() -> None:
    """By `bpftool.command`, or as a tuple that begins with the tool; what `core` advises is only printed."""
    builders = {
        relative(path)
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Call) and ast.unparse(node.func) == "bpftool.command")
        or (isinstance(node, ast.Tuple) and begins_with_a_tool(node))
    }
    assert "xdpctl/tools/bpftool.py" in builders
    elsewhere = {path for path in builders if not path.startswith(("xdpctl/tools/", "xdpctl/core/"))}
    assert elsewhere == set()


def begins_with_a_tool(words: ast.Tuple) -> bool:
    return bool(words.elts) and ast.unparse(words.elts[0]) in ("'bpftool'", "'ip'", "'taskset'")


def test_one_module_knows_terminals() -> None:
    knows = {
        relative(path)
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and speaks_of_terminals(node.value)
        )
        or (isinstance(node, ast.Attribute) and node.attr in ("isatty", "get_terminal_size"))
    }
    assert knows == {"xdpctl/cli/terminal.py"}


def speaks_of_terminals(text: str) -> bool:
    return "\x1b" in text or text in ("NO_COLOR", "TERM", "COLUMNS")


# --- constructors ---


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def imported(tree: ast.Module) -> dict[str, str]:
    """What a name of a module stands for elsewhere."""
    froms = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}" for node in froms for alias in node.names
    }


def called(function: ast.AST, here: str, known: dict[str, str]) -> Iterator[str]:
    """What a function calls, by whole names; `here` is its class, or its module."""
    module = here if known.get("") == here else here.rpartition(".")[0]
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            first, _, rest = ast.unparse(node.func).partition(".")
            if first == "self":
                yield f"{here}.{rest}"
            elif rest:
                yield f"{known.get(first, first)}.{rest}"
            else:
                yield known.get(first, f"{module}.{first}")


def calls() -> dict[str, set[str]]:
    """Each function and method, with what it calls; making an object calls its constructor."""
    found: dict[str, set[str]] = {}
    for path, tree in TREES.items():
        module, known = module_of(path), imported(tree)
        known[""] = module
        places = [(module, tree.body)]
        places += [
            (f"{module}.{node.name}", node.body) for node in tree.body if isinstance(node, ast.ClassDef)
        ]
        for here, body in places:
            for node in body:
                if isinstance(node, ast.FunctionDef):
                    found[f"{here}.{node.name}"] = set(called(node, here, known))
    return found


def starters(graph: dict[str, set[str]]) -> set[str]:
    """Whatever starts a process, itself or by what it calls."""
    found, before = {*STARTERS, "subprocess.Popen"}, 0
    while len(found) > before:
        before = len(found)
        made = {name.removesuffix(".__init__") for name in found}
        found |= {name for name, callees in graph.items() if callees & (found | made)}
    return found


def test_no_constructor_starts_a_process() -> None:
    graph = calls()
    assert set(graph) >= STARTERS
    found = starters(graph)
    assert {"xdpctl.tools.bpftool.programs", "xdpctl.ops.run.begin"} <= found
    assert {name for name in found if name.endswith(".__init__")} == set()
