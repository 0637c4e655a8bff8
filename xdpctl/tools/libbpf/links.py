"""Which device a bpf link holds a program on: bpftool tells from version 7.3 on, the kernel always."""

import ctypes
from contextlib import suppress

from xdpctl.tools import libbpf
from xdpctl.tools.libbpf import CallRefused


class _LinkInfo(ctypes.Structure):
    """struct bpf_link_info, as far as it is told of XDP."""

    _fields_ = tuple((name, ctypes.c_uint32) for name in ("type", "id", "prog_id", "pad", "ifindex"))


def device_of(link: int) -> int | None:
    """The number of its device; None where it can't be seen."""
    info = _LinkInfo()
    if libbpf.can("bpf_link_get_fd_by_id", "bpf_obj_get_info_by_fd"):
        with suppress(CallRefused), libbpf.owned(libbpf.function("bpf_link_get_fd_by_id")(link)) as fd:
            size = ctypes.byref(ctypes.c_uint32(ctypes.sizeof(info)))
            libbpf.function("bpf_obj_get_info_by_fd")(fd, ctypes.byref(info), size)
    return info.ifindex or None
