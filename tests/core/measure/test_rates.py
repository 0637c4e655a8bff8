"""Samples to rates: what is new, gone, or less than before."""

from xdpctl.core.measure.rates import MISSING_SHOWN, Decrease, Label, Rates, Values

TCP, UDP = ("tcp",), ("udp",)


def sample(**counts: int) -> dict[Label, Values]:
    return {(key,): {"packets": packets, "bytes": packets * 100} for key, packets in counts.items()}


def watched(*samples: dict[Label, Values]) -> Rates:
    """Samples that are two seconds apart."""
    rates = Rates()
    for n, one in enumerate(samples):
        assert rates.advance(100 + 2.0 * n, one) == []
    return rates


def test_the_first_sample_has_no_rates() -> None:
    rates = watched(sample(tcp=7))
    assert (rates.keys[TCP].values, rates.keys[TCP].rates) == ({"packets": 7, "bytes": 700}, {})
    assert (rates.keys[TCP].new, rates.seconds, rates.total.values) == (
        False,
        0,
        {"packets": 7, "bytes": 700},
    )


def test_rates_means_and_peaks() -> None:
    rates = watched(sample(tcp=7, udp=1), sample(tcp=17, udp=1), sample(tcp=19, udp=5))
    tcp = rates.keys[TCP]
    assert tcp.rates == {"packets": 1.0, "bytes": 100.0}
    assert (tcp.increase["packets"], tcp.peaks["packets"], list(tcp.history)) == (12, 5.0, [5.0, 1.0])
    assert rates.total.rates == {"packets": 3.0, "bytes": 300.0}
    assert (rates.total.increase["packets"], rates.total.peaks["packets"], rates.seconds) == (16, 5.0, 4.0)


def test_new_keys_count_from_nothing() -> None:
    rates = watched(sample(tcp=1), sample(tcp=1, udp=6))
    assert (rates.keys[UDP].new, rates.keys[UDP].rates["packets"]) == (True, 3.0)
    rates.advance(104.0, sample(tcp=1, udp=6))
    assert (rates.keys[UDP].new, rates.keys[UDP].rates["packets"]) == (False, 0.0)


def test_vanished_keys_are_shown_for_a_while_and_may_come_back() -> None:
    rates = watched(sample(tcp=1, udp=6), sample(tcp=1))
    assert (rates.keys[UDP].gone, rates.keys[UDP].rates["packets"]) == (1, None)
    rates.advance(104.0, sample(tcp=1, udp=4))
    assert (rates.keys[UDP].gone, rates.keys[UDP].new) == (0, True)
    assert rates.keys[UDP].increase["packets"] == 4, "it began anew"
    for n in range(MISSING_SHOWN + 1):
        assert UDP in rates.keys
        rates.advance(106.0 + n, sample(tcp=1))
    assert UDP not in rates.keys
    assert rates.total.increase["packets"] == 4


def test_a_counter_that_falls_has_no_rate() -> None:
    rates = watched(sample(tcp=10, udp=1))
    assert rates.advance(101.0, sample(tcp=3, udp=2)) == [
        Decrease(TCP, "packets", 10, 3),
        Decrease(TCP, "bytes", 1000, 300),
    ]
    assert rates.keys[TCP].rates == {"packets": None, "bytes": None}
    assert rates.total.rates["packets"] == 1.0
    assert rates.advance(102.0, sample(tcp=4, udp=2)) == []
    assert rates.keys[TCP].increase["packets"] == 1


def test_another_map_of_the_same_name_begins_anew() -> None:
    rates = watched(sample(tcp=10), sample(tcp=20))
    rates.restart()
    assert rates.advance(104.0, sample(tcp=4)) == []
    assert (rates.keys[TCP].increase["packets"], rates.keys[TCP].rates["packets"]) == (14, 2.0)


def test_an_empty_map_fills() -> None:
    rates = watched({}, sample(tcp=4), {})
    assert (rates.keys[TCP].gone, rates.total.values, rates.total.increase["packets"]) == (1, {}, 4)
