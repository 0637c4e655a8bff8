"""Objects of several programs: one of them alone, or all of them, with their maps."""

import json

import pytest

from .conftest import PIN, Lab

START = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u64);
} hits SEC(".maps");
__u64 total;
static __attribute__((noinline)) void count(__u32 key)
{
    __u64 *hit = bpf_map_lookup_elem(&hits, &key);
    if (hit) __sync_fetch_and_add(hit, 1);
    total++;
}
char LICENSE[] SEC("license") = "GPL";
"""
PASS = 'SEC("xdp") int pass(struct xdp_md *ctx) { count(0); return XDP_PASS; }\n'
DROP = 'SEC("xdp") int drop(struct xdp_md *ctx) { count(1); return XDP_DROP; }\n'
FAULTY = 'SEC("xdp") int faulty(struct xdp_md *ctx) { return *(__u8 *)(long)ctx->data; }\n'
OTHER = 'SEC("tc") int other(struct __sk_buff *skb) { count(1); return skb->mark; }\n'
SKEWED = 'SEC("tc") int skewed(struct __sk_buff *skb) { return *(__u8 *)(long)skb->data; }\n'


@pytest.fixture
def two(lab: Lab) -> str:
    return str(lab.compile("two", START + PASS + DROP).relative_to(lab.directory))


def test_one_of_several_is_named(lab: Lab, two: str) -> None:
    said = lab.refused(2, "two.bpf.o has several programs: pass, drop", "load", "--dev", "veth0")
    assert "--program NAME" in said
    assert "--all" in said
    lab.refused(2, "has no XDP program 'dorp'", "load", "--program", "dorp")
    assert lab.ok("load", "--program", "drop") == f"loaded drop, pinned in {PIN}: drop hits\n"
    assert lab.pins() == [PIN, f"{PIN}/drop", f"{PIN}/hits"]
    assert lab.must("find", "/run", "-name", "xdpctl*") == ""


def test_the_second_is_loaded_attached_and_counts(lab: Lab, two: str) -> None:
    lab.ok("load", two, "--program", "pass", "--dev", "veth0")
    lab.ping(3)
    assert lab.dump("hits") == {0: 3, 1: 0}
    lab.ok("detach", "veth0")
    assert lab.ok("attach", "veth0", "--program", "pass") == "attached pass to veth0 in native mode\n"
    lab.ok("unload")
    assert (lab.pins(), lab.attached()) == ([], [])


@pytest.mark.parametrize("order", [(FAULTY, PASS), (PASS, FAULTY), (SKEWED, PASS), (PASS, SKEWED)])
def test_what_would_be_refused_is_no_hindrance(lab: Lab, order: tuple[str, str]) -> None:
    lab.compile("two", START + "".join(order))
    lab.ok("load", "--program", "pass", "--dev", "veth0")
    lab.ping(1)
    assert lab.dump("hits") == {0: 1, 1: 0}
    lab.ok("unload")
    assert "pass" in lab.ok("run", "--program", "pass", "--packet", "icmp").lower()
    if FAULTY in order:
        lab.refused(1, "the verifier rejected faulty", "load", "--program", "faulty")
        lab.refused(1, "the verifier rejected faulty", "load", "--all")


ASKED = """
#include <bpf/bpf_core_read.h>
struct nowhere { int x; };
SEC("?xdp") int drop(struct xdp_md *ctx)
{
    count(1);
    return bpf_core_type_exists(struct nowhere) ? XDP_PASS : XDP_DROP;
}
"""


def test_what_waits_to_be_asked_for(lab: Lab) -> None:
    lab.compile("two", START + FAULTY.replace("xdp", "?xdp", 1) + PASS + ASKED)
    for words in ((), ("--all",)):
        assert lab.ok("load", *words) == f"loaded pass, pinned in {PIN}: hits pass\n"
        lab.ok("unload")
    lab.ok("load", "--program", "drop", "--dev", "veth0")
    lab.send([60])
    assert lab.dump("hits") == {0: 0, 1: 1}
    lab.ok("unload")
    lab.refused(2, "--all leaves drop out", "load", "--all", "--program", "drop", "--dev", "veth0")
    said = lab.ok("run", "--program", "drop", "--packet", "icmp", "--json")
    assert json.loads(said)["packets"][0]["verdict"] == "XDP_DROP"
    lab.refused(1, "the verifier rejected faulty at two.c:15", "load", "--program", "faulty")


def test_programs_of_other_kinds_need_no_naming(lab: Lab) -> None:
    lab.compile("kinds", START + OTHER + PASS)
    assert lab.ok("load") == f"loaded pass, pinned in {PIN}: hits pass\n"


def test_all_are_loaded_and_share_their_maps(lab: Lab, two: str) -> None:
    assert lab.ok("load", "--all") == f"loaded pass and drop, pinned in {PIN}: drop hits pass\n"
    lab.refused(2, f"{PIN} holds several programs", "attach", "veth0")
    lab.refused(2, f"there is no XDP program 'none' in {PIN}", "attach", "veth0", "--program", "none")
    lab.ok("attach", "veth0", "--program", "pass")
    lab.ping(2)
    lab.ok("detach", "veth0")
    assert lab.ok("attach", "veth0", "--program", "drop") == "attached drop to veth0 in native mode\n"
    lab.send([60])
    assert lab.dump("hits") == {0: 2, 1: 1}
    ids = {
        tuple(p["map_ids"]) for p in json.loads(lab.must("bpftool", "-j", "prog", "show")) if _is_here(p, lab)
    }
    assert len(ids) == 1
    lab.ok("unload")
    assert (lab.pins(), lab.attached()) == ([], [])


def _is_here(program: dict[str, object], lab: Lab) -> bool:
    known = [
        lab.must("bpftool", "-j", "prog", "show", "pinned", f"{PIN}/{name}") for name in ("pass", "drop")
    ]
    return program["id"] in {json.loads(one)["id"] for one in known}


def test_all_are_loaded_and_one_is_attached(lab: Lab, two: str) -> None:
    lab.refused(2, "has several programs", "load", "--all", "--dev", "veth0")
    lab.refused(2, "leave one out", "load", "--all", "--program", "pass")
    said = lab.ok("load", "--all", "--dev", "veth0", "--program", "drop")
    assert said.endswith("attached drop to veth0 in native mode\n")
    lab.ok("unload")
    lab.ok("load", "--all", "--pin", "/sys/fs/bpf")
    assert lab.pins() == [f"/sys/fs/bpf/{name}" for name in ("drop", "hits", "pass")]


def test_commands_that_are_shown_can_be_pasted(lab: Lab, two: str) -> None:
    plan = lab.ok("--dry-run", "load", "--program", "drop", "--dev", "veth0")
    lab.must("sh", "-ec", plan)
    assert lab.pins() == [PIN, f"{PIN}/drop", f"{PIN}/hits"]
    assert len(lab.attached()) == 1
    assert lab.must("find", "/run", "-name", "xdpctl*") == ""
    lab.ok("unload")


def test_nothing_is_left_where_a_step_fails(lab: Lab, two: str) -> None:
    lab.must("ip", "link", "add", "bridge0", "type", "bridge")
    lab.refused(1, "failed to attach", "load", "--program", "drop", "--dev", "bridge0", "--mode", "native")
    assert lab.must("find", "/run", "-name", "xdpctl*") == ""


def test_run_and_bench_take_one(lab: Lab, two: str) -> None:
    lab.refused(2, "has several programs: pass, drop", "run", "--packet", "icmp")
    said = lab.ok("run", two, "--program", "drop", "--packet", "icmp", "--json")
    assert json.loads(said)["packets"][0]["verdict"] == "XDP_DROP"
    plan = lab.ok("--dry-run", "run", two, "--program", "drop", "--packet", "icmp")
    assert "two.bpf.o" in plan
    for source in (two, "two.c"):
        lab.refused(2, "has several programs: pass, drop", "bench", source)
        lab.ok("bench", source, "--program", "drop", "--rounds", "3", "--repeat", "100000")
    lab.ok("load", "--all")
    lab.ok("run", "--program", "drop", "--live", "--packet", "icmp")
    assert lab.dump("hits") == {0: 0, 1: 1}


REDIRECTS = """
struct {
    __uint(type, BPF_MAP_TYPE_DEVMAP); __uint(max_entries, 4); __type(key, int); __type(value, int);
} ports SEC(".maps");
SEC("xdp") int redirect(struct xdp_md *ctx) { return bpf_redirect_map(&ports, 0, 0); }
"""


def test_a_devmap_that_only_another_uses_goes_too(lab: Lab) -> None:
    """The kernel keeps no types of it, by which it could be told whose it is."""
    lab.compile("two", START + PASS + REDIRECTS)
    assert lab.ok("load", "--program", "pass") == f"loaded pass, pinned in {PIN}: hits pass ports\n"
    lab.ok("unload")
    assert lab.pins() == []


BEHIND = """
SEC("xdp/devmap") int out(struct xdp_md *ctx) { return ctx->egress_ifindex == 1 ? XDP_DROP : XDP_PASS; }
SEC("xdp/cpumap") int there(struct xdp_md *ctx) { return ctx->rx_queue_index ? XDP_DROP : XDP_PASS; }
"""


def test_programs_for_maps_of_devices_and_cpus(lab: Lab) -> None:
    """Their section tells the kernel where they run, and so what they may read."""
    lab.compile("behind", START + PASS + BEHIND)
    for words in (("--all",), ("--program", "out"), ("--program", "there")):
        lab.ok("load", *words)
        lab.ok("unload")
    lab.ok("load", "--all", "--dev", "veth0", "--program", "pass")
    lab.ping(2)
    assert lab.dump("hits") == {0: 2, 1: 0}
    lab.ok("detach", "veth0")
    lab.refused(1, "BPF_XDP_DEVMAP programs can not be attached", "attach", "veth0", "--program", "out")
    lab.ok("unload")


TAIL = """
int last(struct xdp_md *ctx);
struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 1); __uint(key_size, 4);
    __array(values, int (void *));
} next SEC(".maps") = { .values = { [0] = (void *)&last } };
SEC("xdp") int entry(struct xdp_md *ctx) { bpf_tail_call(ctx, &next, 0); return XDP_ABORTED; }
SEC("xdp") int last(struct xdp_md *ctx) { count(1); return XDP_PASS; }
"""


def test_what_a_program_calls_comes_along(lab: Lab) -> None:
    """It is in a map from the start."""
    lab.compile("tail", START + FAULTY + TAIL)
    assert lab.ok("load", "--program", "entry", "--dev", "veth0").startswith("loaded entry and last, ")
    lab.ping(1)
    assert lab.dump("hits") == {0: 0, 1: 1}
    lab.ok("unload")
    assert lab.pins() == []
    said = json.loads(lab.ok("run", "--program", "entry", "--packet", "icmp", "--json"))
    assert said["packets"][0]["verdict"] == "XDP_PASS"
    lab.refused(2, "entry of bpf/tail.bpf.o calls last", "bench", "bpf/tail.bpf.o", "--program", "entry")


def test_names_that_the_kernel_cuts(lab: Lab) -> None:
    """The kernel keeps 15 characters: a pin has all of them."""
    program, counter = "count_packets_of_all_kinds", "counter_of_all_packets"
    lab.compile("long", (START + PASS).replace("pass", program).replace("hits", counter))
    done = lab.xdpctl("load", "--dev", "veth0")
    assert done.returncode == 0
    for name in (program, counter):
        assert f"the kernel keeps 15 characters of {name}" in done.stderr
    assert lab.pins() == [PIN, f"{PIN}/{program}", f"{PIN}/{counter}"]
    lab.ping(2)
    for name in (counter, counter[:15], f"{PIN}/{counter}"):
        assert lab.dump(name) == {0: 2, 1: 0}
        assert "no map" not in lab.xdpctl("why", name).stderr
    lab.ok("map", "set", counter[:15], "1", "7")
    assert lab.dump(counter) == {0: 2, 1: 7}
    assert f"{PIN}/{program}" in lab.ok("status")
    lab.ok("run", program[:15], "--packet", "icmp")
    lab.ok("detach", "veth0")
    lab.ok("attach", "veth0", "--program", program[:15])
    lab.ok("detach", "veth0")
    lab.ok("attach", "veth0", "--program", program)
    assert program in lab.ok("unload")
    assert (lab.pins(), lab.attached()) == ([], [])


def test_a_dispatcher_of_ones_own_is_taken_off_again(lab: Lab) -> None:
    lab.compile("mine", (START + PASS).replace("pass", "xdp_dispatcher"))
    lab.ok("load", "--dev", "veth0")
    assert "xdpctl detach veth0" in lab.refused(1, "already runs xdp_dispatcher", "attach", "veth0")
    lab.ok("detach", "veth0")
    lab.ok("attach", "veth0")
    lab.ok("unload")
    assert (lab.pins(), lab.attached()) == ([], [])


def test_two_programs_of_one_object_are_compared(lab: Lab, two: str) -> None:
    run = ("run", two, "--packet", "icmp", "--program", "pass")
    done = lab.xdpctl(*run, "--against-program", "drop")
    assert (done.returncode, done.stdout.splitlines()[1].split()[-2:]) == (5, ["XDP_PASS", "XDP_DROP"])
    assert lab.xdpctl(*run, "--against", two, "--against-program", "drop").stdout == done.stdout
    lab.ok(*run, "--against-program", "pass")
    hint = "has several programs: pass, drop\n  say which: --against-program NAME"
    lab.refused(2, hint, *run, "--against", two)
    lab.refused(2, "say which: --program NAME", *run[:4], "--against-program", "drop")
    lab.refused(2, "'pas'\n  did you mean 'pass'?", *run, "--against-program", "pas")
    lab.refused(2, "--against-program and --live", "run", *run[2:4], "--live", "--against-program", "pass")


@pytest.mark.parametrize(
    ("others", "words", "status"),
    [
        ({"drop": "one"}, ["--program", "pass"], 5),
        ({"drop": "one"}, ["--program", "drop"], 0),
        ({"pass": "one", "drop": "other"}, ["--program", "pass", "--against-program", "other"], 5),
        ({}, ["--program", "drop"], 0),
        ({"drop": "one", "pass": "other"}, ["--program", "drop"], 2),
    ],
)
def test_one_of_several_in_another_object(
    lab: Lab, two: str, others: dict[str, str], words: list[str], status: int
) -> None:
    """One that is alone needs no naming, and one of the same name is meant."""
    code = START + DROP if "drop" in others and "pass" not in others else START + PASS + DROP
    for name, other in others.items():
        code = code.replace(f"int {name}(", f"int {other}(")
    lab.compile("other", code)
    done = lab.xdpctl("run", two, "--packet", "icmp", "--against", "bpf/other.bpf.o", *words)
    assert done.returncode == status, done.stderr
    if status == 2:
        assert "say which: --against-program NAME" in done.stderr
