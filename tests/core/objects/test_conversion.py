"""Old C, converted: the whole file compiles, and its maps are those of before, with types."""

import time
from collections.abc import Callable

import pytest

from xdpctl.core.objects import conversion, elf, legacy

OLD = """\
// Counts, as iproute2 loads it.
#include <linux/bpf.h>
#include "bpf_helpers.h"
#include "../../include/bpf_elf.h"
#define __section(NAME) __attribute__((section(NAME), used))
#define IN_MAPS __section(ELF_SECTION_MAPS)
#define LICENSE_IS(X) char _license[] SEC("license") = X
struct pair { __u64 packets, bytes; };
LICENSE_IS("GPL");

/* by protocol */
struct bpf_elf_map IN_MAPS by_proto = {
	.type		= BPF_MAP_TYPE_PERCPU_HASH, /* one for each CPU */
	.size_key	= sizeof(u32),
	.size_value	= sizeof(struct pair),
	.pinning	= PIN_GLOBAL_NS,
#ifdef MANY
	.max_elem	= 4096,
#else
	.max_elem	= 256,
#endif
};
struct bpf_elf_map __section("maps") by_queue = { .type = BPF_MAP_TYPE_ARRAY, .size_key = 4, .size_value = 8,
	.max_elem = 1 << 4, .pinning = PIN_NONE, .id = 1 };
static struct bpf_map_def __attribute__((section("maps"), used)) by_port = {
	BPF_MAP_TYPE_HASH, 2, sizeof(int), 16, 0 };
SEC("maps") struct bpf_map_def by_action = { .type = BPF_MAP_TYPE_ARRAY,
	.key_size = 4, .value_size = 16, .max_entries = 5 };

SEC("xdp")
int count(struct xdp_md *ctx)
{
	const char u32_text[] = "u32"; // u32 stays in texts
	u32 proto = u32_text[0], action = XDP_PASS;
	struct pair *pair, *all;
	u64 *queue;
	unsigned short port = 80;

	pair = bpf_map_lookup_elem(&by_proto, &proto);
	queue = bpf_map_lookup_elem(&by_queue, &ctx->rx_queue_index);
	all = bpf_map_lookup_elem(&by_action, &action);
	if (pair) pair->packets++;
	if (queue) __sync_fetch_and_add(queue, 1);
	if (all) __sync_fetch_and_add(&all->bytes, 1);
	return bpf_map_lookup_elem(&by_port, &port) ? XDP_DROP : XDP_PASS;
}
"""
BY_PROTO = """\
/* by protocol */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH); /* one for each CPU */
	__type(key, __u32);
	__type(value, struct pair);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
#ifdef MANY
	__uint(max_entries, 4096);
#else
	__uint(max_entries, 256);
#endif
} by_proto SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __typeof__(((struct xdp_md *)0)->rx_queue_index));
	__type(value, __u64);
	__uint(max_entries, 1 << 4);
} by_queue SEC(".maps");
static struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, unsigned short);
	__type(value, int);
	__uint(max_entries, 16);
} by_port SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct pair);
	__uint(max_entries, 5);
} by_action SEC(".maps");
"""


def place(name: str, quoted: bool) -> str | None:
    """A system with libbpf, and nothing beside the source."""
    known = ("linux/bpf.h", "bpf/bpf_helpers.h")
    return None if quoted or name not in known else f"<{name}>"


def test_the_whole_file(compile_bpf: Callable[..., bytes]) -> None:
    new = conversion.converted(OLD, place)
    assert BY_PROTO in new
    assert "#include <bpf/bpf_helpers.h>" in new
    assert "bpf_elf.h" not in new
    assert 'u32_text[] = "u32"; // u32 stays in texts' in new
    assert "__u32 proto = u32_text[0], action" in new
    assert 'LICENSE_IS("GPL");' in new
    found = elf.read(compile_bpf(new, flags=()))
    assert (set(found.maps), found.legacy_maps) == ({"by_proto", "by_queue", "by_port", "by_action"}, ())
    assert legacy.find(new) == ()


HELPERS_OF_ITS_OWN = """\
#include <linux/bpf.h>
typedef __u32 u32;
#define SEC(NAME) __attribute__((section(NAME), used))
static void *(*bpf_map_lookup_elem)(void *map, void *key) = (void *) BPF_FUNC_map_lookup_elem;
struct bpf_map_def { unsigned int type, max_entries, key_size, value_size; };
struct bpf_map_def SEC("maps") cnt = { BPF_MAP_TYPE_ARRAY, 2, sizeof(u32), sizeof(long) };
SEC("xdp") int count(struct xdp_md *ctx)
{ u32 k = 0; return ctx && bpf_map_lookup_elem(&cnt, &k); }
"""


