"""Compile the templates when xdpctl is installed, for the Python that does so; others do it at each build."""

import site
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent.parent


def write_compiled(file: Path) -> None:
    from msgspec import msgpack

    from xdpctl.core.program.render import compile_templates
    from xdpctl.tools.files import assets

    file.write_bytes(msgpack.encode(compile_templates(assets.TEXTS)))


class CompiledTemplates(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        sys.path.insert(0, str(ROOT))
        from xdpctl.tools.files import assets

        self.temporary = tempfile.TemporaryDirectory()
        compiled = Path(self.temporary.name, "compiled")
        write_compiled(compiled)
        place = assets.WHERE_EDITABLE if version == "editable" else assets.WHERE
        build_data["force_include"][str(compiled)] = place

    def finalize(self, *_: object) -> None:
        self.temporary.cleanup()


if __name__ == "__main__":  # those of a checkout, where a template was changed since
    sys.path.insert(0, str(ROOT))
    from xdpctl.tools.files import assets

    write_compiled(Path(site.getsitepackages()[0], assets.WHERE_EDITABLE))
