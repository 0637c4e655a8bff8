"""Maps that keep their types: bpftool can't tell the kernel of types."""

import ctypes
import errno
import os

from xdpctl.core.btf.blob import blob
from xdpctl.core.maps.new_map import NewMap
from xdpctl.errors import Refused
from xdpctl.tools import libbpf, proc

_WHY = {
    errno.EINVAL: "its flags or sizes don't suit its type",
    errno.E2BIG: "it is larger than the kernel allows",
    errno.ENOMEM: "it is larger than the kernel has memory for",
}


class _CreateOptions(libbpf.Options):
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
    return libbpf.can("bpf_btf_load", "bpf_map_create")


def create_map(new: NewMap, path: str) -> None:
    """Make a map of these types, and pin it."""
    proc.remark(f"bpf_btf_load, bpf_map_create and bpf_obj_pin of libbpf: {new.name} at {path}")
    try:
        _create(new, blob(new.types.types), path)
    except libbpf.CallRefused as refused:
        tried = {
            "bpf_btf_load": "load its types",
            "bpf_map_create": f"make {new.name}",
            "bpf_obj_pin": f"pin it at {path}",
        }
        hints = (_WHY[refused.number],) if refused.number in _WHY else ()
        what = f"failed to {tried[refused.call]}: {os.strerror(refused.number)}"
        raise Refused(what, *hints) from None


def _create(new: NewMap, types: bytes, path: str) -> None:
    load, make, pin = map(libbpf.function, ("bpf_btf_load", "bpf_map_create", "bpf_obj_pin"))
    with libbpf.owned(load(types, len(types), None)) as btf:
        options = _CreateOptions(
            btf_fd=btf, btf_key_type_id=new.key.id, btf_value_type_id=new.value.id, map_flags=new.flags
        )
        sizes = (new.key_size, new.value_size, new.max_entries)
        with libbpf.owned(make(new.number, new.name.encode(), *sizes, ctypes.byref(options))) as fd:
            pin(fd, os.fsencode(path))
