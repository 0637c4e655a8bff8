"""Frames on the lab's wires: what is sent from the peer, and where it arrives."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ..reference.facts import IPV4
from ..reference.packets import ethernet, ipv4, upper
from .conftest import Lab

Frames = Sequence[bytes]

EXCHANGE = """
# Sends frames from a device of the peer; prints those that then arrive at others, of the peer or not.
import ctypes, json, os, select, socket, sys, time
PATIENCE, QUIET = 5, 0.1
ALL, OUTGOING = 3, 4
sender, frames, listeners, expected = json.loads(sys.argv[1])
def bound(device, protocol=0):
    found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    found.bind((device.removeprefix("peer:"), protocol))
    return found
listening = {bound(name, ALL): name for name in listeners if not name.startswith("peer:")}
assert ctypes.CDLL(None).setns(os.open("/run/netns/peer", os.O_RDONLY), 0) == 0
listening |= {bound(name, ALL): name for name in listeners if name.startswith("peer:")}
sending = bound(sender)
for frame in frames:
    sending.send(bytes.fromhex(frame))
arrived = {name: [] for name in listeners}
end = time.monotonic() + PATIENCE
while listeners and time.monotonic() < end:
    missing = sum(map(len, arrived.values())) < expected
    ready, _, _ = select.select(list(listening), [], [], PATIENCE if missing else QUIET)
    if not ready:
        break
    for listener in ready:
        data, address = listener.recvfrom(65536)
        if address[2] != OUTGOING:
            arrived[listening[listener]].append(data.hex())
print(json.dumps(arrived))
"""


def udp(src_port: int, dst_port: int, **ip: Any) -> bytes:
    return ethernet(IPV4, ipv4(17, upper(src_port, dst_port), **ip))


def frames_of(*lengths: int) -> list[bytes]:
    return [ethernet(0x88B5, bytes(length - 14)) for length in lengths]


def send(lab: Lab, frames: Frames, *, cpu: int | None = None) -> None:
    """From the peer to veth0."""
    bound = () if cpu is None else ("taskset", "-c", str(cpu))
    lab.must(*bound, sys.executable, "-c", EXCHANGE, _said("veth1", frames, {}))


def arrive(lab: Lab, frames: Frames, expected: Mapping[str, Frames], sender: str = "veth1") -> None:
    """Frames from the peer arrive at these devices ("peer:veth1" is the peer's), and nothing else does."""
    found = json.loads(lab.must(sys.executable, "-c", EXCHANGE, _said(sender, frames, expected)))
    assert found == {device: [frame.hex() for frame in wanted] for device, wanted in expected.items()}


def _said(sender: str, frames: Frames, expected: Mapping[str, Frames]) -> str:
    total = sum(map(len, expected.values()))
    return json.dumps([sender, [frame.hex() for frame in frames], list(expected), total])
