"""What a verb that fails says as JSON, of a kernel that has other things than were asked for."""

import json

import pytest

from .conftest import Lab


@pytest.mark.parametrize(
    ("words", "code", "status"),
    [
        ("dump pkt_cn", "no-such-map", 2),
        ("dump id:4294967295", "no-such-map", 2),
        ("map get /sys/fs/bpf/ebpf/pkt_cn 0", "no-such-map", 2),
        ("why veth7", "no-such-map", 2),
        ("map get pkt_cnt 7", "no-such-key", 2),
        ("map get pkt_cnt many", "value-invalid", 2),
        ("dump pkt_cnt --where pakets>1", "query-invalid", 2),
        ("--netns nowhere why pkt_cnt", "no-such-netns", 2),
        ("run nothing --packet icmp", "no-such-program", 2),
    ],
)
def test_codes(lab: Lab, words: str, code: str, status: int) -> None:
    lab.build()
    lab.ok("load")
    done = lab.xdpctl(*words.split(), "--json")
    assert (json.loads(done.stdout)["error"]["code"], done.returncode) == (code, status), done.stderr


def test_what_why_finds_is_a_result(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    done = lab.xdpctl("why", "--json")
    assert (json.loads(done.stdout)["ok"], done.returncode, done.stderr) == (False, 5, "")
