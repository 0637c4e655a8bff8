"""What of an object is loaded, and what of its bytes is otherwise in a copy that holds nothing else."""

from msgspec import Struct

from xdpctl.core.machine.identifiers import NAME_LENGTH, cut
from xdpctl.core.objects.elf import BpfObject
from xdpctl.core.objects.map_definitions import Patch
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import Ambiguous, NoSuchProgram


class Choice(Struct, frozen=True):
    """Programs of an object, to be loaded together."""

    object: BpfObject
    programs: tuple[str, ...]
    """The first is the one that was meant, if one was."""

    @property
    def maps(self) -> tuple[str, ...]:
        return self.object.maps

    @property
    def section(self) -> str:
        """That of the first program."""
        return next(section for section, name in self.object.programs if name == self.programs[0])

    @property
    def pinned_names(self) -> tuple[str, ...]:
        return (*self.programs, *self.maps)

    @property
    def long_names(self) -> tuple[str, ...]:
        """Those of which the kernel keeps the beginning."""
        return tuple(name for name in self.pinned_names if len(name) > NAME_LENGTH)

    @property
    def edits(self) -> tuple[Patch, ...]:
        """What a copy has otherwise: other programs are no functions, and no map pins itself.

        bpftool loads every function of an object, pins the first, and doesn't pin again what libbpf pins.
        """
        others = {name for _, name in self.object.programs} - {*self.programs}
        symbols = (s for s in self.object.symbols if s.is_function and s.name in others)
        silenced = [Patch(s.info_at, bytes([s.binding << 4])) for s in symbols]
        btf = next((s.offset for s in self.object.sections if s.name == ".BTF"), 0)
        asking = (d.unpinning for d in self.object.map_definitions if d.unpinning)
        return tuple(dict.fromkeys((*silenced, *(Patch(btf + one.at, one.data) for one in asking))))


def choose(found: BpfObject, path: str, program: str, *advice: str, option: str = "--program") -> Choice:
    """The program that was named, or the only one; `advice` is for whoever has to name one.

    Those that a prog_array holds from the start come along: libbpf loads no such map without them.
    """
    names = found.xdp_programs
    if program:
        chosen = [name for name in names if name == program] or [n for n in names if cut(n) == program]
        if not chosen:
            raise NoSuchProgram(f"{path} has no XDP program {program!r}", *did_you_mean(program, names))
        names = tuple(chosen)
    if len(names) > 1:
        raise Ambiguous(
            f"{path} has several programs: {', '.join(names)}", f"say which: {option} NAME", *advice
        )
    called = (n for n in found.xdp_programs if n in found.in_maps and n not in names)
    return Choice(found, (*names, *called))


def all_of(found: BpfObject) -> Choice:
    return Choice(found, found.xdp_programs)
