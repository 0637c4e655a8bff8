"""`load --replace`: a new program in the place of ours; counters go on, and devices are never without one."""

import json
import random
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from .conftest import PATIENCE, PIN, XDPCTL, Lab, until
from .test_all_or_nothing import intercept
from .test_map_create import WITHOUT_LIBBPF
from .test_refusals import LINK, foreign

THEIRS = "/sys/fs/bpf/theirs"
WAYS = {"libbpf": (XDPCTL,), "ip": (sys.executable, "-c", WITHOUT_LIBBPF)}

CODE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct value {{ {value} }};
struct {{
    __uint(type, BPF_MAP_TYPE_{type}); __uint(max_entries, {entries});
    __type(key, __u32); __type(value, struct value);
}} hits SEC(".maps");
struct {{
    __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64);
}} steady SEC(".maps");
{variables}
SEC("xdp") int counts(struct xdp_md *ctx)
{{
    __u32 key = 0;
    struct value *mine = bpf_map_lookup_elem(&hits, &key);
    __u64 *other = bpf_map_lookup_elem(&steady, &key);
    if (mine) __sync_fetch_and_add(&mine->packets, 1);
    if (other) __sync_fetch_and_add(other, 1);
    __sync_fetch_and_add(&total, 1);
    return {verdict};
}}
char LICENSE[] SEC("license") = "GPL";
"""
USUAL = {
    "value": "__u64 packets; __u64 spare;",
    "type": "ARRAY",
    "entries": "1",
    "variables": "__u64 total;",
    "verdict": "XDP_PASS",
}


def version(lab: Lab, **other: str) -> str:
    """An object, and how its source differs from the usual one."""
    return str(lab.compile("counts", CODE.format(**{**USUAL, **other})))


def ids(lab: Lab) -> dict[str, int]:
    return {name: lab.read(name)["map"]["id"] for name in ("hits", "steady")}


@pytest.mark.parametrize("mode", ["native", "generic"])
def test_counters_go_on(lab: Lab, mode: str) -> None:
    lab.ok("load", version(lab), "--dev", "veth0", "--mode", mode)
    [(_, old)], before, maps = lab.attached(), lab.pins(), ids(lab)
    lab.ping(3)
    said = lab.ok("load", version(lab, verdict="XDP_PASS + 0 * key"), "--replace")
    assert said == f"replaced counts by counts on veth0 ({mode} mode), in {PIN}; kept: hits, steady\n"
    [(_, new)] = lab.attached()
    assert new != old
    assert not lab.program_exists(old)
    lab.ping(2)
    assert (ids(lab), lab.pins()) == (maps, before)
    assert lab.dump("hits")[0]["packets"] == 5
    assert lab.dump("steady") == {0: 5}
    assert lab.read("counts.bss")["entries"][0]["value"] == {"total": 5}
    lab.ok("unload")
    assert lab.pins() == []


@pytest.fixture
def loaded(lab: Lab) -> Lab:
    lab.ok("load", version(lab), "--dev", "veth0")
    lab.ping(3)
    return lab


@pytest.mark.parametrize(
    ("other", "lines"),
    [
        ({"type": "PERCPU_ARRAY"}, ["hits: type: array, not percpu_array"]),
        ({"type": "HASH", "entries": "4"}, ["hits: type: array, not hash", "hits: entries: 1, not 4"]),
        (
            {"value": "__u64 spare; __u64 packets;"},
            [
                "hits: value.packets: u64, not u64 at byte 8",
                "hits: value.spare: u64 at byte 8, not u64",
            ],
        ),
        ({"value": "__u64 packets; __u64 other;"}, ["hits: value.spare: u64 at byte 8, not nothing"]),
        ({"value": "__u64 packets; __s64 spare;"}, ["hits: value.spare: u64 at byte 8, not s64 at byte 8"]),
        (
            {"value": "__u64 packets;"},
            ["hits: value: 16 bytes, not 8 bytes", "hits: value.spare: u64 at byte 8, not nothing"],
        ),
        (
            {"variables": "__u64 total, more;"},
            [
                "global variables: more: nothing, not u64 at byte 8",
                "global variables: size: 8 bytes, not 16 bytes",
            ],
        ),
        ({"variables": "__s64 total;"}, ["global variables: total: u64, not s64"]),
    ],
)
def test_a_changed_definition(loaded: Lab, other: dict[str, str], lines: list[str]) -> None:
    new = version(loaded, **other)
    said = loaded.refused(2, "can't go on", "load", new, "--replace")
    assert [f"  {line}" for line in lines] == [line for line in said.splitlines() if line[2:] in lines]
    assert "--reset" in said
    done = loaded.ok("load", new, "--replace", "--reset")
    whole = "variables" not in other
    assert f"kept: {'steady' if whole else 'hits, steady'}; " in done
    assert f"; anew: {'hits' if whole else 'global variables'}\n" in done
    loaded.ping(1)
    assert loaded.dump("steady") == {0: 4}
    [total] = loaded.read("counts.bss")["entries"]
    assert total["value"]["total"] == (4 if whole else 1)


def test_names_of_types_alone_are_no_change(loaded: Lab) -> None:
    loaded.ok("load", version(loaded, value="unsigned long long packets; unsigned long spare;"), "--replace")
    assert loaded.dump("steady") == {0: 3}


def test_a_dry_run_changes_nothing(loaded: Lab) -> None:
    before = loaded.state()
    said = loaded.ok("--dry-run", "load", "bpf/counts.bpf.o", "--replace")
    assert loaded.state() == before
    lines = [line for line in said.splitlines() if not line.startswith("#")]
    assert [line.split()[0] for line in lines] == [
        "mkdir",
        "bpftool",
        "rm",
        "ln",
        "ln",
        "ip",
        "mv",
        "rm",
        "touch",
        "rmdir",
    ]
    assert "ip -force link set dev veth0 xdpdrv pinned /sys/fs/bpf/ebpf_xdpctl_" in said


def test_another_mode_is_refused(loaded: Lab) -> None:
    said = loaded.refused(2, "the mode can't be changed", "load", "--replace", "--mode", "generic")
    assert "counts (id " in said
    loaded.ok("load", "--replace", "--mode", "native")
    loaded.ok("load", "--replace", "--mode", "auto", "--dev", "veth0")


def test_what_there_is_to_replace(lab: Lab) -> None:
    path = version(lab)
    lab.refused(2, f"no XDP program is pinned in {PIN}", "load", path, "--replace")
    lab.ok("load", path)
    said = lab.ok("load", path, "--replace")
    assert said == f"replaced counts by counts in {PIN}; kept: hits, steady\n"
    said = lab.refused(1, f"{PIN} already holds counts", "load", path)
    assert said.splitlines()[1].endswith(f"xdpctl load --replace --pin {PIN}")
    lab.refused(2, "--reset is for what is replaced", "load", path, "--reset")


def test_devices_in_all_namespaces_and_those_that_are_named(loaded: Lab) -> None:
    loaded.refused(2, "no program runs on lo", "load", "--replace", "--dev", "lo")
    loaded.ok("--netns", "peer", "attach", "veth1")
    loaded.refused(2, "veth1 in netns peer runs counts (id ", "load", "--replace", "--dev", "veth0")
    said = loaded.ok("load", "--replace")
    assert "on veth0 (native mode) and veth1 in netns peer (native mode)," in said


def test_what_others_pinned_there_stays_and_so_does_who_may_read(loaded: Lab) -> None:
    loaded.ok(
        "map", "create", "mine", "--type", "array", "--key", "u32", "--value", "u64", "--max-entries", "1"
    )
    loaded.must("sh", "-c", f"chmod 750 {PIN}; chown 0:7 {PIN} {PIN}/hits; chmod 640 {PIN}/hits")
    seen = ("stat", "-c", "%n %a %g", PIN, f"{PIN}/hits", f"{PIN}/mine")
    before, pins = loaded.must(*seen), loaded.pins()
    loaded.ok("load", "--replace")
    assert (loaded.must(*seen), loaded.pins()) == (before, pins)


@pytest.mark.parametrize("where", ["/sys/fs/bpf", PIN])
def test_pin_by_pin(lab: Lab, where: str) -> None:
    """The root of bpffs can't be exchanged; nor are directories linked that others made."""
    lab.build()
    lab.ok("load", "--pin", where, "--dev", "veth0")
    lab.must("mkdir", f"{where}/theirs")
    lab.ping(2)
    before, [(_, old)] = lab.pins(), lab.attached()
    said = lab.ok("load", "--pin", where, "--replace")
    assert said.endswith(f"in {where}; kept: pkt_cnt\n")
    [(_, new)] = lab.attached()
    assert (old == new, lab.pins()) == (False, before)
    assert sum(lab.dump(f"{where}/pkt_cnt").values()) == 2
    assert f'"id":{new},' in lab.must("bpftool", "-j", "prog", "show", "pinned", f"{where}/xdp_allow")
    lab.ok("unload", "--pin", where)
    assert [pin for pin in lab.pins() if pin != PIN] == [f"{where}/theirs"]


