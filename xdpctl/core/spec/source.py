"""A spec from where users write it: a TOML file, the flags of `build`, or both."""

import tomllib
from collections.abc import Mapping
from typing import Any

from xdpctl.core.spec.check import Path, SpecError
from xdpctl.core.spec.model import Spec
from xdpctl.core.spec.parse import parse
from xdpctl.core.spec.toml_lines import line_of
from xdpctl.errors import SpecInvalid

OPTIONS: dict[str, Path] = {
    "--program": ("program",),
    "--verdict": ("verdict",),
    "--printk": ("printk",),
    "--printk-per-second": ("printk_per_second",),
    "--frags": ("frags",),
    "--map": ("counter", 0, "map"),
    "--type": ("counter", 0, "type"),
    "--key": ("counter", 0, "key"),
    "--field": ("counter", 0, "fields"),
    "--max-entries": ("counter", 0, "max_entries"),
    "--flag": ("counter", 0, "flags"),
    "--include": ("build", "include"),
    "--define": ("build", "define"),
}
"""Each flag of `build` and the entry of a spec that says the same."""


LONGEST = 1 << 16
LARGEST = 1 << 64


def read_spec(text: str, name: str, options: Mapping[str, Any]) -> Spec:
    """The checked spec of a TOML text, with the options that were given in place of its entries."""
    if len(text) > LONGEST:
        raise SpecInvalid(f"{name} has {len(text)} characters, a spec has {LONGEST} at most")
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        hints = ("text stands in quotes",) if "Invalid value" in str(error) else ()
        raise SpecInvalid(f"{name} is no TOML: {error}", *hints) from error
    _refuse_ambiguous(raw, name, options)
    try:
        _refuse_huge(raw)
        return parse(_overlaid(raw, options))
    except SpecError as error:
        option = next((o for o in options if OPTIONS[o] == error.path[: len(OPTIONS[o])]), None)
        where = option or (f"{name}:{line_of(text, error.path)}" if text else "the description")
        raise SpecInvalid(f"{where}: {error.message}", *error.hints) from error


def _refuse_huge(raw: Mapping[str, Any]) -> None:
    """TOML has numbers of any size, of which Python refuses to print the largest."""
    waiting: list[tuple[Path, Any]] = [((), raw)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, int) and abs(value) >= LARGEST:
            raise SpecError(path, "this number is larger than any that fits here")
        parts = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        waiting += [((*path, step), part) for step, part in parts]


def _refuse_ambiguous(raw: Mapping[str, Any], name: str, options: Mapping[str, Any]) -> None:
    """Options speak of one counter."""
    counters = raw.get("counter")
    if not isinstance(counters, list) or len(counters) < 2:
        return
    for option in options:
        if OPTIONS[option][0] == "counter":
            raise SpecInvalid(
                f"{option} speaks of one counter, but {name} has {len(counters)}", "change it in the spec"
            )


def _overlaid(raw: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    for option, value in options.items():
        *outer, last = OPTIONS[option]
        table = _table(raw, outer)
        if not isinstance(table, dict):
            break  # `parse` says what is wrong with it
        table[last] = value
    return raw


def _table(raw: dict[str, Any], path: list[str | int]) -> Any:
    """One of the spec's own, or the first of several; made if it isn't there."""
    match path:
        case [name, int(number)]:
            tables = raw.setdefault(str(name), [{}])
            return tables[number] if isinstance(tables, list) and tables else None
        case [name]:
            return raw.setdefault(str(name), {})
    return raw
