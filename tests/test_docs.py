"""The pages name what is there, and what the code knows is known to pages, reference model and completion."""

import ast
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import fields
from enum import StrEnum
from pathlib import Path

import pytest

from xdpctl import cli
from xdpctl.cli import map as map_verbs
from xdpctl.core.btf import known_types
from xdpctl.core.machine.identifiers import NAME_LENGTH, complaint
from xdpctl.core.maps import kinds, new_map
from xdpctl.core.program.counting import in_packet
from xdpctl.core.spec import parse
from xdpctl.core.spec.condition import MATCHED
from xdpctl.core.spec.words import Field, Flag, MapType, Verdict
from xdpctl.core.values.keys import Key
from xdpctl.core.why import chain
from xdpctl.tools.maps import content

from .reference import keys, model, specs
from .reference.facts import Facts

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ARCHITECTURE = ROOT / "docs" / "architecture.md"
FOR_USERS = [page for page in PAGES if page.stem not in ("architecture", "contributing", "changelog")]
TOP = "xdpctl|tests|templates|bpf|docs|\\.ci|\\.github"
BUILT = re.compile(r"bpf/\w+\.bpf\.[co]")
"""What sessions on the pages build."""
WORDS: tuple[type[StrEnum], ...] = (Key, Field, MapType, Flag, Verdict)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def stands(word: str, text: str) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text))


def for_users() -> str:
    return "\n".join(page.read_text() for page in FOR_USERS)


# --- what pages name is there ---


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_path_on_a_page_is_there(page: Path) -> None:
    text = page.read_text()
    named = re.findall(rf"`((?:{TOP})/[\w./-]*)`", text)
    linked = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    places = [ROOT / path for path in named if not BUILT.fullmatch(path)]
    places += [page.parent / path for path in linked]
    assert [relative(place) for place in places if not place.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_target_of_make_on_a_page_is_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"`make ([a-z-]+)", page.read_text())) <= targets


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_heading_that_is_linked_is_there(page: Path) -> None:
    for path, heading in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text()):
        text = (page.parent / path if path else page).read_text()
        anchors = {
            re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
            for title in re.findall(r"^#+ (.*)", text, re.M)
        }
        assert heading in anchors


def test_the_readme_is_a_page_to_look_at_and_not_to_search() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 110


def test_every_function_of_a_trip_is_there() -> None:
    rows = re.findall(r"^\| `(xdpctl/[\w/]+\.py)` \| (`\w+`(?:, `\w+`)*) \|", ARCHITECTURE.read_text(), re.M)
    assert len(rows) > 25
    for path, names in rows:
        code = (ROOT / path).read_text()
        for name in re.findall(r"\w+", names):
            assert re.search(rf"^ *(?:def|class) {name}\b|^{name}\b", code, re.M), f"{path} has no {name}"


def test_every_room_of_the_core_is_told() -> None:
    rooms = {relative(init.parent) for init in (ROOT / "xdpctl" / "core").glob("*/__init__.py")}
    told = re.findall(r"^\| \d \| `(xdpctl/core/\w+)` \|", ARCHITECTURE.read_text(), re.M)
    assert sorted(told) == sorted(rooms)


# --- the lists of "How to add" are whole ---

GUIDES = [relative(page) for page in FOR_USERS]
WITNESSES = [
    ("A key kind", r"ttl|ttl_t", ["xdpctl", "templates", "bpf", *GUIDES, "tests/reference"]),
    ("A field", r"min_length|length_min_t", ["xdpctl", "templates", "bpf", *GUIDES, "tests/reference"]),
    ("A map type", r"lru_percpu_hash", ["xdpctl", "templates", "bpf", *GUIDES, "tests/reference"]),
    ("An output format", r"prometheus", ["xdpctl", *GUIDES]),
    ("A cause of `why`", r"no_carrier|no carrier", ["xdpctl", "tests/core"]),
]
"""One of each kind: where it stands, a new one has to stand too."""
USERS = ("templates/presets/",)
"""What uses words, and needn't know all."""


@pytest.mark.parametrize(("section", "witness", "where"), WITNESSES, ids=[s for s, *_ in WITNESSES])
def test_a_list_names_all_places(section: str, witness: str, where: list[str]) -> None:
    text = ARCHITECTURE.read_text()
    [listed] = re.findall(rf"^### {re.escape(section)}\n(.*?)(?=^##|\Z)", text, re.M | re.S)
    found = {
        relative(path)
        for path in files(ROOT / name for name in where)
        if re.search(rf"(?i)\b(?:{witness})\b", path.read_text())
    }
    found = {path for path in found if not path.startswith(USERS)}
    assert found
    assert found - set(re.findall(r"^\| `([^`]+)`", listed, re.M)) == set()


def files(places: Iterable[Path]) -> Iterable[Path]:
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.suffix in (".py", ".h", ".j2", ".toml", ".md", ".c") and not BUILT.search(str(path)):
                yield path


# --- what the code knows is known everywhere ---


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("page", ["README and docs", "templates/new.toml"])
def test_every_word_of_a_spec_is_told(page: str, kind: type[StrEnum]) -> None:
    text = (ROOT / page).read_text() if "/" in page else "\n".join(re.findall(r"`([^`\n]+)`", for_users()))
    assert [f"{page}: {word}" for word in kind if not stands(word, text)] == []


