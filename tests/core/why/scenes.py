"""Machines in few words: programs, maps, devices, and what is observed of them."""

from collections.abc import Mapping

from xdpctl.core.machine.model import (
    AttachedProgram,
    Attachment,
    BpfLink,
    Device,
    IpMode,
    LinkInfo,
    Map,
    MapId,
    ProgId,
    Program,
    Xdp,
)
from xdpctl.core.machine.mounts import Mount
from xdpctl.core.why.chain import Moves
from xdpctl.core.why.finding import Broken
from xdpctl.core.why.snapshot import DevicePlace, LastBuilt, Observed, Scene, Traffic

PIN = "/sys/fs/bpf/ebpf"
UP = ("UP", "LOWER_UP")
BPFFS = Mount("/sys/fs/bpf", "bpf")
BUILT = LastBuilt("bpf/xdp_allow.bpf.o", is_only=True, names=("xdp_allow", "pkt_cnt"))
IN_PEER = ("nsenter", "--net=/run/netns/peer")


def program(
    number: int = 7, *maps: int, name: str = "xdp_allow", pin: str = "", kind: str = "xdp"
) -> Program:
    used = tuple(map(MapId, maps or (25,)))
    pins = (pin or f"{PIN}/{name}",)
    return Program(ProgId(number), kind, name=name, map_ids=used, pinned=pins, metadata={"xdpctl": "counter"})


def counter(number: int = 25, name: str = "pkt_cnt", pinned: bool = True, kind: str = "hash") -> Map:
    pins = (f"{PIN}/{name}",) if pinned else ()
    return Map(MapId(number), kind, name, max_entries=8, pinned=pins)


def device(
    name: str = "veth0",
    *programs: int,
    index: int = 2,
    flags: tuple[str, ...] = UP,
    kind: str = "veth",
    title: str = "xdp_allow",
    link: str | None = None,
    link_index: int | None = None,
    master: str | None = None,
) -> Device:
    attached = tuple(Attachment(IpMode.DRV, AttachedProgram(ProgId(i), title)) for i in programs)
    return Device(
        ifname=name,
        ifindex=index,
        xdp=Xdp(attached),
        flags=flags,
        link=link,
        link_index=link_index,
        master=master,
        linkinfo=LinkInfo(kind),
    )


LOOPBACK = DevicePlace(device("lo", index=1, flags=("LOOPBACK", "UP"), kind=""))
VETH0 = DevicePlace(device("veth0", 7, link_index=3))
VETH1 = DevicePlace(device("veth1", index=3, link_index=2), "peer", IN_PEER)


def scene(
    *places: DevicePlace,
    programs: tuple[Program, ...] = (program(),),
    maps: tuple[Map, ...] = (counter(),),
    asked: Map | DevicePlace | None = None,
    links: tuple[BpfLink, ...] = (),
    mounted: tuple[Mount, ...] = (BPFFS,),
    netns: str | None = None,
) -> Scene:
    return Scene(
        programs=programs,
        maps=maps,
        links=links,
        places=places or (LOOPBACK, VETH0, VETH1),
        pin=PIN,
        mounted=mounted,
        netns=netns,
        asked=asked,
        built=BUILT,
    )


def watched(
    received: int = 0,
    runs: int | None = None,
    counted: Mapping[int, int | None] | None = None,
    **more: Traffic,
) -> Observed:
    traffic = {"veth0": Traffic(received), **more}
    counts = {MapId(i): count for i, count in (counted or {}).items()}
    return Observed(
        seconds=1.1, traffic=traffic, addresses={"veth0": "10.0.0.1"}, runs=runs, counted=counts, lost={}
    )


def broken(found: Broken | Moves | None) -> Broken:
    assert isinstance(found, Broken)
    return found
