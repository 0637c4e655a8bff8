"""What was done to elements of a map, and its keys, as text or JSON."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from xdpctl.core.encode.words import format_input
from xdpctl.core.values.json_text import SCHEMA, listed, to_json
from xdpctl.core.values.value import Value, flat
from xdpctl.views.table import text

WIDTH = 100
"""Of lines; longer ones are broken."""


def was_set(name: str, key: str, after: Sequence[Value], before: Sequence[Value], cpus: int) -> str:
    """`config[icmp] = XDP_DROP, was XDP_PASS`; of a wide struct, only what changed."""
    element, of = f"{text(name)}[{text(key)}]", f" (of {cpus} CPUs together)" if cpus > 1 else ""
    line = f"{element} = {_values(after)}, {f'was {_values(before)}' if before else 'new'}{of}"
    match after, before:
        case [dict() as now], [dict() as old] if len(line) > WIDTH:
            return "\n".join(_lines([f"{element} set{of}:", *_members(now, old)]))
    return "\n".join(_lines([line]))


def was_deleted(name: str, key: str, before: Sequence[Value]) -> str:
    was = f", was {_values(before)}" if before else ""
    return "\n".join(_lines([f"{text(name)}[{text(key)}] deleted{was}"]))


def _members(now: dict[str, Value], old: dict[str, Value]) -> Iterator[str]:
    parts, were = flat("value", now), flat("value", old)
    changed = [name for name, part in parts.items() if part != were.get(name)]
    for name in changed:
        was = format_input({name: were.get(name)}).removeprefix(f"{name}=")
        yield text(f"  {format_input({name: parts[name]})}, was {was}")
    same = len(parts) - len(changed)
    if same == 1 and changed:
        yield "  the other member stays as it was"
    elif same:
        yield f"  {'the other' if changed else 'all'} {same} members stay as they were"


def _lines(texts: Iterable[str]) -> Iterator[str]:
    from textwrap import wrap

    return chain.from_iterable(
        wrap(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False) for line in texts
    )


def key_lines(words: Iterable[str]) -> Iterator[str]:
    return (f"{text(one)}\n" for one in words)


def keys_as_json(name: str, keys: Iterable[Value]) -> Iterator[str]:
    yield f'{{"schema":{SCHEMA},"map":{to_json(name)},"keys":['
    yield from listed(map(to_json, keys))
    yield "]}\n"


def next_as_json(key: Value, last: bool) -> str:
    return to_json({"schema": SCHEMA, "next_key": key, "last": last})


def _values(values: Sequence[Value]) -> str:
    return text(" or ".join(map(format_input, values)))
