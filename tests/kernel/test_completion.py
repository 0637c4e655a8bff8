"""What a Tab offers of what is loaded: nothing that the verb would refuse."""

import sys
from pathlib import Path

from .conftest import Lab


def offered(lab: Lab, line: str) -> list[str]:
    """As bash asks for the words that may stand at the end of a line."""
    words = line.split(" ")
    env = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_XDPCTL_COMPLETE": "complete_bash"}
    return lab.run(str(Path(sys.executable).parent / "xdpctl"), env=env).stdout.split()


def test_what_is_loaded(lab: Lab) -> None:
    lab.ok("build", "--type", "percpu_array", "--key", "verdict", "--field", "packets", "--field", "bytes")
    lab.ok("load")
    for verb in ("dump", "map get", "watch"):
        assert offered(lab, f"xdpctl {verb} ") == ["pkt_cnt"]
    assert offered(lab, "xdpctl --netns peer attach v") == ["veth1"]
    assert offered(lab, "xdpctl --netns peer load --dev v") == ["veth1"]
    assert offered(lab, "xdpctl attach v") == ["veth0"]
    assert offered(lab, "xdpctl --netns peer send v") == ["veth1"]
    assert offered(lab, "xdpctl send veth0 --packet udp") == ["udp", "udp6"]
    for option in ("--sort", "--where"):
        assert offered(lab, f"xdpctl dump pkt_cnt {option} ") == ["key", "packets", "bytes"]
        assert offered(lab, f"xdpctl dump pkt_cnt {option} b") == ["bytes"]
        assert offered(lab, f"xdpctl dump no_map {option} ") == []
    lab.ok("map", "create", "other", "--pin", "/sys/fs/bpf/mine", "--key", "u32", "--value", "u64")
    assert offered(lab, "xdpctl dump --pin /sys/fs/bpf/mine oth") == ["other"]
    assert offered(lab, "xdpctl --netns nowhere attach v") == []
