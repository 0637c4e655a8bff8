"""Rates in words, and what the counts of a driver tell."""

import sys

import pytest

from xdpctl.core.packets.sender_program import SenderState, elements, room, state_of
from xdpctl.core.packets.sending import XdpActions, grown, packets_a_second, xdp_of
from xdpctl.errors import BadRequest


@pytest.mark.parametrize(
    ("text", "rate"),
    [("500", 500.0), ("10k", 10_000.0), ("1M", 1e6), ("1.5m", 1.5e6), ("1G", 1e9), ("0.01", 0.01)],
)
def test_a_rate(text: str, rate: float) -> None:
    assert packets_a_second(text) == rate


@pytest.mark.parametrize("text", ["0", "fast", "-1", "1kk", "10 k", "2G", "1e6", "0.001", "٣", "nan", "1k\n"])
def test_no_rate(text: str) -> None:
    with pytest.raises(BadRequest, match="--rate can't be"):
        packets_a_second(text)


def test_all_queues_together() -> None:
    before = {"rx_queue_0_xdp_drops": 5, "rx_queue_0_drops": 1}
    after = {
        "rx_queue_0_xdp_drops": 7,
        "rx_queue_1_xdp_drops": 4,
        "rx_queue_0_drops": 9,
        "rx_queue_1_xdp_tx": 3,
        "rx_queue_1_xdp_tx_errors": 8,
        "tx_queue_0_xdp_xmit": 2,
    }
    assert xdp_of(before, after) == XdpActions(dropped=6, sent_back=3, redirected=0)
    assert grown(before, after, "tx", "xdp_xmit") == 2


def test_state_and_packets_as_the_program_has_them() -> None:
    state = SenderState(packets=1, size=2, limit=3, began=4, gap=5, last=6, next=7, held=8)
    assert state_of(state.packed()) == state
    held = elements([b"a" * 14, b"b" * 20], 20)
    assert len(held) == 2 * room(20) == 2 * 32
    assert held[:22] == (14).to_bytes(8, sys.byteorder) + b"a" * 14