def test_what_the_generated_c_defines_is_no_name_for_a_map() -> None:
    texts = [path.read_text() for path in files((ROOT / "bpf", ROOT / "templates"))]
    kinds = (
        r"^typedef .*?(\w+);",
        r"^#define (\w+)",
        r"^\t([A-Z_]+) =",
        r"^(?:static|__noinline) .*\b(\w+)\(",
    )
    defined = {name for text in texts for kind in kinds for name in re.findall(kind, text, re.M)}
    defined = {name for name in defined if len(name) <= NAME_LENGTH}
    assert {"parse", "equal", "ttl_t", "NO_TTL", "log2_of", "skip_tags"} <= defined
    assert [name for name in sorted(defined) if not complaint(name)] == []


PARTS_OF_PACKETS = [key for key in Key if in_packet(key) and key is not Key.FLOW]


def members_of_a_packet() -> list[str]:
    text = (ROOT / "bpf" / "xdp_packet.h").read_text()
    [members] = re.findall(r"^struct packet \{\n(.*?)^\}", text, re.M | re.S)
    return re.findall(r"(\w+);", members)


KNOWN: list[tuple[str, Iterable[str], Iterable[str]]] = [
    ("tests/reference/specs.py", Key, ("total", "verdict", "flow", *specs.PARTS)),
    ("tests/reference/specs.py", Field, specs.FIELDS_PER_CPU),
    ("tests/reference/specs.py", MapType, (*specs.SHARED, *specs.PER_CPU)),
    ("tests/reference/specs.py", Flag, specs.FLAGS.values()),
    ("tests/reference/specs.py: policies", parse.POLICY_KEYS, specs.POLICY_KEYS),
    ("tests/reference/specs.py: rules", MATCHED, specs.PARTS),
    ("tests/reference/keys.py: NONE", [key for key in Key if key.kind.none is not None], keys.NONE),
    ("tests/reference/keys.py: VERDICTS", Verdict, keys.VERDICTS),
    ("tests/reference/keys.py: NAMES", [key for key in Key if key.kind.names], keys.NAMES),
    ("tests/reference/model.py: VALUES", [key for key in Key if key.kind.values], model.VALUES),
    ("tests/reference/facts.py", PARTS_OF_PACKETS, [field.name for field in fields(Facts)]),
    ("bpf/xdp_packet.h", PARTS_OF_PACKETS, members_of_a_packet()),
    ("xdpctl/core/maps/kinds.py", MapType, kinds.ABOUT),
    ("xdpctl/core/maps/new_map.py", MapType, new_map.NUMBERS),
    ("xdpctl/tools/maps/content.py", MapType, content.BATCHED),
    ("xdpctl/core/btf/known_types.py", [f.c_type for f in Field if not f.is_sum], known_types.MERGERS),
]
"""Words, and the place that has to have each of them."""


@pytest.mark.parametrize(("where", "words", "known"), KNOWN)
def test_every_word_is_known(where: str, words: Iterable[str], known: Iterable[str]) -> None:
    lacking = set(words) - set(known)
    assert not lacking, f"{where} lacks {lacking}"


@pytest.mark.parametrize(
    ("option", "words"),
    [("--key", Key), ("--field", Field), ("--type", MapType), ("--flag", Flag), ("--verdict", Verdict)],
)
def test_a_shell_completes_every_word(option: str, words: type[StrEnum]) -> None:
    assert completed(f"xdpctl build {option} ") == list(words)


def test_a_shell_completes_every_verb() -> None:
    assert completed("xdpctl ") == list(cli.VERBS)
    assert completed("xdpctl map ") == list(map_verbs.VERBS)


def completed(line: str) -> list[str]:
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_XDPCTL_COMPLETE": "complete_bash"}
    command = [sys.executable, "-m", "xdpctl"]
    done = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("group", ["xdpctl.cli", "xdpctl.cli.map"])
def test_every_verb_has_its_file_and_its_place_on_a_page(group: str) -> None:
    module = importlib.import_module(group)
    package = Path(str(module.__file__)).parent
    text = for_users()
    for verb in module.VERBS:
        assert (package / f"{verb}.py").exists() or (package / verb / "__init__.py").exists()
        words = f"map {verb}" if group.endswith(".map") else verb
        assert re.search(rf"xdpctl (?:--\S+ )*{words}\b|`{verb}`", text), f"no page tells of {words}"


def test_every_format_of_dump_is_told() -> None:
    [options] = re.findall(r"formats = \{(.*)\}", (ROOT / "xdpctl" / "cli" / "dump.py").read_text())
    formats = re.findall(r'"(--\w+)"', options)
    assert len(formats) > 3
    assert [option for option in formats if not stands(option, for_users())] == []


# --- causes of why ---


def links() -> dict[str, ast.FunctionDef]:
    """The checks of the chain, by their names."""
    why = ROOT / "xdpctl" / "core" / "why"
    trees = [ast.parse((why / name).read_text()) for name in ("pinned.py", "placed.py", "traffic.py")]
    functions = (node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef))
    return {
        node.name: node
        for node in functions
        if node.returns and ast.unparse(node.returns) == "Broken | None" and node.name[0] != "_"
    }


def test_every_check_is_part_of_the_chain() -> None:
    checks = (*chain.AT_ONCE, *chain.THOUGH_IT_COUNTS, *chain.WATCHED)
    assert set(links()) == {check.__name__ for check in checks}


def test_every_cause_is_tested() -> None:
    places = [*(ROOT / "tests/core/why").glob("test_*.py"), ROOT / "tests/kernel/test_why.py"]
    tests = "".join(path.read_text() for path in places)
    why = ROOT / "xdpctl" / "core" / "why"
    calls = [
        node
        for path in why.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Broken"
    ]
    second = [node.args[1] for node in calls]
    causes = {str(node.value) for node in second if isinstance(node, ast.Constant)}
    assert len(causes) > 20
    assert [cause for cause in causes if f'"{cause}"' not in tests] == []
