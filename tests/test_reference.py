"""docs/reference.md names every verb and every option, and none that isn't there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from xdpctl import cli
from xdpctl.cli import map as map_verbs
from xdpctl.core.packets.samples import PacketKind

ROOT = Path(__file__).parents[1]
REFERENCE = (ROOT / "docs" / "reference.md").read_text()
GUIDES = [
    ROOT / "README.md",
    *(
        ROOT / "docs" / f"{name}.md"
        for name in (
            "describing",
            "loading",
            "reading",
            "writing",
            "diagnosing",
            "rules",
        )
    ),
]


def commands() -> Iterator[tuple[str, Any]]:
    """Every verb, those of `map` by both words."""
    root: Any = typer.main.get_command(cli.app)
    for verb in cli.VERBS:
        if verb != "map":
            yield verb, root.get_command(None, verb)
    group = root.get_command(None, "map")
    for verb in map_verbs.VERBS:
        yield f"map {verb}", group.get_command(None, verb)


VERBS = dict(commands())


def options(command: Any) -> set[str]:
    return {name for param in command.params for name in param.opts if name.startswith("--")}


def sections() -> dict[str, str]:
    """What stands below the heading of each verb."""
    [verbs] = re.findall(r"^## Verbs\n(.*?)(?=^## )", REFERENCE, re.S | re.M)
    _, *parts = re.split(r"^### (.+)\n", verbs, flags=re.M)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def named(text: str) -> set[str]:
    return set(re.findall(r"`(--[a-z][a-z-]*)", text))


def table(heading: str) -> str:
    [text] = re.findall(rf"^## {heading}\n(.*?)(?=^## )", REFERENCE, re.S | re.M)
    return "\n".join(re.findall(r"^\| (`.*?) \| ", text, re.M))


def test_every_verb_has_its_place() -> None:
    assert sorted(sections()) == sorted(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_of_a_verb_is_named(verb: str) -> None:
    assert named(sections()[verb]) == options(VERBS[verb])


@pytest.mark.parametrize("verb", VERBS)
def test_every_argument_of_a_verb_is_named(verb: str) -> None:
    [usage] = re.findall(rf"`xdpctl {verb}((?: [^`]+)?)` ", sections()[verb].lstrip().split("\n")[0])
    arguments = [p.metavar for p in VERBS[verb].params if p.param_type_name == "argument"]
    assert re.findall(r"[A-Z|]+", usage) == re.findall(r"[A-Z|]+", " ".join(arguments))


def test_options_before_the_verb() -> None:
    root: Any = typer.main.get_command(cli.app)
    assert named(table("Options before the verb")) == options(root) | {"--help"}


def test_options_of_several_verbs_are_of_several() -> None:
    times = [option for command in VERBS.values() for option in options(command)]
    assert [o for o in named(table("Options of several verbs")) if times.count(o) < 2] == []


@pytest.mark.parametrize("verb", [v for v in VERBS if options(VERBS[v]) & {"--json", "--jsonl"}])
def test_json_is_shown(verb: str) -> None:
    assert "```json" in sections()[verb]


def test_every_kind_of_packet_is_named() -> None:
    assert set(PacketKind) <= set(re.findall(r"`([a-z0-9-]+)`", sections()["run"]))


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_no_page_names_an_option_that_is_not_there(page: Path) -> None:
    root: Any = typer.main.get_command(cli.app)
    known = options(root).union(*map(options, VERBS.values()))
    assert named(page.read_text()) <= known


# --- examples ---


def lines_of_help() -> Iterator[str]:
    root: Any = typer.main.get_command(cli.app)
    group = root.get_command(None, "map")
    for command in (root, group, *VERBS.values()):
        text = f"{command.help}\n{command.epilog or ''}"
        for example in re.findall(r"^(?: *|Example: )(xdpctl .*)$", text, re.M):
            yield from re.findall(r"xdpctl (?:'[^']*'|[^;|>'])+", example)


def lines_of_pages() -> Iterator[str]:
    """Those with words for others in them, such as FILE, are no examples."""
    for page in GUIDES:
        for line in re.findall(r"`(xdpctl [^`]+)`", page.read_text()):
            if not re.search(r"[A-Z]{2}|…", line):
                yield line


def parse(line: str) -> None:
    """As far as the command line goes, nothing is done."""
    root: Any = typer.main.get_command(cli.app)
    words = shlex.split(line)[1:]
    while words and words[0].startswith("-"):
        del words[: 2 if words[0] == "--netns" else 1]
    command, context = root, None
    while hasattr(command, "list_commands") and words:
        verb = words.pop(0)
        command = command.get_command(context, verb)
        assert command is not None, f"there is no verb {verb}"
    if not hasattr(command, "list_commands"):
        command.make_context("xdpctl", words)


@pytest.mark.parametrize("line", sorted({*lines_of_help(), *lines_of_pages()}))
def test_an_example_is_a_command_line(line: str) -> None:
    parse(line)
