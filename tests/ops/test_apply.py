"""Plans of harmless commands: all of their steps are done, or none is left."""

import os
import signal
from pathlib import Path

import msgspec
import pytest

from xdpctl.core.machine.model import Argv
from xdpctl.core.machine.shell import command_line
from xdpctl.core.plan import actions, plan
from xdpctl.core.plan.plan import Act, Plan, Step
from xdpctl.errors import HalfDone, HostLacks, Interrupted, Refused, XdpctlError
from xdpctl.ops import apply
from xdpctl.tools import host, proc, signals


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that were run."""
    run: list[str] = []
    monkeypatch.setattr(proc, "_show", run.append)
    return run


def operation(steps: Plan, directory: Path) -> apply.Operation:
    """Looks at the names in a directory."""

    def observe() -> apply.Facts:
        return frozenset(os.listdir(directory))

    return apply.Operation(steps, observe(), observe)


def script(text: str) -> Argv:
    return ("sh", "-c", text)


FAIL = plan.step("fail", script("echo no >&2; exit 1"))


def test_all_steps_are_done_in_order(tmp_path: Path, lines: list[str]) -> None:
    steps = (actions.make_directory(f"{tmp_path}/a"), actions.make_directory(f"{tmp_path}/a/b"))
    outcomes = apply.run(operation(steps, tmp_path))
    assert lines == [f"mkdir {tmp_path}/a", f"mkdir {tmp_path}/a/b"]
    assert [outcome.step for outcome in outcomes] == list(steps)
    assert (tmp_path / "a" / "b").is_dir()


def test_a_failure_undoes_what_was_done_in_reverse(tmp_path: Path, lines: list[str]) -> None:
    steps = (
        actions.make_directory(f"{tmp_path}/a"),
        actions.make_directory(f"{tmp_path}/a/b"),
        plan.step("touch", ("touch", f"{tmp_path}/a/b/c"), ("rm", "-f", f"{tmp_path}/a/b/c"), ("true",)),
        FAIL,
        actions.make_directory(f"{tmp_path}/never"),
    )
    with pytest.raises(Refused) as caught:
        apply.run(operation(steps, tmp_path))
    assert str(caught.value) == "failed to fail: no"
    assert lines[4:] == [f"rm -f {tmp_path}/a/b/c", "true", f"rmdir {tmp_path}/a/b", f"rmdir {tmp_path}/a"]
    assert not list(tmp_path.iterdir())


def test_the_next_way_is_tried_where_one_is_refused(tmp_path: Path) -> None:
    undone = tmp_path / "undone"
    step = Step(
        "attach",
        (
            Act(script("echo Error: not native >&2; exit 2"), (script(f"echo native >> {undone}"),)),
            Act(("true",), (script(f"echo generic >> {undone}"),)),
        ),
    )
    (outcome,) = apply.run(operation((step,), tmp_path))
    assert outcome.act is step.acts[1]
    assert [apply.tool_said(result) for result in outcome.refused] == ["not native"]
    with pytest.raises(HalfDone):
        apply.run(operation((step, FAIL), tmp_path))
    assert undone.read_text() == "generic\n", "only what was done is undone"


def test_every_refusal_is_told_where_no_way_works(tmp_path: Path) -> None:
    step = Step(
        "attach to eth1",
        (
            Act(
                script("echo Error: Underlying driver does not support XDP in native mode. >&2; false"),
                (),
                "native",
            ),
            Act(script("echo Error: no generic either >&2; exit 2"), (), "generic"),
        ),
    )
    with pytest.raises(Refused) as caught:
        apply.run(operation((step,), tmp_path))
    assert str(caught.value).splitlines() == [
        "failed to attach to eth1: Underlying driver does not support XDP in native mode.",
        "and in generic mode: no generic either",
        "use --mode generic: this driver has no native XDP",
    ]
    assert caught.value.log.count("\n") == 2


def test_what_is_left_or_lost_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    steps = (
        plan.step("make a mess", script(f"touch {tmp_path}/left; rm {tmp_path}/mine")),
        actions.make_directory(f"{tmp_path}/made"),
        FAIL,
    )
    with pytest.raises(HalfDone) as caught:
        apply.run(operation(steps, tmp_path))
    assert caught.value.hints == ("left behind: left", "lost: mine")


@pytest.mark.parametrize(
    ("undo", "reason"),
    [
        (script("echo busy >&2; exit 1"), "busy"),
        (("rmdir", "/no/such/directory"), "rmdir: /no/such/directory: No such file or directory"),
        (("no-such-program",), "no-such-program isn't installed"),
    ],
)
def test_an_undo_that_fails_is_told_and_the_others_are_done(undo: Argv, reason: str, tmp_path: Path) -> None:
    steps = (actions.make_directory(f"{tmp_path}/a"), plan.step("try", ("true",), undo), FAIL)
    with pytest.raises(HalfDone) as caught:
        apply.run(operation(steps, tmp_path))
    assert caught.value.hints == (f"not undone: {command_line(undo)}: {reason}",)
    assert not list(tmp_path.iterdir())


def test_a_look_that_fails_is_told(tmp_path: Path) -> None:
    def observe() -> apply.Facts:
        raise Refused("ip failed")

    with pytest.raises(HalfDone) as caught:
        apply.run(apply.Operation((FAIL,), frozenset(), observe))
    assert caught.value.hints == ("what is left could not be seen: ip failed",)


@pytest.mark.parametrize(
    ("act", "kind", "says"),
    [
        (("no-such-program",), HostLacks, "no-such-program isn't installed"),
        (
            script("echo RTNETLINK answers: Operation not permitted >&2; exit 2"),
            HostLacks,
            "failed to act: RTNETLINK",
        ),
        (("mkdir", "/proc/x"), Refused, "failed to act: mkdir: /proc/x"),
        (("false",), Refused, "failed to act: false failed with status 1"),
    ],
)
def test_whatever_fails_is_half_done_where_something_is_left(
    act: Argv, kind: type[XdpctlError], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "privileged", lambda: False)
    mess = plan.step("leave", ("touch", f"{tmp_path}/left"))
    steps = (mess, plan.step("act", act))
    with pytest.raises(HalfDone) as caught:
        apply.run(operation(steps, tmp_path))
    assert isinstance(caught.value.__cause__, kind)
    assert caught.value.message.startswith(says)
    assert caught.value.hints[-1] == "left behind: left"


def test_an_error_of_the_system_tells_what_it_left(tmp_path: Path) -> None:
    def finish() -> None:
        raise OSError(28, "No space left on device", "file")

    mess = plan.step("leave", ("touch", f"{tmp_path}/left"))
    with pytest.raises(HalfDone) as caught:
        apply.run(msgspec.structs.replace(operation((mess,), tmp_path), finish=finish))
    assert caught.value.message == "file: No space left on device"
    assert caught.value.hints == ("left behind: left",)


@pytest.mark.parametrize("number", signals.SIGNALS)
def test_a_signal_waits_for_the_step_and_undoes_everything(number: signal.Signals, tmp_path: Path) -> None:
    handler = signal.getsignal(number)
    steps = (
        actions.make_directory(f"{tmp_path}/a"),
        plan.step(
            "be interrupted",
            script(f"kill -{number} {os.getpid()}; sleep 0.1; touch {tmp_path}/a/whole"),
            script(f"test -e {tmp_path}/a/whole && rm {tmp_path}/a/whole"),
        ),
        actions.make_directory(f"{tmp_path}/never"),
    )
    with pytest.raises(Interrupted, match="and all undone"):
        apply.run(operation(steps, tmp_path))
    assert not list(tmp_path.iterdir())
    assert signal.getsignal(number) is handler


def test_a_signal_comes_too_late_when_nothing_but_telling_follows() -> None:
    before = {number: signal.getsignal(number) for number in signals.SIGNALS}
    try:
        apply.run(apply.Operation((plan.step("act", ("true",)),), last=True))
        for number in signals.SIGNALS:
            os.kill(os.getpid(), number)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_what_an_interruption_left_is_named(tmp_path: Path) -> None:
    steps = (plan.step("leave", script(f"touch {tmp_path}/left; kill -INT {os.getpid()}")),)
    with pytest.raises(Interrupted, match="interrupted") as caught:
        apply.run(operation(steps, tmp_path))
    assert caught.value.hints == ("left behind: left",)


def test_from_a_final_step_on_nothing_is_undone_and_nothing_can_fail(tmp_path: Path) -> None:
    """The pins are gone: neither a signal nor a directory that stays is a reason to go back."""
    steps = (
        actions.make_directory(f"{tmp_path}/a"),
        msgspec.structs.replace(plan.step("go", script(f"kill -INT {os.getpid()}; sleep 0.1")), final=True),
        plan.step("fail", ("false",)),
        actions.make_directory(f"{tmp_path}/b"),
    )
    apply.run(operation(steps, tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_bpftools_failure_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = "libbpf: map 'm': failed to create: Invalid argument(-22)\n"

    def spawn(argv: Argv, cwd: Path | None, seconds: float) -> proc.Result:
        return proc.Result(argv, 255, b'{"error":"failed to load object file"}', log)

    monkeypatch.setattr(proc, "spawn", spawn)
    monkeypatch.setattr(proc, "executable", lambda program: program)
    step = plan.step("load p", ("bpftool", "-j", "-n", "prog", "load"))
    with pytest.raises(Refused) as caught:
        apply.run(operation((step,), tmp_path))
    assert caught.value.message == "failed to load p: the kernel refused the definition of map m"
    assert caught.value.log == log


class _Looking:
    """After a file; what removes it is killed, perhaps before."""

    def __init__(self, file: Path, undo: str) -> None:
        self.file, self.script = file, undo

    def verify(self, _act: Act) -> None:
        pass

    def undo(self, _act: Act, _sure: bool) -> tuple[Argv, ...]:
        return (script(self.script),) if self.file.exists() else ()

    def remains(self) -> apply.Facts:
        return frozenset(filter(os.path.exists, [str(self.file)]))


@pytest.mark.parametrize("does_it", [True, False])
def test_an_undo_that_is_killed_after_it_worked(tmp_path: Path, does_it: bool) -> None:
    file = tmp_path / "file"
    step = plan.step("touch", script(f"touch {file}; kill -9 $$"))
    care = _Looking(file, f"{f'rm {file}; ' if does_it else ''}kill -9 $$")
    with pytest.raises(XdpctlError) as caught:
        apply.run(apply.Operation((step,), care={step: care}))
    assert caught.value.message == "failed to touch: sh was ended by signal 9 (SIGKILL)"
    assert isinstance(caught.value, HalfDone) is not does_it
    assert file.exists() is not does_it
