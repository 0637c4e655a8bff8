"""A spec to the C of its program."""

import contextlib
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import structs

from xdpctl.core.program import parts
from xdpctl.core.spec.model import Spec
from xdpctl.errors import XdpctlError

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.bccache import Bucket

NOTHING: Mapping[str, bytes] = MappingProxyType({})
_HINT = "it comes with xdpctl, and has been changed or removed: install xdpctl anew"
MARKER = "// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes."


def renderer(texts: Mapping[str, str], compiled: Mapping[str, bytes] = NOTHING) -> Callable[[Spec], str]:
    """From a spec to the C of its program, by these templates, and the headers that they include."""
    with _explaining():
        template = _environment(texts, {**compiled}).get_template("counter.bpf.c.j2")

    def render(spec: Spec) -> str:
        found = parts.parts(spec)
        with _explaining():
            code = template.render(structs.asdict(found), **structs.asdict(found.fate), marker=MARKER)
        return re.sub(r"\n{3,}", "\n\n", code).replace("{\n\n", "{\n").replace("\n\n}", "\n}")

    return render


@contextlib.contextmanager
def _explaining() -> Iterator[None]:
    """What is wrong with a template that somebody changed, and in which line."""
    from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError

    try:
        yield
    except TemplateNotFound as error:
        raise XdpctlError(f"the template {error.name} is missing", _HINT) from error
    except TemplateSyntaxError as error:
        raise XdpctlError(f"{error.name}:{error.lineno}: {error.message}", _HINT) from error
    except TemplateError as error:
        *_, (frame, line) = traceback.walk_tb(error.__traceback__)
        raise XdpctlError(f"{frame.f_code.co_filename}:{line}: {error.message}", _HINT) from error


def compile_templates(texts: Mapping[str, str]) -> dict[str, bytes]:
    """What this Python need not compile anew, as long as the text stays."""
    compiled: dict[str, bytes] = {}
    environment = _environment(texts, compiled)
    for name in texts:
        environment.get_template(name)
    return compiled


def _environment(texts: Mapping[str, str], compiled: dict[str, bytes]) -> "Environment":
    """Of compiled templates, Jinja takes those of this text and this Python."""
    from jinja2 import BytecodeCache, Environment, FunctionLoader, StrictUndefined

    class Compiled(BytecodeCache):
        def load_bytecode(self, bucket: "Bucket") -> None:
            if bucket.key in compiled:
                bucket.bytecode_from_string(compiled[bucket.key])

        def dump_bytecode(self, bucket: "Bucket") -> None:
            compiled[bucket.key] = bucket.bytecode_to_string()

    return Environment(
        loader=FunctionLoader(lambda name: (texts[name], name, None) if name in texts else None),
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
    name = f"bpf/{parts.PACKET_HEADER}"
    if name not in texts:
        raise XdpctlError(f"the header {name} is missing", _HINT)
    return {parts.PACKET_HEADER: texts[name]}
