"""What comes with xdpctl: templates, presets and headers; inside the package, or beside it in a checkout."""

import site
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from msgspec import DecodeError, msgpack

from xdpctl.core.wording import did_you_mean
from xdpctl.errors import BadRequest

_PACKAGE = Path(__file__).parents[2]
_INSTALLED = (_PACKAGE / "_templates").is_dir()
TEMPLATES = _PACKAGE / "_templates" if _INSTALLED else _PACKAGE.parent / "templates"
HEADERS = _PACKAGE / "_bpf" if _INSTALLED else _PACKAGE.parent / "bpf"
WHERE, WHERE_EDITABLE = "xdpctl/_templates/compiled", "xdpctl_templates"
"""The compiled templates, among the packages of this Python."""

PRESETS = (
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


class _Texts(Mapping[str, str]):
    """Read when asked for: in a checkout, anything may lie beside the headers."""

    def __getitem__(self, name: str) -> str:
        try:
            return _text(HEADERS / Path(name).name if name.startswith("bpf/") else TEMPLATES / name)
        except FileNotFoundError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        headers = (f"bpf/{path.name}" for path in HEADERS.glob("*.h"))
        return chain((path.name for path in TEMPLATES.glob("*.j2")), headers)

    def __len__(self) -> int:
        return sum(1 for _ in self)


TEXTS: Mapping[str, str] = _Texts()
"""The templates of programs, and the headers as `bpf/NAME`."""


def compiled() -> dict[str, bytes]:
    """What of the templates was compiled when xdpctl was installed."""
    place = _PACKAGE.parent / WHERE if _INSTALLED else Path(site.getsitepackages()[0], WHERE_EDITABLE)
    try:
        return msgpack.decode(place.read_bytes(), type=dict[str, bytes])
    except (OSError, DecodeError):
        return {}


def preset(name: str) -> str:
    """The spec as its users get it."""
    if name not in PRESETS:
        raise BadRequest(f"there is no preset {name!r}", *did_you_mean(name, PRESETS))
    return _text(TEMPLATES / "presets" / f"{name}.toml")


def spec_with_defaults() -> str:
    """Every entry with its default."""
    return _text(TEMPLATES / "new.toml")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
