"""A spec to the C of its program."""

import contextlib
import re
import sys
import zlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xdpctl.core.spec import Counter, Field, Key, Spec, Verdict

if TYPE_CHECKING:
    from jinja2 import BytecodeCache, Environment

MARKER = "// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes."

_PACKAGE = Path(__file__).parent.parent
_INSTALLED = _PACKAGE / "_templates"
TEMPLATES = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / "templates"
LAYOUT: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True}
KEPT = TEMPLATES / "__pycache__"
HEADERS = _PACKAGE / "_bpf" if _INSTALLED.is_dir() else _PACKAGE.parent / "bpf"


def render(spec: Spec) -> str:
    """The C of the program that this spec describes."""
    counter = spec.counter
    several = len(counter.fields) > 1
    needs_bytes = Field.BYTES in counter.fields
    by_verdict = counter.key is Key.VERDICT
    verdict = f"XDP_{spec.verdict.upper()}"
    return (
        _environment()
        .get_template("counter.bpf.c.j2")
        .render(
            marker=MARKER,
            spec=spec,
            counter=counter,
            counted=_counted(counter),
            fate=_FATE[spec.verdict],
            by_verdict=by_verdict,
            needs_bytes=needs_bytes,
            value_is_struct=several,
            key_type="xdp_action_t" if by_verdict else "__u32",
            key_value=verdict if by_verdict else "0",
            value_type="struct counts" if several else "__u64",
            value="counts" if several else str(counter.fields[0]),
            first_value=_first_value(counter),
            additions=tuple(_additions(counter)),
            map_flags=" | ".join(f"BPF_F_{flag.upper()}" for flag in counter.flags),
            printk=_c_string(spec.printk.replace("%", "%%")),
            verdict=verdict,
        )
    )


def _compiled() -> "BytecodeCache":
    """Compiled templates, kept beside their source as Python keeps its own, where that can be written."""
    from jinja2 import FileSystemBytecodeCache
    from jinja2.bccache import Bucket

    class BesideTemplates(FileSystemBytecodeCache):
        def dump_bytecode(self, bucket: Bucket) -> None:
            if not sys.dont_write_bytecode:
                with contextlib.suppress(OSError):
                    KEPT.mkdir(exist_ok=True)
                    super().dump_bytecode(bucket)

    made_with = zlib.crc32(repr(LAYOUT).encode())
    return BesideTemplates(str(KEPT), f"%s.{made_with:x}.{sys.implementation.cache_tag}")


@cache
def _environment() -> "Environment":
    from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined

    return Environment(
        loader=ChoiceLoader([FileSystemLoader(TEMPLATES), PrefixLoader({"bpf": FileSystemLoader(HEADERS)})]),
        undefined=StrictUndefined,
        autoescape=False,
        auto_reload=False,
        **LAYOUT,
        bytecode_cache=_compiled(),
    )


_FATE = {Verdict.PASS: "passes", Verdict.DROP: "drops"}


def _counted(counter: Counter) -> str:
    what = " and ".join(counter.fields)
    by = " by verdict" if counter.key is Key.VERDICT else ""
    kind = str(counter.type).replace("percpu_", "per-CPU ")
    return f"{what}{by} in the {kind} map {counter.map}"


_ONE_PACKET = {Field.PACKETS: "1", Field.BYTES: "length"}


def _first_value(counter: Counter) -> str:
    if len(counter.fields) == 1:
        return _ONE_PACKET[counter.fields[0]]
    return "{ " + ", ".join(f".{field} = {_ONE_PACKET[field]}" for field in counter.fields) + " }"


def _additions(counter: Counter) -> Iterable[str]:
    for field in counter.fields:
        amount = _ONE_PACKET[field]
        if len(counter.fields) > 1:
            place, pointer = f"counts->{field}", f"&counts->{field}"
        else:
            place, pointer = f"*{field}", str(field)
        yield f"{place} += {amount}" if counter.type.per_cpu else f"__sync_fetch_and_add({pointer}, {amount})"


def _c_string(text: str) -> str:
    """The text between the quotes of a C string; `??` would begin a trigraph."""
    return re.sub(r'["\\]|(?<=\?)\?', r"\\\g<0>", text)
