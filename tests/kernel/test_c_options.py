"""C of others that wants headers and macros: `-I`, `-D`, and [build] in a spec."""

import pytest

from .conftest import Lab

PROGRAM = """\
#include <linux/bpf.h>
#include <linux/icmp.h>
#include <bpf/bpf_helpers.h>
#include "verdicts.h"
SEC("xdp") int choose(struct xdp_md *ctx)
{
	return ctx->data_end - ctx->data > LIMIT + sizeof(struct icmphdr) ? MINE : XDP_PASS;
}
"""


@pytest.fixture
def source(lab: Lab) -> str:
    for name, text in {"src/choose.c": PROGRAM, "common/verdicts.h": "#define MINE XDP_DROP\n"}.items():
        (lab.directory / name).parent.mkdir(exist_ok=True)
        (lab.directory / name).write_text(text)
    return "src/choose.c"


def test_headers_and_macros_are_given(lab: Lab, source: str) -> None:
    lab.refused(1, "'verdicts.h' file not found", "build", source, "-D", "LIMIT=100")
    assert lab.ok("build", source, "-D", "LIMIT=100", "-I", "common") == "wrote bpf/choose.bpf.o\n"
    lab.ok("load")
    shown = lab.ok("--dry-run", "build", source, "-Icommon", "-DLIMIT=100")
    assert "-I common -D LIMIT=100" in shown


def test_a_directory_that_is_not_there(lab: Lab, source: str) -> None:
    lab.refused(2, "comon is no directory", "build", source, "-I", "comon")


def test_a_spec_says_them_too(lab: Lab, source: str) -> None:
    """Relative to the spec, where the options are relative to where one stands."""
    spec = lab.directory / "src/mine.toml"
    spec.write_text('[build]\ninclude = "../common"\ndefine = ["LIMIT=7", "DEBUG"]\n')
    include = f"-I {lab.directory}/src/../common"
    assert f"{include} -D LIMIT=7 -D DEBUG" in lab.ok("--dry-run", "build", "src/mine.toml")
    assert f"-I {lab.directory}/common -D LIMIT=7" in lab.ok(
        "--dry-run", "build", "src/mine.toml", "-I", "common"
    )
    lab.ok("build", "src/mine.toml")
    spec.write_text("[build]\nincludes = 'x'\n")
    lab.refused(2, "src/mine.toml:2: unknown entry 'includes'", "build", "src/mine.toml")
    spec.write_text("build = 1\n")
    lab.refused(2, "write it as [build]", "build", "src/mine.toml", "-D", "X")


def test_bench_takes_them_from_a_spec(lab: Lab, source: str) -> None:
    spec = lab.directory / "src/mine.toml"
    spec.write_text('[build]\ninclude = ["nowhere"]\n')
    lab.refused(2, "nowhere is no directory", "bench", "src/mine.toml")
