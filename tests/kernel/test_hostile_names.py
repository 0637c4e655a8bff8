"""What would act on a terminal, or pass for a line of xdpctl's own, is shown escaped everywhere."""

import json
import os
import pty
import shlex
import subprocess

import pytest

from .conftest import COMMAND, Lab

EVIL = "e\x1b[31m\x07\r\x7f\x9b2J\u202e\u2066\u2028\nFORGED\t"
FILE = f"{EVIL}\udcff"
DEVICE = "v\x1b[m\x07\x7f\x9b\u202e"
"""Of at most 15 bytes, none of them blank."""
PIN_NAME = EVIL
PIN = f"/sys/fs/bpf/{PIN_NAME}"

TEXTS = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct text { char said[24]; __u32 hits; };
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, char[24]);
	__type(value, struct text);
} texts SEC(".maps");
SEC("xdp") int talk(struct xdp_md *ctx)
{
	char key[24] = {};
	char said[] = "\\033[2Jsaid\\n\\nFORGED";

	bpf_trace_printk(said, sizeof(said));
	return bpf_map_lookup_elem(&texts, key) ? XDP_DROP : XDP_PASS;
}
char LICENSE[] SEC("license") = "GPL";
"""
WRONG = 'SEC("xdp") int wrong(void *ctx) { return \x1b[31m nothing; /* \x9b\u202e\x7f */ }\n'
REFUSED = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int refused(struct xdp_md *ctx)
{
	return *(char *)(long)ctx->data; /* \x1b[31m\x9b\u202e\x7f */
}
"""


WRONG_REQUESTS = """
load EVIL.o
load --dev EVIL
load --pin EVIL
attach EVIL
detach EVIL
unload --pin EVIL
dump EVIL
dump id:EVIL
dump pkt_cnt --sort EVIL
dump pkt_cnt --where EVIL
dump pkt_cnt --as EVIL
dump pkt_cnt --save EVIL/file
watch EVIL
watch pkt_cnt EVIL
why EVIL
trace --program EVIL
run EVIL
run EVIL.o --packet arp
run --packet EVIL
run --packet arp --hex EVIL
run --pcap EVIL
bench EVIL
bench EVIL.toml
map EVIL
map get pkt_cnt EVIL
map set pkt_cnt 0 EVIL
map set pkt_cnt EVIL=5 1
map set pkt_cnt --batch EVIL
map delete EVIL 0
map copy pkt_cnt EVIL
map pin pkt_cnt EVIL/x
map create EVIL --key u32 --value EVIL
map create EVIL --key u32 --value u32 --flag EVIL
map restore EVIL
--netns EVIL status
--EVIL status
status EVIL
status --EVIL
status -EVIL
EVIL
new EVIL
new --from EVIL
build --preset EVIL
build --program EVIL
build --key EVIL
build --max-entries EVIL
build --printk EVIL
"""


def shown(lab: Lab, *words: str, code: int | None = 0) -> str:
    """All that a command prints, after a look at each character of it."""
    done = lab.xdpctl(*words)
    for said in (done.stdout, done.stderr):
        assert said.replace("\n", "").isprintable(), said
        assert not [line for line in said.splitlines() if line.lstrip().startswith("FORGED")], said
    assert code in (None, done.returncode), (words, done)
    if {"--json", "--jsonl"} & {*words} and not done.returncode:
        for line in done.stdout.splitlines():
            json.loads(line)
    return done.stdout + done.stderr


@pytest.fixture
def hostile(lab: Lab) -> Lab:
    """A device and a network namespace of such names."""
    lab.must("ip", "link", "add", DEVICE, "type", "veth", "peer", "name", "other")
    lab.must("sh", "-c", f"ip link set {shlex.quote(DEVICE)} up; ip link set other up")
    lab.must("touch", f"/run/netns/{EVIL}")
    lab.must("sh", "-c", f"mount --bind /run/netns/peer {shlex.quote(f'/run/netns/{EVIL}')}")
    return lab


def test_files(lab: Lab) -> None:
    out = f"{EVIL}.d"
    assert "wrote e\\x1b[31m\\x07\\r\\x7f\\x9b2J\\u202e\\u2066\\u2028\\nFORGED\\t\\xff.toml" in shown(
        lab, "new", f"{FILE}.toml"
    )
    shown(lab, "new", f"{FILE}.toml", code=2)
    for options in ((), ("--dry-run",), ("--show-commands",)):
        shown(lab, *options, "build", f"{FILE}.toml", "--out", out)
    for words in (("build", f"{FILE}"), ("build", f"missing{FILE}.c"), ("build", "--out", f"{FILE}.toml")):
        shown(lab, *words, code=2)
    (lab.directory / f"{EVIL}.c").write_text(WRONG)
    shown(lab, "build", f"{EVIL}.c", code=1)
    shown(lab, "bench", f"{EVIL}.c", code=1)
    (lab.directory / f"{FILE}.toml").write_text(f'program = """{EVIL}"""')
    shown(lab, "build", f"{FILE}.toml", code=2)
    (lab.directory / f"{EVIL}2.c").write_text(f"#warning {WRONG}#pragma {WRONG}{TEXTS}")
    assert "warning" in shown(lab, "build", f"{EVIL}2.c")


def test_a_command_that_is_shown_can_be_pasted(lab: Lab) -> None:
    shown(lab, "build", "--out", EVIL)
    built = (lab.directory / EVIL / "xdp_allow.bpf.o").read_bytes()
    line = shown(lab, "--dry-run", "build", "--out", EVIL)
    (lab.directory / EVIL / "xdp_allow.bpf.o").unlink()
    lab.must("bash", "-ec", line)
    assert (lab.directory / EVIL / "xdp_allow.bpf.o").read_bytes() == built


