"""Reading objects: real ones, and whatever a disk or a student may hand us."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xdpctl.core.objects import elf

CORPUS = Path(__file__).parent.parent.parent / "data" / "corpus"

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64);%s
} cnt SEC(".maps");
__u64 seen;
static __attribute__((noinline)) int helper(void) { return seen++ ? XDP_PASS : XDP_DROP; }
SEC("xdp") int first(struct xdp_md *ctx)
{ __u32 k = 0; return ctx && bpf_map_lookup_elem(&cnt, &k) ? helper() : 0; }
SEC("xdp.frags") int second(struct xdp_md *ctx) { return ctx ? XDP_PASS : XDP_DROP; }
SEC("tc") int other(struct __sk_buff *skb) { return !skb; }
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.fixture(scope="module")
def built(compile_bpf: Callable[..., bytes]) -> bytes:
    return compile_bpf(SOURCE % "")


def test_programs_and_maps_of_an_object(built: bytes) -> None:
    found = elf.read(built)
    assert found.programs == (("xdp", "first"), ("xdp.frags", "second"), ("tc", "other"))
    assert found.xdp_programs == ("first", "second")
    assert (found.maps, found.legacy_maps) == (("cnt",), ())
    assert found.has_btf
    [cnt] = found.map_definitions
    assert (cnt.name, cnt.type, cnt.key_size, cnt.value_size, cnt.max_entries) == ("cnt", 2, 4, 8, 1)
    assert cnt.unpinning is None
    assert {s.name for s in found.sections if s.size} >= {".text", "license", ".bss", ".maps", ".BTF"}


def test_what_load_must_know_of_a_students_object(compile_bpf: Callable[..., bytes]) -> None:
    legacy = compile_bpf((CORPUS / "06-legacy-maps-own-struct.c").read_text(), flags=())
    assert elf.read(legacy).legacy_maps == ("xdp_stats_map",)
    no_btf = compile_bpf(SOURCE % "", flags=("-g0",))
    assert not elf.read(no_btf).has_btf
    section = compile_bpf((CORPUS / "07-wrong-section-name.c").read_text(), flags=())
    assert elf.read(section).xdp_programs == ("xdp_allow",)


BY_NAME = "__uint(pinning, LIBBPF_PIN_BY_NAME);"
BEHIND_NAMES = SOURCE.replace("struct {", "typedef struct {", 1).replace(
    '} cnt SEC(".maps");', '} definition; typedef definition named; named cnt SEC(".maps");'
)


@pytest.mark.parametrize(
    ("source", "pinned"),
    [
        (SOURCE % BY_NAME, True),
        (SOURCE % "int (*const volatile pinning)[1];", True),
        (BEHIND_NAMES % BY_NAME, True),
        (SOURCE % "__uint(pinning, LIBBPF_PIN_NONE);", False),
        (SOURCE.replace("__type(value, __u64)", "__type(value, struct { __u64 pinning; })") % "", False),
        (SOURCE.replace("__type(value, __u64)", f"__type(value, struct {{ {BY_NAME} }})") % "", False),
        (SOURCE % "" + f"struct {{ {BY_NAME} }} elsewhere;", False),
    ],
    ids=["macro", "qualified", "typedef", "none", "member", "wrapped member", "no map"],
)
def test_what_pins_itself_is_told_from_what_is_called_so(
    compile_bpf: Callable[..., bytes], source: str, pinned: bool
) -> None:
    [found] = elf.read(compile_bpf(source)).map_definitions
    assert (found.unpinning is not None) is pinned


def test_either_byte_order_is_read(compile_bpf: Callable[..., bytes], built: bytes) -> None:
    other = {1: "bpfeb", 2: "bpfel"}[built[5]]
    found = elf.read(compile_bpf(SOURCE % BY_NAME, flags=("-target", other)))
    assert found.xdp_programs == ("first", "second")
    assert found.map_definitions[0].unpinning


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is no ELF file"),
        (b"#include <linux/bpf.h>\n", "it is no ELF file"),
        (b"\x7fELF\x01\x01", "it is no 64-bit ELF file"),
        (b"\x7fELF\x02\x01", "its ELF tables are damaged"),
        (Path("/proc/self/exe").read_bytes(), "it is compiled for another machine than BPF"),
    ],
    ids=["empty", "source", "32-bit", "cut", "program"],
)
def test_what_is_no_bpf_object_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(elf.NotBpf, match=reason):
        elf.read(data)


def read_or_refuse(data: bytes) -> None:
    try:
        found = elf.read(data)
    except elf.NotBpf:
        return
    assert isinstance(found.xdp_programs + found.maps + found.legacy_maps, tuple)


@settings(deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_read_or_refused(data: bytes, as_elf: bool) -> None:
    read_or_refuse(b"\x7fELF\x02\x01" + bytes(12) + b"\xf7\0" + data if as_elf else data)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damaged_object_is_read_or_refused(built: bytes, data: st.DataObject) -> None:
    damaged = bytearray(built)
    tables = struct.unpack_from("Q", built, 0x28)[0]
    places = st.integers(0, 0x3F) | st.integers(tables, len(built) - 1) | st.integers(0, len(built) - 1)
    for at in data.draw(st.lists(places, max_size=6), label="bytes"):
        damaged[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    length = data.draw(st.just(len(built)) | st.integers(0, len(built)), label="length")
    read_or_refuse(bytes(damaged[:length]))


@pytest.mark.parametrize("value", [0, 2**16, 2**63, 2**64 - 1])
def test_any_wrong_offset_or_size_is_survived(built: bytes, value: int) -> None:
    tables = struct.unpack_from("Q", built, 0x28)[0]
    for at in (0x28, *range(tables, len(built) - 7, 8)):
        damaged = bytearray(built)
        struct.pack_into("Q", damaged, at, value)
        read_or_refuse(bytes(damaged))
