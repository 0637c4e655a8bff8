"""What `xdpctl run` refuses before it looks at the machine, and how a shell completes it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from xdpctl import cli
from xdpctl.core.packets.samples import PacketKind


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("run", "there is no packet to run\n  give --packet KIND, --hex HEX or --pcap FILE"),
        ("run --packet icmp --hex 00", "--packet and --hex exclude each other"),
        ("run --packet icm", "--packet can't be 'icm'\n  did you mean 'icmp' or 'icmpv6'?"),
        ("run --packet icmp --repeat 0", "--repeat"),
        ("run --hex 0x00", "--hex: 'x' is no hexadecimal digit"),
        (
            "run mine.c --packet icmp",
            "mine.c isn't compiled\n  build it, and run the object: xdpctl build mine.c",
        ),
        ("run mine.o --packet icmp", "mine.o can't be read"),
        ("run mine.o --live --packet icmp", "--live runs a program that is loaded"),
        ("run --packet icmp --pin /sys/fs/bpf/none", "there is no object in bpf/\n  build one: xdpctl build"),
    ],
)
def test_a_wrong_request_is_one_clear_error(
    line: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.execute(line.split()) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert says in said.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [("--packet ", [*PacketKind]), ("--packet tcp", ["tcp-syn", "tcp"]), ("--pcap ", ["a.pcap", "b.pcapng"])],
)
def test_shell_completion(words: str, expected: list[str], tmp_path: Path) -> None:
    for name in ("a.pcap", "b.pcapng", "c.txt"):
        (tmp_path / name).touch()
    line = f"xdpctl run {words}"
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_XDPCTL_COMPLETE": "complete_bash"}
    command = [sys.executable, "-m", "xdpctl"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == expected
