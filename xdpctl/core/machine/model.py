"""What is on the machine, as the tools report it: programs, maps, devices."""

from enum import IntEnum, StrEnum
from typing import Annotated, Any, NewType

from msgspec import Meta, Struct

ProgId = NewType("ProgId", int)
MapId = NewType("MapId", int)
BtfId = NewType("BtfId", int)
U32 = Meta(ge=0, lt=1 << 32)
"""Whatever is told as another number, can't be read."""
Seconds = Annotated[int, Meta(ge=0, lt=1 << 36)]
"""Since 1970; what is later has no date."""
Argv = tuple[str, ...]

METADATA = "xdpctl"
"""Programs that xdpctl generated carry this name in their bpf_metadata_… constants."""


class Mode(StrEnum):
    """Where in the network stack a program runs."""

    NATIVE = "native"
    GENERIC = "generic"
    OFFLOAD = "offload"

    @property
    def ip_word(self) -> str:
        return {Mode.NATIVE: "xdpdrv", Mode.GENERIC: "xdpgeneric", Mode.OFFLOAD: "xdpoffload"}[self]


class ModeChoice(StrEnum):
    """What a user may ask for: a mode, or the best one that the device offers."""

    AUTO = "auto"
    NATIVE = "native"
    GENERIC = "generic"
    OFFLOAD = "offload"

    @property
    def tried(self) -> tuple[Mode, ...]:
        return (Mode.NATIVE, Mode.GENERIC) if self is ModeChoice.AUTO else (Mode(self.value),)


class Program(Struct, frozen=True):
    id: Annotated[ProgId, U32]
    type: str | int
    """A number, where bpftool is older than the kernel."""
    tag: str = ""
    name: str = ""
    loaded_at: Seconds = 0
    map_ids: tuple[Annotated[MapId, U32], ...] = ()
    pinned: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}
    btf_id: Annotated[BtfId, U32] | None = None
    run_cnt: Annotated[int, Meta(ge=0)] = 0
    """How often it ran while the kernel counted that."""
    jited: bool = False
    """Whether it was compiled for the processor; else the kernel interprets it."""

    @property
    def ours(self) -> bool:
        return METADATA in self.metadata


class Map(Struct, frozen=True):
    id: Annotated[MapId, U32]
    type: str | int = ""
    name: str = ""
    bytes_key: Annotated[int, U32] = 0
    bytes_value: Annotated[int, U32] = 0
    max_entries: Annotated[int, U32] = 0
    btf_id: Annotated[BtfId, U32] | None = None
    pinned: tuple[str, ...] = ()
    flags: int = 0
    frozen: int = 0
    bytes_memlock: int = 0

    @property
    def per_cpu(self) -> bool:
        return "percpu" in str(self.type)

    @property
    def evicts(self) -> bool:
        """Makes room for new elements by dropping old ones."""
        return "lru" in str(self.type)

    @property
    def elements_come_singly(self) -> bool:
        """An array has all its elements from the start, a devmap all its places."""
        return not str(self.type).endswith(("array", "devmap"))

    @property
    def holds_devices(self) -> bool:
        """Numbers of devices, in the network namespace of whoever writes them."""
        return str(self.type).startswith("devmap")

    @property
    def takes_programs(self) -> bool:
        """Each value has room for a program that packets run through on their way."""
        return str(self.type).startswith(("devmap", "cpumap")) and self.bytes_value == 8

    @property
    def constant(self) -> bool:
        """Programs only read it (BPF_F_RDONLY_PROG), as they do `.rodata`: nothing is counted there."""
        return bool(self.flags >> 7 & 1)

    @property
    def internal(self) -> bool:
        """libbpf makes such maps for a program's global variables: `xdp_allo.rodata`."""
        return "." in self.name

    @property
    def own_name(self) -> str:
        """Without that of the program: `.rodata`."""
        return self.name[self.name.index(".") :] if self.internal else self.name


class Via(StrEnum):
    """What reads a map."""

    BPFTOOL = "bpftool"
    BATCH = "batch"


class BpfLink(Struct, frozen=True):
    """A bpf_link: it holds a program on a device, and `ip` can neither replace nor remove it."""

    id: Annotated[int, U32]
    type: str | int
    prog_id: Annotated[ProgId, U32] = ProgId(0)
    ifindex: int | None = None
    """Of its device; None where that can't be seen."""


class IpMode(IntEnum):
    """How `ip -j` numbers the modes."""

    DRV = 1
    SKB = 2
    HW = 3

    @property
    def mode(self) -> Mode:
        return {IpMode.DRV: Mode.NATIVE, IpMode.SKB: Mode.GENERIC, IpMode.HW: Mode.OFFLOAD}[self]


class AttachedProgram(Struct, frozen=True):
    id: Annotated[ProgId, U32]
    name: str = ""


class Attachment(Struct, frozen=True):
    mode: IpMode
    prog: AttachedProgram


class Xdp(Struct, frozen=True):
    attached: tuple[Attachment, ...] = ()


class LinkInfo(Struct, frozen=True):
    info_kind: str = ""


class Device(Struct, frozen=True):
    ifname: str = ""
    ifindex: int = 0
    xdp: Xdp = Xdp()
    flags: tuple[str, ...] = ()
    link: str | None = None
    """The device that it hangs together with, such as the other end of a veth pair."""
    link_index: int | None = None
    """The number of that device, where it is in another network namespace."""
    link_netnsid: int | None = None
    """By which number this namespace knows that one."""
    master: str | None = None
    """The bridge or bond that it is a port of."""
    linkinfo: LinkInfo = LinkInfo()
    altnames: tuple[str, ...] = ()
    mtu: int = 1500
    link_type: str = "ether"

    def attachments_of(self, ids: frozenset[ProgId]) -> tuple[Attachment, ...]:
        return tuple(a for a in self.xdp.attached if a.prog.id in ids)


class Placed(Struct, frozen=True):
    device: str
    attachment: Attachment


class ProgramStatus(Struct, frozen=True):
    """A program with its maps and where it runs."""

    program: Program
    maps: tuple[Map, ...]
    places: tuple[Placed, ...]
