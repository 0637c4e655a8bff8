"""bpftool: the questions that are asked, and the answers of three versions."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from xdpctl.core.machine.model import BpfLink, BtfId, Map, MapId, ProgId, Program
from xdpctl.errors import HostLacks, Refused, UnreadableAnswer, XdpctlError
from xdpctl.tools import bpftool, proc
from xdpctl.tools.maps import content

RECORDED = Path(__file__).parent.parent / "data" / "recorded"
VERSIONS = ("v6.8.0", "debian7.1.0", "v7.7.0")
PIN = "/sys/fs/bpf/ebpf/multi"

PROGRAM = Program(
    ProgId(195),
    "xdp",
    "b77802c4c460cb8d",
    "xdp_stats_function_long",
    1795158266,
    tuple(map(MapId, (122, 123, 124, 125, 126, 127, 128, 129, 130, 131, 132, 134, 136, 135))),
    btf_id=BtfId(130),
    run_cnt=3,
    jited=True,
)

Stub = Callable[..., Callable[[], list[str]]]


def recorded(name: str) -> bytes:
    return (RECORDED / f"{name}.json").read_bytes()


def answer(out: bytes, err: str = "", status: int = 0) -> proc.Result:
    return proc.Result(("bpftool",), status, out, err)


@pytest.mark.parametrize("version", VERSIONS)
def test_programs_and_maps_of_three_versions_decode_alike(version: str) -> None:
    shown = bpftool.read(answer(recorded(f"show_prog__{version}")), Program)
    pinned = bpftool.read(answer(recorded(f"show_prog_f__{version}")), Program)
    assert shown == PROGRAM
    assert pinned == msgspec.structs.replace(PROGRAM, pinned=(PIN,))
    shown_map = bpftool.read(answer(recorded(f"show_map__{version}")), Map)
    assert (shown_map.id, shown_map.name, shown_map.type, shown_map.per_cpu) == (122, "m_hash", "hash", False)
    assert (shown_map.bytes_key, shown_map.bytes_value, shown_map.max_entries, shown_map.btf_id) == (
        4,
        8,
        4,
        130,
    )
    several = bpftool.read(answer(recorded(f"show_map_dup__{version}")), tuple[Map, ...])
    assert [m.id for m in several] == [122, 209, 231, 541]


@pytest.mark.parametrize("version", ["v6.8.0", "v7.7.0"])
def test_links_decode_alike(version: str) -> None:
    found = bpftool.read(answer(recorded(f"xdp_link_show__{version}")), tuple[BpfLink, ...])
    assert found == (BpfLink(90, "xdp", ProgId(195), 6 if version == "v7.7.0" else None),)


@pytest.mark.parametrize("sizes", [(0, 8), (4, 0)])
def test_elements_of_no_bytes_cannot_be(sizes: tuple[int, int]) -> None:
    for type_ in ("hash", "percpu_array", "lru_hash"):
        about = f'{{"id":7,"type":"{type_}","bytes_key":{sizes[0]},"bytes_value":{sizes[1]},"max_entries":4}}'
        for read, text in ((bpftool.read_map, about), (bpftool.read_maps, f"[{about}]")):
            with pytest.raises(UnreadableAnswer, match="a key or a value of no bytes"):
                read(proc.Result(("bpftool",), 0, text.encode(), ""))


def test_btf_on_linux_5_10_comes_after_a_complaint() -> None:
    complaint = b'{"error":"can\'t get BTF (ID 5) object info: Argument list too long"},'
    types = b'{"types":[{"id":1,"kind":"INT","name":"int","size":4}]}'
    (found,) = bpftool.btf(answer(complaint + types)).types
    assert (found.id, found.name) == (1, "int")


def test_types_that_bpftool_does_not_know_are_numbers() -> None:
    shown = answer(b'[{"id":1,"type":33,"name":"arena"},{"id":2,"type":"hash"}]')
    arena, plain = bpftool.read(shown, tuple[Map, ...])
    assert (arena.type, arena.per_cpu, plain.type) == (33, False, "hash")
    (program,) = bpftool.read(answer(b'[{"id":1,"type":32}]'), tuple[Program, ...])
    assert program.type == 32


@pytest.mark.parametrize(
    ("ask", "out", "command"),
    [
        (bpftool.programs, b"[]", "bpftool -j -n -f prog show"),
        (bpftool.maps, b"[]", "bpftool -j -n -f map show"),
        (bpftool.links, b"[]", "bpftool -j -n link show"),
        (
            lambda: list(content.start(Map(MapId(7), "hash", "m", 4, 8, 1))),
            b"[]",
            "bpftool -j -n map dump id 7",
        ),
        (lambda: bpftool.start_btf("id", "3").result(), b"{}", "bpftool -j -n btf dump id 3"),
    ],
)
def test_questions(ask: Callable[[], object], out: bytes, command: str, stub: Stub) -> None:
    calls = stub("bpftool", out)
    ask()
    assert calls() == [command]


@pytest.mark.parametrize(
    ("reason", "times"), [("Resource temporarily unavailable", 1 + bpftool.TIMES), ("Bad address", 1)]
)
def test_links_that_are_being_made_are_asked_for_again(reason: str, times: int, stub: Stub) -> None:
    calls = stub("bpftool", f'{{"error":"can\'t get link by id (154): {reason}"}}'.encode(), "", 255)
    with pytest.raises(Refused, match=reason):
        bpftool.links(sleep=lambda _: None)
    assert calls() == ["bpftool -j -n link show"] * times


@pytest.mark.parametrize(
    ("name", "err", "kind", "says"),
    [
        ("dump_nopin__v6.8.0", "", Refused, "bpf obj get (/sys/fs/bpf/ebpf/none): No such file or directory"),
        ("dump_nopin__v7.7.0", "", Refused, "bpf obj get (/sys/fs/bpf/ebpf/none): No such file or directory"),
        ("map_dump_progpin", "", Refused, "incorrect object type: prog"),
        ("nonroot_map_show", "", HostLacks, "can't get next map: Operation not permitted"),
        ("show_map_badname__v7.7.0", "", Refused, "failed with status 255"),
        ("usage_error__v6.8.0", "Error: unknown command\n", Refused, "Error: unknown command"),
        ("lookup_enoent__debian7.1.0", "", Refused, "failed with status 255"),
        ("load_notbpffs_nomount__v7.7.0", "", Refused, "no BPF file system found, not mounting it"),
    ],
)
def test_failures(name: str, err: str, kind: type[XdpctlError], says: str) -> None:
    with pytest.raises(kind) as caught:
        bpftool.read(answer(recorded(name), err, 255), tuple[Map, ...])
    assert caught.value.message.startswith(f"bpftool: {says}")


@pytest.mark.parametrize("out", [b"", b"null", b"\n", b'{"id":', b'[{"id":"x"}]'])
def test_success_without_an_answer_is_a_failure_too(out: bytes) -> None:
    with pytest.raises(Refused, match="bpftool printed what xdpctl can't read"):
        bpftool.read(answer(out), tuple[Map, ...])


def test_a_pin_in_a_bpffs_that_lies_over_another_is_told_once(stub: Stub) -> None:
    """As in the labs of a machine that has a bpffs itself."""
    map_ = b'"id":7,"type":"hash","name":"m","bytes_key":4,"bytes_value":8,"max_entries":1'
    stub("bpftool", b'[{%s,"pinned":["/p","/p"]}]' % map_)
    [found] = bpftool.maps()
    assert found.pinned == ("/p",)


def test_an_old_errno_behind_a_batch_is_no_failure() -> None:
    """As Debian 12's bpftool 7.1.0+6.1.176 prints it; of a list that it couldn't read, it is one."""
    ran = b'{"command":["map","dump"],"output":[]},{"command":["map","dump"],"output":[1]}'
    out = b"[" + ran + b',{"error":"reading batch file failed: Bad file descriptor"}]'
    assert [one.out for one in bpftool.each(answer(out, status=255), 2)] == [b"[]", b"[1]"]
    with pytest.raises(Refused, match="bpftool: reading batch file failed: Bad file descriptor"):
        bpftool.each(answer(out, status=255), 3)
