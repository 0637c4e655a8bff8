"""A commented spec to start from."""

from pathlib import Path

from xdpctl.errors import AlreadyThere, BadRequest, FileUnusable
from xdpctl.tools.files import placing


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
