"""Commands as they can be pasted into a shell."""

import shlex
from pathlib import PurePath

from xdpctl.core.machine.model import Argv


def command_line(argv: Argv, cwd: PurePath | None = None) -> str:
    """A command as it can be pasted into a shell."""
    line = " ".join(map(_word, argv))
    return line if cwd is None else f"(cd {_word(str(cwd))} && {line})"


def _word(word: str) -> str:
    """Quoted where it has to be; what can't be printed is told to the shell by its bytes: `$'\\033'`."""
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(map(_in_quotes, word)) + "'"


def _in_quotes(character: str) -> str:
    if character in "'\\":
        return f"\\{character}"
    if character.isprintable():
        return character
    return "".join(f"\\{byte:03o}" for byte in character.encode(errors="surrogateescape"))


def inside(netns: str | None) -> Argv:
    """What enters a network namespace, by its file, before a command; nothing for this one."""
    return () if netns is None else ("nsenter", f"--net={netns}")
