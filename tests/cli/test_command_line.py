"""The command line, run as users run it, as far as no kernel is needed."""

import ast
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import xdpctl
from xdpctl.cli import VERBS
from xdpctl.cli.map import VERBS as MAP_VERBS

CLI = Path(xdpctl.__file__).parent / "cli"
WITHOUT_ROOT = (
    ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    if os.geteuid() == 0 and shutil.which("setpriv")
    else ()
)

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs xdpctl without any privilege, in an empty directory."""

    def run(*arguments: str, **environment: str) -> Done:
        return subprocess.run(
            [*WITHOUT_ROOT, sys.executable, "-m", "xdpctl", *arguments],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "COLUMNS": "80", **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize("columns", ["80", "40"])
@pytest.mark.parametrize("verb", [*VERBS, *(f"map {verb}" for verb in MAP_VERBS)])
def test_help_has_examples_and_fits(verb: str, columns: str, run: Run) -> None:
    done = run(*verb.split(), "--help", COLUMNS=columns)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: xdpctl {verb} ")
    assert f"xdpctl {verb}" in done.stdout.partition("Example")[2]
    assert "--help" in done.stdout
    assert columns == "40" or max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(("directory", "verbs"), [(CLI, VERBS), (CLI / "map", MAP_VERBS)])
def test_the_table_of_verbs_is_what_their_modules_say(directory: Path, verbs: dict[str, str]) -> None:
    modules = {path.stem: path for path in directory.glob("*.py") if "def command(" in path.read_text()}
    modules |= {path.parent.name: path for path in directory.glob("*/__init__.py")}
    said = {
        name: (ast.get_docstring(ast.parse(path.read_text())) or "").splitlines()[0]
        for name, path in modules.items()
    }
    assert said == verbs


def test_help_and_version(run: Run) -> None:
    done = run("--help", COLUMNS="60")
    assert "\n    xdpctl build\n    xdpctl load --dev DEVICE\n    xdpctl dump pkt_cnt\n" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"\n  {verb} " in done.stdout for verb in VERBS)
    assert run("-h", COLUMNS="60").stdout == done.stdout
    assert run("--version").stdout == f"xdpctl {xdpctl.__version__}\n"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("lod", "there is no verb 'lod'\n  did you mean 'load'?"),
        ("--frobnicate status", "there is no option --frobnicate\n  known: --dry-run, "),
        ("--json status", "there is no option --json\n  --json goes behind the verb: xdpctl status --json"),
        ("-5 status", "there is no option -5\n  known: --dry-run, "),
        ("--dry-run", "a verb is missing\n  known: new, build"),
        ("list", "there is no verb 'list'\n  did you mean 'xdpctl status' or 'xdpctl map list'?"),
        ("check", "there is no verb 'check'\n  did you mean 'doctor'?"),
        ("check ref.c", "there is no verb 'check'\n  did you mean 'build'?"),
        ("lookup pkt_cnt 0", "there is no verb 'lookup'\n  did you mean 'xdpctl map get'?"),
        ("update pkt_cnt 0 1", "there is no verb 'update'\n  did you mean 'xdpctl map set'?"),
        ("getnext pkt_cnt", "there is no verb 'getnext'\n  did you mean 'xdpctl map next'?"),
        ("get pkt_cnt 0", "there is no verb 'get'\n  did you mean 'xdpctl map get'?"),
        ("map watch pkt_cnt", "there is no verb 'watch'\n  did you mean 'xdpctl watch'?"),
        ("map rm pkt_cnt 0", "there is no verb 'rm'\n  did you mean 'delete'?"),
        ("help lod", "there is no verb 'lod'\n  did you mean 'load'?"),
        ("dump", "MAP is missing\n  xdpctl dump MAP"),
        ("map create m", "--key is missing\n  xdpctl map create NAME|PATH --key TYPE --value TYPE"),
        ("dump cnt -json", "dump has no option -json\n  did you mean '--json'?"),
        ("dump cnt --jsn=1", "dump has no option --jsn\n  did you mean '--json'?"),
        ("map set cnt 0 -0.5", "map set has no option -0.5\n  what begins with a dash"),
        ("dump cnt --jsn", "dump has no option --jsn\n  did you mean '--json'?"),
        ("watch cnt --json", "watch has no option --json\n  did you mean '--jsonl'?"),
        ("watch cnt -j", "watch has no option -j\n  did you mean '--jsonl'?"),
        ("unload --xyzzy", "unload has no option --xyzzy\n  known: --pin, --force, --help"),
        ("dump cnt --top", "--top needs a value\n  --top N"),
        ("map set cnt 0 1 --new=yes", "--new takes no value"),
        ("dump cnt --top many", "--top can't be 'many'\n  it is a whole number, 1 or larger"),
        ("dump cnt --top 0", "--top can't be '0'\n  it is a whole number, 1 or larger"),
        ("watch cnt --interval x", "--interval can't be 'x'\n  it is a number from 0.01 to 86400"),
        ("attach lo eth7 eth8", "'eth7' and 'eth8' are too many words\n  xdpctl attach DEV"),
        ("build a b", "'b' is one word too many\n  xdpctl build [SOURCE]"),
        ("dump cnt --jsonl --csv", "--jsonl and --csv exclude each other"),
        ("attach", "DEV"),
        ("attach lo --mode fast", "--mode can't be 'fast'\n  known: auto, native, generic, offload"),
        ("attach lo --mode genric", "--mode can't be 'genric'\n  did you mean 'generic'?"),
        ("attach lo --mode=skb", "--mode can't be 'skb'\n  did you mean 'generic'?"),
        ("run --packet ping", "--packet can't be 'ping'\n  did you mean 'icmp'?"),
        ("run --packet icmp --packet upd", "--packet can't be 'upd'\n  did you mean 'udp'?"),
        ("send", "DEV is missing\n  xdpctl send DEV"),
        ("sned veth0", "there is no verb 'sned'\n  did you mean 'send'?"),
        ("send veth0", "there is no packet to send\n  give --packet KIND, --hex HEX or --pcap FILE"),
        ("send veth0 --packet udp --hex 00", "--packet and --hex exclude each other\n  give one of them"),
        ("send veth0 --packet upd", "--packet can't be 'upd'\n  did you mean 'udp'?"),
        ("send veth0 --packet udp --rate fast", "--rate can't be 'fast'\n  write packets per second: 500,"),
        ("send veth0 --packet udp --rate 5G", "--rate can't be '5G'\n  it is from 0.01 to 1G"),
        ("send veth0 --packet udp --flows 0", "--flows can't be '0'\n  it is a whole number from 1 to 65535"),
        ("send veth0 --packet udp --count 0", "--count can't be '0'\n  it is a whole number, 1 or larger"),
        ("status one extra", "'extra' is one word too many\n  xdpctl status [NAME|DEV|DIR]"),
        ("trace extra", "'extra' is one word too many\n  xdpctl trace"),
        ("build --typ hash", "--type"),
        ("build --type has", "--type: type can't be 'has'\n  did you mean 'hash'?"),
        ("build --field packet", "--field: fields can't be 'packet'\n  did you mean 'packets'?"),
        ("build --flag mmap --type array", "--flag: flags can't be 'mmap'\n  did you mean 'mmapable'?"),
        ("build --verdict allow", "--verdict: verdict can't be 'allow'"),
        ("build --program xdp_count_packets", "--program: 'xdp_count_packets' has 17 characters"),
        ("build --program same --map same", "both called 'same'"),
        ("build --max-entries many", "--max-entries"),
        ("build --max-entries 0", "--max-entries: max_entries 0 is too small"),
        ("build --printk é", "--printk: printk takes one line of printable ASCII"),
        ("build notes.txt", "notes.txt is neither a spec (.toml) nor a C file (.c)"),
        ("build missing.toml", "missing.toml can't be read: No such file or directory"),
        ("build missing.c", "missing.c can't be read: No such file or directory"),
        ("build missing.c --type hash", "--type describes a generated program"),
        ("build --show missing.c", "--show prints the C of a spec, and missing.c is C already"),
        ("build --preset lesson1", "there is no preset 'lesson1'\n  did you mean 'lesson-1'?"),
        ("build --preset lesson-1 c.toml", "--preset lesson-1 and c.toml are two specs\n  give one"),
        ("build --preset lesson-1 missing.c", "--preset lesson-1 and missing.c are two specs"),
        ("build two.toml --type hash", "--type speaks of one counter, but two.toml has 2"),
        ("build --preset lesson-4 --type array", "preset lesson-4:20: flag 'no_prealloc' doesn't suit"),
        ("build --printk-per-second 3", "--printk-per-second: there is no message to print"),
        ("build --key ttl --key total", "--key: key 'total' can't be part of another key"),
        ("new --list c.toml", "--list only names the presets\n  leave the rest out"),
        ("new --list --from lesson-1", "--list only names the presets"),
        ("new --from lesson1", "there is no preset 'lesson1'\n  did you mean 'lesson-1'?"),
        ("new --from lesson", "did you mean 'lesson-1' or 'lesson-2' or 'lesson-3' or"),
        ("load", "there is no object in bpf/\n  build one: xdpctl build"),
        ("load missing.o", "missing.o can't be read"),
        ("load --mode native", "--mode says how to attach, but there is no --dev"),
        ("load --dry-run", "xdpctl --dry-run load"),
        ("build --show-commands", "xdpctl --show-commands build"),
        ("attach lo --netns lab", "xdpctl --netns NAME"),
        ("detach nosuchdevice", "there is no device 'nosuchdevice'"),
        ("--netns nowhere attach lo", "there is no network namespace /run/netns/nowhere"),
        ("map gt", "there is no verb 'gt'\n  did you mean 'get'?"),
        ("map get pkt_cnt", "KEY"),
        ("map set pkt_cnt", "KEY and VALUE are missing\n  xdpctl map set pkt_cnt KEY VALUE, or --batch FILE"),
        ("map set pkt_cnt 0 --batch f", "--batch tells of keys and values\n  leave out 0"),
        ("map set pkt_cnt 0 1 --new --existing", "--new and --existing exclude each other"),
        ("map set pkt_cnt 0 1 --cpu one", "--cpu can't be 'one'\n  give the number of a CPU, or all"),
        ("map set pkt_cnt 0 -5", "comes after --: xdpctl … -- -5"),
        ("map set pkt_cnt 0 -- -5 --cpu 1", "--cpu comes after --, where nothing is an option"),
        ("map delete pkt_cnt", "KEY is missing"),
        ("map delete pkt_cnt 0 --batch f", "--batch tells of keys\n  leave out 0"),
        (
            "map clear pkt_cnt --dry-run",
            "map clear has no option --dry-run\n  --dry-run goes before the verb: xdpctl --dry-run map clear",
        ),
        ("bench notes.txt", "notes.txt is neither a spec (.toml) nor a C file (.c) nor an object (.o)"),
        ("bench missing.toml", "missing.toml can't be read: No such file or directory"),
        ("bench missing.o", "missing.o can't be read"),
        ("bench --race missing.c", "--race has programs of its own\n  leave out missing.c, or --race"),
        ("bench --rounds 1", "--rounds"),
        ("bench --repeat 10", "--repeat"),
        ("trace --count 0", "--count"),
        ("watch pkt_cnt --interval 0", "--interval"),
        ("watch pkt_cnt --interval nan", "--interval"),
        ("watch pkt_cnt --csv --bits", "--bits is for people: --csv has bytes as they are"),
        ("watch pkt_cnt --csv --jsonl", "--jsonl and --csv exclude each other"),
        ("new missing/counter.toml", "missing/counter.toml can't be written: No such file or directory"),
    ],
)
def test_a_wrong_request_is_one_clear_error(line: str, says: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text('[[counter]]\n[[counter]]\nmap = "second"\n')
    done = run(*line.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert [text[:8] for text in done.stderr.splitlines() if text[:2] != "  "] == ["xdpctl: "]


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("help", "--help"),
        ("help dump", "dump --help"),
        ("help map get", "map get --help"),
        ("map help get", "map get --help"),
        ("map help", "map --help"),
        ("help run --packet ping", "run --help"),
        ("run --packet ping --help", "run --help"),
    ],
)
def test_help_is_asked_for_in_several_ways(line: str, same: str, run: Run) -> None:
    done = run(*line.split())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run(*same.split()).stdout


@pytest.mark.parametrize(
    ("said", "verb", "rest"),
    [
        ("map lookup", "map get", "cnt"),
        ("map update", "map set", "cnt"),
        ("map getnext", "map next", ""),
        ("map dump", "dump", "cnt --csv --json"),
        ("map dump", "dump", "--help"),
    ],
)
def test_the_words_of_bpftool_are_understood(said: str, verb: str, rest: str, run: Run) -> None:
    done, meant = run(*said.split(), *rest.split()), run(*verb.split(), *rest.split())
    assert done.returncode == meant.returncode
    assert done.stdout.replace(f"xdpctl {said} [", f"xdpctl {verb} [") == meant.stdout
    assert done.stderr.replace(said, verb) == meant.stderr


@pytest.mark.parametrize(
    ("line", "called"),
    [
        ("dump cnt --where ''", "--where"),
        ("dump cnt --save ''", "--save"),
        ("dump ''", "MAP"),
        ("watch cnt ''", "MAP"),
        ("map set cnt --batch ''", "--batch"),
        ("map restore ''", "FILE"),
        ("map create m --key u32 --value u32 --flag ''", "--flag"),
        ("run --pcap ''", "--pcap"),
        ("build --out ''", "--out"),
        ("--netns '' status", "--netns"),
    ],
)
def test_an_empty_word_is_no_answer(line: str, called: str, run: Run) -> None:
    done = run(*shlex.split(line))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"xdpctl: {called} is empty\n  give it a value")


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("dump cnt --top 1 --sort key --top 2", "--top"),
        ("map set cnt --batch a --batch=b", "--batch"),
        ("watch cnt --interval 1 --interval 2", "--interval"),
        ("run --pcap a --pcap b", "--pcap"),
        ("build --type hash --type array", "--type"),
        ("--netns a --netns b status", "--netns"),
    ],
)
def test_what_is_told_once_is_not_told_twice(line: str, option: str, run: Run) -> None:
    done = run(*line.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"xdpctl: {option} is given 2 times\n  give it once\n"


@pytest.mark.parametrize("line", ["dump cnt --top -1", "watch cnt --interval -1", "dump cnt -- -1"])
def test_numbers_below_zero_are_not_always_behind_dashes(line: str, run: Run) -> None:
    done = run(*line.split())
    assert done.returncode == 2
    assert "comes after --" not in done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "status",
        "dump pkt_cnt",
        "dump id:7",
        "why",
        "why lo",
        "attach lo",
        "unload",
        "bench",
        "bench --race",
        "trace",
        "watch pkt_cnt",
        "run --live --packet icmp",
        "dump pkt_cnt --save file",
        "map list",
        "map set pkt_cnt 0 1",
    ],
)
def test_what_needs_root_says_so(line: str, run: Run) -> None:
    done = run(*line.split())
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("xdpctl: this needs root")


def test_what_is_wrong_in_a_file_is_told_with_its_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('program = "p"\n\n[[counter]]\ntyp = "hash"\n')
    done = run("build", "c.toml")
    assert (done.returncode, done.stderr) == (
        2,
        "xdpctl: c.toml:4: unknown entry 'typ'\n  did you mean 'type'?\n",
    )
    (tmp_path / "c.toml").write_bytes(b"program = '\xff'\n")
    assert run("build", "c.toml").returncode == 2


def test_new_writes_a_spec_that_says_the_defaults_and_never_overwrites(run: Run, tmp_path: Path) -> None:
    assert run("new").stdout == "wrote counter.toml\n"
    written = (tmp_path / "counter.toml").read_text()
    again = run("new")
    assert (again.returncode, again.stderr.splitlines()[0]) == (2, "xdpctl: counter.toml exists")
    assert (tmp_path / "counter.toml").read_text() == written
    said = run("--dry-run", "build", "counter.toml").stdout
    assert said == run("--dry-run", "build").stdout


def test_a_dry_run_of_build_touches_nothing(run: Run, tmp_path: Path) -> None:
    done = run("--dry-run", "build", "--program", "mine", "--out", "o dir")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:2] == ["mkdir -p 'o dir'", "# write o dir/mine.bpf.c"]
    assert lines[2].startswith("(cd 'o dir' && clang ")
    assert lines[2].endswith(" -c mine.bpf.c -o mine.bpf.o)")
    assert run("--dry-run", "new").stdout == "# write counter.toml\n"
    assert "\ntaskset -c " in run("--dry-run", "bench").stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("xdpctl ", list(VERBS)),
        ("xdpctl de", ["detach"]),
        ("xdpctl help de", ["detach"]),
        ("xdpctl dump --", ["--pin", "--json", "--csv", "--per-cpu", "--raw"]),
        ("xdpctl build --type per", ["percpu_hash", "percpu_array"]),
        ("xdpctl attach lo --mode ", ["auto", "native", "generic", "offload"]),
        ("xdpctl attach l", ["lo"]),
        ("xdpctl dump ", ["mine_cnt"]),
        ("xdpctl dump other", []),
        ("xdpctl map c", [verb for verb in MAP_VERBS if verb[0] == "c"]),
        ("xdpctl map get ", ["mine_cnt"]),
        ("xdpctl why m", ["mine_cnt"]),
        ("xdpctl why l", ["lo"]),
        ("xdpctl load bp", ["bpf/damaged.bpf.o", "bpf/mine.bpf.o"]),
        ("xdpctl build c", ["c.toml"]),
        ("xdpctl bench c", ["c.toml"]),
        ("xdpctl bench bpf/m", ["bpf/mine.bpf.c", "bpf/mine.bpf.o"]),
        ("xdpctl build --program ", ["mine"]),
    ],
)
def test_shell_completion(line: str, expected: list[str], run: Run, built: Path) -> None:
    done = run(COMP_WORDS=line, COMP_CWORD=str(len(line.split(" ")) - 1), _XDPCTL_COMPLETE="complete_bash")
    assert (done.returncode, done.stderr) == (0, "")
    found = done.stdout.split()
    and_more = expected in (["lo"], ["mine_cnt"]) or "--pin" in expected  # what this machine has
    assert set(expected) <= set(found) if and_more else found == expected


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A directory with a spec, a built counter, and a damaged object beside it."""
    if shutil.which("clang") is None:
        pytest.skip("clang is missing")
    for name in ("c.toml", "c\x1b[31m.toml", "c\n.toml"):
        (tmp_path / name).touch()
    command = [sys.executable, "-m", "xdpctl", "build", "--program", "mine", "--map", "mine_cnt"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "bpf" / "damaged.bpf.o").write_text("no object")
    os.mkfifo(tmp_path / "bpf" / "waits.bpf.o")
    return tmp_path


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_are_told_how_to_complete(shell: str, run: Run) -> None:
    done = run(_XDPCTL_COMPLETE=f"source_{shell}")
    assert done.returncode == 0
    assert f"_XDPCTL_COMPLETE=complete_{shell}" in done.stdout


