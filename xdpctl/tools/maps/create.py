"""Maps that keep their types, made through libbpf: bpftool can't tell the kernel of types."""

import errno
import os

from xdpctl.core.btf.blob import blob
from xdpctl.core.maps.new_map import NewMap
from xdpctl.errors import Refused
from xdpctl.tools import libbpf, proc
from xdpctl.tools.libbpf import maps

_WHY = {
    errno.EINVAL: "its flags or sizes don't suit its type",
    errno.E2BIG: "it is larger than the kernel allows",
    errno.ENOMEM: "it is larger than the kernel has memory for",
}


def can_create() -> bool:
    """Whether libbpf is there, and is 0.7 or newer."""
    return libbpf.can("bpf_btf_load", "bpf_map_create")


def create_map(new: NewMap, path: str) -> None:
    """Make a map of these types, and pin it."""
    proc.remark(f"bpf_btf_load, bpf_map_create and bpf_obj_pin of libbpf: {new.name} at {path}")
    try:
        maps.create(new, blob(new.types.types), path)
    except libbpf.CallRefused as refused:
        tried = {
            "bpf_btf_load": "load its types",
            "bpf_map_create": f"make {new.name}",
            "bpf_obj_pin": f"pin it at {path}",
        }
        hints = (_WHY[refused.number],) if refused.number in _WHY else ()
        what = f"failed to {tried[refused.call]}: {os.strerror(refused.number)}"
        raise Refused(what, *hints) from None
