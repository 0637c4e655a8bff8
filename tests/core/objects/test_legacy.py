"""Maps of older lessons, shown in the form that libbpf 1.0 and later take."""

from collections.abc import Callable
from pathlib import Path

import pytest

from xdpctl.core.objects import elf, legacy

CORPUS = Path(__file__).parent.parent.parent / "data" / "corpus"

STATS = """\
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct datarec);
	__uint(max_entries, 5);
} xdp_stats_map SEC(".maps");"""

COUNT = """\
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1);
} pkt_cnt SEC(".maps");"""

PARTLY_COMMENTED = """\
/* struct bpf_map_def SEC("maps") old = { .type = 1 }; */
int x; // struct bpf_map_def SEC("maps") older = { .type = 1 };
struct bpf_map_def cnt SEC("maps") = { BPF_MAP_TYPE_HASH, sizeof(int), 8, 1 };
struct bpf_map_def SEC("maps") drops = {
	.type = BPF_MAP_TYPE_ARRAY, /* plain */
	.key_size = 4,
	.value_size = sizeof( long ),
	.max_entries = SIZE, .map_flags = BPF_F_NO_PREALLOC };
"""


@pytest.mark.parametrize(
    ("name", "line", "modern"),
    [
        ("05-legacy-bpf-map-def", 5, STATS),
        ("06-legacy-maps-own-struct", 8, STATS),
        ("46-map-section-without-dot", 4, COUNT),
    ],
)
def test_students_maps_are_shown_in_todays_form(
    name: str, line: int, modern: str, compile_bpf: Callable[..., bytes]
) -> None:
    source = (CORPUS / f"{name}.c").read_text()
    (found,) = legacy.find(source)
    assert (found.line, found.modern) == (line, modern)
    types = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nstruct datarec { __u64 rx_packets; };\n"
    use = 'SEC("xdp") int use(void *ctx) { __u32 k = 0; return !ctx || !bpf_map_lookup_elem(&%s, &k); }'
    assert elf.read(compile_bpf(f"{types}{modern}\n{use % found.name}\n")).maps == (found.name,)


def test_other_ways_to_write_them() -> None:
    assert [
        (found.name, found.line, found.modern.splitlines()[1:-1]) for found in legacy.find(PARTLY_COMMENTED)
    ] == [
        (
            "cnt",
            3,
            [
                "\t__uint(type, BPF_MAP_TYPE_HASH);",
                "\t__type(key, int);",
                "\t__uint(value_size, 8);",
                "\t__uint(max_entries, 1);",
            ],
        ),
        (
            "drops",
            4,
            [
                "\t__uint(type, BPF_MAP_TYPE_ARRAY);",
                "\t__uint(key_size, 4);",
                "\t__type(value, long);",
                "\t__uint(max_entries, SIZE);",
                "\t__uint(map_flags, BPF_F_NO_PREALLOC);",
            ],
        ),
    ]


def test_todays_maps_are_left_alone() -> None:
    assert legacy.find(COUNT) == ()
