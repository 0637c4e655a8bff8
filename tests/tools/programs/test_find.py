"""Programs by name, and packets that they are run on: what becomes of bpftool's answers."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from xdpctl.core.machine.reach import Reach
from xdpctl.core.packets.run_counts import Run
from xdpctl.core.packets.samples import Packet
from xdpctl.errors import BadRequest, Refused
from xdpctl.tools.programs import test_run
from xdpctl.tools.programs.find import find_program
from xdpctl.tools.programs.test_run import RunPlace

ANY = Reach("/nowhere", ("/nowhere",), print)
SEVERAL = b"""[{"id":5,"type":"xdp","name":"same","pinned":["/sys/fs/bpf/a/same"]},
{"id":6,"type":"xdp","name":"same"},{"id":7,"type":"xdp","name":"other"},{"id":8,"type":"tracing","name":"t"}]"""


def test_a_name_is_looked_for_among_all_programs(stub: Any, tmp_path: Path) -> None:
    stub("bpftool", SEVERAL)
    told: list[str] = []
    reach = Reach(str(tmp_path), ("/nowhere",), told.append)
    assert find_program("other", reach).id == 7
    assert told == [f"other isn't in {tmp_path}: reading id:7"]
    with pytest.raises(BadRequest, match="several programs are called 'same'") as error:
        find_program("same", reach)
    assert error.value.hints == ("id:5  /sys/fs/bpf/a/same", "id:6")
    with pytest.raises(BadRequest, match="there is no XDP program 't'") as error:
        find_program("t", reach)
    assert error.value.hints == ("known: other, same",)


def test_a_pin_comes_first_and_ids_and_paths_are_taken_at_their_word(stub: Any, tmp_path: Path) -> None:
    calls = stub("bpftool", b'{"id":5,"type":"xdp","name":"mine"}')
    (tmp_path / "mine").touch()
    assert find_program("mine", Reach("/nowhere", (str(tmp_path),), print)).id == 5
    assert find_program("id:5", ANY).id == 5
    assert calls() == [
        f"bpftool -j -n prog show pinned {tmp_path}/mine",
        "bpftool -j -n prog show id 5",
    ]
    for wrong in ("id:", "id:x", "id:4294967296", "id:²"):
        with pytest.raises(BadRequest, match="is no program id"):
            find_program(wrong, ANY)
    with pytest.raises(BadRequest, match="there is no program /nowhere/mine"):
        find_program("/nowhere/mine", ANY)


def test_a_program_of_another_type(stub: Any) -> None:
    stub("bpftool", b'{"id":5,"type":"tracing","name":"mine"}')
    with pytest.raises(BadRequest, match="id:5 is no XDP program, its type is tracing"):
        find_program("id:5", ANY)


def test_a_packet_that_the_kernel_refuses(stub: Any, tmp_path: Path) -> None:
    """bpftool stops there; what ran before is told."""
    answers = b'[{"command":[],"output":{"retval":2,"duration":9}},{"command":[],"output":{"error":"no"}}]'
    calls = stub("bpftool", answers, status=234)
    place = RunPlace(str(tmp_path), ("id", "5"))
    script = tmp_path / "bin" / "bpftool"
    script.write_text(f"{script.read_text()}".replace("\n", f"\nprintf out > {place.out(0)}\n", 1))
    runs = test_run.run(place, [Packet(name, name.encode(), 1) for name in "abc"])
    assert next(runs) == Run(Packet("a", b"a", 1), 2, b"out")
    with pytest.raises(Refused, match="packet b can't be run: no"):
        next(runs)
    assert calls() == [f"bpftool -j -n batch file {tmp_path}/commands"]
    assert Path(place.commands).read_text().splitlines()[2] == (
        f"prog run id 5 data_in {place.packet(2)} data_out {place.out(2)}"
    )
    assert [Path(place.packet(i)).read_bytes() for i in range(3)] == [b"a", b"b", b"c"]


def test_bpftool_that_fails_as_a_whole(stub: Any, tmp_path: Path) -> None:
    stub("bpftool", b"", "Error: can't open\n", 1)
    with pytest.raises(Refused, match="bpftool: Error: can't open"):
        list(test_run.run(RunPlace(str(tmp_path), ("id", "5")), [Packet("a", b"", 0)]))


def test_packets_of_which_bpftool_tells_nothing(stub: Any, tmp_path: Path) -> None:
    stub("bpftool", b"[]", "killed\n", 1)
    with pytest.raises(Refused, match="bpftool: killed"):
        list(test_run.run(RunPlace(str(tmp_path), ("id", "5")), [Packet("a", b"", 0)]))


def test_what_is_shown_writes_the_same_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) + b"0123\\n%s$HOME`id`\"'"
    place = RunPlace(str(tmp_path), ("id", "5"))
    for step in test_run.steps(place, [Packet("a", data, len(data))])[:-1]:
        subprocess.run(step.acts[0].do, check=True)
    assert Path(place.packet(0)).read_bytes() == data
    assert Path(place.commands).read_text() == (
        f"prog run id 5 data_in {place.packet(0)} data_out {place.out(0)}\n"
    )
