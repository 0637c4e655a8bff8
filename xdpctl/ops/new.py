"""A commented spec to start from."""

from pathlib import Path

from xdpctl.core.spec_source import TEMPLATE
from xdpctl.errors import BadRequest


def new(path: Path) -> None:
    """Write the spec; an existing file is never overwritten."""
    try:
        with path.open("x") as file:
            file.write(TEMPLATE.format(name=path))
    except FileExistsError:
        raise BadRequest(f"{path} exists", f"give another name: xdpctl new {path.stem}-2.toml") from None
    except OSError as error:
        raise BadRequest(f"{path} can't be written: {error.strerror}") from error
