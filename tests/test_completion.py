"""Completion as users have it: installed into a home, and a shell in a terminal that is sent a Tab."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from xdpctl.cli import VERBS
from xdpctl.cli.map import VERBS as MAP_VERBS
from xdpctl.tools.files import assets

SHELLS = {"bash": ["--noprofile", "-i"], "zsh": ["-i"]}
"""And the options with which they read what completion was installed in."""
TABS = {"bash": "\t", "zsh": "\t\t"}
"""zsh loads what was installed when the first is pressed, and completes from the second on."""
SETTINGS = {
    ".inputrc": "set show-all-if-ambiguous on\nset completion-query-items 0\nset page-completions off\n",
    ".bashrc": "PS1='ready> '\n",
    ".zshrc": "PS1='ready> '\nLISTMAX=1000\n",
}
PATIENCE = 20.0


@pytest.fixture(scope="module", params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if shutil.which(name) is None:
        pytest.skip(f"{name} isn't installed")
    return name


@pytest.fixture(scope="module")
def home(shell: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With completion, a spec and an object in it."""
    home = tmp_path_factory.mktemp(shell)
    for name, text in {**SETTINGS, "mine.toml": ""}.items():
        (home / name).write_text(text)
    install = "xdpctl --install-completion; exit $?"  # typer asks who called it
    subprocess.run([shell, "-c", install], env=environment(home), capture_output=True, check=True)
    if shutil.which("clang"):
        for program, counter in (("some_program", "some_counter"), ("xdp_pass", "pkt_cnt")):
            build = ["xdpctl", "build", "--program", program, "--map", counter]
            subprocess.run(build, env=environment(home), cwd=home, capture_output=True, check=True)
    return home


def environment(home: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {"HOME": str(home), "PATH": path, "TERM": "xterm", "LC_ALL": "C"}


def tab(shell: str, home: Path, line: str) -> str:
    """What a terminal shows after a line and Tab."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(home)
        os.execvpe(shell, [shell, *SHELLS[shell]], environment(home))
    try:
        read(terminal, "ready> ")
        os.write(terminal, f"{line}{TABS[shell]}\x15echo no' 'more\r".encode())
        return read(terminal, "no more\r")
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)


def read(terminal: int, end: str) -> str:
    shown, deadline = "", time.monotonic() + PATIENCE
    while end not in shown:
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, shown
        shown += os.read(terminal, 4096).decode(errors="replace")
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x09\x0b-\x1f]", "", shown)


@pytest.mark.parametrize("given", ["--install-completion zsh", "--install-completion=zsh"])
def test_completion_of_another_shell_is_installed(given: str, tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"xdpctl {given}; exit $?"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(f"zsh completion installed in {tmp_path}/.zfunc/_xdpctl\n")
    assert "#compdef xdpctl" in (tmp_path / ".zfunc" / "_xdpctl").read_text()
    assert not (tmp_path / ".bashrc").exists()


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = ["xdpctl", *arguments]
    return subprocess.run(argv, env=environment(home), capture_output=True, text=True, check=False)


def test_the_completion_of_a_shell_is_shown(tmp_path: Path) -> None:
    shown = [
        subprocess.run(
            ["xdpctl", "--show-completion", shell], env=environment(tmp_path), capture_output=True, text=True
        ).stdout
        for shell in ("bash", "zsh", "fish")
    ]
    assert all(
        f"complete_{shell}" in text for shell, text in zip(("bash", "zsh", "fish"), shown, strict=True)
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--install-completion tch", "there is no completion for 'tch'\n  known: bash, zsh, fish, pwsh\n"),
        ("--show-completion=fsh", "there is no completion for 'fsh'\n  did you mean 'fish'?\n"),
        ("--install-completion zsh status", "--install-completion zsh stands alone\n  leave out status\n"),
    ],
)
def test_completion_that_there_is_none_of(line: str, says: str, tmp_path: Path) -> None:
    done = subprocess.run(
        ["xdpctl", *line.split()], env=environment(tmp_path), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"xdpctl: {says}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("xdpctl ", list(VERBS)),
        ("xdpctl unl", ["unload"]),
        ("xdpctl map ", list(MAP_VERBS)),
        ("xdpctl dump --pr", ["--prometheus"]),
        ("xdpctl load --dev ", ["lo"]),
        ("xdpctl attach ", ["lo"]),
        ("xdpctl build --preset ", list(assets.PRESETS)),
        ("xdpctl build ", ["mine.toml"]),
        ("xdpctl build --key src_", ["src_ip", "src_mac", "src_port"]),
        ("xdpctl dump some_", ["some_counter"]),
        ("xdpctl map get some_", ["some_counter"]),
        ("xdpctl load --program ", ["some_program"]),
        ("xdpctl run bpf/some_program.bpf.o --program some", ["some_program"]),
        ("xdpctl bench bpf/some_program.bpf.o --program some", ["some_program"]),
        ("xdpctl run bpf/some_program.bpf.o --against-program ", ["some_program"]),
    ],
)
def test_a_tab_completes(shell: str, home: Path, line: str, words: list[str]) -> None:
    if words[0].startswith("some_") and shutil.which("clang") is None:
        pytest.skip("clang is missing")
    shown = tab(shell, home, line)
    assert [word for word in words if word not in shown] == [], shown


@pytest.mark.parametrize("verb", ["load", "run", "bench"])
def test_programs_are_those_of_the_object_that_is_named(shell: str, home: Path, verb: str) -> None:
    if shutil.which("clang") is None:
        pytest.skip("clang is missing")
    shown = tab(shell, home, f"xdpctl {verb} bpf/some_program.bpf.o --program ")
    assert "xdp_pass" not in shown
    assert "some_program" in shown.split("--program ")[1]
