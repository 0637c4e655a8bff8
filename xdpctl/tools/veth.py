"""The other end of a veth pair, in whichever network namespace it is."""

import contextlib
import os
import socket
import struct
from collections.abc import Iterator, Sequence

from msgspec import Struct

from xdpctl.core.machine.model import Device
from xdpctl.errors import XdpctlError
from xdpctl.tools import iplink
from xdpctl.tools import netns as namespaces
from xdpctl.tools.netns import OWN, Netns, entered

_GETNSID, _REQUEST, _ERROR, _FD = 90, 1, 2, 3
_HEADER, _RTGEN = struct.Struct("=IHHII"), 4
_ATTRIBUTE = struct.Struct("=HHi")


class OtherEnd(Struct, frozen=True):
    device: Device
    netns: Netns
    neighbours: tuple[Device, ...]
    """All devices of its namespace."""


def other_end(device: Device, netns: Netns, neighbours: Sequence[Device]) -> OtherEnd | None:
    """None where it can't be seen from here."""
    if device.linkinfo.info_kind != "veth":
        return None
    if device.link is not None:
        return _named(device.link, netns, tuple(neighbours))
    for way in _of_number(device.link_netnsid, netns):
        with contextlib.suppress(XdpctlError):
            found = iplink.devices(way)
            return next((OtherEnd(d, way, found) for d in found if d.ifindex == device.link_index), None)
    return None


def _named(name: str, netns: Netns, neighbours: tuple[Device, ...]) -> OtherEnd | None:
    return next((OtherEnd(d, netns, neighbours) for d in neighbours if d.ifname == name), None)


def _of_number(nsid: int | None, netns: Netns) -> Iterator[Netns]:
    """The ways into the namespace that another one knows by this number.

    Devices are numbered alike in many namespaces, so that only this tells which one is meant.
    """
    if nsid is None:
        return
    for number, ways in namespaces.everywhere().items():
        for way in ways:
            if namespaces.leads_to(way, number) and _number_of(way, netns) == nsid:
                yield way


def _number_of(way: Netns, within: Netns) -> int | None:
    with contextlib.suppress(OSError):
        file = os.open(way.path or OWN, os.O_RDONLY)
        try:
            with entered(within), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as asking:
                body = bytes(_RTGEN) + _ATTRIBUTE.pack(_ATTRIBUTE.size, _FD, file)
                asking.send(_HEADER.pack(_HEADER.size + len(body), _GETNSID, _REQUEST, 1, 0) + body)
                answer = asking.recv(4096)
        finally:
            os.close(file)
        if _HEADER.unpack_from(answer)[1] != _ERROR:
            return int(_ATTRIBUTE.unpack_from(answer, _HEADER.size + _RTGEN)[2])
    return None
