"""Rates on a screen of any size, as lines, as a summary."""

import csv
import io
import json

import msgspec
import pytest

from xdpctl.core.measure.rates import Rates
from xdpctl.core.values.cells import unspelled
from xdpctl.views.units import amount, history, share
from xdpctl.views.watch import (
    CSV_HEADER,
    Terminal,
    WatchRow,
    csv_lines,
    json_event,
    json_lines,
    lines,
    screen,
    summary,
)

WIDE = Terminal(120, 24, blocks=True)
NOW = "2026-11-20T15:11:48.393Z"


def rates(*samples: dict[str, int]) -> Rates:
    """One second apart; a packet has 100 bytes."""
    found = Rates()
    for n, sample in enumerate(samples):
        found.advance(float(n), {(key,): {"packets": p, "bytes": p * 100} for key, p in sample.items()})
    return found


def shown(found: Rates, name: str = "pkt_cnt", there: bool = True) -> WatchRow:
    return WatchRow(name, "hash, id 7", there, ("ip_proto",), ("packets", "bytes"), found)


BUSY = rates(
    {"tcp": 0, "udp": 0, "sctp": 1}, {"tcp": 1000, "udp": 0, "sctp": 1}, {"tcp": 4000, "udp": 1000, "esp": 0}
)


def test_the_fastest_come_first_with_their_share_and_history() -> None:
    assert screen([shown(BUSY)], [], WIDE).splitlines() == [
        "pkt_cnt  hash, id 7  4.00 k packets/s  400 kB/s",
        "IP_PROTO  PACKETS      /S   BYTES      /S   SHARE  HISTORY",
        "tcp        4.00 k  3.00 k  400 kB  300 kB  75.0 %  ▃█",
        "udp        1.00 k  1.00 k  100 kB  100 kB  25.0 %   █",
        "sctp            1           100 B                           gone",
        "esp             0       0     0 B     0 B   0.0 %           new",
    ]


def test_bits_and_a_terminal_without_block_elements() -> None:
    plain = Terminal(120, 24, blocks=False, bits=True)
    assert screen([shown(BUSY)], [], plain).splitlines()[2] == (
        "tcp        4.00 k  3.00 k  3.20 Mbit  2.40 Mbit  75.0 %  -@"
    )


@pytest.mark.parametrize("height", range(2, 30))
@pytest.mark.parametrize("maps", [1, 2, 9])
def test_it_fits_any_terminal(height: int, maps: int) -> None:
    many = rates({f"key{n}": n for n in range(20)}, {f"key{n}": 2 * n for n in range(20)})
    drawn = screen([shown(many)] * maps, ["one", "two"], Terminal(30, height, blocks=True)).splitlines()
    assert len(drawn) < height
    assert max(map(len, drawn)) <= 30
    if height > 5:
        assert drawn[0].startswith("pkt_cnt")


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (50, "10.77.0.2 10.77.0.…       40  10  4.00 kB  1.00 kB"),
        (44, "10.77.0.2 10…       40  10  4.00 kB  1.00 kB"),
    ],
)
def test_keys_are_cut_before_numbers(width: int, line: str) -> None:
    names, label = ("src_ip", "dst_ip", "src_port", "dst_port"), ("10.77.0.2", "10.77.0.1", "none", "none")
    found = Rates()
    for n in (3, 4):
        found.advance(float(n), {label: {"packets": 10 * n, "bytes": 1000 * n}})
    flows = WatchRow("flows", "hash, id 7", True, names, ("packets", "bytes"), found)
    about, header, drawn = screen([flows], [], Terminal(width, 24, blocks=True)).splitlines()
    assert about.removeprefix("flows  hash, id 7") == "  10 packets/s  1.00 kB/s"
    assert header.startswith("KEY  ")
    assert drawn == line


@pytest.mark.parametrize("width", range(34, 60))
def test_no_number_is_cut(width: int) -> None:
    """Columns are there as a whole, or not at all; the share is on a terminal of 40."""
    _, header, first, *_ = screen([shown(BUSY)], [], Terminal(width, 24, blocks=True)).splitlines()
    names = [name for name in header.split() if not "HISTORY".startswith(name)]
    assert names in (
        ["IP_PROTO", "PACKETS", "/S", "SHARE"],
        ["IP_PROTO", "PACKETS", "/S", "BYTES", "/S"],
        ["IP_PROTO", "PACKETS", "/S", "BYTES", "/S", "SHARE"],
    )
    assert "SHARE" not in names or "75.0 %" in first
    assert width != 40 or "SHARE" in names


