"""What Prometheus reads, by its own parser."""

from prometheus_client.parser import text_string_to_metric_families

from xdpctl.core.maps.decode import CpuValue, Entry
from xdpctl.views.prometheus import Families, exposition

ENTRIES = [
    Entry("tcp", {"packets": 2**64 - 1, "last_seen": "2026-11-20T14:55:58.015Z", "name": "eth0"}),
    Entry("none", {"packets": 1, "last_seen": None, "name": ""}),
]
ODD = [Entry({"a.b": 'x"\\\n', "map": 1, "2nd": None}, {"in.a": True})]


def samples(families: Families, **accounts: dict[str, int]) -> dict[str, list[tuple[dict[str, str], float]]]:
    text = "".join(families.lines(accounts))
    found = list(text_string_to_metric_families(text))
    assert len({family.name for family in found}) == len(found), "each family once"
    return {
        f"{family.type} {sample.name}": [(s.labels, s.value) for s in family.samples]
        for family in found
        for sample in family.samples
    }


def test_fields_are_families_and_keys_are_labels() -> None:
    families = Families("pkt_cnt", ("packets",))
    families.add([ENTRIES[:1], [], ENTRIES[1:]], per_cpu=False)
    assert samples(families) == {
        "counter xdpctl_packets_total": [
            ({"map": "pkt_cnt", "key": "tcp"}, 2**64 - 1),
            ({"map": "pkt_cnt", "key": "none"}, 1.0),
        ],
        "gauge xdpctl_last_seen_seconds": [({"map": "pkt_cnt", "key": "tcp"}, 1795186558.015)],
    }
    assert [*families.no_numbers] == ["name"]


def test_numbers_with_a_point_are_no_times() -> None:
    families = Families("m", ())
    families.add([[Entry(0, {"load": 0.5})]], per_cpu=False)
    assert samples(families) == {"gauge xdpctl_load": [({"map": "m", "key": "0"}, 0.5)]}


def test_each_cpu_and_values_that_are_no_struct() -> None:
    families = Families("m", ())
    families.add([[Entry(7, 3, (CpuValue(0, 1), CpuValue(1, 2)))]], per_cpu=True)
    assert samples(families) == {
        "gauge xdpctl_value": [
            ({"map": "m", "key": "7", "cpu": "0"}, 1.0),
            ({"map": "m", "key": "7", "cpu": "1"}, 2.0),
        ]
    }


def test_any_name_and_any_text() -> None:
    families = Families("m", ())
    families.add([ODD], per_cpu=False)
    labels = {"map": "m", "a_b": 'x"\\\n', "map_": "1", "_2nd": ""}
    assert samples(families) == {"gauge xdpctl_in_a": [(labels, 1.0)]}


def test_text_that_cannot_be_printed_stays_apart_from_how_it_is_written() -> None:
    """Two samples with the same labels would make Prometheus refuse all of them."""
    families = Families("m", ())
    families.add([[Entry("\x1b", 1), Entry('"\\u001b"', 2), Entry("\\x1b", 3)]], per_cpu=False)
    assert "".join(families.lines({})).replace("\n", "").isprintable()
    keys = [labels["key"] for labels, _ in samples(families)["gauge xdpctl_value"]]
    assert keys == ['"\\u001b"', '"\\"\\\\u001b\\""', "\\x1b"]


def test_a_field_of_which_some_numbers_have_names_is_left_out() -> None:
    """Else samples would come and go with what values happen to be."""
    families = Families("policy", ())
    families.add([[Entry("10.0.0.1", 17), Entry("10.0.0.2", "XDP_DROP")]], per_cpu=False)
    assert samples(families) == {}
    assert [*families.no_numbers] == ["value"]
    known = Families("policy", (), named=("in.verdict",))
    known.add([[Entry(1, {"in": {"verdict": 17}, "hits": 3})]], per_cpu=False)
    assert samples(known) == {"gauge xdpctl_hits": [({"map": "policy", "key": "1"}, 3.0)]}
    assert [*known.no_numbers] == ["in.verdict"]


def test_names_that_would_be_the_same() -> None:
    families = Families("m", ("lost_packets",))
    families.add([[Entry(1, {"a": {"b": 1}, "a_b": 2, "lost_packets": 3})]], per_cpu=False)
    assert sorted(samples(families, lost={"packets": 4})) == [
        "counter xdpctl_lost_packets__total",
        "counter xdpctl_lost_packets_total",
        "gauge xdpctl_a_b",
        "gauge xdpctl_a_b_",
    ]


def test_what_is_counted_beside_the_entries() -> None:
    beside = {"total": {"packets": 9}, "forgotten": {"packets": 2}, "lost": {"packets": 1, "bytes": 60}}
    assert samples(Families("m", ()), **beside) == {
        "counter xdpctl_seen_packets_total": [({"map": "m"}, 9.0)],
        "gauge xdpctl_forgotten_packets": [({"map": "m"}, 2.0)],
        "counter xdpctl_lost_packets_total": [({"map": "m"}, 1.0)],
        "counter xdpctl_lost_bytes_total": [({"map": "m"}, 60.0)],
    }
    assert list(Families("m", ()).lines({"lost": None})) == []


def test_several_maps_share_families() -> None:
    one, other = Families("a", ("packets",)), Families("b", ("packets", "hits"))
    one.add([[Entry(1, {"packets": 1, "hits": 2})]], per_cpu=False)
    other.add([[Entry({"src": "x"}, {"packets": 3, "hits": 4})]], per_cpu=False)
    text = "".join(exposition([(one, {"lost": {"packets": 5}}), (other, {"lost": {"packets": 6}})]))
    found = list(text_string_to_metric_families(text))
    assert [(f.name, f.type, [(s.labels["map"], s.value) for s in f.samples]) for f in found] == [
        ("xdpctl_packets", "counter", [("a", 1), ("b", 3)]),
        ("xdpctl_hits", "gauge", [("a", 2)]),
        ("xdpctl_hits", "counter", [("b", 4)]),
        ("xdpctl_lost_packets", "counter", [("a", 5), ("b", 6)]),
    ]
    assert (
        text.count("# TYPE ") == len({line for line in text.splitlines() if line.startswith("# TYPE ")}) == 4
    )
