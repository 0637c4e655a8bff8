"""Plans as data: each command, and what undoes it."""

import os
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from xdpctl.core.machine.directories import PinDirectory
from xdpctl.core.machine.model import (
    AttachedProgram,
    Attachment,
    Device,
    IpMode,
    Mode,
    ModeChoice,
    ProgId,
    Xdp,
)
from xdpctl.core.machine.mounts import Mount
from xdpctl.core.machine.shell import command_line
from xdpctl.core.objects import choice
from xdpctl.core.objects.elf import BpfObject, Section, Symbol
from xdpctl.core.plan import actions
from xdpctl.core.plan.loading import Loading, internal_pins
from xdpctl.core.plan.plan import Act, Exchange, Known, Step

PIN = "/sys/fs/bpf/ebpf"
NETNS = "/run/netns/lab"
INSIDE = ("nsenter", f"--net={NETNS}")


def built(*sections: str) -> BpfObject:
    """An object with the program p and the map m, and these sections."""
    return BpfObject(
        (
            Section("xdp", 64, 16, True),
            Section(".maps", 80, 32, False),
            *(Section(name, 112, 8, False) for name in sections),
        ),
        (Symbol("p", "xdp", True), Symbol("m", ".maps", False)),
    )


def loading(path: str, *sections: str) -> Loading:
    return Loading(path, choice.all_of(built(*sections)), PIN)


def test_load_pins_program_and_maps_and_takes_all_pins_away_again() -> None:
    load = ("bpftool", "-j", "-n", "prog", "load", "o/x.bpf.o", f"{PIN}/p", "type", "xdp", "pinmaps", PIN)
    assert tuple(loading("o/x.bpf.o").steps()) == (
        Step("load p", (Act(load, (("rm", "-f", f"{PIN}/p", f"{PIN}/m"),)),)),
    )


def test_load_removes_the_pins_that_libbpf_makes_for_global_variables() -> None:
    load, removing = loading("xdp_allow.bpf.o", ".rodata").steps()
    assert load.acts[0].undo == (("rm", "-f", f"{PIN}/p", f"{PIN}/m", f"{PIN}/xdp_allo_rodata"),)
    assert removing == Step(
        "remove the pins of global variables", (Act(("rm", "-f", f"{PIN}/xdp_allo_rodata")),)
    )


@pytest.mark.parametrize(
    ("path", "section", "pin"),
    [
        ("bpf/xdp_allow.bpf.o", ".rodata", "xdp_allo_rodata"),
        ("p.o", ".rodata", "p_rodata"),
        ("xdp_allow.bpf.o", ".bss", "xdp_allo_bss"),
        ("xdp_allow.bpf.o", ".data", "xdp_allo_data"),
        ("my-first.prog.o", ".bss", "my_first_bss"),
        ("p.o", ".rodata.str1.1", "_rodata_str1_1"),
        ("p.o", ".data.percpu", "_data_percpu"),
    ],
)
def test_how_libbpf_names_those_pins(path: str, section: str, pin: str) -> None:
    assert internal_pins(path, built(section)) == (pin,)


def test_empty_sections_have_no_map() -> None:
    empty = BpfObject((Section(".bss", 64, 0, False), Section("license", 64, 4, False)), ())
    assert internal_pins("p.o", empty) == ()


def test_attach_tries_the_better_mode_first_and_undoes_the_one_that_worked() -> None:
    native = ("ip", "link", "set", "dev", "eth1", "xdpdrv")
    generic = ("ip", "link", "set", "dev", "eth1", "xdpgeneric")
    back = [Exchange(device="eth1", mode=mode, goes=Known(f"{PIN}/p")) for mode in ModeChoice.AUTO.tried]
    assert [exchange.line for exchange in back] == [(*native, "off"), (*generic, "off")]
    assert actions.attach("eth1", f"{PIN}/p", ModeChoice.AUTO.tried) == Step(
        "attach to eth1",
        (
            Act((*native, "pinned", f"{PIN}/p"), (back[0],), "native"),
            Act((*generic, "pinned", f"{PIN}/p"), (back[1],), "generic"),
        ),
    )


