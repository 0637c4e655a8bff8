"""What students did wrong, from the logs that bpftool printed, to an explanation."""

from pathlib import Path

import pytest

from xdpctl.core.machine.tool_errors import (
    attach_failure,
    compile_failure,
    lacks_headers,
    load_failure,
    mode_refused,
    not_permitted,
    told_by_ip,
)
from xdpctl.errors import NotPermitted, VerifierRejected

DATA = Path(__file__).parent.parent.parent / "data"
SAID = "failed to load object file"


def log_of(name: str) -> str:
    (path,) = (DATA / "corpus").glob(f"{name}-*.err")
    return path.read_text()


@pytest.mark.parametrize(
    ("name", "where", "reason", "hints"),
    [
        (
            "10",
            "xdp_allow at 10-no-null-check-hash.c:15",
            "R0 invalid mem access 'map_value_or_null'",
            ("*cnt += 1;", "a lookup may find nothing: compare its pointer with NULL first"),
        ),
        (
            "12",
            "xdp_allow at 12-no-license-printk.c:7",
            "cannot call GPL-restricted function from non-GPL compatible program",
            (
                'bpf_printk("You can go now");',
                'say that the program is under the GPL: char LICENSE[] SEC("license") = "GPL";',
            ),
        ),
        (
            "13",
            "count_ip at 13-no-bounds-check.c:19",
            "invalid access to packet, off=12 size=1, R1(id=0,off=12,r=0)",
            (
                "if (eth->h_proto != bpf_htons(ETH_P_IP))",
                "R1 offset is outside of the packet",
                "the packet may end before: compare with data_end first",
            ),
        ),
        (
            "17",
            "xdp_allow at 17-infinite-loop.c:13",
            "infinite loop detected at insn 2",
            (
                "__u32 key = 0;",
                "bound the loop: the verifier wants to see that it ends",
            ),
        ),
        (
            "18",
            "xdp_allow at 18-loop-too-long.c:16",
            "R7 pointer arithmetic on pkt_end prohibited",
            (
                "while (p + 1 <= end)\t\t/* count bytes one by one */",
                "calculate with data, and only compare with data_end",
            ),
        ),
        (
            "45",
            "xdp_allow at 45-map-without-SEC.c:14",
            "R1 type=map_value expected=map_ptr",
            (
                "__u64 *cnt = bpf_map_lookup_elem(&pkt_cnt, &key);",
                'the map lacks SEC(".maps") behind its name',
            ),
        ),
        ("09", "xdp_allow", "unknown opcode 8d", ("compile it with -O2",)),
    ],
)
def test_a_verifier_rejection_shows_the_source_line_and_the_reason(
    name: str, where: str, reason: str, hints: tuple[str, ...]
) -> None:
    found = load_failure(SAID, log_of(name))
    assert found.message == f"the verifier rejected {where}: {reason}"
    assert found.hints == (*hints, "--verbose shows the whole log")
    assert found.error is VerifierRejected


@pytest.mark.parametrize(
    ("said", "lacks"),
    [
        ("failed to find BTF for extern 'limit' [9] section: -2", "limit"),
        ("unrecognized extern section '.maps'", "something of section .maps"),
    ],
)
def test_what_another_object_has_is_to_be_linked(said: str, lacks: str) -> None:
    found = load_failure(SAID, f"libbpf: {said}\n")
    assert found.message == f"the object lacks {lacks}, which it declares"
    assert "bpftool gen object" in found.hints[0]


@pytest.mark.parametrize("version", ["v6.8.0", "debian7.1.0", "v7.7.0"])
def test_versions_of_bpftool_are_read_alike(version: str) -> None:
    log = (DATA / "recorded" / f"load_verifier_reject__{version}.err").read_text()
    assert load_failure(SAID, log).message == (
        "the verifier rejected xdp_bad at bad.c:3: "
        "invalid access to packet, off=20 size=1, R1(id=0,off=20,r=0)"
    )


