"""Recorded answers of bpftool and ip, changed at random: each is an answer or our error.

XDPCTL_ROUNDS says how many of each kind are tried.
"""

import json
import os
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from xdpctl.core.btf import c_declaration, check
from xdpctl.core.btf.columns import one
from xdpctl.core.btf.types import BtfDump, MapTypes, Types
from xdpctl.core.encode.encoder import Encoder
from xdpctl.core.machine import answers
from xdpctl.core.machine.model import BpfLink, Map, MapId, Program, ProgramStatus
from xdpctl.core.maps import restoring
from xdpctl.core.maps.chunk import Shape, chunks
from xdpctl.core.maps.companions import beside, lost
from xdpctl.core.maps.decode import decode
from xdpctl.core.maps.refusals import is_fixed
from xdpctl.core.query.rows import columns, counters, shape, sums, with_names
from xdpctl.core.values.json_text import to_json
from xdpctl.errors import XdpctlError
from xdpctl.tools import bpftool, iplink, proc
from xdpctl.tools.maps import content, elements, types
from xdpctl.tools.netns import HERE
from xdpctl.views import status

RECORDED = Path(__file__).parent.parent / "data" / "recorded"
ROUNDS = int(os.environ.get("XDPCTL_ROUNDS", "150"))
ODD: tuple[object, ...] = (
    None,
    True,
    -1,
    0,
    1,
    1 << 31,
    1 << 40,
    10**30,
    0.5,
    "",
    "0x",
    "0xzz",
    "\ud800",
    "\x00",
    [],
    {},
    [[]],
)
PIECES = (b"", b"\xff", b"[" * 2000, b"{", b'"', b"0", b"-", b"null", b"1e999", b"NaN", b'{"error":"no"}')
KINDS = ("hash", "array", "percpu_array", "lru_hash", "devmap", "xskmap")
KEY_SIZE, VALUE_SIZES = 4, (4, 8, 16, 24, 40)


def recorded(*names: str) -> list[bytes]:
    return [path.read_bytes() for name in names for path in sorted(RECORDED.glob(f"{name}*.json"))]


def changed(by: random.Random, text: bytes) -> bytes:
    """A piece cut out, doubled or written over; or values of JSON in the places of others."""
    if by.random() < 0.5:
        start = by.randrange(len(text))
        end = min(len(text), start + by.choice((0, 1, 3, 30, len(text))))
        return text[:start] + by.choice((*PIECES, 2 * text[start:end])) + text[end:]
    whole = [json.loads(answers.readable(text))]
    for _ in range(by.randint(1, 3)):
        spots = list(_places(whole))
        holder, key = by.choice(spots)
        other, its_key = by.choice(spots)
        holder[key] = json.loads(json.dumps(by.choice((*ODD, other[its_key], [holder[key]]))))
    return json.dumps(whole[0], separators=(",", ":")).encode()


def _places(part: Any) -> Iterator[tuple[Any, Any]]:
    keys = part.keys() if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
    for key in keys:
        yield part, key
        yield from _places(part[key])


def only_our_errors(texts: list[bytes], *readers: Callable[[proc.Result], object]) -> None:
    for seed in range(ROUNDS):
        by = random.Random(seed)
        out = changed(by, by.choice(texts))
        for read in readers:
            try:
                read(proc.Result(("bpftool",), by.choice((0, 0, 0, 255, -9)), out, ""))
            except XdpctlError as error:
                assert error.message  # noqa: PT017  (any of them will do)
            except Exception as error:
                raise AssertionError(f"seed {seed}: {out[:2000]!r}") from error


def test_lists_and_single_ones() -> None:
    def shown(result: proc.Result) -> None:
        programs = bpftool.read(result, tuple[Program, ...])
        found = [ProgramStatus(program, (), ()) for program in programs]
        status.as_text(found), status.as_json(found)

    only_our_errors(
        recorded("show_prog", "show_map__", "show_map_dup", "xdp_link_show"),
        shown,
        lambda result: bpftool.read(result, Program),
        lambda result: bpftool.read(result, tuple[BpfLink, ...]),
        bpftool.read_map,
        bpftool.read_maps,
        lambda result: bpftool.each(result, 1),
    )


def test_devices() -> None:
    devices = recorded("ip_link", "bpflink_ip_link", "nonroot_ip_link")
    only_our_errors(devices, iplink.decode, lambda result: iplink.found("sv-a", result, HERE))


def test_dumps() -> None:
    """Of an array, all elements come or none; nothing comes in other sizes than those of the map."""

    def dump(result: proc.Result) -> None:
        for kind in KINDS:
            for size in VALUE_SIZES:
                _read(Map(MapId(7), kind, "m", KEY_SIZE, size, 4), result)

    only_our_errors(recorded("dump_m", "dump_n", "dump_t", "empty_dump"), dump)


def _read(map_: Map, result: proc.Result) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proc, "query", lambda _: result)
        _refused_or(partial(elements.lookup, map_, bytes(KEY_SIZE)))
        _refused_or(partial(elements.following, map_, bytes(KEY_SIZE)))
    found = _refused_or(lambda: list(content.found(map_, [result.out])))
    if found is not None:
        assert all(len(c.values) in (0, len(c) * map_.bytes_value * c.cpus) for c in found)
        assert not is_fixed(map_) or sum(map(len, found)) == map_.max_entries


def _refused_or(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (XdpctlError, elements.Refusal):
        return None


def test_types() -> None:
    """What passes for types, can be used as such, for whatever bytes."""

    def use(result: proc.Result) -> None:
        dump = bpftool.btf(result)
        try:
            check.check(dump.types)
        except check.Unsound:
            return
        known = Types(dump.types)
        for type_ in dump.types:
            c_declaration.declared(known, type_.id)
            size = known.size(type_.id)
            if 0 < size < 1 << 12:
                _use(dump, type_.id, size)
            lost(beside(dump, type_.name, type_.name, evicts=True), bytes(64))

    only_our_errors([(RECORDED / "types.btf.json").read_bytes()], use)


def _use(dump: BtfDump, type_id: int, size: int) -> None:
    """As a key and a value of that type are read and written."""
    map_ = Map(MapId(7), "hash", "m", size, size, 4)
    ends = tuple(t for t in dump.types if t.id == type_id) * 2
    for raw in (False, True):
        layout = types.layout(map_, MapTypes(dump, BtfDump(ends)), raw)
        columns(layout), shape(layout)
        sums(layout.value), counters(layout.value), with_names(layout.value)
        for byte in ("00", "ff", "41"):
            cell = ",".join([f'"0x{byte}"'] * size)
            text = f'[{{"key":[{cell}],"value":[{cell}]}}]'.encode()
            [chunk] = chunks([text], Shape(size, size, per_cpu=False))
            [entry] = decode(chunk, layout)
            to_json(entry)
            _refused_or(partial(Encoder(dump.types).writer("key", type_id, size), entry.key))
    one(Types(dump.types).column(type_id), bytes(size))
    list(restoring.times(Types(dump.types), type_id))
