"""Samples to figures: start-up taken off, ratios round by round, what is lost, what is too noisy."""

import struct

import pytest

from xdpctl.core.maps.chunk import Chunk
from xdpctl.core.measure.bench import (
    Measured,
    Report,
    Timing,
    counted,
    per_packet,
    ratio,
    repeat_for,
    share_of_others,
)
from xdpctl.core.measure.variants import EMPTY, FAMILY, PACKET, RACE, build_line
from xdpctl.core.spec.source import read_spec


def timing(*samples: float, ran: int = 100, counted: int | None = 100) -> Timing:
    return Timing(samples, ran, counted)


def measured(name: str, one: Timing, all_: Timing) -> Measured:
    return Measured(name, 100, one, all_)


STEADY = timing(20.0, 20.1, 19.9, 20.0, 20.0)


def report(*programs: Measured, busy: float = 0.0) -> Report:
    return Report("6.1", 2, 5, busy, measured("empty", STEADY, STEADY), programs)


def test_beginning_and_ending_is_no_cost_of_a_packet() -> None:
    assert per_packet([0.012, 0.022], [0.003, 0.002, 0.001], 1_000_002) == pytest.approx((10.0, 20.0))


def test_a_run_shorter_than_its_start_up_is_no_negative_time() -> None:
    assert per_packet([0.001], [0.002], 100_000)[0] > 0


def test_a_ratio_compares_what_ran_in_the_same_round() -> None:
    slow_machine_once = ratio(timing(22, 44, 22, 22, 22), timing(20, 40, 20, 20, 20))
    assert slow_machine_once.value == pytest.approx(1.1)
    assert slow_machine_once.error == pytest.approx(0)
    shaky = ratio(timing(20, 22, 24, 26, 28), timing(20, 20, 20, 20, 20))
    assert shaky.value == pytest.approx(1.2)
    assert shaky.error > 0.1


def test_lost_is_what_ran_and_was_not_counted() -> None:
    one, at_once = timing(20.0), timing(20.0, ran=200, counted=150)
    assert measured("racy", one, at_once).lost == 50
    assert measured("foreign", one, timing(20.0, counted=None)).lost is None


def test_a_quiet_machine_is_not_noisy() -> None:
    assert report(measured("fast", STEADY, timing(20, 90, 20, 90, 20))).noise == ()


def test_noise_is_told_with_its_cause() -> None:
    shaky = measured("fast", timing(20, 25, 20, 25, 30), STEADY)
    assert report(shaky, busy=0.25).noise == (
        "others used 25 % of the CPUs meanwhile, so what runs at once did so only in part",
        "rounds of 'fast' differ by 30 %",
    )


@pytest.mark.parametrize(("nanoseconds", "packets"), [(0, 1_000_000), (50, 1_000_000), (1000, 250_000)])
def test_a_slow_program_has_fewer_packets(nanoseconds: int, packets: int) -> None:
    assert repeat_for(nanoseconds, 1_000_000, 0.25) == packets
    assert repeat_for(10**9, 1_000_000, 0.25) == 1000


def test_others_are_who_is_not_us() -> None:
    assert share_of_others(busy=5.0, total=20.0, own=3.0) == pytest.approx(0.1)
    assert share_of_others(busy=2.9, total=20.0, own=3.0) == 0
    assert share_of_others(busy=0.0, total=0.0, own=0.0) == 0


def words(*numbers: int) -> bytes:
    return struct.pack(f"={len(numbers)}Q", *numbers)


def test_packets_are_counted_over_entries_and_cpus() -> None:
    shared = [Chunk(b"01", words(5, 300, 2, 0), 1, 16), Chunk(b"2", words(0, 0), 1, 16)]
    assert counted(shared, 0, 1) == 7
    assert counted(shared, 1, 100) == 3
    assert counted([Chunk(b"0", words(2**40, 1), 1, 8, 2)], 0, 1) == 2**40 + 1
    assert counted([], 0, 1) == 0


def test_the_packet_is_whole() -> None:
    header = PACKET[14:34]
    total = sum(int.from_bytes(header[i : i + 2]) for i in range(0, 20, 2))
    assert (len(PACKET), total % 0xFFFF, header[9]) == (64, 0, 17)
    assert int.from_bytes(header[2:4]) == len(PACKET) - 14


@pytest.mark.parametrize("variant", [v for v in (*FAMILY, *RACE) if v.options], ids=lambda v: v.name)
def test_every_variant_is_a_spec_that_counts_packets(variant: type) -> None:
    options = variant.options  # type: ignore[attr-defined]
    counter = read_spec("", "", options).counters[0]
    assert "packets" in counter.fields


def test_names_are_told_apart() -> None:
    for variants in (FAMILY, RACE):
        names = [variant.name for variant in (EMPTY, *variants)]
        assert len(set(names)) == len(names)


def test_a_variant_is_what_build_makes_of_a_line() -> None:
    options = {"--type": "array", "--field": ["packets", "bytes"]}
    line = build_line(options, "--out", "d")
    assert " ".join(line) == "xdpctl build --out d --type array --field packets --field bytes"
