"""What `why` looks at: programs, maps and devices of all network namespaces, and how they hang together."""

from collections.abc import Iterable

from msgspec import Struct

from xdpctl.core.machine.identifiers import may_be_same
from xdpctl.core.machine.model import Argv, Attachment, BpfLink, Device, Map, MapId, ProgId, Program
from xdpctl.core.machine.mounts import Mount
from xdpctl.core.machine.owners import describe, ids, is_dispatcher
from xdpctl.core.machine.paths import below


class DevicePlace(Struct, frozen=True):
    """A device, in its network namespace."""

    device: Device
    netns: str = ""
    """What --netns calls it; empty for the one that xdpctl itself runs in."""
    inside: Argv = ()
    """What enters it."""

    @property
    def name(self) -> str:
        return self.device.ifname + (f" in netns {self.netns}" if self.netns else "")

    @property
    def is_user_visible(self) -> bool:
        """In this namespace, or one that has a name: not in a container."""
        return "/" not in self.netns

    @property
    def is_loopback(self) -> bool:
        return "LOOPBACK" in self.device.flags

    @property
    def is_veth(self) -> bool:
        return self.device.linkinfo.info_kind == "veth"


class RunningProgram(Struct, frozen=True):
    """A program on a device."""

    place: DevicePlace
    attachment: Attachment

    @property
    def says(self) -> str:
        return f"{describe(self.attachment)} runs on {self.place.name}"


class LastBuilt(Struct, frozen=True):
    """The object that was built last."""

    path: str
    is_only: bool
    """Then `load` needs no name."""
    names: tuple[str, ...] = ()
    """Those of the pins that loading it makes."""
    has_map: bool = True

    def counts_as(self, program: str) -> bool:
        """Whether it is this program, with a map to count in."""
        return self.has_map and any(may_be_same(name, program) for name in self.names)