@pytest.mark.parametrize(
    ("choice", "word"),
    [
        (ModeChoice.NATIVE, "xdpdrv"),
        (ModeChoice.GENERIC, "xdpgeneric"),
        (ModeChoice.OFFLOAD, "xdpoffload"),
    ],
)
def test_a_mode_that_was_asked_for_is_the_only_one_tried(choice: ModeChoice, word: str) -> None:
    (act,) = actions.attach("eth1", "/p", choice.tried, NETNS).acts
    set_mode = (*INSIDE, "ip", "link", "set", "dev", "eth1", word)
    assert (act.do, act.undo_lines) == ((*set_mode, "pinned", "/p"), ((*set_mode, "off"),))
    assert (act.way, act.exchange) == (choice, None)


def test_detach_can_put_back_what_is_pinned() -> None:
    set_mode = (*INSIDE, "ip", "link", "set", "dev", "eth1", "xdpgeneric")
    runs = Attachment(IpMode.SKB, AttachedProgram(ProgId(7), "p"))
    device = Device(ifname="eth1", ifindex=3, xdp=Xdp((runs,)))
    (act,) = actions.detach(device, runs, "/p", NETNS).acts
    assert (act.do, act.undo_lines) == ((*set_mode, "off"), ((*set_mode, "pinned", "/p"),))
    assert act.exchange == Exchange(
        device="eth1", mode=Mode.GENERIC, goes=Known("/p", ProgId(7), "p"), netns=NETNS, ifindex=3
    )
    assert act.undo == (act.exchange.reversed,)
    (act,) = actions.detach(device, runs, None, NETNS).acts
    assert (act.do, act.undo) == ((*set_mode, "off"), ())


def test_one_program_in_place_of_another_is_shown_as_the_nearest_line() -> None:
    set_mode = ("link", "set", "dev", "eth1", "xdpdrv")
    old, new = Known(id=ProgId(7)), Known("/new", ProgId(8))
    exchange = Exchange(device="eth1", mode=Mode.NATIVE, comes=new, goes=old)
    assert exchange.line == ("ip", "-force", *set_mode, "pinned", "/new")
    by_id = ("bpftool", "net", "attach", "xdpdrv", "id", "7", "dev", "eth1")
    assert exchange.reversed.line == (*by_id, "overwrite")
    assert msgspec.structs.replace(exchange.reversed, goes=None, netns=NETNS).line == (*INSIDE, *by_id)


def test_directories_and_mounts_are_undone() -> None:
    assert actions.mount_bpffs("/b").acts == (Act(("mount", "-t", "bpf", "bpf", "/b"), (("umount", "/b"),)),)
    assert actions.make_directory("/b/x").acts == (Act(("mkdir", "/b/x"), (("rmdir", "/b/x"),)),)


def test_a_directory_is_made_with_all_that_is_missing_of_it() -> None:
    missing = (f"{PIN}/a", f"{PIN}/a/b")
    bpf = Mount("/sys/fs/bpf", "bpf")
    there = PinDirectory(path=f"{PIN}/a/b", mounted=(bpf,), missing=missing)
    assert actions.make_place(there) == tuple(map(actions.make_directory, missing))
    assert actions.make_place(PinDirectory(path=PIN, mounted=(bpf,))) == ()


def test_on_a_bpffs_that_is_yet_to_be_mounted_all_of_a_directory_is_missing() -> None:
    fresh = PinDirectory(path=f"{PIN}/a", mounted=(Mount("/", "ext4"),), missing=(f"{PIN}/a",))
    assert actions.make_place(fresh) == (
        actions.mount_bpffs("/sys/fs/bpf"),
        actions.make_directory(PIN),
        actions.make_directory(f"{PIN}/a"),
    )


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is missing")
@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1), st.just("/"))
@example(["\x1b[31m1", "\x9b\u202e", "\udcff\x017", "it's\\n\n", "$'"], "a\nb")
def test_a_shown_command_is_one_line_that_can_be_pasted(words: list[str], directory: str) -> None:
    line = command_line(("printf", "%s|", *words))
    assert line.isprintable()
    pasted = subprocess.run(["bash", "-c", line], stdout=subprocess.PIPE, check=True).stdout
    assert pasted == b"".join(os.fsencode(f"{word}|") for word in words)
    there = command_line(("printf", "%s|", *words), Path(directory))
    assert there == f"(cd {command_line((directory,))} && {line})"
