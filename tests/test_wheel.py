"""The wheel works without a checkout, and gives the same C and the same object as the checkout."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

CHECKOUT = Path(__file__).parents[1]
WHEELS = Path(sys.prefix) / "wheels"
SPEC = """\
program = "count_them"
[[counter]]
map = "by_verdict"
type = "percpu_array"
key = "verdict"
fields = ["packets", "bytes"]
"""
LOOKS_INSIDE = SPEC.replace("verdict", "ip_proto")


def run(*argv: str | Path, cwd: Path) -> str:
    """Without anything in the environment that could lead back to the checkout."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(argv, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pip(*words: str | Path, cwd: Path) -> None:
    run(sys.executable, "-m", "pip", *words, cwd=cwd)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, in whose folders somebody has been building."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, source)
    for name in ("xdpctl", "templates", "bpf"):
        shutil.copytree(CHECKOUT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "bpf" / "mine.bpf.c").write_text("int mine;\n")
    (source / "bpf" / "mine.bpf.o").write_bytes(b"\x7fELF")
    pip("wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", built, source, cwd=built)
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The xdpctl of an environment with nothing in it but the wheel and what it depends on."""
    if not WHEELS.is_dir():
        pytest.fail(f"{WHEELS} isn't there: run `make setup`")
    venv = tmp_path_factory.mktemp("empty") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=venv.parent)
    python = venv / "bin" / "python"
    pip(
        *("--python", python, "install", "--no-index", "--find-links", WHEELS, "--no-compile", wheel),
        cwd=venv.parent,
    )
    return venv / "bin" / "xdpctl"


def test_wheel_holds_templates_and_headers_and_no_build_output(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    templates = (path.relative_to(CHECKOUT / "templates") for path in (CHECKOUT / "templates").rglob("*.*"))
    packaged = {f"xdpctl/_templates/{path}" for path in templates if path.suffix in (".j2", ".toml", ".c")}
    packaged.add("xdpctl/_templates/compiled")
    packaged |= {f"xdpctl/_bpf/{path.name}" for path in (CHECKOUT / "bpf").glob("*.h")}
    assert packaged <= names
    assert packaged == {name for name in names if name.startswith(("xdpctl/_templates/", "xdpctl/_bpf/"))}
    assert {name.split("/")[0].split("-")[0] for name in names} == {"xdpctl"}


def test_installed_xdpctl_does_not_come_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    where = run(installed.parent / "python", "-c", "import xdpctl; print(xdpctl.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parents[1])


@pytest.mark.parametrize("spec", ["", SPEC, LOOKS_INSIDE], ids=["defaults", "spec", "looks inside"])
def test_wheel_and_checkout_give_the_same_bytes(installed: Path, tmp_path: Path, spec: str) -> None:
    checkout = Path(sys.executable).with_name("xdpctl")
    from_wheel = build(installed, tmp_path / "outside", spec)
    from_checkout = build(checkout, tmp_path / "a longer path" / "elsewhere", spec)
    assert from_wheel == from_checkout
    header = [".h"] if spec is LOOKS_INSIDE else []
    assert sorted(Path(name).suffix for name in from_wheel) == [".c", *header, ".o"]


def build(xdpctl: Path, directory: Path, spec: str) -> dict[str, bytes]:
    """What a build writes, by name."""
    directory.mkdir(parents=True)
    (directory / "counter.toml").write_text(spec)
    run(xdpctl, "build", *(["counter.toml"] if spec else []), cwd=directory)
    return {path.name: path.read_bytes() for path in (directory / "bpf").iterdir()}
