"""Maps and programs by their pin or id, open for as long as they are needed."""

import ctypes
import errno
import os
from contextlib import AbstractContextManager
from typing import Literal

from xdpctl.core.machine.model import MapId, ProgId
from xdpctl.core.maps.refusals import READ_ONLY
from xdpctl.errors import BadRequest, Gone, Refused, XdpctlError
from xdpctl.tools import libbpf
from xdpctl.tools.libbpf import CallRefused

_WORDS = {"map": "map", "prog": "program"}


class _OpenOptions(libbpf.Options):
    """struct bpf_get_fd_by_id_opts, and struct bpf_obj_get_opts."""

    _fields_ = (("sz", ctypes.c_size_t), ("flags", ctypes.c_uint32))


def open_map(named: MapId | str, flags: int = READ_ONLY) -> AbstractContextManager[int]:
    """A map by its id or pin, to be read; or to be written as well, without flags.

    Every kernel from 5.10 on keeps to that. libbpf passes it on by pin since 1.0, by id since 1.1; older
    ones open all maps for both.
    """
    return libbpf.owned(_open("map", named, flags))


def open_program(named: ProgId | str) -> AbstractContextManager[int]:
    return libbpf.owned(_open("prog", named))


def _open(kind: Literal["map", "prog"], named: int | str, flags: int = 0) -> int:
    pinned = isinstance(named, str)
    call = "bpf_obj_get" if pinned else f"bpf_{kind}_get_fd_by_id"
    place = os.fsencode(named) if isinstance(named, str) else named
    what = f"what is pinned at {named}" if pinned else f"the {_WORDS[kind]} with id {named}"
    try:
        if flags and libbpf.can(f"{call}_opts"):
            fd = libbpf.function(f"{call}_opts")(place, ctypes.byref(_OpenOptions(flags=flags)))
        else:
            fd = libbpf.function(call)(place)
    except CallRefused as refused:
        raise _refusal(what, kind, refused.number) from None
    if os.readlink(f"/proc/self/fd/{fd}") != f"anon_inode:bpf-{kind}":
        os.close(fd)
        raise BadRequest(f"{what} is no {_WORDS[kind]}")
    return fd


def _refusal(what: str, kind: str, number: int) -> XdpctlError:
    if number == errno.ENOENT:
        shows = "xdpctl map list shows maps" if kind == "map" else "xdpctl status shows programs"
        return Gone(f"{what} has gone meanwhile", shows)
    return Refused(f"{what} can't be opened: {os.strerror(number)}")
