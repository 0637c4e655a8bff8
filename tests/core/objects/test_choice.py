"""What of an object is loaded, and the copy that holds nothing else."""

from collections.abc import Callable

import pytest

from xdpctl.core.objects import choice, elf
from xdpctl.core.objects.choice import Choice
from xdpctl.errors import Ambiguous, NoSuchProgram

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct {
    __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1);
    __type(key, __u32); __type(value, __u64); __uint(pinning, LIBBPF_PIN_BY_NAME);
} a_counter_of_packets SEC(".maps");
static __attribute__((noinline)) int helper(int x) { return x ? XDP_PASS : XDP_DROP; }
SEC("xdp") int first_of_both_programs(struct xdp_md *ctx) { return helper(ctx->ingress_ifindex); }
SEC("xdp.frags") int second(struct xdp_md *ctx) { return helper(ctx->rx_queue_index); }
SEC("tc") int other(struct __sk_buff *skb) { return !skb; }
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.fixture(scope="module")
def built(compile_bpf: Callable[..., bytes]) -> bytes:
    return compile_bpf(SOURCE)


def copy(data: bytes, chosen: Choice) -> elf.BpfObject:
    changed = bytearray(data)
    for edit in chosen.edits:
        changed[edit.at : edit.at + len(edit.data)] = edit.data
    assert len(changed) == len(data)
    return elf.read(bytes(changed))


@pytest.mark.parametrize("order", ["bpfel", "bpfeb"])
def test_a_copy_has_the_chosen_program_alone_and_pins_nothing(
    compile_bpf: Callable[..., bytes], order: str
) -> None:
    data = compile_bpf(SOURCE, flags=("-target", order))
    chosen = choice.choose(elf.read(data), "o", "second")
    found = copy(data, chosen)
    assert chosen.section == "xdp.frags"
    assert found.programs == (("xdp.frags", "second"),)
    assert [m.unpinning for m in found.map_definitions] == [None]
    assert found.map_definitions[0].type == 1
    assert found.maps == ("a_counter_of_packets",)


def test_all_xdp_programs_are_loaded_without_those_of_other_kinds(built: bytes) -> None:
    chosen = choice.all_of(elf.read(built))
    assert copy(built, chosen).programs == (("xdp", "first_of_both_programs"), ("xdp.frags", "second"))


def test_what_is_loaded_as_it_is_needs_no_copy(compile_bpf: Callable[..., bytes]) -> None:
    alone = SOURCE.replace(", LIBBPF_PIN_BY_NAME", ", LIBBPF_PIN_NONE").replace('SEC("tc")', 'SEC("xdp")')
    assert choice.all_of(elf.read(compile_bpf(alone))).edits == ()


def test_one_of_several_has_to_be_named(built: bytes) -> None:
    found = elf.read(built)
    with pytest.raises(Ambiguous, match="o has several programs: first_of_both_programs, second"):
        choice.choose(found, "o", "")
    with pytest.raises(NoSuchProgram, match="o has no XDP program 'other'"):
        choice.choose(found, "o", "other")
    with pytest.raises(NoSuchProgram, match="did you mean 'second'"):
        choice.choose(found, "o", "secnd")
    assert choice.choose(found, "o", "first_of_both_p").programs == ("first_of_both_programs",)


OPTIONAL = SOURCE.replace('SEC("xdp.frags")', 'SEC("?xdp.frags")')


@pytest.mark.parametrize("order", ["bpfel", "bpfeb"])
def test_what_waits_to_be_asked_for_is_loaded_by_name_alone(
    compile_bpf: Callable[..., bytes], order: str
) -> None:
    """libbpf loads no program of a section whose name begins with a question mark."""
    data = compile_bpf(OPTIONAL, flags=("-target", order))
    found = elf.read(data)
    assert found.xdp_programs == ("first_of_both_programs", "second")
    for alone in (choice.choose(found, "o", ""), choice.all_of(found)):
        assert alone.programs == ("first_of_both_programs",)
    chosen = choice.choose(found, "o", "second")
    assert chosen.section == "xdp.frags"
    assert copy(data, chosen).programs == (("xdp.frags", "second"),)


def test_where_all_wait_to_be_asked_for(compile_bpf: Callable[..., bytes]) -> None:
    found = elf.read(compile_bpf(OPTIONAL.replace('SEC("xdp")', 'SEC("?xdp")')))
    with pytest.raises(Ambiguous, match="o has several programs: first_of_both_programs, second"):
        choice.choose(found, "o", "")
    assert choice.all_of(found).programs == ("first_of_both_programs", "second")


def test_names_that_the_kernel_cuts(built: bytes) -> None:
    names = ("first_of_both_programs", "a_counter_of_packets")
    assert choice.choose(elf.read(built), "o", "first_of_both_programs").long_names == names