def test_a_file_that_brings_its_own_helpers(compile_bpf: Callable[..., bytes]) -> None:
    new = conversion.converted(HELPERS_OF_ITS_OWN, place)
    assert "bpf/bpf_helpers.h" not in new
    assert "__uint(max_entries, 2);\n\t__type(key, u32);\n\t__type(value, long);" in new
    assert elf.read(compile_bpf(new, flags=())).maps == ("cnt",)


WITHOUT_INCLUDES = 'struct bpf_map_def SEC("maps") cnt = { .type = BPF_MAP_TYPE_ARRAY, .key_size = 4,\n};\n'


def test_what_the_new_form_is_written_with_is_included() -> None:
    new = conversion.converted(WITHOUT_INCLUDES, place)
    assert new.startswith("#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nstruct {\n")


MAP_OF_MAPS = """\
struct bpf_elf_map SEC("maps") inner = {
	.type = BPF_MAP_TYPE_ARRAY, .size_key = 4, .size_value = 8, .max_elem = 1, .id = 7, .inner_idx = 0 };
struct bpf_elf_map SEC("maps") outer = {
	.type = BPF_MAP_TYPE_ARRAY_OF_MAPS, .size_key = 4, .size_value = 4, .inner_id = 7, .max_elem = 2 };
"""


def test_maps_of_maps_of_iproute2(compile_bpf: Callable[..., bytes]) -> None:
    new = conversion.converted(MAP_OF_MAPS, place)
    assert "__array(values, __typeof__(inner));" in new
    assert elf.read(compile_bpf(new)).maps == ("inner", "outer")


@pytest.mark.parametrize(
    ("size", "use", "type_"),
    [
        ("4", "__u32 key = 0; x = bpf_map_lookup_elem(&m, &key);", "__type(key, __u32);"),
        ("8", "__u32 key = 0; x = bpf_map_lookup_elem(&m, &key);", "__uint(key_size, 8);"),
        ("16", "struct flow key = {}; bpf_map_delete_elem(&m, &key);", "__type(key, struct flow);"),
        ("6", "__u8 key[6]; bpf_map_delete_elem(&m, key, 0);", "__uint(key_size, 6);"),
        ("4", "void f(const __be32 *key) { bpf_map_delete_elem(&m, key); }", "__type(key, __be32);"),
        ("4", "int a, key, b; bpf_map_delete_elem(&m, &key);", "__type(key, int);"),
        ("4", "struct iphdr *ip; bpf_map_delete_elem(&m, &ip->saddr);", "->saddr));"),
        ("SIZE", "", "__uint(key_size, SIZE);"),
        ("sizeof(struct flow)", "", "__type(key, struct flow);"),
    ],
)
def test_types_are_found_in_uses(size: str, use: str, type_: str) -> None:
    source = f'struct bpf_map_def SEC("maps") m = {{ .type = 1, .key_size = {size} }};\n{use}\n'
    (found,) = legacy.find(source)
    assert found.modern.splitlines()[2].endswith(type_)


SAMPLE = """\
#include <uapi/linux/bpf.h>
#include "bpf_helpers.h"
struct bpf_map_def SEC("maps") ports = {
	.type = BPF_MAP_TYPE_HASH, .key_size = sizeof(u16), .value_size = sizeof(uint32_t), .max_entries = 8 };
static struct bpf_map_def *chosen(bool first) { return first ? &ports : 0; }
SEC("xdp") int count(struct xdp_md *ctx)
{ u16 port = 0; return bpf_map_lookup_elem(&ports, &port) && chosen(!ctx) ? 2 : 1; }
"""


def test_c_out_of_the_kernels_own_samples(compile_bpf: Callable[..., bytes]) -> None:
    """Types and headers that only the kernel's sources have are those of user space."""

    def beside(name: str, quoted: bool) -> str | None:
        return place(name, quoted) or ('"../bpf_helpers.h"' if quoted and name == "bpf_helpers.h" else None)

    new = conversion.converted(SAMPLE, beside)
    assert new.startswith("#include <stdbool.h>\n#include <stdint.h>\n#include <linux/bpf.h>\n")
    assert "static void *chosen(bool first)" in new
    assert elf.read(compile_bpf(new)).maps == ("ports",)


