"""Calls of libbpf: maps that are only read, programs that replace the expected one, runs on a chosen CPU."""

import json
import os
import sys
from typing import Any

import pytest

from .conftest import Lab

PINS = "/sys/fs/bpf/pins"
SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} runs SEC(".maps");
SEC("xdp") int xdp_runs(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&runs, &zero);

	if (count)
		++*count;
	return bpf_xdp_adjust_tail(ctx, -2) ? XDP_ABORTED : XDP_TX;
}
char LICENSE[] SEC("license") = "GPL";
"""

BEGIN = """
import json, os, sys
from xdpctl.core.machine.model import Device, Map, MapId, Mode, ProgId
from xdpctl.core.maps.change import Change, How
from xdpctl.core.maps.chunk import Element
from xdpctl.errors import Explained
from xdpctl.tools import iplink, libbpf
from xdpctl.tools.libbpf import maps, programs, xdp
from xdpctl.tools.libbpf.opening import open_map, open_program
from xdpctl.tools.maps import elements
from xdpctl.tools.maps.find import pinned_map
from xdpctl.tools.netns import Netns, entered

PINS = "/sys/fs/bpf/pins"

def refused(what, *arguments, **more):
    try:
        what(*arguments, **more)
    except Explained as error:
        return type(error).__name__, error.message, *error.hints

def entering(manager):
    with manager:
        pass

