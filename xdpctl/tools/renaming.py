"""Names in bpffs that change places in one act, as `mv --exchange` of newer coreutils does it."""

import errno
import os

_NOREPLACE, _EXCHANGE = 1, 2
"""Flags of renameat2."""
_HERE = -100
"""AT_FDCWD: paths are what they are."""


def exchange(one: str, other: str) -> None:
    """Two names for two things, the other way round: whoever looks finds the one or the other.

    Before Linux 5.17 bpffs can't do so in one act; there, each pin takes the other's place.
    """
    try:
        _rename(one, other, _EXCHANGE)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS):
            raise
        if os.path.isdir(one):
            _each(one, other)
        else:
            _pins(one, other)


def _each(one: str, other: str) -> None:
    names, others = sorted(os.listdir(one)), sorted(os.listdir(other))
    for name in names:
        pins = f"{one}/{name}", f"{other}/{name}"
        if name in others:
            _pins(*pins)
        else:
            os.rename(*pins)
    for name in (name for name in others if name not in names):
        os.rename(f"{other}/{name}", f"{one}/{name}")


def _pins(one: str, other: str) -> None:
    """A rename leaves alone what is one pin already."""
    if not os.path.samefile(one, other):
        kept = f"{one}_"
        os.link(other, kept)
        os.rename(one, other)
        os.rename(kept, one)


def move(one: str, other: str) -> None:
    """To a name that nothing has."""
    _rename(one, other, _NOREPLACE)


def _rename(one: str, other: str, flags: int) -> None:
    import ctypes

    paths = (_HERE, os.fsencode(one), _HERE, os.fsencode(other))
    if ctypes.CDLL(None, use_errno=True).renameat2(*paths, flags):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), one)