def test_a_header_that_brings_the_new_form_already(compile_bpf: Callable[..., bytes]) -> None:
    header = conversion.MACROS + "#define __section(NAME) __attribute__((section(NAME), used))\n"
    source = 'struct bpf_elf_map __section("maps") cnt = { .type = 2, .size_key = 4, .size_value = 4 };'
    new = conversion.converted(f'#include "api.h"\n{source}\n', lambda name, _: f'"{name}"', header)
    assert "bpf_helpers.h" not in new
    assert elf.read(compile_bpf(new.replace('#include "api.h"', header))).maps == ("cnt",)


SEVERAL = """\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct bpf_map_def { unsigned int type, key_size, value_size, max_entries; };
static struct bpf_map_def SEC("maps") one = { BPF_MAP_TYPE_ARRAY, 4, 8, 1 },
	/* of ports */
	two = { .type = BPF_MAP_TYPE_HASH, .key_size = 2, .value_size = 8, .max_entries = 2 }, three = { 1, 4 };
struct bpf_map_def four SEC("maps") = { BPF_MAP_TYPE_ARRAY, 4, 8, 1 }, none = { 9 }, *at = &none;
SEC("xdp") int count(struct xdp_md *ctx)
{
	__u32 k = at ? 0 : none.type;
	return ctx && bpf_map_lookup_elem(&one, &k) && bpf_map_lookup_elem(&two, &k) &&
		bpf_map_lookup_elem(&three, &k) && bpf_map_lookup_elem(&four, &k);
}
"""


def test_several_maps_in_one_declaration(compile_bpf: Callable[..., bytes]) -> None:
    new = conversion.converted(SEVERAL, place)
    assert new.count("static struct {") == 3
    assert "/* of ports */" in new
    assert "struct bpf_map_def none = { 9 }, *at = &none;" in new
    assert elf.read(compile_bpf(new, flags=())).maps == ("one", "two", "three", "four")
    assert [(one.name, one.line) for one in legacy.find(SEVERAL)] == [
        ("one", 4),
        ("two", 6),
        ("three", 6),
        ("four", 7),
    ]


MACRO = """\
#define MAP(n, t) struct bpf_map_def SEC("maps") n = { \\
	.type = t, }
#define ARRAY(n) MAP(n, 2)
#define IN_MAPS SEC("maps")
struct bpf_map_def IN_MAPS plain = { .type = 1 };
MAP(old, 1);
/* MAP(none, 1); */
ARRAY(older);
"""


def test_maps_of_macros_are_seen_where_they_are_made() -> None:
    assert [(one.macro, one.line) for one in legacy.made_by_macros(MACRO)] == [("MAP", 6), ("ARRAY", 8)]
    assert [one.name for one in legacy.find(MACRO)] == ["plain"]


MAP = 'struct bpf_map_def SEC("maps") old = { .type = 1, .key_size = 4, .value_size = 8 };\n'
LARGE = 100_000


@pytest.mark.parametrize(
    "behind",
    [
        '"' + '\\"' * LARGE,
        "'" + "\\'" * LARGE,
        "\n/*" * LARGE,
        "struct a{" * LARGE + "int x;" + "}" * LARGE,
        "struct a = {" * LARGE,
        "struct a " * LARGE,
        "static const " * LARGE,
        "typedef u32 " * LARGE,
        "(" * LARGE,
        "#define a(\n" * LARGE,
        "".join(f"#define A{i} A{i + 1}\n" for i in range(LARGE // 2)),
        "x = bpf_map_lookup_elem(&old, &k) + " * (LARGE // 4),
        "map_lookup_elem(&old," * LARGE,
        "".join(f"u32 k{i}; x = map_lookup_elem(&old, &k{i});\n" for i in range(LARGE // 4)),
        "".join(f'struct bpf_map_def SEC("maps") m{i} = {{ .type = 1 }};\n' for i in range(LARGE // 4)),
        'struct bpf_map_def SEC("maps") a = {}' + "".join(f", m{i} = {{ 1 }}" for i in range(LARGE // 4)),
        f'struct bpf_map_def SEC("maps") m = {{ .key_size = sizeof({" " * LARGE}(x)) }};',
        "a" * LARGE + " " * LARGE + "\n" * LARGE,
    ],
    ids=lambda text: text[:12],
)
def test_any_c_takes_a_time_that_grows_with_its_size_alone(behind: str) -> None:
    """By a look for each place through all of the rest it would be many minutes."""
    begun = time.process_time()
    assert "old" in [one.name for one in legacy.find(MAP + behind)]
    legacy.made_by_macros(MAP + behind)
    assert "} old " in conversion.converted(MAP + behind, place)
    assert time.process_time() - begun < 60
