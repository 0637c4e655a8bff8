"""`--install-completion SHELL`: typer does it for the shell that one is in, and knows no other."""

from xdpctl.cli import session
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import Usage
from xdpctl.ops import complete

INSTALL, SHOW = "--install-completion", "--show-completion"
SHELLS = ("bash", "zsh", "fish", "pwsh")


def served(words: list[str]) -> bool:
    """Whether it was asked for a shell by its name, and is done."""
    if any(word.startswith(INSTALL) for word in words):
        complete.check_home()
    option, equals, given = words[0].partition("=")
    shell, *more = [given, *words[1:]] if equals else words[1:] or [""]
    if option not in (INSTALL, SHOW) or words == [option]:
        return False
    if shell not in SHELLS:
        raise Usage(f"there is no completion for {shell!r}", *did_you_mean(shell, SHELLS))
    if more:
        raise Usage(f"{option} {shell} stands alone", f"leave out {' '.join(more)}")
    _serve(option, shell)
    return True


def _serve(option: str, shell: str) -> None:
    from typer._completion_shared import get_completion_script, install

    if option == SHOW:
        session.stream(
            [get_completion_script(prog_name="xdpctl", complete_var="_XDPCTL_COMPLETE", shell=shell), "\n"]
        )
        return
    _, path = install(shell, "xdpctl", "_XDPCTL_COMPLETE")
    session.say(f"{shell} completion installed in {path}")
    session.say(f"it takes effect in the next {shell}")