def test_what_the_verifier_quotes(lab: Lab) -> None:
    lab.compile("refused", REFUSED)
    assert "\\x1b[31m" in shown(lab, "load", "bpf/refused.bpf.o", code=1)
    assert "\\x1b[31m" in shown(lab, "load", "bpf/refused.bpf.o", "--verbose", code=1)


def test_devices_pins_and_namespaces(hostile: Lab) -> None:
    lab = hostile
    lab.ok("build")
    for how in ("--dry-run", "--show-commands"):
        shown(lab, how, "load", "--pin", PIN, "--dev", DEVICE)
    for options in ((), ("--json",)):
        for words in (
            ("status",),
            ("map", "list"),
            ("map", "show", "pkt_cnt"),
            ("dump", "pkt_cnt"),
            ("doctor",),
        ):
            shown(lab, *words, *options, code=None)
        shown(lab, "why", "--pin", PIN, *options, code=5)
        shown(lab, "why", DEVICE, "--pin", PIN, *options, code=5)
        shown(lab, "--netns", EVIL, "why", "veth1", "--pin", PIN, *options, code=5)
    shown(lab, "map", "pin", "pkt_cnt", f"{PIN}/{PIN_NAME}", "--pin", PIN)
    shown(lab, "map", "create", f"{PIN}/{PIN_NAME}2", "--key", "u32", "--value", "u32", code=None)
    shown(lab, "dump", f"{PIN}/pkt_cnt", "--save", FILE)
    shown(lab, "map", "restore", FILE, f"{PIN}/pkt_cnt")
    shown(lab, "watch", f"{PIN}/pkt_cnt", "--count", "1", "--interval", "0.1")
    shown(lab, "detach", DEVICE, "--pin", PIN)
    shown(lab, "attach", DEVICE, "--pin", PIN)
    shown(lab, "attach", DEVICE, "--pin", PIN, code=1)
    shown(lab, "--netns", EVIL, "attach", "veth1", "--pin", PIN)
    shown(lab, "--dry-run", "unload", "--pin", PIN)
    shown(lab, "unload", "--pin", PIN)


def test_a_device_of_any_bytes(lab: Lab) -> None:
    """What `why` and `--dry-run` say to do can be pasted."""
    device = 'v\x1b[31m"\udcff'
    lab.must("ip", "link", "add", device, "up", "type", "veth", "peer", "name", "other")
    lab.must("ip", "link", "set", "other", "up")
    lab.build()
    lab.ok("load", "--dev", device)
    shown(lab, "detach", device)
    mend = shown(lab, "why", device, code=5).partition("mend: xdpctl ")[2].splitlines()[0]
    assert mend.startswith("attach $'v")
    lab.must("bash", "-c", f"{COMMAND} {mend}")
    lab.must("bash", "-c", shown(lab, "--dry-run", "detach", device))
    shown(lab, "attach", device)
    assert "detached" in shown(lab, "unload")


def test_requests_that_are_wrong(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    for line in WRONG_REQUESTS.strip().splitlines():
        shown(lab, *(word.replace("EVIL", EVIL) for word in line.split()), code=None)


def test_texts_in_maps(lab: Lab) -> None:
    lab.compile("talk", TEXTS)
    lab.ok("load", "bpf/talk.bpf.o")
    text = EVIL.replace("\u2066\u2028", "")
    shown(lab, "map", "set", "texts", text, f"said={text}", "hits=1")
    shown(lab, "map", "set", "texts", "plain", "said=plain", "hits=2")
    for options in ((), ("--csv",), ("--json",), ("--jsonl",), ("--prometheus",), ("--raw",), ("--top", "1")):
        shown(lab, "dump", "texts", *options)
    for words in (("get", "texts", text), ("keys", "texts"), ("next", "texts"), ("next", "texts", text)):
        shown(lab, "map", *words)
        shown(lab, "map", *words, "--json")
    for form in ([], ["--csv"], ["--jsonl"]):
        shown(lab, "watch", "texts", "--count", "2", "--interval", "0.1", *form)
    (lab.directory / "texts.csv").write_text(lab.ok("dump", "texts", "--csv"))
    before = lab.dump("texts")
    lab.ok("map", "clear", "texts")
    lab.ok("map", "set", "texts", "--batch", "texts.csv")
    assert lab.dump("texts") == before
    shown(lab, "run", "bpf/talk.bpf.o", "--packet", "arp")
    shown(lab, "map", "delete", "texts", text)


def test_a_terminal(hostile: Lab) -> None:
    """Colours and the screen of `watch` are meant; nothing else is."""
    hostile.ok("build")
    hostile.ok("load", "--pin", PIN)
    for line in (f"watch {shlex.quote(PIN)}/pkt_cnt --count 1 --interval 0.1", "doctor"):
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            hostile.enter("sh", "-c", f"{COMMAND} {line}"), stdin=theirs, stdout=theirs, stderr=theirs
        ) as child:
            os.close(theirs)
            said = b""
            try:
                while piece := os.read(ours, 65536):
                    said += piece
            except OSError:
                pass
            child.wait()
        os.close(ours)
        assert b"\x1b[" in said
        assert b"\x1b[31m\x07" not in said
        assert b"\x7f" not in said
        assert "\x9b" not in said.decode()
