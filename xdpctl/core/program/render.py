"""A spec to the C of its program."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import structs

from xdpctl.core.program import parts
from xdpctl.core.spec.model import Spec

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.bccache import Bucket

NOTHING: Mapping[str, bytes] = MappingProxyType({})
MARKER = "// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes."


def renderer(texts: Mapping[str, str], compiled: Mapping[str, bytes] = NOTHING) -> Callable[[Spec], str]:
    """From a spec to the C of its program, by these templates, and the headers that they include."""
    template = _environment(texts, {**compiled}).get_template("counter.bpf.c.j2")

    def render(spec: Spec) -> str:
        found = parts.parts(spec)
        code = template.render(structs.asdict(found), **structs.asdict(found.fate), marker=MARKER)
        return re.sub(r"\n{3,}", "\n\n", code).replace("{\n\n", "{\n").replace("\n\n}", "\n}")

    return render


def compile_templates(texts: Mapping[str, str]) -> dict[str, bytes]:
    """What this Python need not compile anew, as long as the text stays."""
    compiled: dict[str, bytes] = {}
    environment = _environment(texts, compiled)
    for name in texts:
        environment.get_template(name)
    return compiled


def _environment(texts: Mapping[str, str], compiled: dict[str, bytes]) -> "Environment":
    """Of compiled templates, Jinja takes those of this text and this Python."""
    from jinja2 import BytecodeCache, DictLoader, Environment, StrictUndefined

    class Compiled(BytecodeCache):
        def load_bytecode(self, bucket: "Bucket") -> None:
            if bucket.key in compiled:
                bucket.bytecode_from_string(compiled[bucket.key])

        def dump_bytecode(self, bucket: "Bucket") -> None:
            compiled[bucket.key] = bucket.bytecode_to_string()

    return Environment(
        loader=DictLoader(texts),
        bytecode_cache=Compiled(),
        undefined=StrictUndefined,
        autoescape=False,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def headers(spec: Spec, texts: Mapping[str, str]) -> dict[str, str]:
    """Those of ours that its C includes from the directory where it lies: each by its name."""
    if not parts.looks_into_packets(spec):
        return {}
    return {parts.PACKET_HEADER: texts[f"bpf/{parts.PACKET_HEADER}"]}