class Scene(Struct, frozen=True):
    programs: tuple[Program, ...]
    maps: tuple[Map, ...]
    links: tuple[BpfLink, ...]
    places: tuple[DevicePlace, ...]
    pin: str
    """The pin directory."""
    mounted: tuple[Mount, ...] = ()
    netns: str | None = None
    """The namespace that the question is about; None for all."""
    asked: Map | DevicePlace | None = None
    """What the question is about; None for what is pinned."""
    built: LastBuilt | None = None
    uncovered: tuple[Program, ...] | None = ()
    """Programs with their pins as they are where the upper one of two bpffs is taken away; None if unseen."""

    def xdp(self) -> tuple[Program, ...]:
        """XDP programs, and those that libxdp makes parts of its dispatcher."""
        return tuple(p for p in self.programs if p.type in ("xdp", "ext"))

    def user_visible(self) -> tuple[Program, ...]:
        """Those that the user may mean: not what runs in containers, and is pinned there if at all."""
        return tuple(
            p for p in self.xdp() if p.pinned or any(r.place.is_user_visible for r in self.running((p,)))
        )

    def pinned(self) -> tuple[Program, ...]:
        return tuple(p for p in self.xdp() if below(p.pinned, self.pin))

    def programs_asked(self) -> tuple[Program, ...]:
        if isinstance(self.asked, DevicePlace):
            here = self.asked.device.xdp.attached
            parts = any(is_dispatcher(a.prog, self.programs) for a in here)
            numbers = {a.prog.id for a in here}
            return tuple(p for p in self.programs if p.id in numbers or (parts and p.type == "ext"))
        if isinstance(self.asked, Map):
            return self.users((self.asked,))
        return self.pinned() or self.users(self.pinned_maps())

    def maps_asked(self) -> tuple[Map, ...]:
        """The maps that should move: none that hold constants."""
        if isinstance(self.asked, Map):
            return (self.asked,)
        pinned = () if isinstance(self.asked, DevicePlace) else self.pinned_maps()
        return pinned or self.maps_of(self.programs_asked())

    def pinned_maps(self) -> tuple[Map, ...]:
        return tuple(m for m in self.maps if below(m.pinned, self.pin))

    def maps_of(self, programs: Iterable[Program]) -> tuple[Map, ...]:
        used = {i for p in programs for i in p.map_ids}
        return tuple(m for m in self.maps if m.id in used and not m.name.endswith(".rodata"))

    def users(self, maps: Iterable[Map]) -> tuple[Program, ...]:
        wanted = {m.id for m in maps}
        return tuple(p for p in self.xdp() if wanted & set(p.map_ids))

    def running(self, programs: Iterable[Program]) -> tuple[RunningProgram, ...]:
        """Where these programs run, in any namespace."""
        doors = self._entry_programs(tuple(programs))
        return tuple(
            RunningProgram(place, a) for place in self.places for a in place.device.attachments_of(doors)
        )

    def running_asked(self) -> tuple[RunningProgram, ...]:
        """Where the programs run that the question is about, as far as it is about those devices."""
        found = self.running(self.programs_asked())
        if isinstance(self.asked, DevicePlace):
            return tuple(r for r in found if r.place == self.asked)
        return tuple(r for r in found if self.netns is None or r.place.netns == self.netns)

    def other_end(self, place: DevicePlace) -> DevicePlace | None:
        """Of a veth pair, if it can be seen from here."""
        if not place.is_veth:
            return None
        found = [other for other in self.places if _is_pair(place, other)]
        named = [other for other in found if other.is_user_visible]  # labs of others may number devices alike
        return named[0] if len(named) == 1 else found[0] if len(found) == 1 else None

    def beneath(self, place: DevicePlace) -> tuple[DevicePlace, ...]:
        """The devices through which packets come to this one: ports of a bridge, what a VLAN lies on."""
        name = place.device.ifname
        neighbours = [other for other in self.places if other.netns == place.netns]
        lies_on = None if place.is_veth else place.device.link
        return tuple(p for p in neighbours if p.device.master == name or p.device.ifname == lies_on)

    def _entry_programs(self, programs: tuple[Program, ...]) -> frozenset[ProgId]:
        """What has to be attached so that these programs run: they themselves, or who calls them."""
        tables = {m.id for m in self.maps if m.type == "prog_array"}
        objects = {p.btf_id for p in programs if p.btf_id}
        callers = (p for p in self.programs if p.btf_id in objects and tables & set(p.map_ids))
        parts = any(p.type == "ext" for p in programs)
        dispatchers = (p for p in self.programs if parts and is_dispatcher(p, self.programs))
        return ids((*programs, *callers, *dispatchers))


def _is_pair(one: DevicePlace, other: DevicePlace) -> bool:
    if not other.is_veth or one == other:
        return False
    if one.device.link is not None:
        return one.netns == other.netns and one.device.link == other.device.ifname
    numbers = (one.device.link_index, other.device.link_index)
    return one.netns != other.netns and numbers == (other.device.ifindex, one.device.ifindex)


class Traffic(Struct, frozen=True):
    received: int = 0
    sent: int = 0


class OddVerdicts(Struct, frozen=True):
    """Those that are no XDP action, and of how many packets."""

    verdicts: tuple[int, ...] = ()
    packets: int = 0


class Observed(Struct, frozen=True):
    """What happened while the machine was watched."""

    seconds: float
    traffic: dict[str, Traffic]
    """By the names of places."""
    addresses: dict[str, str]
    """An IPv4 address of each place that has one."""
    runs: int | None
    """How often the programs ran; None where the kernel can't tell."""
    counted: dict[MapId, int | None]
    """The maps that changed, and by how many packets where that can be told."""
    lost: dict[MapId, int]
    """Packets that found no place in a map."""
    odd: OddVerdicts = OddVerdicts()
    full: frozenset[MapId] = frozenset()
    unreadable: frozenset[MapId] = frozenset()
    """Maps of which the kernel doesn't tell what they hold."""

    def of(self, places: Iterable[DevicePlace]) -> Traffic:
        found = [self.traffic.get(place.name, Traffic()) for place in places]
        return Traffic(sum(t.received for t in found), sum(t.sent for t in found))