UNUSED = """
struct {{
    __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64);
}} unused SEC(".maps");
__u64 total;
"""


@pytest.mark.parametrize("other", [(), (f"{PIN}/theirs",)], ids=["whole", "pin by pin"])
def test_unload_afterwards(lab: Lab, other: tuple[str, ...]) -> None:
    """What came with the programs goes with them, and what was there before them stays."""
    lab.ok(
        "map", "create", "steady", "--type", "array", "--key", "u32", "--value", "u64", "--max-entries", "1"
    )
    time.sleep(0.1)
    source = CODE.replace("{variables}", UNUSED).replace(
        "}} steady SEC", "    __uint(pinning, LIBBPF_PIN_BY_NAME);\n}} steady SEC"
    )
    path = str(lab.compile("counts", source.format(**USUAL)))
    lab.ok("load", path, "--dev", "veth0")
    lab.must("mkdir", "-p", *(other or (PIN,)))
    lab.ping(1)
    for _ in range(3):
        said = lab.ok("load", path, "--replace")
        assert said.endswith("kept: hits, steady, unused\n")
    assert lab.dump("steady") == {0: 1}
    lab.ok("unload")
    assert lab.pins() == [PIN, f"{PIN}/steady", *other]


def test_several_programs(lab: Lab) -> None:
    """Each device gets the one of the same name; a prog_array that the object fills begins anew."""
    code = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct {{ __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64);
}} hits SEC(".maps");
int {second}(struct xdp_md *ctx);
struct {{ __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 1); __uint(key_size, 4);
    __array(values, int (void *)); }} calls SEC(".maps") = {{ .values = {{ (void *)&{second} }} }};
