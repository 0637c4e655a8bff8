"""The steps that load an object, whole or a part of it, with its own maps or those of others."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from xdpctl.core.machine.model import Argv
from xdpctl.core.machine.shell import command_line
from xdpctl.core.objects.choice import Choice
from xdpctl.core.objects.elf import BpfObject
from xdpctl.core.plan.plan import Plan, Step, step
from xdpctl.core.wording import join


class Loading(Struct, frozen=True):
    """What is loaded, and where to. Each step has a name: what tools do is looked after."""

    path: str
    chosen: Choice
    pin: str
    aside: str = ""
    """A name that nothing has yet, for what is removed in the end."""
    used: Mapping[str, Argv] = {}
    """Maps that are there already, as bpftool names them: `pinned PATH`, or `id N`."""
    inherited: Mapping[str, Argv] = {}
    """Maps and global variables that are there already, and are pinned once more with what is loaded."""
    card: str | None = None
    """The device that is to run the program itself: it is loaded for that one."""
    inside: Argv = ()

    @property
    def programs(self) -> tuple[str, ...]:
        return tuple(f"{self.pin}/{name}" for name in self.chosen.programs)

    @property
    def new_names(self) -> tuple[str, ...]:
        """Those that nothing in the directory may have."""
        return tuple(n for n in self.chosen.pinned_names if self.used.get(n) != ("pinned", f"{self.pin}/{n}"))

    @property
    def fresh(self) -> tuple[str, ...]:
        """What bpftool makes pins of, as long as nothing is there."""
        own = (f"{self._maps}/{name}" for name in self.chosen.maps if name not in self.used)
        return (*self.programs, *own)

    @property
    def internal(self) -> tuple[str, ...]:
        """The pins that libbpf makes for global variables."""
        return tuple(f"{self._maps}/{name}" for name in internal_pins(self.path, self.chosen.object))

    @property
    def _maps(self) -> str:
        """bpftool pins all maps into one directory, those that are pinned there already too, and fails."""
        return f"{self.pin}/{self.aside}" if self.used else self.pin

    @property
    def copying(self) -> Plan:
        """A step, if the object can't be loaded as it is."""
        return self._from_copy[0]

    @property
    def _from_copy(self) -> tuple[Plan, str]:
        return from_copy(self.path, f"/run/{self.aside}", self.chosen)

    @property
    def load(self) -> Step:
        names = self.chosen.programs
        # above the last / of it, bpftool looks for a bpffs
        verb, pin = ("loadall", f"{self.pin}/.") if len(names) > 1 else ("load", self.programs[0])
        there = {**self.used, **self.inherited}
        used = (word for name, words in there.items() for word in ("map", "name", name, *words))
        to_card = () if self.card is None else ("dev", self.card)
        # told a type, bpftool forgets that a section asks for more than it
        kind = () if self.chosen.called_by_maps else ("type", "xdp")
        words = ("prog", verb, self._from_copy[1], pin, *kind, *used, *to_card, "pinmaps", self._maps)
        command = (*(self.inside if to_card else ()), "bpftool", "-j", "-n", *words)
        return step(f"load {join(names)}", command, ("rm", "-f", *self.fresh, *self.internal))

    @property
    def pinning(self) -> Mapping[str, Step]:
        """By the pin: the maps that aren't where they shall be."""
        return {f"{self.pin}/{name}": self._pin(name) for name in self.chosen.maps if self._lacks_pin(name)}

    def _lacks_pin(self, name: str) -> bool:
        return bool(self.used) and self.used.get(name) != ("pinned", f"{self.pin}/{name}")

    def _pin(self, name: str) -> Step:
        there, pin = self.used.get(name, ("pinned", f"{self._maps}/{name}")), f"{self.pin}/{name}"
        return step(f"pin {name}", ("bpftool", "-j", "-n", "map", "pin", *there, pin), ("rm", "-f", pin))

    def steps(self) -> Iterator[Step]:
        yield from self.copying
        if self.used:
            yield step(f"make the directory {self._maps}", ("mkdir", self._maps), ("rm", "-rf", self._maps))
        yield self.load
        yield from self.pinning.values()
        if self.used:
            yield step(f"remove the directory {self._maps}", ("rm", "-rf", self._maps))
        elif self.internal:
            yield step("remove the pins of global variables", ("rm", "-f", *self.internal))
        for copying in self.copying:
            yield step("remove the copy", *copying.acts[0].undo_lines)


def from_copy(path: str, directory: str, chosen: Choice) -> tuple[Plan, str]:
    """What makes a copy where one is needed; and what is to be loaded, the object itself or the copy."""
    if not chosen.edits:
        return (), path
    copy = (
        f"{directory}/{path.rpartition('/')[2]}"  # libbpf names maps of global variables by the file's name
    )
    return (_copy(path, directory, copy, chosen),), copy


def _copy(path: str, directory: str, copy: str, chosen: Choice) -> Step:
    lines = (("mkdir", "-m", "700", directory), ("cp", "--", path, copy))
    words = (*map(command_line, lines), *_edits(copy, chosen))
    what = f"copy {path} without what {join(chosen.programs)} doesn't need"
    return step(what, ("sh", "-c", " && ".join(words)), ("rm", "-rf", directory))


def edited(file: str, chosen: Choice) -> Plan:
    """The same for an object that may be changed itself."""
    words = tuple(_edits(file, chosen))
    what = f"remove from {file} what {join(chosen.programs)} doesn't need"
    return (step(what, ("sh", "-c", " && ".join(words))),) if words else ()


def _edits(file: str, chosen: Choice) -> Iterator[str]:
    for edit in chosen.edits:
        octal = "".join(f"\\{byte:03o}" for byte in edit.data)
        into = command_line(("dd", f"of={file}", "bs=1", f"seek={edit.at}", "conv=notrunc", "status=none"))
        yield f"printf '{octal}' | {into}"


def internal_pins(path: str, found: BpfObject) -> tuple[str, ...]:
    """How libbpf names its pins for .rodata, .data and .bss: as their maps, in letters and digits."""
    names = (name.encode(errors="surrogateescape") for name in internal_maps(path, found).values())
    letters = (map(chr, name) for name in names)
    return tuple("".join(c if c.isalnum() and c.isascii() else "_" for c in name) for name in letters)


def internal_maps(path: str, found: BpfObject) -> Mapping[str, str]:
    """By the section: how libbpf names the maps of global variables, by the file's name, in 15 bytes."""
    stem = path.rpartition("/")[2].partition(".")[0].encode(errors="surrogateescape")
    names = {}
    for section in found.sections:
        if section.size and section.name.startswith((".rodata", ".data", ".bss", ".kconfig")):
            kind = section.name.encode()
            whole = kind if b"." in kind[1:] else stem[: 15 - max(7, len(kind))] + kind
            names[section.name] = whole.decode(errors="surrogateescape")
    return names
