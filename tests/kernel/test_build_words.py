"""What `build` has to say of C that doesn't compile, or surely isn't meant so."""

import os

from .conftest import Lab

INCLUDES = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"
MAP = """\
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} pkt_cnt SEC(".maps");
"""
COUNT = """\
SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *cnt = bpf_map_lookup_elem(&pkt_cnt, &key);
	if (cnt)
		*cnt += 1;
	return ctx->rx_queue_index > 7 ? 9 : XDP_PASS;
}
"""


def write(lab: Lab, name: str, text: str) -> str:
    path = lab.directory / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return name


def test_c_without_includes(lab: Lab) -> None:
    source = write(lab, "bare.c", MAP + COUNT * 12)
    lines = lab.refused(1, "", "build", source).splitlines()
    assert lines[0].startswith("xdpctl: bare.c doesn't compile: include what SEC comes from")
    assert lines[1].startswith("bare.c:2:2: error: ")
    assert len(lines) < 25
    assert lines[-1] == "  --verbose shows the whole log"
    assert len(lab.xdpctl("build", source, "--verbose").stderr.splitlines()) > 60


def test_the_header_of_what_is_not_declared(lab: Lab) -> None:
    code = INCLUDES + MAP + COUNT.replace("if (cnt)", "if (cnt && ctx->data == ETH_P_IP)")
    said = lab.refused(1, "ETH_P_IP is unknown: include <linux/if_ether.h>", "build", write(lab, "x.c", code))
    assert "use of undeclared identifier" in said
    code = INCLUDES + MAP + COUNT.replace("__u64 *cnt", "u64 *cnt")
    lab.refused(1, "u64 is unknown: write __u64, from <linux/types.h>", "build", write(lab, "x.c", code))
    code = '#include "own.h"\n' + INCLUDES + MAP + COUNT
    lab.refused(1, "tell where the header is: -I DIR", "build", write(lab, "x.c", code))


def test_what_is_defined_nowhere(lab: Lab) -> None:
    code = INCLUDES + MAP + COUNT.replace("*cnt += 1", "*cnt = htons(ctx->data_end)")
    said = lab.refused(1, "x.c:15:", "build", write(lab, "x.c", code))  # since clang 16, by clang itself
    assert "htons is unknown: write bpf_htons, from <bpf/bpf_endian.h>\n" in said
    declared = f"int htons(int);\n{code}"
    said = lab.refused(1, "x.c:16: htons is defined nowhere", "build", write(lab, "x.c", declared))
    assert "  *cnt = htons(ctx->data_end);\n" in said
    assert "  htons is unknown: write bpf_htons, from <bpf/bpf_endian.h>\n" in said
    code = "int printf(const char *, ...);\n" + code.replace("htons(ctx->data_end)", 'printf("packet")')
    said = lab.refused(1, "printf is defined nowhere", "build", write(lab, "x.c", code))
    assert "there is no C library" in said
    assert not (lab.directory / "bpf").exists()
    code = INCLUDES + MAP.replace("struct", "extern struct", 1) + COUNT.replace("*cnt += 1", "*cnt = by")
    said = lab.refused(1, "and by are defined nowhere", "build", write(lab, "x.c", f"extern int by;\n{code}"))
    assert "  what is declared extern is in another file: bpftool gen object BOTH.o ONE.o OTHER.o\n" in said
    assert "library" not in said


def test_what_is_surely_not_meant(lab: Lab) -> None:
    done = lab.xdpctl("build", write(lab, "x.c", INCLUDES + MAP + COUNT))
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "x.c:15: all CPUs share the values of pkt_cnt, and this adds to one without __sync_fetch_and_add: "
        "counts will be lost",
        "  *cnt += 1;",
        "x.c:16: 9 is no XDP action: the packet will be dropped, with a warning in the kernel's log",
        "  return ctx->rx_queue_index > 7 ? 9 : XDP_PASS;",
    ]


def test_a_way_without_a_verdict(lab: Lab) -> None:
    code = INCLUDES + MAP + COUNT.replace("return ctx->rx_queue_index > 7 ?", "if (key) return 0 ?")
    said = lab.xdpctl("build", write(lab, "x.c", code.replace("*cnt += 1", "*cnt = 1"))).stderr
    assert said.startswith("x.c:17: a way to this place returns nothing, so that the verdict isn't known\n")


def test_sources_of_the_same_name(lab: Lab) -> None:
    code = INCLUDES + MAP + COUNT.replace("*cnt += 1", "*cnt = 1").replace("9", "2")
    one, other = (write(lab, f"{name}/count.c", code) for name in ("one", "other"))
    lab.ok("build", one)
    built = (lab.directory / "bpf/count.bpf.o").read_bytes()
    said = lab.refused(2, "bpf/count.bpf.o was built from one/count.c", "build", other)
    assert f"xdpctl build {other} --out DIR" in said
    assert (lab.directory / "bpf/count.bpf.o").read_bytes() == built
    lab.ok("build", str(lab.directory / one))
    lab.refused(2, f"was built from {lab.directory / one}", "build", other)
    lab.ok("build", other, "--out", "other/bpf")
    os.unlink(lab.directory / one)
    lab.ok("build", other)
    lab.ok("build", "./" + other)


def test_a_spec_and_c_of_the_same_name(lab: Lab) -> None:
    """Whichever came first."""
    code = INCLUDES + MAP + COUNT.replace("*cnt += 1", "*cnt = 1").replace("9", "2")
    source = write(lab, "counted.c", code)
    lab.ok("build", source)
    lab.refused(2, "was built from counted.c", "build", "--program", "counted")
    os.unlink(lab.directory / "bpf/counted.bpf.o")
    lab.ok("build", "--program", "counted")
    lab.ok("build", "--program", "counted")
    lab.ok("build", "bpf/counted.bpf.c")
    lab.ok("build", "--program", "counted")
    lab.refused(2, "was built from bpf/counted.bpf.c", "build", source)


def test_whatever_has_the_name_of_an_object_is_replaced(lab: Lab) -> None:
    code = INCLUDES + MAP + COUNT.replace("*cnt += 1", "*cnt = 1").replace("9", "2")
    source = write(lab, "count.c", code)
    lab.ok("build", source)
    built = (lab.directory / "bpf/count.bpf.o").read_bytes()
    for damaged in (b"", b"no object", built[:700], built[:64] + b"\xff" * 900 + built[964:]):
        (lab.directory / "bpf/count.bpf.o").write_bytes(damaged)
        lab.ok("build", source)
        assert (lab.directory / "bpf/count.bpf.o").read_bytes() == built