SEC("xdp") int first(struct xdp_md *ctx)
{{
    bpf_tail_call(ctx, &calls, 0);
    return XDP_PASS;
}}
SEC("xdp") int {second}(struct xdp_md *ctx)
{{
    __u32 key = 0;
    __u64 *mine = bpf_map_lookup_elem(&hits, &key);
    if (mine) __sync_fetch_and_add(mine, 1);
    return XDP_PASS;
}}
char LICENSE[] SEC("license") = "GPL";
"""
    lab.compile("two", code.format(second="second"))
    lab.ok("load", "bpf/two.bpf.o", "--all", "--program", "first", "--dev", "veth0")
    lab.ok("--netns", "peer", "attach", "veth1", "--program", "second")
    lab.ping(1)
    before = lab.dump("hits")[0]
    said = lab.ok("load", "bpf/two.bpf.o", "--all", "--replace")
    assert said == (
        "replaced second and first by second and first on veth0 (native mode) and "
        f"veth1 in netns peer (native mode), in {PIN}; kept: hits; anew: calls\n"
    )
    lab.ping(1)
    assert lab.dump("hits")[0] == 2 * before > 0
    names = {"veth0": lab.link()["xdp"]["attached"][0]["prog"]["name"]}
    assert names == {"veth0": "first"}
    lab.compile("two", code.format(second="third"))
    lab.refused(2, "has no second that could replace it", "load", "bpf/two.bpf.o", "--all", "--replace")
    lab.ok("load", "bpf/two.bpf.o", "--all", "--replace", "--program", "third")
    lab.ok("unload")
    assert lab.pins() == []


def scene(lab: Lab) -> tuple[Any, ...]:
    """What is pinned under which name, and what runs where."""
    shown = json.loads(lab.must("bpftool", "-j", "-f", "prog", "show"))
    programs = [(p["id"], sorted(p["pinned"])) for p in shown if p.get("pinned")]
    peer = lab.must("ip", "-n", "peer", "-d", "link", "show", "dev", "veth1").partition("prog/xdp id ")[2]
    return programs, lab.pins(), ids(lab), lab.attached(), peer.split()[:1]


@pytest.mark.parametrize("way", WAYS)
def test_somebody_elses_program_comes_on_one_of_two_devices(lab: Lab, way: str) -> None:
    theirs = foreign(lab)
    lab.must("ip", "link", "set", "dev", "veth0", "xdpdrv", "off")
    lab.ok("load", version(lab), "--dev", "veth0")
    lab.ok("--netns", "peer", "attach", "veth1")
    [(_, old)], pins = lab.attached(), lab.pins()
    swap = "nsenter --net=/run/netns/peer ip link set dev veth1 xdpdrv"
    env = intercept(
        lab, "bpftool", "prog load", f'{{real}} "$@"; s=$?; {swap} off; {swap} pinned {THEIRS}; exit $s'
    )
    done = lab.run(*WAYS[way], "load", "bpf/counts.bpf.o", "--replace", env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"veth1 in netns peer by now runs theirs (id {theirs}, native mode)" in done.stderr
    assert f"not counts (id {old})" in done.stderr
    assert (lab.attached(), lab.pins()) == ([(1, old)], pins)
    assert f"prog/xdp id {theirs} " in lab.must("ip", "-n", "peer", "-d", "link", "show", "dev", "veth1")


@pytest.mark.parametrize("way", WAYS)
def test_one_of_two_devices_refuses(lab: Lab, way: str) -> None:
    """A peer of long packets takes programs of fragments alone."""
    frags = CODE.replace('SEC("xdp")', 'SEC("xdp.frags")')
    lab.compile("frags", frags.format(**USUAL))
    lab.must("sh", "-c", "ip link add va type veth peer name vb; ip link set vb mtu 9000; ip link set va up")
    lab.ok("load", "bpf/frags.bpf.o", "--dev", "veth0")
    lab.ok("attach", "va", "--mode", "native")
    before = lab.attached(), lab.attached("va"), lab.pins()
    version(lab)
    done = lab.run(*WAYS[way], "load", "bpf/counts.bpf.o", "--replace")
    assert (done.returncode, done.stdout) == (1, "")
    assert "failed to replace counts (id " in done.stderr
    assert "MTU" in done.stderr
    assert (lab.attached(), lab.attached("va"), lab.pins()) == before


def test_somebody_pins_there_meanwhile(loaded: Lab) -> None:
    """What was there is to go: nothing that somebody else put beside it goes with it."""
    before, [attached] = loaded.pins(), loaded.attached()
    more = f"{{real}} map create {PIN}/more type array key 4 value 8 entries 1 name more"
    env = intercept(loaded, "bpftool", "prog load", f'{{real}} "$@"; s=$?; {more}; exit $s')
    done = loaded.xdpctl("load", "--replace", env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"somebody else has changed {PIN} meanwhile" in done.stderr
    assert (loaded.pins(), loaded.attached()) == (sorted([*before, f"{PIN}/more"]), [attached])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_any_moment(loaded: Lab, number: signal.Signals) -> None:
    """All of it is done, or nothing."""
    loaded.ok("--netns", "peer", "attach", "veth1")
    took: list[float] = []
    for round_ in range(10):
        before = scene(loaded)
        argv = loaded.enter(XDPCTL, "load", "--replace")
        begun = time.monotonic()
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            if round_:
                time.sleep(random.uniform(0.2, 1) * took[0])
                process.send_signal(number)
            out, err = process.communicate(timeout=PATIENCE)
        took.append(time.monotonic() - begun)
        after = scene(loaded)
        assert "left behind" not in err
        assert after[1:3] == before[1:3]
        assert (after == before) is not out.startswith(
            "replaced counts by counts on veth0 (native mode) and veth1"
        )
        assert after[3][0][1] == int(after[4][0])
        assert len(after[0]) == len(before[0])


@pytest.mark.parametrize("kind", ["ARRAY", "PERCPU_ARRAY", "HASH"])
def test_no_packet_is_lost(lab: Lab, kind: str) -> None:
    """At full speed, over many replaces: what all generations counted is what the device received."""
    codes = [{"type": kind, "verdict": verdict} for verdict in ("XDP_DROP", "XDP_DROP + 0 * key")]
    lab.ok("load", version(lab, **codes[0]), "--dev", "veth0", "--mode", "native")
    if kind == "HASH":
        lab.ok("map", "set", "hits", "0", "packets=0", "spare=0")
    sending = lab.enter(XDPCTL, "--netns", "peer", "send", "veth1", "--packet", "udp", "--json")
    version(lab, **codes[1])
    with subprocess.Popen(sending, stdout=subprocess.PIPE, text=True) as process:
        until(lambda: lab.dump("steady")[0] > 1000, process)
        for _ in range(10):
            lab.ok("load", "--replace")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=PATIENCE)
    said = json.loads(out)
    received = said["received"]["packets"]
    assert received == said["packets"] - said["lost"] > 100_000
    assert lab.dump("hits")[0]["packets"] == lab.dump("steady")[0] == received
    assert lab.read("counts.bss")["entries"][0]["value"] == {"total": received}


def test_a_map_is_always_found_under_its_name(loaded: Lab) -> None:
    """By somebody who looks all the time."""
    both = f"{PIN}/hits {PIN}/counts"
    look = f"while ls {both} >/dev/null && [ ! -e stop ]; do n=$((n+1)); done; [ -e stop ] && echo $n"
    with subprocess.Popen(loaded.enter("sh", "-c", look), stdout=subprocess.PIPE, text=True) as looking:
        for _ in range(10):
            loaded.ok("load", "--replace")
        (loaded.directory / "stop").touch()
        out, _ = looking.communicate(timeout=PATIENCE)
    assert int(out) > 10


def test_what_is_lost_goes_on(lab: Lab) -> None:
    """Also where the new object has another name, by which libbpf calls its variables."""
    spec = '[[counter]]\ntype = "hash"\nkey = "length"\nmax_entries = 2\n'
    lab.load_spec(spec)
    lab.send([60, 200, 600, 1200])
    before = lab.read("pkt_cnt")
    assert before["lost"] == {"packets": 2}
    lab.must("cp", "bpf/xdp_allow.bpf.o", "another_name.o")
    assert lab.ok("load", "another_name.o", "--replace").endswith("kept: pkt_cnt\n")
    lab.send([300])
    after = lab.read("pkt_cnt")
    assert (after["entries"], after["lost"]) == (before["entries"], {"packets": 3})


def test_another_map_takes_the_place_of_one(loaded: Lab) -> None:
    kind = ("--type", "array", "--key", "u32", "--value", "u64", "--max-entries", "1")
    loaded.ok("map", "create", "/sys/fs/bpf/mine", *kind)
    use = ("--use", "steady=/sys/fs/bpf/mine")
    assert "kept: hits\n" in loaded.ok("load", "--replace", *use)
    loaded.ping(1)
    before = ids(loaded)
    assert "kept: hits, steady\n" in loaded.ok("load", "--replace")
    assert ids(loaded) == before
    assert loaded.dump("/sys/fs/bpf/mine") == loaded.dump("steady") == {0: 1}
    assert loaded.dump("hits")[0]["packets"] == 4


def test_a_link_holds_the_old_one(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    index = str(lab.link()["ifindex"])
    lab.must(sys.executable, "-c", LINK, f"{PIN}/xdp_allow", index, "/sys/fs/bpf/link")
    lab.refused(1, "held by bpf link", "load", "--replace")


def test_replaces_at_once(loaded: Lab) -> None:
    """Each does it or says why not, and the end is whole."""
    before = loaded.pins()
    argv = loaded.enter(XDPCTL, "load", "--replace")
    several = [
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(5)
    ]
    for one in several:
        out, err = one.communicate(timeout=PATIENCE)
        assert (one.returncode, out.startswith("replaced counts by counts on veth0 ")) == (0, True), err
    [(_, program)] = loaded.attached()
    assert loaded.pins() == before
    assert f'"id":{program},' in loaded.must("bpftool", "-j", "prog", "show", "pinned", f"{PIN}/counts")
    assert loaded.dump("steady") == {0: 3}
