"""What was done to elements of a map, and its keys, as text or JSON."""

from collections.abc import Iterable, Iterator, Sequence

from xdpctl.core.meanings import Value
from xdpctl.core.said import spoken
from xdpctl.views.encoded import encoded
from xdpctl.views.table import text

SCHEMA = 1


def was_set(name: str, key: str, after: Sequence[Value], before: Sequence[Value], cpus: int) -> str:
    """`config[icmp] = XDP_DROP, was XDP_PASS`."""
    was = f"was {_values(before)}" if before else "new"
    of = f" (of {cpus} CPUs together)" if cpus > 1 else ""
    return f"{name}[{text(key)}] = {_values(after)}, {was}{of}"


def was_deleted(name: str, key: str, before: Sequence[Value]) -> str:
    return f"{name}[{text(key)}] deleted, was {_values(before)}"


def key_lines(words: Iterable[str]) -> Iterator[str]:
    return (f"{text(one)}\n" for one in words)


def keys_as_json(name: str, keys: Iterable[Value]) -> Iterator[str]:
    yield f'{{"schema":{SCHEMA},"map":{encoded(name)},"keys":['
    comma = ""
    for key in keys:
        yield comma + encoded(key)
        comma = ","
    yield "]}\n"


def next_as_json(key: Value, last: bool) -> str:
    return encoded({"schema": SCHEMA, "next_key": key, "last": last})


def _values(values: Sequence[Value]) -> str:
    return text(" or ".join(map(spoken, values)))
