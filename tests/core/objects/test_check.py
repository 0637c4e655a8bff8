"""What is loaded must be what can be loaded, read, and found again."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from xdpctl.core.objects.check import check_object
from xdpctl.errors import BadRequest, Refused

CORPUS = Path(__file__).parent.parent.parent / "data" / "corpus"
MAP = (
    "struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); "
    '__type(key, __u32); __type(value, __u64);%s } %s SEC(".maps");\n'
)
PROGRAM = 'SEC("%s") int %s(void *ctx) { return !ctx; }\n'


def c(*parts: str) -> str:
    return "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n" + "".join(parts)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (c(PROGRAM % ("tc", "count")), 'o has no XDP program, only count in SEC("tc")'),
        (c(MAP % ("", "cnt")), "o has no XDP program"),
    ],
)
def test_refusals(source: str, says: str, compile_bpf: Callable[..., bytes]) -> None:
    with pytest.raises(BadRequest) as caught:
        check_object(compile_bpf(source, flags=()), "o")
    assert caught.value.message.startswith(says)


def test_legacy_maps_missing_types_and_other_files(compile_bpf: Callable[..., bytes]) -> None:
    legacy = compile_bpf((CORPUS / "06-legacy-maps-own-struct.c").read_text(), flags=())
    with pytest.raises(BadRequest, match=r'o defines maps in SEC\("maps"\), .*: xdp_stats_map'):
        check_object(legacy, "o")
    with pytest.raises(BadRequest, match="o has no BTF"):
        check_object(compile_bpf(c(PROGRAM % ("xdp", "p")), flags=("-g0",)), "o")
    with pytest.raises(BadRequest, match="o is no BPF object: it is no ELF file"):
        check_object(b"text", "o")


def test_a_program_needs_the_maps_of_its_spec(compile_bpf: Callable[..., bytes]) -> None:
    data = compile_bpf(c(PROGRAM % ("xdp", "p"), MAP % ("", "cnt")))
    check_object(data, "o", maps=("cnt",))
    with pytest.raises(Refused, match="o lacks the map other"):
        check_object(data, "o", maps=("cnt", "other"))


def test_section_names_of_older_lessons_load(compile_bpf: Callable[..., bytes]) -> None:
    data = compile_bpf((CORPUS / "07-wrong-section-name.c").read_text(), flags=())
    assert check_object(data, "o").xdp_programs == ("xdp_allow",)


def test_an_object_for_machines_of_the_other_byte_order(compile_bpf: Callable[..., bytes]) -> None:
    other = {"little": "bpfeb", "big": "bpfel"}[sys.byteorder]
    with pytest.raises(BadRequest, match=f"and this one is {sys.byteorder}-endian"):
        check_object(compile_bpf(c(PROGRAM % ("xdp", "p")), flags=("-target", other)), "o")
