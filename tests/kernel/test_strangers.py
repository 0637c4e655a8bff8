"""Root in a directory of somebody else's: what is planted there changes nothing elsewhere."""

import os
from pathlib import Path

import pytest

from xdpctl.core.program.render import MARKER

from .conftest import COMMAND, Lab
from .test_all_or_nothing import intercept

STRANGER = 12345
WRITTEN = ("xdp_allow.bpf.c", "xdp_packet.h", "xdp_allow.bpf.o")
"""What `build --key ip_proto` writes."""
BUILD = ("build", "--key", "ip_proto")


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A directory where nothing is to be written; its file looks as if xdpctl had written it."""
    directory = tmp_path / "victim"
    directory.mkdir()
    (directory / "file").write_text(f"{MARKER}\n")
    return directory


def content(directory: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in directory.rglob("*") if path.is_file()}


def plant(lab: Lab, link: str, target: Path | str) -> Path:
    """A link of a stranger's."""
    path = lab.directory / link
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(target)
    os.lchown(path, STRANGER, STRANGER)
    return path


@pytest.mark.parametrize("target", ["file", "new"])
@pytest.mark.parametrize("name", WRITTEN)
def test_a_link_where_a_file_is_to_be_written(lab: Lab, victim: Path, name: str, target: str) -> None:
    before = content(victim)
    link = plant(lab, f"bpf/{name}", victim / target)
    said = f"bpf/{name} is a link, where a file is to be written"
    lab.refused(2, said, *BUILD)
    lab.refused(2, said, "--dry-run", *BUILD)
    assert (content(victim), link.is_symlink()) == (before, True)
    assert os.listdir(link.parent) == [name]


def test_a_c_file_is_compiled_into_no_link_either(lab: Lab, victim: Path) -> None:
    before = content(victim)
    (lab.directory / "own.c").write_text("int x;\n")
    plant(lab, "bpf/own.bpf.o", victim / "file")
    lab.refused(2, "bpf/own.bpf.o is a link", "build", "own.c")
    assert content(victim) == before


@pytest.mark.parametrize("name", WRITTEN)
def test_pipes_and_directories_are_not_waited_for(lab: Lab, name: str) -> None:
    (lab.directory / "bpf").mkdir()
    os.mkfifo(lab.directory / f"bpf/{name}")
    lab.refused(2, f"bpf/{name} is no file", *BUILD)
    (lab.directory / f"bpf/{name}").unlink()
    (lab.directory / f"bpf/{name}").mkdir()
    lab.refused(2, f"bpf/{name} is a directory", *BUILD)


def test_other_names_of_a_file_keep_their_content(lab: Lab, victim: Path) -> None:
    lab.ok(*BUILD)
    for name in WRITTEN:
        os.link(lab.directory / "bpf" / name, victim / name)
    (lab.directory / "bpf/xdp_packet.h").write_text(f"{MARKER}\n")
    before = {name: (victim / name).read_bytes() for name in WRITTEN}
    lab.ok(*BUILD, "--verdict", "drop")
    assert {name: (victim / name).read_bytes() for name in WRITTEN} == before
    assert all((lab.directory / "bpf" / name).stat().st_nlink == 1 for name in WRITTEN)


@pytest.mark.parametrize("out", ["link", "link/below", "up/../link", "own"])
def test_no_link_of_a_stranger_is_followed_to_a_directory(lab: Lab, victim: Path, out: str) -> None:
    plant(lab, "link", victim)
    (lab.directory / "up").mkdir()
    (lab.directory / "own").symlink_to("link")
    before = content(victim)
    said = f"link is a link of user {STRANGER}, which isn't followed"
    lab.refused(2, said, *BUILD, "--out", out)
    lab.refused(2, said, "--dry-run", *BUILD, "--out", out)
    lab.refused(2, said, "new", f"{out}/counter.toml")
    assert content(victim) == before


def test_a_link_of_ones_own_is_followed_to_a_directory(lab: Lab, victim: Path) -> None:
    (lab.directory / "own").symlink_to(victim)
    lab.ok(*BUILD, "--out", "own/below")
    assert sorted(os.listdir(victim / "below")) == sorted(WRITTEN)


def test_the_directory_itself_can_be_a_strangers(lab: Lab) -> None:
    os.chown(lab.directory, STRANGER, STRANGER)
    lab.ok(*BUILD)
    lab.must("chown", "-R", str(STRANGER), "bpf")
    lab.ok(*BUILD, "--verdict", "drop")
    assert sorted(os.listdir(lab.directory / "bpf")) == sorted(WRITTEN)


