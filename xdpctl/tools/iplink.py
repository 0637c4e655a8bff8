"""ip link: devices, and which program runs on them."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from xdpctl.core.machine import answers
from xdpctl.core.machine.model import Argv, Device
from xdpctl.core.values.device_names import DeviceNames
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import HostLacks, NoAnswer, NoSuchDevice, NoSuchNetns, NotPermitted, Refused, XdpctlError
from xdpctl.tools import netns as namespaces
from xdpctl.tools import proc
from xdpctl.tools.netns import HERE, Netns


class Packets(msgspec.Struct, frozen=True):
    packets: int
    dropped: int = 0


class Statistics(msgspec.Struct, frozen=True):
    rx: Packets
    tx: Packets


class Address(msgspec.Struct, frozen=True):
    family: str = ""
    local: str = ""


class Meter(msgspec.Struct, frozen=True):
    """What a device has received and sent since it exists, and its addresses."""

    ifname: str = ""
    stats64: Statistics | None = None
    addr_info: tuple[Address, ...] = ()

    @property
    def packets(self) -> Statistics:
        if self.stats64 is None:
            raise answers.unreadable("ip", f"nothing of what {self.ifname} received and sent")
        return self.stats64

    @property
    def address(self) -> str:
        """An IPv4 address; empty where it has none."""
        return next((a.local for a in self.addr_info if a.family == "inet"), "")


_NO_DEVICE = re.compile(r'^Device ".*" does not exist|^Cannot find device|not a valid ifname', re.M | re.S)
T = TypeVar("T", Device, Meter)


def show_command(device: str | None, netns: Netns = HERE) -> Argv:
    which = () if device is None else ("dev", device)
    return (*netns.prefix, "ip", "-j", "-d", "link", "show", *which)


def devices(netns: Netns = HERE) -> tuple[Device, ...]:
    return decode(proc.query(show_command(None, netns)))


def names(netns: Netns = HERE) -> DeviceNames:
    found = devices(netns)
    usual = {device.ifname: device.ifindex for device in found}
    others = {name: device.ifindex for device in found for name in device.altnames}
    return DeviceNames({**usual, **others}, netns.label)


def everywhere() -> Iterator[tuple[Netns, tuple[Device, ...]]]:
    """The devices of each network namespace, this one first."""
    for number, ways in namespaces.everywhere().items():
        if found := _through(ways, number):
            yield found
        elif not ways and (file := namespaces.covered(number)):
            raise Refused(f"what runs in the network namespace {file} can't be seen: a mount lies over it")


def _through(ways: Sequence[Netns], number: int) -> tuple[Netns, tuple[Device, ...]] | None:
    """By the first way that still leads into a namespace; nothing where it has ended meanwhile."""
    for way in ways:
        try:
            return way, devices(way)
        except XdpctlError as error:
            if way is HERE:
                raise
            if namespaces.leads_to(way, number):
                kind = type(error) if isinstance(error, HostLacks) else Refused
                what = f"what runs in the network namespace {way.name} can't be seen"
                raise kind(f"{what}: {error.message}", *error.hints) from error
    return None


def device(name: str, netns: Netns = HERE, meanwhile: Callable[[], None] | None = None) -> Device:
    """One device, or an error that names the nearest one; `meanwhile` is done while `ip` looks."""
    asked = proc.start(show_command(name, netns))
    if meanwhile is not None:
        meanwhile()
    return found(name, asked.result(), netns)


def found(name: str, result: proc.Result, netns: Netns) -> Device:
    """The device that a query for it gave."""
    if result.status > 0 and _NO_DEVICE.search(result.err):
        known = [d.ifname for d in devices(netns) if d.ifname != name]
        raise NoSuchDevice(f"there is no device {name!r}{netns.label}", *did_you_mean(name, known))
    device = decode(result)[0]
    if name not in (device.ifname, *device.altnames):
        raise answers.unreadable("ip", f"of {device.ifname}, though it was asked for {name}")
    return device


def failure(result: proc.Result) -> XdpctlError:
    if result.death:
        return NoAnswer(result.death)
    said = result.err.strip()
    if not said.startswith("nsenter: ") or "failed to execute" in said:
        return Refused(f"ip failed: {said or f'status {result.status}, without a word'}")
    path = result.argv[1].removeprefix("--net=")
    if "not permitted" in said or "Permission denied" in said:
        return NotPermitted(f"{path} can't be entered without root", "run xdpctl as root")
    return NoSuchNetns(f"{path} is no network namespace", "ip netns list shows those that have a name")


def meters(inside: Argv) -> tuple[Meter, ...]:
    """Those of all devices of a network namespace."""
    return _decode(proc.query((*inside, "ip", "-s", "-j", "address", "show")), tuple[Meter, ...])


def meter(name: str, netns: Netns = HERE) -> Meter:
    """That of one device."""
    return _decode(
        proc.query((*netns.prefix, "ip", "-s", "-j", "link", "show", "dev", name)), tuple[Meter, ...]
    )[0]


def decode(result: proc.Result) -> tuple[Device, ...]:
    return _decode(result, tuple[Device, ...])


def _decode(result: proc.Result, type_: type[tuple[T, ...]]) -> tuple[T, ...]:
    if not result.ok:
        raise failure(result)
    found = tuple(d for d in answers.decoded(result.out, type_, "ip") if d.ifname)
    if not found:
        raise answers.unreadable("ip", "no device, and every network namespace has one")
    return found