def open_files():
    return {fd: os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")[:-1]}

before = open_files()
said = []
"""
END = """
assert open_files() == before, open_files()
print(json.dumps(said))
"""


@pytest.fixture
def pins(lab: Lab) -> Lab:
    """Two programs of the same kind, a map of theirs, and one that is a hash."""
    lab.compile("runs", SOURCE)
    lab.must("mkdir", PINS)
    for name in ("one", "other"):
        load = ("bpftool", "-n", "prog", "load", "bpf/runs.bpf.o", f"{PINS}/{name}", "type", "xdp")
        lab.must(*load, *(("pinmaps", PINS) if name == "one" else ()))
    sizes = ("type", "hash", "key", "4", "value", "4", "entries", "9", "name", "words")
    lab.must("bpftool", "-n", "map", "create", f"{PINS}/words", *sizes)
    return lab


def run(lab: Lab, code: str, **env: str) -> list[Any]:
    """What a Python of the lab says; it leaves no file open, and prints nothing that nobody asked for."""
    done = lab.run(sys.executable, "-c", BEGIN + code + END, env=env)
    assert not done.stderr, done.stderr
    said: list[Any] = json.loads(done.stdout)
    return said


WRITE = """
words = pinned_map(f"{PINS}/words")
write, one, two = libbpf.function("bpf_map_update_elem"), b"\\1\\0\\0\\0", b"\\2\\0\\0\\0"
def tried(named, **flags):
    with open_map(named, **flags) as fd:
        return (refused(write, fd, one, two, 0) or ["written"])[:2]
def read():
    return [(chunk.keys[0], chunk.values[0]) for chunk in maps.batches(words)]
"""
EPERM = ["CallRefused", "bpf_map_update_elem of libbpf: Operation not permitted"]


def test_a_map_that_is_read_cannot_be_written(pins: Lab) -> None:
    code = """
said += [tried(words.id), tried(f"{PINS}/words"), read()]
said += [tried(words.id, flags=0), tried(f"{PINS}/words", flags=0), read()]
next(maps.batches(words))  # and no more of it: it is closed all the same
"""
    assert run(pins, WRITE + code) == [EPERM, EPERM, [], ["written"], ["written"], [[1, 2]]]


def test_an_older_libbpf_opens_maps_for_both(pins: Lab) -> None:
    code = "libbpf.can = lambda *_: False\nsaid += [tried(words.id), tried(f'{PINS}/words'), read()]"
    assert run(pins, WRITE + code) == [["written"], ["written"], [[1, 2]]]


def test_a_frozen_map_is_read_and_not_written(pins: Lab) -> None:
    pins.must("bpftool", "map", "freeze", "pinned", f"{PINS}/words")
    code = """
said += [tried(words.id, flags=0), read()]
said += [answer.number for how in How for answer in maps.change(Change(words, (Element(one, (two,)),), how))]
said += [answer.number for answer in maps.change(Change(words, (Element(one),)))]
"""
    assert run(pins, WRITE + code) == [EPERM, [], 1, 1, 1, 1]


def test_what_cannot_be_opened(pins: Lab) -> None:
    code = """
said += [refused(open_map, f"{PINS}/one"), refused(open_program, f"{PINS}/runs")]
said += [refused(open_map, f"{PINS}/none"), refused(open_map, MapId(0)), refused(open_program, ProgId(0))]
said += [refused(open_map, "/dev/null")]
"""
    maps, programs = "xdpctl map list shows maps", "xdpctl status shows programs"
    assert run(pins, code) == [
        ["BadRequest", f"what is pinned at {PINS}/one is no map"],
        ["BadRequest", f"what is pinned at {PINS}/runs is no program"],
        ["Gone", f"what is pinned at {PINS}/none has gone meanwhile", maps],
        ["Gone", "the map with id 0 has gone meanwhile", maps],
        ["Gone", "the program with id 0 has gone meanwhile", programs],
        ["Refused", "what is pinned at /dev/null can't be opened: Permission denied"],
    ]


DEVICE = """
path, name = os.environ["WHERE"].split()
netns = Netns(path if path != "-" else None)
device, mode = iplink.device(name, netns), Mode(os.environ.get("MODE", "native"))
own = os.readlink("/proc/self/ns/net")

def runs():
    assert os.readlink("/proc/thread-self/ns/net") == own
    return [attached.prog.id for attached in iplink.device(name, netns).xdp.attached]
"""
PLACES = {"here": "- veth0", "in another namespace": "/run/netns/peer veth1"}


@pytest.mark.parametrize("mode", ["native", "generic"])
@pytest.mark.parametrize("where", PLACES.values(), ids=PLACES)
def test_only_the_expected_program_is_replaced_or_taken_off(pins: Lab, where: str, mode: str) -> None:
    code = """
with open_program(f"{PINS}/one") as one, open_program(f"{PINS}/other") as other:
    xdp.attach(device, one, mode, netns=netns)
    first = runs()
    said.append(refused(xdp.attach, device, other, mode, netns=netns))
    said.append(refused(xdp.attach, device, one, mode, expected=other, netns=netns))
    said.append(refused(xdp.detach, device, mode, expected=other, netns=netns))
    assert runs() == first
    xdp.attach(device, other, mode, expected=one, netns=netns)
    assert len(runs()) == 1 and runs() != first
    said.append(refused(xdp.detach, device, mode, expected=one, netns=netns))
    xdp.detach(device, mode, expected=other, netns=netns)
    assert runs() == []
    said.append(refused(xdp.detach, device, mode, expected=other, netns=netns))
    said.append(refused(xdp.attach, device, one, mode, expected=other, netns=netns))
    assert runs() == []
"""
    device = where.split()[1] + (" in netns peer" if "peer" in where else "")
    attach, detach = (
        [
            "NotAsExpected",
            f"failed to {what} {device}: Active program does not match expected",
            "another program runs there by now, or none: xdpctl status shows it",
        ]
        for what in ("attach to", "detach from")
    )
    said = run(pins, DEVICE + code, WHERE=where, MODE=mode)
    assert said == [attach, attach, detach, detach, detach, attach]


def test_a_program_in_the_other_mode_and_a_device_that_has_gone(pins: Lab) -> None:
    code = """
with open_program(f"{PINS}/one") as one, open_program(f"{PINS}/other") as other:
    xdp.attach(device, one, Mode.GENERIC)
    said.append(refused(xdp.attach, device, other, Mode.NATIVE))
    xdp.detach(device, Mode.GENERIC, expected=one)
    said.append(refused(xdp.attach, Device("gone", 4321), other, Mode.NATIVE))
    said.append(refused(xdp.attach, device, other, Mode.OFFLOAD)[0])
assert runs() == []
"""
    both = "failed to attach to veth0: Native and generic XDP can't be active at the same time"
    assert run(pins, DEVICE + code, WHERE=PLACES["here"]) == [
        ["NotAsExpected", both, "another program came first: xdpctl status shows it"],
        ["Gone", "failed to attach to gone: No such device"],
        "Refused",
    ]


def test_what_a_bpf_link_holds(pins: Lab) -> None:
    code = """
import ctypes
with open_program(f"{PINS}/one") as one:
    link = ctypes.CDLL(libbpf.installed()).bpf_link_create(one, device.ifindex, 37, None)
    said.append(refused(xdp.attach, device, one, mode, expected=one))
    said.append(refused(xdp.detach, device, mode, expected=one)[:2])
    assert runs()
    os.close(link)
assert runs() == []
"""
    says = "Can't replace active BPF XDP link"
    by_hand = "a bpf link holds it: find it with `bpftool link show`, then `bpftool link detach id N`"
    assert run(pins, DEVICE + code, WHERE=PLACES["here"]) == [
        ["DeviceBusy", f"failed to attach to veth0: {says}", by_hand],
        ["DeviceBusy", f"failed to detach from veth0: {says}"],
    ]


def test_namespaces_that_cannot_be_entered(lab: Lab) -> None:
    code = """
own = os.readlink("/proc/self/ns/net")
def leave():
    with entered(Netns("/run/netns/peer")):
        assert os.readlink("/proc/thread-self/ns/net") != own
        raise Explained("whatever happens")
for path in ("/run/netns/none", "/dev/null", "/proc/self/ns/mnt"):
    said.append(refused(entering, entered(Netns(path))))
said.append(refused(leave))
assert os.readlink("/proc/thread-self/ns/net") == own
"""
    hint = "ip netns list shows those that have a name"
    assert run(lab, code) == [
        *(
            ["NoSuchNetns", f"{path} is no network namespace", hint]
            for path in ("/run/netns/none", "/dev/null", "/proc/self/ns/mnt")
        ),
        ["Explained", "whatever happens"],
    ]


def test_a_program_runs_on_the_cpu_that_was_chosen(pins: Lab) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("this takes two CPUs")
    code = """
allowed = os.sched_getaffinity(0)
cpus = sorted(allowed)[:2]
def counts():
    values = elements.lookup(pinned_map(f"{PINS}/runs"), bytes(4))
    return [int.from_bytes(values[cpu], sys.byteorder) for cpu in cpus]
with open_program(f"{PINS}/one") as one:
    for cpu, repeat in zip(cpus, (5, 7)):
        ran = programs.run(one, bytes(range(64)), repeat, cpu)
        assert ran.nanoseconds > 0
        said += [ran.returned, len(ran.out), ran.out[:4].hex(), counts()]
    said.append(refused(programs.run, one, bytes(64), cpu=4000))
    said.append(refused(programs.run, one, bytes(64), cpu=-1)[:2])
    said.append(counts())
with open_map(f"{PINS}/runs") as no_program:
    said.append(refused(programs.run, no_program, bytes(64)))
assert os.sched_getaffinity(0) == allowed
"""
    known = ", ".join(map(str, sorted(os.sched_getaffinity(0))))
    assert run(pins, code) == [
        *(3, 54, "00010203", [5, 0]),
        *(3, 50, "00010203", [5, 7]),
        ["BadRequest", "nothing can be run on CPU 4000: it isn't there, or not for us", f"known: {known}"],
        ["BadRequest", "nothing can be run on CPU -1: it isn't there, or not for us"],
        [5, 7],
        ["CallRefused", "bpf_prog_test_run_opts of libbpf: Invalid argument"],
    ]