@pytest.mark.parametrize(
    "deed",
    [
        "ln -sf {victim}/file bpf/xdp_allow.bpf.c; ln -sf {victim}/new bpf/xdp_allow.bpf.o",
        "mv bpf moved; ln -s {victim} bpf",
        "for made in bpf/.xdpctl-*; do mv $made moved; ln -s {victim} $made; done",
        "for made in bpf/.xdpctl-*; do mv $made moved; mkdir $made; done",
    ],
)
def test_what_is_planted_while_clang_runs(lab: Lab, victim: Path, deed: str) -> None:
    before = content(victim)
    env = intercept(lab, "clang", "-c", f'({deed.format(victim=victim)}); exec {{real}} "$@"')
    done = lab.xdpctl(*BUILD, env=env)
    assert (done.returncode, content(victim)) == (0, before)
    built = next(lab.directory.glob("*/xdp_allow.bpf.o"))
    assert not any(path.is_symlink() for path in built.parent.glob("xdp_*"))


def test_a_file_that_cannot_be_replaced_leaves_the_others_as_they_were(lab: Lab) -> None:
    lab.ok(*BUILD)
    (lab.directory / "bpf/xdp_packet.h").unlink()
    lab.must("mount", "--bind", "bpf/xdp_allow.bpf.o", "bpf/xdp_allow.bpf.o")
    said = "bpf/xdp_allow.bpf.o can't be written: Device or resource busy"
    lab.refused(2, said, *BUILD, "--verdict", "drop")
    assert sorted(os.listdir(lab.directory / "bpf")) == ["xdp_allow.bpf.c", "xdp_allow.bpf.o"]


def test_nothing_is_saved_through_a_strangers_link(lab: Lab, victim: Path) -> None:
    lab.build()
    lab.ok("load")
    before = content(victim)
    plant(lab, "saved", victim / "file")
    plant(lab, "new", victim / "new")
    plant(lab, "link", victim)
    for path in ("saved", "new", "link/saved"):
        lab.refused(2, f"is a link of user {STRANGER}", "dump", "pkt_cnt", "--save", path)
    assert content(victim) == before
    os.link(victim / "file", lab.directory / "hard")
    lab.ok("dump", "pkt_cnt", "--save", "hard")
    assert content(victim) == before


def test_nothing_is_left_where_a_disk_is_full(lab: Lab) -> None:
    small = str(lab.directory / "small")
    lab.must("mkdir", small)
    lab.must("mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", small)
    lab.must("sh", "-c", f"head -c 7000 /dev/zero > {small}/full")
    for command in (("new", f"{small}/c.toml"), ("build", "--out", f"{small}/bpf")):
        lab.refused(2, "can't be written: No space left on device", *command)
    assert lab.must("ls", "-A", small) == "full\n"


def test_no_list_of_commands_lies_where_others_could_exchange_it(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    theirs, seen = lab.directory / "theirs", lab.directory / "seen"
    theirs.mkdir()
    env = intercept(lab, "bpftool", "batch file", f'ls -A {theirs} >> {seen}; exec {{real}} "$@"')
    watch = ("watch", "pkt_cnt", "--via", "bpftool", "--count", "1", "--interval", "0.1")
    assert lab.xdpctl(*watch, env={**env, "TMPDIR": str(theirs)}).returncode == 0
    assert seen.read_text() == ""


def test_completion_is_not_installed_in_a_strangers_home(lab: Lab, victim: Path) -> None:
    home = lab.directory / "home"
    home.mkdir()
    plant(lab, "home/.bashrc", victim / "file")
    os.chown(home, STRANGER, STRANGER)
    before = content(victim)
    said = f"home is no place for root to write to: {home} belongs to user {STRANGER}"
    lab.refused(2, said, "--install-completion", "bash", env={"HOME": str(home)})
    assert (content(victim), os.listdir(home)) == (before, [".bashrc"])
    os.chown(home, 0, 0)
    (home / ".bashrc").unlink()
    in_bash = ("bash", "-c", f"{COMMAND} --install-completion; exit $?")  # typer asks who called it
    lab.must(*in_bash, env={"HOME": str(home)})
    assert "xdpctl" in (home / ".bashrc").read_text()