def test_what_does_not_fit_is_counted() -> None:
    many = rates({f"key{n}": n for n in range(20)})
    assert screen([shown(many)], [], Terminal(80, 10, blocks=True)).splitlines()[-1] == "… and 15 more keys"
    assert (
        screen([shown(many)] * 9, [], Terminal(80, 10, blocks=True)).splitlines()[-1] == "… and 7 more maps"
    )


def test_a_map_that_has_gone_and_messages() -> None:
    drawn = screen([shown(BUSY, there=False)], ["pkt_cnt has gone"], WIDE).splitlines()
    assert (drawn[0], drawn[-1]) == ("pkt_cnt  hash, id 7  has gone", "pkt_cnt has gone")


def test_lines() -> None:
    one = shown(rates({"tcp": 1}, {"tcp": 3}))
    assert list(lines(one, NOW, bits=True)) == [
        f"{NOW}  pkt_cnt  tcp  packets 3 2/s  bytes 300 1.60 kbit/s\n"
    ]
    assert csv_lines(one, NOW).splitlines() == [
        f"{NOW},pkt_cnt,tcp,packets,3,2.000",
        f"{NOW},pkt_cnt,tcp,bytes,300,200.000",
    ]
    assert list(map(json.loads, json_lines(one, NOW))) == [
        {
            "schema": 1,
            "time": NOW,
            "map": "pkt_cnt",
            "key": "tcp",
            "value": {"packets": 3, "bytes": 300},
            "per_second": {"packets": 2.0, "bytes": 200.0},
        }
    ]
    assert json.loads(json_event("gone", NOW)) == {"schema": 1, "time": NOW, "event": "gone"}


def test_vanished_keys_have_no_lines() -> None:
    one = shown(rates({"tcp": 1}, {}))
    assert (list(lines(one, NOW, False)), list(json_lines(one, NOW)), csv_lines(one, NOW)) == ([], [], "")


def test_csv_of_any_key() -> None:
    one = shown(rates({'a,"b"\n': 1}))
    [header, first, _] = csv.reader(io.StringIO(CSV_HEADER + csv_lines(one, NOW), newline=""))
    assert (len(header), unspelled(first[2])) == (len(first), 'a,"b"\n')


def test_summary() -> None:
    assert summary([shown(BUSY)], bits=False).splitlines() == [
        "pkt_cnt: 2.0 s",
        "IP_PROTO  PACKETS  MEAN/S  PEAK/S   BYTES   MEAN/S  PEAK/S",
        "tcp        4.00 k  2.00 k  3.00 k  400 kB   200 kB  300 kB",
        "udp        1.00 k     500  1.00 k  100 kB  50.0 kB  100 kB",
        "sctp            0       0       0     0 B      0 B     0 B",
        "esp             0       0       0     0 B      0 B     0 B",
        "total      5.00 k  2.50 k  4.00 k  500 kB   250 kB  400 kB",
    ]


@pytest.mark.parametrize(
    ("number", "field", "bits", "expected"),
    [
        (0, "packets", False, "0"),
        (7, "packets", False, "7"),
        (999, "packets", False, "999"),
        (999.6, "packets", False, "1.00 k"),
        (0.5, "packets", False, "0.50"),
        (12.34, "packets", False, "12.3"),
        (99.96, "packets", False, "100"),
        (123456789, "packets", False, "123 M"),
        (2**64, "packets", False, "18.4 E"),
        (10**24, "packets", False, "1000000 E"),
        (1234, "bytes", False, "1.23 kB"),
        (1234, "in.bytes", True, "9.87 kbit"),
    ],
)
def test_numbers_have_three_digits(number: float, field: str, bits: bool, expected: str) -> None:
    assert amount(number, field, bits) == expected


def test_shares_and_histories() -> None:
    assert (share(1, 3), share(None, 3), share(0, 0)) == ("33.3 %", "", "")
    assert history([0, 1, 4, 8], 9, blocks=True) == " ▁▄█"
    assert history([8, 0, 0.001], 2, blocks=True) == " ▁", "what is counted at all is seen"
    assert history([0, 0], 9, blocks=False) == "  "


def test_of_the_fastest_as_many_as_are_asked_for() -> None:
    fastest = msgspec.structs.replace(shown(BUSY), top=1)
    assert [line.split()[0] for line in screen([fastest], [], WIDE).splitlines()] == [
        "pkt_cnt",
        "IP_PROTO",
        "tcp",
    ]
    assert [line.split()[2] for line in lines(fastest, NOW, bits=False)] == ["tcp"]
    assert [json.loads(line)["key"] for line in json_lines(fastest, NOW)] == ["tcp"]
    assert csv_lines(fastest, NOW).count("\n") == len(fastest.fields)
    assert [line.split()[0] for line in summary([fastest], bits=False).splitlines()[2:]] == ["tcp", "total"]
