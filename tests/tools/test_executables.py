"""Which programs root runs, and which PATH their children inherit."""

import os
from pathlib import Path

import pytest

from xdpctl.errors import HostLacks
from xdpctl.tools import executables, proc

from .test_proc import Run, run, script  # noqa: F401


@pytest.fixture
def stranger() -> int:
    if os.geteuid() != 0:
        pytest.skip("only root has to be careful")
    return 12345


def tool(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "rare-tool").write_text("#!/bin/sh\necho ran\n")
    (directory / "rare-tool").chmod(0o755)
    return directory / "rare-tool"


def spoil(deed: str, directory: Path, stranger: int) -> str:
    """Makes a program one that others could exchange; returns the entry of PATH that leads to it."""
    program, entry = tool(directory / "up/bin"), directory / "up/bin"
    match deed.split():
        case ["mode", where, mode]:
            (directory / where).chmod(int(mode, 8))
        case ["owner", where]:
            os.chown(directory / where, stranger, stranger)
        case ["group", where]:
            os.chown(directory / where, 0, stranger)
            (directory / where).chmod(0o775)
        case ["link"]:
            entry = directory / "link"
            entry.symlink_to(program.parent)
            os.lchown(entry, stranger, stranger)
        case ["link", "between"]:
            (directory / "theirs").mkdir()
            os.chown(directory / "theirs", stranger, stranger)
            (directory / "theirs/link").symlink_to(program.parent)
            entry = directory / "link"
            entry.symlink_to("theirs/link")
        case ["program"]:
            real = tool(directory / "theirs")
            os.chown(real, stranger, stranger)
            program.unlink()
            program.symlink_to(real)
    return str(entry)


@pytest.mark.parametrize(
    "deed",
    [
        "mode up/bin 777",
        "mode up/bin 1777",
        "mode up 777",
        "mode up/bin/rare-tool 757",
        "owner up/bin",
        "owner up",
        "owner up/bin/rare-tool",
        "group up/bin",
        "group up",
        "link",
        "link between",
        "program",
    ],
)
def test_root_runs_nothing_that_others_could_have_put_there(
    deed: str, tmp_path: Path, stranger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = spoil(deed, tmp_path, stranger)
    monkeypatch.setenv("PATH", f"{entry}:/usr/bin")
    assert executables.find("rare-tool") is None
    with pytest.raises(
        HostLacks, match=f"^root doesn't run {entry}/rare-tool: .*(others can|user {stranger})"
    ):
        proc.query(("rare-tool",))
    monkeypatch.setenv("PATH", f"{entry}:{tool(tmp_path / 'good').parent}")
    assert proc.query(("rare-tool",)).out == b"ran\n"


@pytest.mark.parametrize(
    "deed", ["mode up/bin 777", "mode up 777", "owner up/bin", "group up", "link between"]
)
def test_children_of_root_do_not_look_there_either(
    deed: str,
    run: Run,  # noqa: F811
    tmp_path: Path,
    stranger: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", f"{spoil(deed, tmp_path, stranger)}:/usr/bin:/bin")
    assert run(script("rare-tool")).status == 127


@pytest.mark.parametrize("entry", ["up/bin", ".", "", "up/../up/bin"])
def test_root_looks_in_no_entry_that_depends_on_where_one_is(
    entry: str, tmp_path: Path, stranger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(tmp_path / entry)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"/usr/bin:{entry}:/bin")
    with pytest.raises(HostLacks, match=r"root doesn't run .*rare-tool: that isn't a whole path"):
        proc.query(("rare-tool",))
    assert executables.environment()["PATH"].split(":")[1:3] == ["/usr/bin", "/bin"]


def test_what_root_alone_can_change_is_run(
    tmp_path: Path, stranger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names in a directory like /tmp stay, whoever makes others there."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    program = tool(shared / "bin")
    program.parent.chmod(0o775)
    (shared / "link").symlink_to("bin")
    for entry in ("bin", "link"):
        monkeypatch.setenv("PATH", str(shared / entry))
        assert proc.query(("rare-tool",)).out == b"ran\n"
    monkeypatch.setenv("PATH", f"{shared}/missing:/usr/bin")
    assert str(shared / "missing") in executables.skipped(), "anybody could make it"
