"""The README's sessions, run in order in one lab: every command works and prints what it says."""

import re
import sys
from pathlib import Path

from xdpctl.core.program.parts import PACKET_HEADER
from xdpctl.tools.files.assets import HEADERS

from .conftest import Lab

README = Path(__file__).parents[2] / "README.md"
VARYING = (
    (r"\bid \d+", "id N"),
    (r'"id":\d+', '"id":N'),
    (r"\btag [0-9a-f]{16}", "tag T"),
    (r"\bsince \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "since S"),
    (r"\d\d:\d\d:\d\d\.\d{6}  CPU \d+ +", "T  CPU N  "),
    (r"in \d\.\d s", "in S"),
    (r"(MAP +ID +|pkt_cnt +\d+ +)", ""),
)


def sessions(text: str) -> list[tuple[str, str]]:
    """(command, what it prints) of all console blocks; a comment of a printed plan is no command."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.S | re.M):
        for line in block.splitlines(keepends=True):
            if re.match(r"# (xdpctl|nsenter|ping|bpftool) ", line):
                found.append((line[2:].strip(), ""))
            else:
                found[-1] = (found[-1][0], found[-1][1] + line)
    return found


def steady(text: str) -> str:
    """The text without ids, tags and times."""
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text)
    return text


def test_every_session(lab: Lab) -> None:
    """On the pair of interfaces that the README makes, not the lab's own."""
    text = README.read_text()
    examples = sessions(text)
    assert len(examples) > 20
    lab.must(
        "sh",
        "-c",
        "ip netns del peer; ip link del veth0 2>/dev/null; echo 0 > /proc/sys/net/ipv6/conf/all/disable_ipv6",
    )
    [pair] = re.findall(r"^```sh\n(ip netns add .*?)^```", text, re.S | re.M)
    lab.must("sh", "-ec", pair)
    checkout = lab.directory / "bpf"
    checkout.mkdir()
    (checkout / PACKET_HEADER).write_bytes((HEADERS / PACKET_HEADER).read_bytes())
    path = f"{Path(sys.executable).parent}:$PATH"
    for command, expected in examples:
        done = lab.run("sh", "-c", f"PATH={path}; {command} 2>&1")
        if command == "xdpctl status":  # the machine may run other programs too
            assert steady(expected) in steady(done.stdout)
        else:
            assert steady(done.stdout) == steady(expected), command
