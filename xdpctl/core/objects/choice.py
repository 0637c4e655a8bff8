"""What of an object is loaded, and what of its bytes is otherwise in a copy that holds nothing else."""

from msgspec import Struct

from xdpctl.core.machine.identifiers import NAME_LENGTH, cut
from xdpctl.core.objects.elf import BpfObject
from xdpctl.core.objects.map_definitions import Patch
from xdpctl.core.objects.optional import MARK
from xdpctl.core.wording import did_you_mean, listed
from xdpctl.errors import Ambiguous, BadRequest, NoSuchProgram


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
        """That of the first program, as libbpf understands it."""
        return next(s for s, name in self.object.programs if name == self.programs[0]).removeprefix(MARK)

    @property
    def called_by_maps(self) -> bool:
        """Whether one is for packets that a devmap or a cpumap has sent on: SEC("xdp/devmap")."""
        sections = (section for section, name in self.object.programs if name in self.programs)
        return any(section.endswith(("/devmap", "/cpumap")) for section in sections)

    @property
    def pinned_names(self) -> tuple[str, ...]:
        return (*self.programs, *self.maps)

    @property
    def long_names(self) -> tuple[str, ...]:
        """Those of which the kernel keeps the beginning."""
        return tuple(name for name in self.pinned_names if len(name) > NAME_LENGTH)

    @property
    def edits(self) -> tuple[Patch, ...]:
        """What a copy has otherwise: other programs are no functions, none is left out, no map pins itself.

        bpftool loads every function of an object, pins the first, and doesn't pin again what libbpf pins.
        """
        meant = {section for section, name in self.object.programs if name in self.programs}
        enabled = (patch for s in self.object.sections if s.name in meant for patch in s.enabling)
        others = {name for _, name in self.object.programs} - {*self.programs}
        symbols = (s for s in self.object.symbols if s.is_function and s.name in others)
        silenced = [Patch(s.info_at, bytes([s.binding << 4])) for s in symbols]
        btf = next((s.offset for s in self.object.sections if s.name == ".BTF"), 0)
        asking = (d.unpinning for d in self.object.map_definitions if d.unpinning)
        return tuple(dict.fromkeys((*silenced, *enabled, *(Patch(btf + one.at, one.data) for one in asking))))


def choose(found: BpfObject, path: str, program: str, *advice: str, option: str = "--program") -> Choice:
    """The program that was named, or the only one; `advice` is for whoever has to name one.

    Those that a prog_array holds from the start come along: libbpf loads no such map without them.
    """
    names = found.loaded_programs
    if program:
        known = found.xdp_programs
        chosen = [name for name in known if name == program] or [n for n in known if cut(n) == program]
        if not chosen:
            raise NoSuchProgram(f"{path} has no XDP program {program!r}", *did_you_mean(program, known))
        names = tuple(chosen)
    if len(names) > 1:
        raise Ambiguous(f"{path} has several programs: {listed(names)}", f"say which: {option} NAME", *advice)
    called = (n for n in found.xdp_programs if n in found.in_maps and n not in names)
    return Choice(found, (*names, *called))


def all_of(found: BpfObject) -> Choice:
    return Choice(found, found.loaded_programs)


def to_load(found: BpfObject, path: str, program: str, every: bool, attaches: bool) -> tuple[Choice, str]:
    """What is loaded; and of that, what is attached. Of all programs, one need be named to be attached."""
    whole = all_of(found)
    if every and not program and not attaches:
        return whole, whole.programs[0]
    advice = () if every else ("or load them all: --all",)
    chosen = choose(found, path, program, *advice)
    attached = chosen.programs[0]
    if every and attached not in whole.programs:
        raise BadRequest(
            f"--all leaves {attached} out: the question mark of its section says so",
            "load it alone: leave out --all",
        )
    return whole if every else chosen, attached
