"""Compile the templates when xdpctl is installed, for the Python that does so; others do it at each build."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledTemplates(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        sys.path.insert(0, self.root)
        from msgspec import msgpack

        from xdpctl.core.program.render import compile_templates
        from xdpctl.tools.files import assets

        self.temporary = tempfile.TemporaryDirectory()
        compiled = Path(self.temporary.name, "compiled")
        compiled.write_bytes(msgpack.encode(compile_templates(assets.TEXTS)))
        place = assets.WHERE_EDITABLE if version == "editable" else assets.WHERE
        build_data["force_include"][str(compiled)] = place

    def finalize(self, *_: object) -> None:
        self.temporary.cleanup()
