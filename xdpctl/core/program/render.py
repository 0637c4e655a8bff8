"""A spec to the C of its program."""

import re
from collections.abc import Callable, Mapping

from msgspec import structs

from xdpctl.core.program import parts
from xdpctl.core.spec.model import Spec

MARKER = "// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes."


def renderer(texts: Mapping[str, str]) -> Callable[[Spec], str]:
    """From a spec to the C of its program, by these templates, and the headers that they include."""
    from jinja2 import DictLoader, Environment, StrictUndefined

    environment = Environment(
        loader=DictLoader(texts),
        undefined=StrictUndefined,
        autoescape=False,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    template = environment.get_template("counter.bpf.c.j2")

    def render(spec: Spec) -> str:
        found = parts.parts(spec)
        code = template.render(structs.asdict(found), **structs.asdict(found.fate), marker=MARKER)
        return re.sub(r"\n{3,}", "\n\n", code).replace("{\n\n", "{\n").replace("\n\n}", "\n}")

    return render


def headers(spec: Spec, texts: Mapping[str, str]) -> dict[str, str]:
    """Those of ours that its C includes from the directory where it lies: each by its name."""
    if not parts.looks_into_packets(spec):
        return {}
    return {parts.PACKET_HEADER: texts[f"bpf/{parts.PACKET_HEADER}"]}
