"""A commented spec to start from."""

from pathlib import Path

from xdpctl.core.machine.shell import command_line
from xdpctl.errors import AlreadyThere, BadRequest, FileUnusable
from xdpctl.tools.files import assets, placing


def presets() -> tuple[tuple[str, str], ...]:
    """Each name with what the first line of its spec says."""
    return tuple((name, assets.preset(name).partition("\n")[0].removeprefix("# ")) for name in assets.PRESETS)


def text(path: Path, preset: str | None) -> str:
    """What is to be written: that preset, or every entry with its default."""
    if preset is not None:
        return assets.preset(preset)
    return assets.spec_with_defaults().replace("counter.toml", command_line((str(path),)))


def new(path: Path, spec: str) -> None:
    """Write the spec; an existing file is never overwritten."""
    if path.suffix != ".toml":
        raise BadRequest(f"{path} is no name for a spec", "let it end with .toml, as in counter.toml")
    try:
        placing.create(path, spec.encode())
    except FileExistsError:
        raise AlreadyThere(f"{path} exists", f"give another name: xdpctl new {path.stem}-2.toml") from None
    except OSError as error:
        raise FileUnusable(f"{path} can't be written: {error.strerror}") from error
