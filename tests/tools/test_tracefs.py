"""tracefs: where it is, what may be read of it, and reading."""

import os
import subprocess
from pathlib import Path

import pytest

from xdpctl.core.machine.mounts import parse
from xdpctl.errors import HostLacks, Refused
from xdpctl.tools import bpffs, host, tracefs


@pytest.mark.parametrize(
    ("points", "found"),
    [
        ((), None),
        (("/sys/kernel/debug/tracing",), "/sys/kernel/debug/tracing"),
        (("/sys/kernel/debug/tracing", "/sys/kernel/tracing"), "/sys/kernel/tracing"),
    ],
)
def test_where_it_is(points: tuple[str, ...], found: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["28 1 254:0 / / rw - ext4 /dev/root rw", "22 28 0:20 / /sys rw - sysfs sysfs rw"]
    lines += [f"3{i} 22 0:12 / {point} rw - tracefs tracefs rw" for i, point in enumerate(points)]
    monkeypatch.setattr(bpffs, "mounted", lambda: parse("\n".join(lines)))
    assert tracefs.mounted() == found


@pytest.mark.parametrize("stacks", [False, True])
def test_an_instance_is_set_up_whatever_it_inherited(stacks: bool, tmp_path: Path) -> None:
    """Options that this kernel doesn't have are left alone."""
    (tmp_path / "options").mkdir()
    (tmp_path / tracefs.PRINTED).mkdir(parents=True)
    for name, value in {"hex": 1, "stacktrace": 1 - stacks, "context-info": 0, "irq-info": 1}.items():
        (tmp_path / "options" / name).write_text(str(value))
    subprocess.run(tracefs.prepare_command(str(tmp_path), stacks), check=True)
    options = {path.name: path.read_text().strip() for path in (tmp_path / "options").iterdir()}
    assert options == {"hex": "0", "stacktrace": str(int(stacks)), "context-info": "1", "irq-info": "1"}
    assert (tmp_path / "trace_clock").read_text() == "mono\n"
    assert (tmp_path / tracefs.PRINTED / "enable").read_text() == "1\n"


@pytest.mark.parametrize(
    ("lockdown", "says"),
    [
        ("none integrity [confidentiality]\n", "lockdown closes its trace log\nboot with lockdown=integrity"),
        ("[none] integrity confidentiality\n", "has no trace log"),
        (None, "has no trace log"),
    ],
)
def test_no_log_at_all(
    lockdown: str | None, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "read", {"/sys/kernel/security/lockdown": lockdown}.get)
    with pytest.raises(HostLacks, match=says):
        tracefs.check(str(tmp_path))
    (tmp_path / tracefs.PRINTED).mkdir(parents=True)
    tracefs.check(str(tmp_path))


def test_only_what_the_dead_left_is_left_over(tmp_path: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    for name in (f"{dead.pid}", f"{os.getpid()}", f"{os.getppid()}", "mine", f"{dead.pid}.old"):
        (tmp_path / "instances" / f"xdpctl-trace-{name}").mkdir(parents=True)
    (tmp_path / "instances" / f"{dead.pid}").mkdir()
    expected = {tracefs.instance(str(tmp_path), pid) for pid in (dead.pid, os.getpid())}
    assert set(tracefs.leftovers(str(tmp_path))) == expected


def test_a_log_that_is_off(tmp_path: Path) -> None:
    assert tracefs.switched_off(str(tmp_path)) == ""
    (tmp_path / "tracing_on").write_text("1\n")
    assert tracefs.switched_off(str(tmp_path)) == ""
    (tmp_path / "tracing_on").write_text("0\n")
    assert tracefs.switched_off(str(tmp_path)) == f"{tmp_path}/tracing_on"


def test_reading_until_nobody_wants_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "trace_pipe")
    theirs, ours = os.pipe()
    with tracefs.Pipe(str(tmp_path), ours) as pipe:
        assert pipe.read() == ""
        with (tmp_path / "trace_pipe").open("wb") as log:
            log.write(b"seen \xff\n" * 8_000)
            log.flush()
            whole = pipe.read() or ""
            while len(whole) < 8_000 * len("seen \\xff\n"):
                whole += pipe.read() or ""
            assert whole == "seen \\xff\n" * 8_000
        os.close(theirs)
        assert pipe.read() is None
    os.close(ours)
    with pytest.raises(Refused, match=f"{tmp_path}/no/trace_pipe can't be read: No such file"):
        tracefs.Pipe(f"{tmp_path}/no", 1)
