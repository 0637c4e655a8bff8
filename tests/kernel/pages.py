"""The sessions on the pages, and the pair of interfaces on which they are run."""

import re
import sys
from pathlib import Path

from xdpctl.core.program.parts import PACKET_HEADER
from xdpctl.tools.files.assets import HEADERS

from .conftest import Done, Lab

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
REFERENCE = ROOT / "docs" / "reference.md"
VARYING = (
    (r"\bid \d+", "id N"),
    (r'"id":\d+', '"id":N'),
    (r"\btag [0-9a-f]{16}", "tag T"),
    (r"\bsince \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "since S"),
    (r"\d\d:\d\d:\d\d\.\d{6}  CPU \d+ +", "T  CPU N  "),
    (r"in \d\.\d s", "in S"),
    (r"in \d+\.\d\d s: [\d.]+( [kM])?/s", "in S"),
    (r"\bof \d+ CPUs", "of N CPUs"),
    (r"(MAP +ID +|pkt_cnt +\d+ +)", ""),
)


def sessions(page: Path) -> list[tuple[str, str]]:
    """(command, what it prints) of all console blocks; a comment of a printed plan is no command."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text(), re.S | re.M):
        for line in block.splitlines(keepends=True):
            if re.match(r"# (xdpctl|ping) ", line):
                found.append((line[2:].strip(), ""))
            else:
                found[-1] = (found[-1][0], found[-1][1] + line)
    return found


def on_the_pair(lab: Lab) -> None:
    """In a checkout, and on the interfaces that README makes, not the lab's own."""
    lab.must(
        "sh",
        "-c",
        "ip netns del peer; ip link del veth0 2>/dev/null; echo 0 > /proc/sys/net/ipv6/conf/all/disable_ipv6",
    )
    [pair] = re.findall(r"^```sh\n(ip netns add .*?)^```", README.read_text(), re.S | re.M)
    lab.must("sh", "-ec", pair)
    checkout = lab.directory / "bpf"
    checkout.mkdir()
    (checkout / PACKET_HEADER).write_bytes((HEADERS / PACKET_HEADER).read_bytes())


def typed(lab: Lab, command: str) -> Done:
    """A line of a session, as a shell takes it."""
    return lab.run("sh", "-c", f"PATH={Path(sys.executable).parent}:$PATH; {command}")


def steady(text: str) -> str:
    """The text without ids, tags and times."""
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text)
    return text


def play(lab: Lab, *pages: Path) -> None:
    """Every command of the pages works, in their order, and prints what the page says."""
    on_the_pair(lab)
    for command, expected in (session for page in pages for session in sessions(page)):
        printed = typed(lab, f"{{ {command}\n}} 2>&1").stdout
        if command == "xdpctl status":  # the machine may run other programs too
            assert steady(expected) in steady(printed)
        else:
            assert steady(printed) == steady(expected), f"{command}: {printed}"
