"""A large capture, run through a counter of protocols, against tshark telling the protocol of each packet."""

import os
import random
import resource
import shutil
import struct
import sys
from pathlib import Path
from statistics import median

from .lab import ENVIRONMENT, OVER, XDPCTL, Argv, script

PACKETS = 443_104
TARGET = 0.25
NOTES = """
CPU time, which knows nothing of other processes; the packets are of 60 to 1500 bytes."""


def missed(quick: bool) -> bool:
    """Print what a packet of a capture costs; tells whether the target is missed."""
    if shutil.which("tshark") is None:
        print("captures: skipped, for tshark isn't installed")
        return False
    _write(Path("big.pcap"), PACKETS // 10 if quick else PACKETS)
    script(f"{XDPCTL} build --key ip_proto --type percpu_array --out counter")
    ours: Argv = (XDPCTL, "run", "counter/xdp_allow.bpf.o", "--pcap", "big.pcap")
    theirs: Argv = ("tshark", "-r", "big.pcap", "-T", "fields", "-e", "ip.proto")
    rounds = 1 if quick else 3
    seconds, against = (median(_seconds(argv) for _ in range(rounds)) for argv in (ours, theirs))
    ratio = seconds / against
    said = "ok" if ratio <= TARGET else OVER
    print(f"{'a capture':24}{'s':>8}   {'against':22}{'s':>8}{'ratio':>8}{'target':>9}")
    figures = f"{against:8.2f}{ratio:8.2f}{TARGET:9.2f}  {said}"
    print(f"{'run --pcap':24}{seconds:8.2f}   {'tshark -T fields':22}{figures}")
    print(NOTES)
    return said == OVER


def _write(path: Path, packets: int) -> None:
    chosen = random.Random(1)
    frames = [_frame(chosen.choice((1, 6, 17)), chosen.randint(60, 1500)) for _ in range(200)]
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number in range(packets):
            frame = chosen.choice(frames)
            file.write(struct.pack("<IIII", number // 1000, number % 1000, len(frame), len(frame)) + frame)


def _frame(protocol: int, length: int) -> bytes:
    addresses = bytes((10, 0, 0, 1, 10, 0, 0, 2))
    ip = struct.pack("!BBHHHBBH", 0x45, 0, length - 14, 1, 0, 64, protocol, 0) + addresses
    ports = struct.pack("!HHHH", 40_000, 9, length - 34, 0)
    return (bytes.fromhex("0200000000010200000000020800") + ip + ports).ljust(length, b"\0")


def _seconds(argv: Argv) -> float:
    """What a command takes of CPUs, with all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = os.open(os.devnull, os.O_WRONLY)
    pid = os.posix_spawnp(
        argv[0], argv, ENVIRONMENT, file_actions=[(os.POSIX_SPAWN_DUP2, out, fd) for fd in (1, 2)]
    )
    _, status = os.waitpid(pid, 0)
    os.close(out)
    if status:
        sys.exit(f"failed: {' '.join(argv)}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