def test_kernels_before_6_8_do_not_say_from_which_line() -> None:
    found = load_failure(SAID, log_of("10").replace(" @ 10-no-null-check-hash.c:15", ""))
    assert found.message == "the verifier rejected xdp_allow: R0 invalid mem access 'map_value_or_null'"
    assert found.hints[0] == "*cnt += 1;"


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        (
            "06",
            'the object defines maps in SEC("maps"), which libbpf 1.0 and later refuse',
            "xdpctl build FILE.c",
        ),
        ("08", "the object has no BTF, which its maps need", "compile it with -g"),
        ("26", "the kernel refused the definition of map pkt_cnt", "max_entries (at least 1)"),
        ("48", "the kernel refused the definition of map pkt_cnt", "key (4 bytes for an array)"),
        ("69", "a map is pinned by its own definition (LIBBPF_PIN_BY_NAME)", "delete the line"),
        ("91", "a map is pinned by its own definition (LIBBPF_PIN_BY_NAME)", "delete the line"),
        ("100", "the program calls bpf_map_get_next_key, which a BPF program can't", "user space"),
        ("106", "map pkt_cnt is too large for this machine", "make max_entries or the value smaller"),
    ],
)
def test_what_libbpf_or_the_kernel_refused_before_the_verifier(name: str, message: str, hint: str) -> None:
    found = load_failure(SAID, log_of(name))
    assert found.message == message
    assert hint in found.hints[0]


@pytest.mark.parametrize(
    ("said", "log"),
    [
        ("failed to pin program xdp", ""),  # bpftool 7.1
        ("can't pin BPF object: path '/sys/fs/bpf/a\n'b/xdp_allow' already exists", ""),  # 7.5
        ("failed to pin all maps", "libbpf: failed to pin map: File exists\n"),
        ("failed to pin all maps", "libbpf: failed to pin map: -EEXIST\n"),  # libbpf 1.6
    ],
)
def test_what_is_pinned_already_in_the_words_of_each_version(said: str, log: str) -> None:
    assert load_failure(said, log).message == "something is pinned there already"


FRAGS_ON_5_10 = """\
libbpf: prog 'xdp_allow': BPF program load failed: Invalid argument
libbpf: prog 'xdp_allow': failed to load: -22
libbpf: failed to load object 'frags.o'
Error: failed to load object file
"""

BUFF_LEN_ON_5_10 = """\
libbpf: prog 'xdp_allow': BPF program load failed: Invalid argument
libbpf: prog 'xdp_allow': -- BEGIN PROG LOAD LOG --
; bytes += bpf_xdp_get_buff_len(ctx);
0: (85) call unknown#188
invalid func unknown#188
processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'xdp_allow': failed to load: -22
libbpf: failed to load object 'frags.o'
Error: failed to load object file
"""


def test_multi_buffer_programs_on_a_kernel_before_5_18() -> None:
    flag = load_failure(SAID, FRAGS_ON_5_10)
    assert flag.message == "the kernel refused xdp_allow before verifying it, and gives no reason"
    assert flag.hints == ('if its section is "xdp.frags" (frags = true), that needs Linux 5.18 or newer',)
    assert load_failure(SAID, FRAGS_ON_5_10.replace("Invalid argument", "-EINVAL")) == flag
    helper = load_failure(SAID, BUFF_LEN_ON_5_10)
    assert helper.message == "the verifier rejected xdp_allow: invalid func unknown#188"
    assert "bpf_xdp_get_buff_len, which frags = true calls, needs Linux 5.18 or newer" in helper.hints
    other = load_failure(SAID, BUFF_LEN_ON_5_10.replace("188", "999"))
    assert "the program calls a helper that this kernel is too old to have" in other.hints


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("26", "Invalid argument(-22)", "-EINVAL"),
        ("106", "Argument list too long(-7)", "-E2BIG"),
        ("93", "Operation not permitted(1)", "-EPERM"),
    ],
)
def test_libbpf_1_6_names_errors_by_their_constants(name: str, old: str, new: str) -> None:
    assert load_failure(SAID, log_of(name).replace(old, new)) == load_failure(SAID, log_of(name))


def test_missing_permission_is_told_apart() -> None:
    found = load_failure(SAID, log_of("93"))
    assert found.error is NotPermitted
    assert (found.message, found.hints) == ("not permitted to load BPF programs", ("run xdpctl as root",))


