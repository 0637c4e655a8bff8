"""libbpf through ctypes: which of it is installed, the types of its calls, and what becomes of their answers.

Its parts open maps and programs, read and write maps, put programs on devices and run them.
"""

import contextlib
import ctypes
import os
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from xdpctl.errors import HostLacks, Refused
from xdpctl.tools import executables

NAMES = ("libbpf.so.1", "libbpf.so.0")

Call = Callable[..., int]

_INT, _U32, _U64, _SIZE = ctypes.c_int, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_size_t
_TEXT, _MEMORY = ctypes.c_char_p, ctypes.c_void_p
_CALLS = {
    "libbpf_num_possible_cpus": (),
    "libbpf_set_print": (_MEMORY,),
    "bpf_btf_load": (_MEMORY, _SIZE, _MEMORY),
    "bpf_enable_stats": (_INT,),
    "bpf_link_get_fd_by_id": (_U32,),
    "bpf_map_create": (_INT, _TEXT, _U32, _U32, _U32, _MEMORY),
    "bpf_map_delete_batch": (_INT, _MEMORY, _MEMORY, _MEMORY),
    "bpf_map_delete_elem": (_INT, _MEMORY),
    "bpf_map_get_fd_by_id": (_U32,),
    "bpf_map_get_fd_by_id_opts": (_U32, _MEMORY),
    "bpf_map_lookup_batch": (_INT, _MEMORY, _MEMORY, _MEMORY, _MEMORY, _MEMORY, _MEMORY),
    "bpf_map_lookup_elem": (_INT, _MEMORY, _MEMORY),
    "bpf_map_update_batch": (_INT, _MEMORY, _MEMORY, _MEMORY, _MEMORY),
    "bpf_map_update_elem": (_INT, _MEMORY, _MEMORY, _U64),
    "bpf_obj_get": (_TEXT,),
    "bpf_obj_get_opts": (_TEXT, _MEMORY),
    "bpf_obj_get_info_by_fd": (_INT, _MEMORY, _MEMORY),
    "bpf_obj_pin": (_INT, _TEXT),
    "bpf_prog_get_fd_by_id": (_U32,),
    "bpf_prog_load": (_INT, _TEXT, _TEXT, _MEMORY, _SIZE, _MEMORY),
    "bpf_prog_test_run_opts": (_INT, _MEMORY),
    "bpf_xdp_attach": (_INT, _INT, _U32, _MEMORY),
    "bpf_xdp_detach": (_INT, _U32, _MEMORY),
}
"""What each takes. They give an int, which is negative where they fail."""
_POINTERS = ("libbpf_set_print",)
"""Those that give something else."""


class CallRefused(Refused):
    """The kernel refused a call, or libbpf itself did."""

    def __init__(self, message: str, *hints: str, call: str = "", number: int = 0) -> None:
        super().__init__(message, *hints)
        self.call = call
        self.number = number
        """The errno."""


class Options(ctypes.Structure):
    """What the newer calls take. The first member is the size: by it, libbpf sees which others there are."""

    def __init__(self, **members: object) -> None:
        super().__init__(sz=ctypes.sizeof(self), **members)


def installed() -> str:
    """The name of the library, empty without one."""
    return _load(NAMES)[0]


def can(*calls: str) -> bool:
    """Whether there is a libbpf that has all of these calls."""
    return {*calls} <= _load(NAMES)[1].keys()


def function(name: str) -> Call:
    """One of the calls; it raises CallRefused where it fails."""
    library, calls = _load(NAMES)
    if name not in calls:
        lacks = f"{library} is too old: it has no {name}" if library else "libbpf isn't installed"
        raise HostLacks(lacks, executables.install_hint("libbpf"))
    return calls[name]


@contextlib.contextmanager
def owned(fd: int) -> Iterator[int]:
    """A descriptor that a call gave, which is closed in the end."""
    try:
        yield fd
    finally:
        os.close(fd)


@cache
def _load(names: tuple[str, ...]) -> tuple[str, dict[str, Call]]:
    """The first of them that is installed, and those of the calls that it has."""
    for name in names:
        with contextlib.suppress(OSError):
            library = ctypes.CDLL(name, use_errno=True)
            return name, {call: _declared(library[call], call) for call in _CALLS if hasattr(library, call)}
    return "", {}


def _declared(found: Any, call: str) -> Call:
    found.argtypes, found.restype = _CALLS[call], _MEMORY if call in _POINTERS else _INT
    found.errcheck = _checked
    declared: Call = found
    return declared


def _checked(result: int | None, call: Any, _arguments: object) -> int:
    """libbpf 1 gives the errno, older ones leave it where the C library does."""
    if result is None or result >= 0:
        return result or 0
    number = -result if result < -1 else ctypes.get_errno()
    raise CallRefused(f"{call.__name__} of libbpf: {os.strerror(number)}", call=call.__name__, number=number)
