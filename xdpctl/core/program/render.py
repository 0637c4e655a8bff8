"""A spec to the C of its program."""

import contextlib
import re
import stat
import sys
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xdpctl.core.program import parts
from xdpctl.core.spec.model import Spec

if TYPE_CHECKING:
    from jinja2 import BytecodeCache, Environment

MARKER = "// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes."

_PACKAGE = Path(__file__).parents[2]
_INSTALLED = _PACKAGE / "_templates"
TEMPLATES = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / "templates"
LAYOUT: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True}
KEPT = TEMPLATES / "__pycache__"
HEADERS = _PACKAGE / "_bpf" if _INSTALLED.is_dir() else _PACKAGE.parent / "bpf"


def render(spec: Spec) -> str:
    """The C of the program that this spec describes."""
    template = _environment().get_template("counter.bpf.c.j2")
    code = template.render(marker=MARKER, **parts.parts(spec))
    return re.sub(r"\n{3,}", "\n\n", code).replace("{\n\n", "{\n").replace("\n\n}", "\n}")


def _compiled() -> "BytecodeCache":
    """Compiled templates, kept beside their source as Python keeps its own, where that can be written.

    They are run as they are.
    """
    from jinja2 import FileSystemBytecodeCache
    from jinja2.bccache import Bucket

    class BesideTemplates(FileSystemBytecodeCache):
        def load_bytecode(self, bucket: Bucket) -> None:
            with contextlib.suppress(OSError):
                if _as_safe_as_this(KEPT):
                    super().load_bytecode(bucket)

        def dump_bytecode(self, bucket: Bucket) -> None:
            if not sys.dont_write_bytecode:
                with contextlib.suppress(OSError):
                    KEPT.mkdir(0o755, exist_ok=True)
                    if _as_safe_as_this(KEPT):
                        super().dump_bytecode(bucket)

    made_with = zlib.crc32(repr(LAYOUT).encode())
    return BesideTemplates(str(KEPT), f"%s.{made_with:x}.{sys.implementation.cache_tag}")


def _as_safe_as_this(directory: Path) -> bool:
    """Whether nobody can write there who couldn't write this code as well."""
    found, code = directory.lstat(), Path(__file__).parent.stat()
    laxer = found.st_mode & 0o022 & ~(code.st_mode if found.st_gid == code.st_gid else 0)
    return stat.S_ISDIR(found.st_mode) and found.st_uid in (0, code.st_uid) and not laxer


def headers(spec: Spec) -> dict[str, str]:
    """Those of ours that its C includes from the directory where it lies: each by its name."""
    if not parts.looks_into_packets(spec):
        return {}
    name = parts.PACKET_HEADER
    return {name: (HEADERS / name).read_text(encoding="utf-8")}


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
