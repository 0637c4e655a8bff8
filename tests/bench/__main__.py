"""How fast xdpctl is, and its counters: ratios, measured side by side (`make bench`).

What its verbs take is compared with what has to be done anyway, reading maps with bpftool, captures with
tshark, and what packets cost with a program that only returns.

Needs root. All of it runs in mount and network namespaces of its own, which end with it. The exit
status is 1 where a target is missed.
"""

import argparse
import contextlib
import gc
import os
import sys
import tempfile

from . import captures, commands, counters, maps
from .lab import in_lab, script

PARTS = {"commands": commands, "maps": maps, "captures": captures, "counters": counters}


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(PARTS)}  [default: all]")
    asked = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("the bench loads programs, in namespaces of its own: run it as root")
    inside = in_lab()
    if inside is not None:
        return inside
    gc.disable()
    script("mount -t tmpfs tmpfs /run && mount -t bpf bpf /sys/fs/bpf")
    with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
        missed = [PARTS[part].missed(asked.quick) for part in asked.parts or PARTS]
    return int(any(missed))


if __name__ == "__main__":
    sys.exit(main())
