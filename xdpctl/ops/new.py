"""A commented spec to start from."""

from pathlib import Path

from xdpctl.errors import BadRequest


def new(path: Path, spec: str) -> None:
    """Write the spec; an existing file is never overwritten."""
    if path.suffix != ".toml":
        raise BadRequest(f"{path} is no name for a spec", "let it end with .toml, as in counter.toml")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(spec)
    except FileExistsError:
        raise BadRequest(f"{path} exists", f"give another name: xdpctl new {path.stem}-2.toml") from None
    except OSError as error:
        raise BadRequest(f"{path} can't be written: {error.strerror}") from error
