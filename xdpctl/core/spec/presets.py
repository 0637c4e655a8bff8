"""Specs that come with xdpctl."""

from xdpctl.core.machine.shell import command_line
from xdpctl.core.program.render import TEMPLATES
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import BadRequest

_DIRECTORY = TEMPLATES / "presets"
_ORDER = (
    "lesson-1",
    "lesson-2",
    "lesson-3",
    "lesson-4",
    "lesson-5",
    "per-protocol",
    "top-talkers",
    "port-scan-watch",
    "drop-list",
    "redirect-pair",
)
NEW = TEMPLATES / "new.toml"


def names() -> tuple[str, ...]:
    return _ORDER


def text(name: str) -> str:
    """The spec as its users get it."""
    if name not in _ORDER:
        raise BadRequest(f"there is no preset {name!r}", *did_you_mean(name, _ORDER))
    return (_DIRECTORY / f"{name}.toml").read_text(encoding="utf-8")


def described() -> tuple[tuple[str, str], ...]:
    """Each name with what the first line of its spec says."""
    return tuple((name, text(name).partition("\n")[0].removeprefix("# ")) for name in _ORDER)


def beginning(file_name: str) -> str:
    """Every entry with its default, for a file of this name."""
    return NEW.read_text(encoding="utf-8").replace("counter.toml", command_line((file_name,)))
