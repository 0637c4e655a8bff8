"""The JSON in docs/reference.md has the members, and their kinds, that real runs print."""

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import Lab
from .pages import REFERENCE, on_the_pair, typed

Block = tuple[str, str]
"""A command, and the JSON that stands below it."""

SPEC = """
printk = "packet seen"

[[counter]]
map = "talkers"
type = "lru_hash"
key = "src_ip"
fields = ["packets", "bytes"]

[[counter]]
map = "protocols"
type = "percpu_hash"
key = "ip_proto"
fields = ["packets", "bytes"]
max_entries = 16
"""
KINDS = {bool: "truth", int: "number", float: "number", str: "text"}
TX = "build --program xdp_tx --verdict tx --type percpu_hash --field packets --field bytes"


def blocks() -> list[Block]:
    found = re.findall(r"`(xdpctl [^`]+)`[^`\n]*:\n\n```json\n(.*?)^```", REFERENCE.read_text(), re.S | re.M)
    assert len(found) == REFERENCE.read_text().count("```json")
    return found


def members(what: Any, path: str = "") -> Iterator[str]:
    """Where each is, and what: `.programs[].id`, `.programs[].id: number`.

    Null may be anything, and a list of words may be empty.
    """
    if isinstance(what, dict):
        for name, part in what.items():
            yield f"{path}.{name}"
            yield from members(part, f"{path}.{name}")
    elif isinstance(what, list):
        for part in what:
            if isinstance(part, dict):
                yield from members(part, f"{path}[]")
    elif what is not None:
        yield f"{path}: {KINDS[type(what)]}"


def objects(text: str) -> Iterator[Any]:
    """One after the other, on however many lines."""
    while text := text.strip():
        one, end = json.JSONDecoder().raw_decode(text)
        yield one
        text = text[end:]


@pytest.fixture
def busy(lab: Lab) -> Iterator[Lab]:
    """The pair of interfaces, on which a program counts pings all the time."""
    on_the_pair(lab)
    lab.load_spec(SPEC)
    lab.ok(*TX.split())
    with subprocess.Popen(
        lab.enter("ping", "-q", "-i", "0.1", "10.77.0.2"), stdout=subprocess.DEVNULL
    ) as ping:
        yield lab
        ping.kill()


def test_the_json_is_what_verbs_print(busy: Lab) -> None:
    for command, shown in blocks():
        printed = typed(busy, command).stdout
        assert sorted({*members([*objects(printed)])}) == sorted({*members([*objects(shown)])}), command
