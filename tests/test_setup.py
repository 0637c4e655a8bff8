"""`.ci/setup` on made-up machines: what it installs, what it says, and that it then leaves things alone."""

import shutil
import subprocess
from pathlib import Path

import pytest

from xdpctl.core.machine.packages import PACKAGES
from xdpctl.core.program.render import MARKER

from .machine import APT_GET, BASE, CHECKOUT, NEEDED, PYTHON, REAL, WRAPPER, Machine

TEMPLATE = "templates/counter.bpf.c.j2"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A Debian on which nothing is missing, used by root."""
    machine = Machine(tmp_path / "system", tmp_path / "check out")
    (machine.checkout / ".ci").mkdir(parents=True)
    shutil.copy(CHECKOUT / ".ci" / "setup", machine.checkout / ".ci")
    shutil.copy(CHECKOUT / "pyproject.toml", machine.checkout)
    for source in (TEMPLATE, "xdpctl/core/program/render.py"):
        (machine.checkout / source).parent.mkdir(parents=True)
        (machine.checkout / source).touch()
    for name in NEEDED | BASE:
        machine.program(f"bin/{name}")
    for name in REAL:
        path = shutil.which(name)
        assert path is not None
        (machine.system / "bin" / name).symlink_to(path)
    for header in ("bpf/bpf_helpers.h", "linux/bpf.h"):
        path_of_header = machine.system / "usr" / "include" / header
        path_of_header.parent.mkdir(parents=True)
        path_of_header.touch()
    (machine.system / "etc").mkdir()
    (machine.system / "ensurepip").touch()
    machine.is_a("ID=debian\n")
    machine.program("bin/id", "echo 0")
    machine.program("bin/uname", "echo 6.8.0-45-generic")
    machine.program("bin/apt-get", APT_GET)
    machine.program("bin/python3", PYTHON, minor=11)
    return machine


def test_nothing_missing_installs_no_package(machine: Machine) -> None:
    done = machine.setup()
    assert done.returncode == 0, done.stderr
    assert all(line.startswith("pip") for line in machine.log())


def test_second_run_calls_nothing_and_says_nothing(machine: Machine) -> None:
    machine.setup()
    assert any("--editable" in line for line in machine.log())
    again = machine.setup()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert machine.log() == []


def test_changed_dependencies_are_installed(machine: Machine) -> None:
    machine.setup()
    machine.log()
    with (machine.checkout / "pyproject.toml").open("a") as file:
        file.write("# more\n")
    machine.setup()
    assert any("--editable" in line for line in machine.log())


def test_templates_that_changed_are_compiled(machine: Machine) -> None:
    machine.setup()
    machine.log()
    (machine.checkout / TEMPLATE).touch()
    assert machine.setup().stderr == ""
    assert machine.log() == ["compiled"]


def test_moved_checkout_gets_a_new_environment(machine: Machine, tmp_path: Path) -> None:
    machine.setup()
    moved = Machine(machine.system, machine.checkout.rename(tmp_path / "moved"))
    assert "making .venv" in moved.setup().stdout


@pytest.mark.parametrize(("name", "package"), (NEEDED | BASE).items())
def test_only_what_is_missing_is_installed(machine: Machine, name: str, package: str) -> None:
    machine.without(f"bin/{name}")
    done = machine.setup()
    assert done.returncode == 0, done.stderr
    assert f"installing system packages: {package}\n" in done.stdout
    assert machine.installed() == [package]


def test_missing_headers_are_installed(machine: Machine) -> None:
    machine.without("usr/include/bpf/bpf_helpers.h")
    assert machine.setup().returncode == 0
    assert machine.installed() == ["libbpf-dev", "linux-libc-dev"]


def test_missing_venv_module_is_installed(machine: Machine) -> None:
    machine.without("ensurepip")
    assert machine.setup().returncode == 0
    assert machine.installed() == ["python3-venv"]


def test_user_needs_sudo_only_for_packages(machine: Machine) -> None:
    machine.program("bin/id", "echo 1000")
    machine.program("bin/sudo", 'echo "sudo $*" >>"$system/log"; "$@"')
    machine.setup()
    assert not any(line.startswith("sudo") for line in machine.log())
    machine.without("bin/clang")
    assert "with sudo: clang" in machine.setup().stdout
    assert [line.split()[:2] for line in machine.log() if "sudo" in line] == [
        ["sudo", "apt-get"],
        ["sudo", "env"],
    ]


def test_user_without_sudo_is_told_what_root_must_do(machine: Machine) -> None:
    machine.program("bin/id", "echo 1000")
    machine.without("bin/clang", "bin/ping")
    done = machine.setup()
    assert done.returncode == 3
    assert "as root: apt-get install clang iputils-ping" in done.stderr


def test_apt_get_that_fails_is_explained(machine: Machine) -> None:
    machine.without("bin/clang")
    (machine.system / "offline").touch()
    done = machine.setup()
    assert done.returncode == 3
    assert "apt-get could not install: clang" in done.stderr


def test_pip_that_fails_is_explained_and_tried_again(machine: Machine) -> None:
    (machine.system / "offline").touch()
    done = machine.setup()
    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        "ERROR: No matching distribution found for typer",
        "setup: pip failed, its last words are above, all of them in .venv/pip.log",
        "  is the network there? Then run this again",
    ]
    machine.without("offline")
    assert machine.setup().returncode == 0


@pytest.mark.parametrize(
    "known",
    [
        "bpftool linux-tools-generic",
        "linux-tools-6.8.0-45-generic linux-tools-generic",
        "linux-tools-generic",
    ],
)
def test_ubuntu_installs_the_bpftool_that_its_release_has(machine: Machine, known: str) -> None:
    machine.is_a('NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n')
    machine.program("bin/bpftool", WRAPPER)
    machine.program("bin/apt-cache", 'case " $known " in *" $2 "*) echo "Package: $2" ;; esac', known=known)
    done = machine.setup()
    assert done.returncode == 0, done.stderr
    expected = known.split()[0]
    assert machine.installed() == [expected]
    assert ("part of another package" in done.stdout) == (expected != "bpftool")


def test_wrapper_that_fails_gives_way_to_a_bpftool_that_works(machine: Machine) -> None:
    machine.is_a("ID=ubuntu\n")
    machine.program("bin/bpftool", WRAPPER)
    machine.program("usr/lib/linux-tools/6.8.0-31-generic/bpftool", "exit 1")
    machine.program("usr/lib/linux-tools/6.8.0-40-generic/bpftool")
    done = machine.setup()
    linked = machine.checkout / ".venv" / "bin" / "bpftool"
    assert str(linked.readlink()).endswith("/6.8.0-40-generic/bpftool")
    assert "linked" in done.stdout
    assert not any(line.startswith("apt-get") for line in machine.log())
    assert machine.setup().stdout == ""


def test_bpftool_in_sbin_is_found(machine: Machine) -> None:
    machine.program("usr/sbin/bpftool")
    machine.without("bin/bpftool")
    assert machine.setup().returncode == 0
    assert not any(line.startswith("apt-get") for line in machine.log())


def test_other_systems_are_told_their_packages(machine: Machine) -> None:
    machine.is_a("ID=fedora\n")
    machine.without("bin/apt-get", "bin/clang")
    done = machine.setup()
    assert done.returncode == 3
    assert "missing: clang" in done.stderr
    for family in ("fedora", "arch", "alpine"):
        (line,) = [line for line in done.stderr.splitlines() if f"  {family}:" in line.lower()]
        for program in (*NEEDED, "headers"):
            assert set(PACKAGES[family][program].split()) <= set(line.split())


def test_other_systems_go_on_when_all_is_there(machine: Machine) -> None:
    machine.is_a("ID=arch\n")
    machine.without("bin/apt-get")
    assert machine.setup().returncode == 0


def test_old_python_is_told_before_anything_is_installed(machine: Machine) -> None:
    machine.program("bin/python3", PYTHON, minor=10)
    machine.without("bin/clang")
    done = machine.setup()
    assert done.returncode == 3
    assert "needs Python 3.11 or newer" in done.stderr
    assert "python3 is Python 3.10.0" in done.stderr
    assert machine.log() == []


def test_missing_python_is_installed(machine: Machine) -> None:
    (machine.system / "bin" / "python3").rename(machine.system / "a-python")
    machine.without("ensurepip")
    assert machine.setup().returncode == 0
    assert machine.installed() == ["python3", "python3-venv"]


def test_newer_python_by_another_name_is_found(machine: Machine) -> None:
    machine.program("bin/python3", PYTHON, minor=10)
    machine.program("bin/python3.12", PYTHON, minor=12)
    assert "making .venv with Python 3.12" in machine.setup().stdout


def test_active_environment_is_not_taken_for_the_system(machine: Machine) -> None:
    machine.program("usr/bin/python3", PYTHON, minor=12)
    active = machine.checkout / ".venv" / "bin"
    active.mkdir(parents=True)
    (machine.system / "bin" / "python3").rename(active / "python3")
    done = machine.setup(active)
    assert "making .venv with Python 3.12" in done.stdout, done.stderr


def test_clean_removes_what_was_generated_and_nothing_else(tmp_path: Path) -> None:
    shutil.copy(CHECKOUT / "Makefile", tmp_path)
    for name in (".venv", ".mypy_cache", "bpf", "tests/__pycache__", "templates/__pycache__", "xdpctl"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "bpf" / "generated.bpf.c").write_text(f"// first\n{MARKER}\n")
    (tmp_path / "bpf" / "generated.bpf.o").touch()
    (tmp_path / "bpf" / "edited.bpf.c").write_text("// my own\n")
    (tmp_path / "bpf" / "header.h").touch()
    (tmp_path / "counter.toml").touch()
    subprocess.run(["make", "-s", "clean"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"Makefile", "bpf/edited.bpf.c", "bpf/header.h", "counter.toml"}
