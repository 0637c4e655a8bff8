"""Maps of a private copy, filled before it runs: `run --with` and `--with-live`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from xdpctl.cli import session
from xdpctl.core.machine.identifiers import may_be_same
from xdpctl.core.machine.model import Map
from xdpctl.core.machine.reach import Reach
from xdpctl.core.maps import saved_file
from xdpctl.core.maps.change import How
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import Ambiguous, BadRequest, NoSuchMap, Refused, Usage
from xdpctl.ops import run
from xdpctl.ops.map import copy, from_file, write

Maps = tuple[Map, ...]


def fill(programs: Sequence[Maps], live: Maps, given: Sequence[str], reach: Reach) -> None:
    """What is loaded comes first, so that what is given is laid over it."""
    for own in programs if live else ():
        for map_ in own:
            _copy(live, map_, reach)
    for text in given:
        name, _, content = text.partition("=")
        if not (name and content):
            raise Usage(
                f"--with {text}: it names no map, or nothing to fill it with",
                "write MAP=KEY=VALUE, or MAP=FILE",
            )
        for map_ in _called(name, programs):
            try:
                _write(map_, content)
            except (BadRequest, Refused) as error:
                raise type(error)(f"--with {name}: {error.message}", *error.hints) from error


def _copy(live: Maps, own: Map, reach: Reach) -> None:
    source = next(iter(_of_name(own.own_name, live)), None)
    if source is None:
        session.note(f"{own.own_name} begins empty: no loaded map is called so")
        return
    try:
        copy.prepare(f"id:{source.id}", f"id:{own.id}", reach).run()
    except (BadRequest, Refused) as error:
        session.note(f"{own.own_name} begins empty: {error.message}")


def _called(name: str, programs: Sequence[Maps]) -> list[Map]:
    """The maps of this name, one of each program; variables are in `.bss`."""
    found = []
    for own in programs:
        match _of_name(name, own):
            case [several, other, *_]:
                both = f"both {several.own_name} and {other.own_name}"
                raise Ambiguous(f"--with {name}: it may be {both}", "write the whole name")
            case alone:
                found += alone
    if not found:
        known = dict.fromkeys(map_.own_name for own in programs for map_ in own)
        raise NoSuchMap(f"--with {name}: the program has no map of that name", *did_you_mean(name, known))
    return found


def _of_name(name: str, maps: Maps) -> list[Map]:
    """That of the whole name, or those that may have it."""
    exact = [map_ for map_ in maps if map_.own_name == name]
    return exact or [map_ for map_ in maps if may_be_same(map_.own_name, name)]


def _write(map_: Map, content: str) -> None:
    """Where each CPU has a value, that of the one on which the program runs is written, and no other."""
    cpu = run.stay_on_one_cpu() if map_.per_cpu else None
    name, path = f"id:{map_.id}", Path(content)
    if path.is_file() or "=" not in content:
        first = run.first_line(path)
        if saved_file.is_header(first):
            writing = from_file.prepare_restore(path, name, "")
        else:
            tells_of_cpus = '"per_cpu"' in first or "cpu" in first.split(",")
            writing = from_file.prepare_set(name, "", path, "", None if tells_of_cpus else cpu, How.ANY, "")
        writing.run()
        return
    refusals = []
    for words in _readings(content):
        try:
            prepared = write.prepare_set(name, "", words, "", cpu, How.ANY, "")
        except BadRequest as error:
            refusals.append(error)
        else:
            prepared.writing.run()
            return
    raise refusals[0]


def _readings(content: str) -> Iterator[tuple[str, ...]]:
    """Which of several `=` is between key and value is seen by what the map takes."""
    for place, character in enumerate(content):
        if character == "=":
            yield (*content[:place].split(), *content[place + 1 :].split())
    yield tuple(content.split())
