"""The imports run one way, and what is slow to import is imported only where it is used."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

import xdpctl

PACKAGE = Path(xdpctl.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
ROOMS = [path for path in sorted((PACKAGE / "core").rglob("*.py")) if path != PACKAGE / "core/__init__.py"]

MAY_IMPORT = {
    "cli": {"cli", "ops", "views", "core"},
    "ops": {"ops", "tools", "core"},
    "views": {"views", "core"},
    "tools": {"tools", "core"},
    "core": {"core"},
    "errors": set[str](),
    "__init__": set[str](),
    "__main__": {"cli"},
}
"""The layers, and which of them each may import; `errors` and the version are for all."""

FLOORS = (
    {"why", "measure", "packets", "query"},
    {"maps"},
    {"encode", "program", "plan"},
    {"spec", "btf", "objects", "doctor", "trace"},
    {"machine", "values"},
    {"wording"},
)
"""The rooms of `core`, top floor first: each imports from floors below it, and from itself."""

ONLY_IN: dict[str, str | tuple[str, ...]] = {
    "sh": "tools/proc.py",
    "subprocess": "tools/proc.py",
    "jinja2": "core/program/render.py",
    "ctypes": ("tools/libbpf/", "tools/mountns.py", "tools/netns.py", "tools/renaming.py"),
    "typer": "cli/",
    "click": "cli/",
}
SLOW = ("sh", "jinja2", "rich")
EFFECTS = {
    *("os", "shutil", "glob", "tempfile", "mmap", "fcntl", "ctypes", "select", "selectors"),
    *("signal", "time", "random", "secrets", "threading", "multiprocessing", "asyncio"),
    *("pathlib.Path", "pathlib.PosixPath", "io.open", "io.FileIO"),
}
"""What of the standard library `core` and `views` have no business with."""


class Import(NamedTuple):
    name: str
    """In full: `xdpctl.core.spec`, `os.path`."""
    lazy: bool
    """Inside a function, or for the type checker alone."""

    @property
    def top(self) -> str:
        return self.name.partition(".")[0]


def imports(path: Path) -> Iterator[Import]:
    yield from _imports(ast.parse(path.read_text()), lazy=False)


def _imports(node: ast.AST, lazy: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        inside = lazy or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            inside = True
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, lazy) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            assert child.module is not None
            yield from (Import(f"{child.module}.{alias.name}", lazy) for alias in child.names)
        else:
            yield from _imports(child, inside)


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_imports_run_one_way(path: Path) -> None:
    allowed = MAY_IMPORT[layer(path)]
    for name in (found.name for found in imports(path) if found.top == "xdpctl"):
        target = name.split(".")[1]
        assert target in {*allowed, "errors", "__version__"}, f"{named(path)} imports {name}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "ops").rglob("*.py")), ids=named)
def test_operations_do_not_import_each_other(path: Path) -> None:
    """A package of them may share parts of its own, whose names begin with `_`."""
    package = ".".join(("xdpctl", *path.relative_to(PACKAGE).parent.parts))
    for name in (found.name for found in imports(path) if found.name.startswith("xdpctl.ops")):
        shared = package != "xdpctl.ops" and name.startswith(f"{package}._")
        assert shared or f"{name}.".startswith("xdpctl.ops.apply."), f"{named(path)} imports {name}"


def room(parts: Sequence[str]) -> str:
    """That of a module below `core`."""
    return parts[0].removesuffix(".py")


def below(upper: str) -> set[str]:
    """The rooms on the floors below this one's."""
    floor = next(i for i, rooms in enumerate(FLOORS) if upper in rooms)
    return set().union(*FLOORS[floor + 1 :])


@pytest.mark.parametrize("path", ROOMS, ids=named)
def test_rooms_import_from_floors_below(path: Path) -> None:
    here = room(path.relative_to(PACKAGE / "core").parts)
    for name in (found.name for found in imports(path) if found.name.startswith("xdpctl.core")):
        assert room(name.split(".")[2:]) in {here, *below(here)}, f"{named(path)} imports {name}"


def test_every_room_has_one_floor() -> None:
    found = [room(path.relative_to(PACKAGE / "core").parts) for path in ROOMS]
    assert sorted(name for rooms in FLOORS for name in rooms) == sorted(set(found))


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_what_has_one_place_stays_there(path: Path) -> None:
    for found in imports(path):
        place = ONLY_IN.get(found.top)
        assert place is None or named(path).startswith(place), f"{named(path)} imports {found.name}"
        assert found.lazy or found.top not in SLOW, f"{named(path)} imports {found.name} at its top"


@pytest.mark.parametrize("path", [p for p in MODULES if layer(p) in ("core", "views")], ids=named)
def test_the_core_has_no_effects(path: Path) -> None:
    found = {found.name for found in imports(path)}
    assert not found & {"pathlib", "pathlib.*"}, "then nobody can tell what of it is used"
    assert not {*found, *(name.partition(".")[0] for name in found)} & EFFECTS
    calls = {ast.unparse(n.func) for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)}
    assert not calls & {"open", "print", "input", "__import__", "exec", "eval"}


def test_no_module_is_a_drawer() -> None:
    names = {part for path in MODULES for part in path.relative_to(PACKAGE).with_suffix("").parts}
    assert not names & {"utils", "util", "common", "helpers", "misc"}


@pytest.mark.parametrize("arguments", [["--help"], ["dump", "--help"], ["status", "--help"]], ids=" ".join)
def test_a_short_command_pays_for_nothing_slow(arguments: list[str]) -> None:
    code = (
        "import sys; from xdpctl.cli import execute; status = execute(sys.argv[1:]); "
        f"print('loaded:', [m for m in {SLOW} if m in sys.modules]); sys.exit(status)"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: xdpctl")
    assert done.stdout.endswith("loaded: []\n")
