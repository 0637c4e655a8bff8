"""What is surely not meant: found in real objects, and not found in what looks like it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from xdpctl.core.objects import elf
from xdpctl.core.objects.findings import Inspected

Compile = Callable[..., bytes]
GOLDEN = Path(__file__).parents[2] / "data" / "golden"
FRAME = """\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct rec {{ __u64 packets, bytes; struct bpf_spin_lock lock; }};
struct {{
	__uint(type, BPF_MAP_TYPE_{type});
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct rec);
}} counts SEC(".maps");
{before}
SEC("xdp") int count(struct xdp_md *ctx)
{{
	__u32 key = {key};
	struct rec *rec = bpf_map_lookup_elem(&counts, &key);
	if (!rec) return XDP_PASS;
	{code}
	return XDP_PASS;
}}
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.fixture
def inspect(compile_bpf: Compile) -> Callable[..., Inspected]:
    def inspect_(code: str, type_: str = "ARRAY", before: str = "", key: str = "0") -> Inspected:
        source = FRAME.format(code=code, type=type_, before=before, key=key)
        data = compile_bpf(source, flags=("-Wno-implicit-function-declaration",))  # an error since clang 16
        return Inspected(data, elf.read(data))

    return inspect_


INLINE = "static __always_inline void add(__u64 *where) { *where = *where + 1; }"
CALLED = 'static __attribute__((noinline)) void add(__u64 *where) { asm volatile(""); *where += 1; }'
COPY = "struct rec copy = *rec; copy.packets++; bpf_map_update_elem(&counts, &key, &copy, BPF_ANY);"
LENGTH = "rec->bytes += ctx->data_end - ctx->data;"
LOOP = "__u64 *all = (void *)rec; for (int i = 0; i < 2; i++) all[ctx->rx_queue_index & 1] -= i + 1;"


@pytest.mark.parametrize(
    ("code", "before"),
    [
        ("rec->packets++;", ""),
        ("if (ctx->rx_queue_index) rec->packets = rec->packets + 7; else rec->bytes = 0;", ""),
        (LENGTH, ""),
        ("add(&rec->bytes);", INLINE),
        ("add(&rec->bytes);", CALLED),
        (COPY, ""),
        (LOOP, ""),
        ("bpf_spin_lock(&rec->lock); bpf_spin_unlock(&rec->lock); rec->packets++;", ""),
    ],
)
def test_counts_that_will_be_lost(code: str, before: str, inspect: Callable[..., Inspected]) -> None:
    notes = list(inspect(code, before=before).notes())
    assert notes
    assert all("CPUs share the values of counts" in note for note in notes)


NUMBERS = """
struct {{
	__uint(type, BPF_MAP_TYPE_{type});
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, {value});
}} numbers SEC(".maps");
"""
PUT = "bpf_map_update_elem(&numbers, &key, &n, BPF_ANY);"
HELD = "*held = bpf_map_lookup_elem(&numbers, &key);"


@pytest.mark.parametrize("value", ["__u64", "__u32"])
@pytest.mark.parametrize(
    "code",
    [
        "{v} n = 1, {held} if (held) n = *held + 1; {put}",
        "{v} n = 0, {held} if (held) n = *held; n++; {put}",
        "{v} n, {held} if (!held) return 1; n = *held + 1; {put}",
        "{v} n, {held} if (held) {{ n = *held + 1; {put} }} else {{ n = 1; {put} }}",
        "{v} n, {held} n = held ? *held + ctx->data_end - ctx->data : 1; {put}",
    ],
)
def test_counts_that_are_written_back(code: str, value: str, inspect: Callable[..., Inspected]) -> None:
    before = NUMBERS.format(type="HASH", value=value)
    notes = list(inspect(code.format(v=value, held=HELD, put=PUT), before=before).notes())
    assert notes
    assert all("CPUs share the values of numbers" in note for note in notes)


@pytest.mark.parametrize(
    ("code", "type_"),
    [
        ("{v} n = 1, {held} if (held) n = *held + 1; {put}", "PERCPU_HASH"),
        ("{v} n = 1, {held} if (held) __sync_fetch_and_add(held, 1); else {put}", "HASH"),
        ("{v} n = 7, {held} if (held) n = *held; {put}", "HASH"),
        ("{v} n = rec->packets + 1; {put}", "HASH"),
        ("{v} n = ctx->rx_queue_index + 1; {put}", "HASH"),
        ("{v} n = 1, {held} if (held) n = *held + 1; bpf_printk(\"%d\", n); n = 5; {put}", "HASH"),
        ("{v} n, {held} if (!held) return 1; n = *held + 1; __u32 next = key + 1; key = next; {put}", "HASH"),
        ("{v} n, {held} if (!held) return 1; n = *held + 1; __u32 to = ctx->rx_queue_index; "
         "bpf_map_update_elem(&numbers, &to, &n, BPF_ANY);", "HASH"),
        ("{v} n = 1, {held} if (held) n = *held + 1; "
         "bpf_map_update_elem(&numbers, &key, &n, BPF_NOEXIST);", "HASH"),
    ],
)  # fmt: skip
def test_what_only_looks_like_counts_written_back(
    code: str, type_: str, inspect: Callable[..., Inspected]
) -> None:
    before = NUMBERS.format(type=type_, value="__u64")
    assert list(inspect(code.format(v="__u64", held=HELD, put=PUT), before=before).notes()) == []


def test_a_copy_of_which_a_later_member_is_added_to(inspect: Callable[..., Inspected]) -> None:
    [note] = inspect(COPY.replace("copy.packets++", "copy.bytes += 9")).notes()
    assert "bpf_map_update_elem" in note


