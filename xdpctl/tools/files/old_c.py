"""From C with maps in SEC("maps") to a file that libbpf 1.0 and later take."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from xdpctl.core.objects import conversion, legacy
from xdpctl.core.wording import join
from xdpctl.errors import BadRequest, Lines
from xdpctl.tools.files import headers, sources

_QUOTED = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.M)


def converted(source: Path, out: Path, include: Iterable[str]) -> str:
    """The converted C, as it will stand in another directory."""
    code = sources.c_text(source)
    beside = dict(_beside(source, code, set()))
    in_header = legacy_header(source, code)
    if in_header:
        raise BadRequest(*in_header)
    refuse_macros(source, code)
    if not legacy.find(code):
        raise BadRequest(f'{source} defines no map in SEC("maps"), so there is nothing to convert')
    places = [*map(Path, include), headers.PLACE, *headers.PLACE.glob("*-linux-gnu*")]

    def place(name: str, quoted: bool) -> str | None:
        if quoted and (source.parent / name).is_file():
            return f'"{os.path.relpath(source.parent / name, out)}"'
        if not any((place / name).is_file() for place in places):
            return None
        return f'"{name}"' if quoted else f"<{name}>"

    return conversion.converted(code, place, "".join(beside.values()))


def refuse_macros(source: Path, code: str) -> None:
    """What a macro makes of its arguments isn't converted, and a part alone would be refused later."""
    found = legacy.made_by_macros(code)
    if found:
        others = [str(one.line) for one in found[1:]]
        lines = f", and those of line{'s' * (len(others) > 1)} {join(others)}" if others else ""
        raise BadRequest(
            f'{source}:{found[0].line}: the macro {found[0].macro} makes a map in SEC("maps"), '
            "which is refused since libbpf 1.0",
            f"write this map out, without the macro{lines}",
            f"then it is converted by: xdpctl build {source} --convert",
        )


def legacy_header(source: Path, code: str) -> tuple[str, ...]:
    """What to say of the first header beside a source that defines maps of old; nothing if none does."""
    for header, text in _beside(source, code, set()):
        maps = legacy.find(text)
        if maps:
            return (
                f'{header}:{maps[0].line}: a map in SEC("maps") is refused since libbpf 1.0',
                "the same in today's form, to be written there:",
                *(Lines(map_.modern) for map_ in maps),
            )
    return ()


def _beside(source: Path, code: str, met: set[Path]) -> Iterator[tuple[Path, str]]:
    """The texts of the headers that lie beside a source, and of theirs."""
    for name in _QUOTED.findall(code):
        path = source.parent / name
        if path.name not in conversion.LIBBPF and path.is_file() and path.resolve() not in met:
            met.add(path.resolve())
            header = sources.c_text(path)
            yield path, header
            yield from _beside(path, header, met)