def test_a_list_fits_a_terminal_and_is_whole_elsewhere(run: Run) -> None:
    narrow, whole = run("new", "--list", COLUMNS="40").stdout, run("new", "--list", COLUMNS="").stdout
    assert max(map(len, narrow.splitlines())) <= 40 < max(map(len, whole.splitlines()))
    assert narrow.split() == whole.split()


@pytest.mark.parametrize("line", ["new --list", "build --show", "--dry-run build"])
def test_a_full_disk_is_named(line: str) -> None:
    command = f"{shlex.quote(sys.executable)} -m xdpctl {line} > /dev/full"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    said = "xdpctl: standard output can't be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, said)


@pytest.mark.parametrize("line", ["--help", "build --help", "--dry-run build"])
@pytest.mark.parametrize("redirection", ["| head -c 0", ">&-"])
def test_nobody_reads_the_output(line: str, redirection: str, tmp_path: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m xdpctl {line} {redirection}"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize("words", [(), ("map",)])
def test_without_a_verb_there_is_help(run: Run, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert len((done.stdout + done.stderr).splitlines()) > 10
    assert "\\n" not in done.stdout + done.stderr


def test_show_writes_nothing_beside_its_templates_either(run: Run, tmp_path: Path) -> None:
    package = Path(xdpctl.__file__).parent
    copy = tmp_path / "copy"
    for name in ("xdpctl", "templates", "bpf"):
        shutil.copytree(package.parent / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    tmp_path.chmod(0o777)
    for path in copy.rglob("*/"):
        path.chmod(0o777)
    before = sorted(copy.rglob("*"))
    done = run("build", "--show", PYTHONPATH=str(copy), PYTHONPYCACHEPREFIX=str(tmp_path / "python"))
    assert "SEC(" in done.stdout
    assert sorted(copy.rglob("*")) == before
