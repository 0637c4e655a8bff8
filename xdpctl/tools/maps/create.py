"""Maps that keep their types, made through libbpf: bpftool can't tell the kernel of types."""

import ctypes
import errno
import os

from xdpctl.core.btf.blob import blob
from xdpctl.core.maps.new_map import NewMap
from xdpctl.errors import Refused
from xdpctl.tools import libbpf, proc


class _CreateOptions(ctypes.Structure):
    """struct bpf_map_create_opts, as far as it goes here."""

    _fields_ = (
        ("sz", ctypes.c_size_t),
        ("btf_fd", ctypes.c_uint32),
        ("btf_key_type_id", ctypes.c_uint32),
        ("btf_value_type_id", ctypes.c_uint32),
        ("btf_vmlinux_value_type_id", ctypes.c_uint32),
        ("inner_map_fd", ctypes.c_uint32),
        ("map_flags", ctypes.c_uint32),
        ("map_extra", ctypes.c_uint64),
    )


def can_create() -> bool:
    """Whether libbpf is there, and is 0.7 or newer."""
    return bool(libbpf.installed()) and hasattr(libbpf.library(), "bpf_map_create")


def create_map(new: NewMap, path: str) -> None:
    """Make a map of these types, and pin it."""
    library = libbpf.library()
    proc.remark(f"bpf_btf_load, bpf_map_create and bpf_obj_pin of libbpf: {new.name} at {path}")
    types = blob(new.types.types)
    btf = _succeeded(library.bpf_btf_load(types, ctypes.c_size_t(len(types)), None), "load its types")
    try:
        options = _CreateOptions(ctypes.sizeof(_CreateOptions), btf, new.key.id, new.value.id)
        options.map_flags = new.flags
        sizes = map(ctypes.c_uint32, (new.key_size, new.value_size, new.max_entries))
        made = library.bpf_map_create(new.number, new.name.encode(), *sizes, ctypes.byref(options))
        fd = _succeeded(made, f"make {new.name}")
        try:
            _succeeded(library.bpf_obj_pin(fd, os.fsencode(path)), f"pin it at {path}")
        finally:
            os.close(fd)
    finally:
        os.close(btf)


def _succeeded(result: int, what: str) -> int:
    if result >= 0:
        return result
    number = libbpf.errno_of(result)
    why = {
        errno.EINVAL: "its flags or sizes don't suit its type",
        errno.E2BIG: "it is larger than the kernel allows",
        errno.ENOMEM: "it is larger than the kernel has memory for",
    }
    hints = (why[number],) if number in why else ()
    raise Refused(f"failed to {what}: {os.strerror(number)}", *hints)
