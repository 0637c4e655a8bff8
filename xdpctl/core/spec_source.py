"""A spec from where users write it: a TOML file, the flags of `build`, or both."""

import tomllib
from collections.abc import Mapping
from typing import Any

from xdpctl.core.spec import Path, Spec, SpecError, parse
from xdpctl.core.toml_lines import line_of
from xdpctl.errors import BadRequest

OPTIONS: dict[str, Path] = {
    "--program": ("program",),
    "--verdict": ("verdict",),
    "--printk": ("printk",),
    "--map": ("counter", 0, "map"),
    "--type": ("counter", 0, "type"),
    "--key": ("counter", 0, "key"),
    "--field": ("counter", 0, "fields"),
    "--max-entries": ("counter", 0, "max_entries"),
    "--flag": ("counter", 0, "flags"),
}
"""Each flag of `build` and the entry of a spec that says the same."""


LONGEST = 1 << 16


def read_spec(text: str, name: str, options: Mapping[str, Any]) -> Spec:
    """The checked spec of a TOML text, with the options that were given in place of its entries."""
    if len(text) > LONGEST:
        raise BadRequest(f"{name} has {len(text)} characters, a spec has {LONGEST} at most")
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        hints = ("text stands in quotes",) if "Invalid value" in str(error) else ()
        raise BadRequest(f"{name} is no TOML: {error}", *hints) from error
    try:
        return parse(_overlaid(raw, options))
    except SpecError as error:
        option = next((o for o in options if OPTIONS[o] == error.path[: len(OPTIONS[o])]), None)
        where = option or (f"{name}:{line_of(text, error.path)}" if text else "the description")
        raise BadRequest(f"{where}: {error.message}", *error.hints) from error


def _overlaid(raw: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    for option, value in options.items():
        table: Any = raw
        *outer, last = OPTIONS[option]
        for step in outer:
            if isinstance(step, str):
                table = table.setdefault(step, [{}])
            elif isinstance(table, list) and table and isinstance(table[step], dict):
                table = table[step]
            else:
                return raw  # not a table: `parse` says what is wrong with it
        table[last] = value
    return raw


TEMPLATE = """\
# A counter: build it with `xdpctl build {name}`, load it with `xdpctl load --dev DEVICE`.
# Every entry may be left out; the values here are the defaults.

program = "xdp_allow"           # name of the program, a C identifier of at most 15 characters
verdict = "pass"                # what happens to the packets: pass or drop
printk = ""                     # a message for every packet, in the kernel's trace log

[[counter]]
map = "pkt_cnt"                 # name of the map that holds the counts
type = "hash"                   # hash, array, percpu_hash or percpu_array (the fastest)
key = "total"                   # total: one count of all packets; verdict: one per XDP action
fields = ["packets"]            # packets, bytes, or both, in the order that you like
# max_entries = 1               # how many elements; as many as the key needs, if left out
flags = []                      # for hashes: no_prealloc, zero_seed; for an array: mmapable
"""
