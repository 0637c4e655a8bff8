"""What two dumps of a map tell."""

import json

import pytest

from xdpctl.core import growth


def dump(*values: object) -> bytes:
    return json.dumps([{"key": ["0x00"], "formatted": {"key": 0, "value": v}} for v in values]).encode()


def per_cpu(*values: object) -> bytes:
    of_cpus = [{"cpu": i, "value": value} for i, value in enumerate(values)]
    return json.dumps([{"key": ["0x00"], "formatted": {"key": 0, "values": of_cpus}}]).encode()


@pytest.mark.parametrize(
    ("before", "now", "counted"),
    [
        (dump(3), dump(5, 1), 3),
        (dump({"packets": 1, "bytes": 60}), dump({"packets": 4, "bytes": 300}), 3),
        (per_cpu(1, 2), per_cpu(2, 4), 3),
        (dump(5), dump(3), None),
        (dump({"count": 1}), dump({"count": 2}), None),
        (dump("0x5"), dump("0x6"), None),
        (b'[{"key":["0x00"],"value":["0x01"]}]', b'[{"key":["0x00"],"value":["0x02"]}]', None),
        (b'{"error":"no"}', dump(1), None),
        (b"[]", dump(2), 2),
    ],
)
def test_packets(before: bytes, now: bytes, counted: int | None) -> None:
    assert growth.counted(before, now) == counted


def test_lost() -> None:
    before, now = ({".bss": [{"next_message": 9}, {"pkt_cnt_lost": n}]} for n in (2, 7))
    assert growth.lost("pkt_cnt", dump(before), dump(now)) == 5
    assert growth.lost("other", dump(before), dump(now)) == 0
    assert growth.lost("pkt_cnt", b"", b"") == 0


def test_elements() -> None:
    raw = b'[{"key":["0x00"],"value":["0x01"],"formatted":{"key":0,"value":1}},{"key":["0x01"],"value":[]}]'
    assert growth.elements(raw) == 2