@pytest.mark.parametrize("type_", ["ARRAY", "HASH", "LRU_HASH"])
def test_where_they_are_lost(type_: str, inspect: Callable[..., Inspected]) -> None:
    (note,) = inspect("rec->packets += 1;", type_).notes()
    assert note.startswith("0.bpf.c:16: ")
    assert note.endswith("\n  rec->packets += 1;")


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("__sync_fetch_and_add(&rec->packets, 1);", {}),
        ("rec->packets++;", {"type_": "PERCPU_ARRAY"}),
        (COPY.replace("struct rec copy = *rec;", "struct rec copy = {};"), {}),
        ("bpf_spin_lock(&rec->lock); rec->packets++; bpf_spin_unlock(&rec->lock);", {}),
        ("rec->packets = ctx->rx_queue_index + 1;", {}),
        ("rec->packets = rec->bytes + 1;", {}),
        ("if (rec->packets < rec->bytes) rec->packets = bpf_ktime_get_ns();", {}),
        ("rec->packets = bpf_ktime_get_ns() - rec->packets;", {}),
        ('__u64 own = rec->packets; own += 1; bpf_printk("%d", own);', {}),
        ("rec->packets++;", {"key": "bpf_get_smp_processor_id()"}),
        ("rec->packets++;", {"key": "bpf_get_smp_processor_id() * 4 + ctx->rx_queue_index"}),
        ("rec->packets++;", {"key": "ctx->rx_queue_index + 4 * bpf_get_smp_processor_id()"}),
        ("(&rec->packets)[bpf_get_smp_processor_id() & 1]++;", {}),
        ("rec->packets++;", {"key": "4 - (bpf_get_smp_processor_id() & 3)"}),
    ],
)
def test_what_only_looks_like_it(
    code: str, options: dict[str, str], inspect: Callable[..., Inspected]
) -> None:
    assert list(inspect(code, **options).notes()) == []


@pytest.mark.parametrize(
    ("code", "verdicts"),
    [
        ("return 7;", ["7"]),
        ("if (rec->packets) return -1;", ["-1"]),
        ("return rec->packets ? 5 : rec->bytes ? 4 : 9;", ["5", "9"]),
        ("int verdict = rec->packets ? -1 : 1; if (verdict < 0) return XDP_DROP; return verdict;", []),
        (
            "switch (ctx->ingress_ifindex) { case 1: return 1; case 2: return 5; case 3: return 100; }",
            ["100", "5"],
        ),
        ("return rec->packets > 7 ? -1 : rec->bytes ? 17 : 6;", ["-1", "17", "6"]),
        ("if (rec->packets == 9) return rec->packets;", ["9"]),
        ("return bpf_redirect(1, 0);", []),
        ("return rec->packets;", []),
        ("return XDP_REDIRECT;", []),
    ],
)
def test_verdicts_that_are_no_action(
    code: str, verdicts: list[str], inspect: Callable[..., Inspected]
) -> None:
    notes = list(inspect(code).notes())
    told = sorted(note.split(" is no XDP action")[0].rpartition(" ")[2] for note in notes)
    assert told == verdicts


def test_results_of_other_functions_are_no_verdicts(inspect: Callable[..., Inspected]) -> None:
    other = 'static __attribute__((noinline)) int far(int x) { asm volatile(""); return x ? 77 : 99; }'
    assert list(inspect("if (far(key) > 80) return XDP_DROP;", before=other).notes()) == []


@pytest.mark.parametrize(
    ("function", "verdicts"),
    [("x ? 9 : 2", ["9"]), ("x ? XDP_DROP : XDP_PASS", []), ("x", []), ("inner(x)", ["7"])],
)
def test_verdicts_of_functions(function: str, verdicts: list[str], inspect: Callable[..., Inspected]) -> None:
    kept = "static __attribute__((noinline)) int"
    inner = f'{kept} inner(int x) {{ asm volatile(""); return x > 3 ? 7 : 1; }}'
    other = f'{inner} {kept} far(int x) {{ asm volatile(""); return {function}; }}'
    notes = list(inspect("return far(ctx->rx_queue_index);", before=other).notes())
    assert [note.split(" is no XDP action")[0].rpartition(" ")[2] for note in notes] == verdicts


def test_a_program_without_a_result(inspect: Callable[..., Inspected]) -> None:
    (note,) = inspect("", before='SEC("xdp") void silent(struct xdp_md *ctx) { }').notes()
    assert note.startswith("silent returns nothing")


@pytest.mark.parametrize(
    ("code", "before", "names"),
    [
        ("missing(ctx);", "", ["missing"]),
        ("missing(ctx);", "int missing(void *ctx);", ["missing"]),
        ("return limit;", "extern int limit;", ["limit"]),
        ("present(ctx);", "__attribute__((noinline)) int present(void *ctx) { return !ctx; }", []),
        ("bpf_rdonly_cast(ctx, 1);", "extern void *bpf_rdonly_cast(void *, __u32) __ksym;", []),
        ("return CONFIG_HZ > 100;", "extern int CONFIG_HZ __kconfig;", []),
    ],
)
def test_names_that_are_defined_nowhere(
    code: str, before: str, names: list[str], inspect: Callable[..., Inspected]
) -> None:
    assert [one.name for one in inspect(code, before=before).undefined()] == names


@pytest.mark.parametrize("golden", sorted(GOLDEN.glob("*.c")), ids=lambda path: path.stem)
def test_generated_programs_are_meant_so(golden: Path, compile_bpf: Compile) -> None:
    data = compile_bpf(golden.read_text())
    inspected = Inspected(data, elf.read(data))
    assert (list(inspected.undefined()), list(inspected.notes())) == ([], [])