def test_what_is_not_known_is_told_in_libbpfs_words_or_else_in_bpftools() -> None:
    assert load_failure(SAID, "libbpf: first\nother\nlibbpf: second\n").message == "first"
    assert load_failure(SAID, "").message == SAID


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("veth: Peer MTU is too large to set XDP.", "lower the MTU"),
        ("Underlying driver does not support XDP in native mode.", "--mode generic"),
        ("Native and generic XDP can't be active at the same time.", "xdpctl status"),
        ("XDP program already attached.", "xdpctl status"),
        ("Can't replace active BPF XDP link.", "bpftool link detach"),
        ("Active program does not match expected", "xdpctl status"),
        ("RTNETLINK answers: Invalid argument", "offloading"),
    ],
)
def test_why_a_device_did_not_take_it(said: str, hint: str) -> None:
    (found,) = attach_failure(said)
    assert hint in found
    assert not not_permitted(said)


@pytest.mark.parametrize(
    "said",
    [
        "Error: Underlying driver does not support XDP in native mode.\n",
        "Error: veth: Peer MTU is too large to set XDP.\n",
        "Error: virtio_net: Too few free TX rings available.\n",
        "RTNETLINK answers: Operation not supported\n",
        "RTNETLINK answers: Invalid argument\n",
        "libbpf: Kernel error message: Underlying driver does not support XDP in native mode\n",
        "Kernel error message: virtio_net: Too few free TX rings available\n",
        "Warning: by the way.\nError: Can't set XDP while host is implementing LRO, disable it.\n",
    ],
)
def test_refusals_of_a_mode(said: str) -> None:
    assert told_by_ip(said)
    assert mode_refused(said)


@pytest.mark.parametrize(
    "said",
    [
        "Error: XDP program already attached.\n",
        "Error: Native and generic XDP can't be active at the same time.\n",
        "Error: Can't replace active BPF XDP link.\n",
        "Error: Cannot attach when an upper device already has a program.\n",
        "Error: Active program does not match expected.\n",
        "libbpf: Kernel error message: Active program does not match expected\n",
        "RTNETLINK answers: Device or resource busy\n",
        "RTNETLINK answers: File exists\n",
        "RTNETLINK answers: Operation not permitted\n",
        "RTNETLINK answers: No such device\n",
        'Cannot find device "eth7"\n',
        "Couldn't retrieve pinned program '/sys/fs/bpf/ebpf/p': No such file or directory\n",
        "nsenter: cannot open /run/netns/lab: No such file or directory\n",
    ],
)
def test_refusals_in_whatever_mode(said: str) -> None:
    assert told_by_ip(said)
    assert not mode_refused(said)


@pytest.mark.parametrize("said", ["", "Killed\n", "line 1: 4711 Segmentation fault\n", "Errors: none\n"])
def test_what_is_no_refusal(said: str) -> None:
    """Whoever failed in this way may have done something before."""
    assert not told_by_ip(said)
    assert not mode_refused(said)


def test_other_refusals_of_a_device_have_no_advice() -> None:
    assert attach_failure("RTNETLINK answers: No buffer space available") == ()


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("/usr/include/features.h: fatal error: 'gnu/stubs-32.h' file not found", "bpf_printk"),
        ("error: A call to built-in function '__floatundidf' is not supported.", "no floating point"),
        ("error: Looks like the BPF stack limit of 512 bytes is exceeded.", "per-CPU array"),
    ],
)
def test_advice_on_what_clang_says(said: str, advice: str) -> None:
    (found,) = compile_failure(said, "")
    assert advice in found
    assert not lacks_headers(said)


def test_missing_includes_are_seen_in_the_code_not_in_what_clang_quotes() -> None:
    said = 'p.c:9:1: error: expected identifier\n} pkt_cnt SEC(".maps");`'
    (found,) = compile_failure(said, '#include <linux/bpf.h>\nSEC("xdp") int f(void);')
    assert "#include <bpf/bpf_helpers.h>" in found
    for include in ("<bpf/bpf_helpers.h>", '"../common.h"'):
        assert compile_failure(said, f'#include {include}\nSEC("xdp") int f(void);') == ()


def test_headers_that_come_in_packages() -> None:
    assert lacks_headers("p.c:2:10: fatal error: 'bpf/bpf_helpers.h' file not found")
    assert not lacks_headers("p.c:2:10: fatal error: 'mine.h' file not found")
    assert compile_failure("p.c:3:1: error: expected ';'", "") == ()
