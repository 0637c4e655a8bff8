"""Tools that fail in one of their calls: stand-ins for bpftool and ip, first in PATH, that pass all else on.

A call is known by its words, in which numbers and temporary names are left out, and by how often it came.
"""

import json
import shutil
import sys
from typing import NamedTuple

from .conftest import Lab

TOOLS = ("bpftool", "ip")
REAL = {tool: shutil.which(tool) for tool in TOOLS}
STAND_IN = """#!/bin/sh
real={real} here=${{0%/*}}
said=$(echo "{tool} $*" | sed 's#batch file .*#batch file TEMP#; s#[0-9][0-9]*#N#g; s#/#|#g')
nth=1
until mkdir "$here/calls/$said, $nth" 2>/dev/null; do nth=$((nth + 1)); done
if [ "$said, $nth" = "$(cat "$here/call")" ]; then . "$here/fault"; fi
exec "$real" "$@"
"""
CUT = '"$real" "$@" > "$here/whole"; head -c $(($(wc -c < "$here/whole") %s)) "$here/whole"; '
FAULTS = {
    "silent": "exit 0",
    "newline": "echo; exit 0",
    "null": "echo null; exit 0",
    "list": "echo '[]'; exit 0",
    "object": "echo '{}'; exit 0",
    "objects": "echo '[{},{}]'; exit 0",
    "error": """echo '{"error":"Input/output error"}'; exit 0""",
    "errors": """echo '[{"error":"Input/output error"}]'; exit 0""",
    "failed": """echo '{"error":"Input/output error"}'; exit 255""",
    "garbage": "echo 'Aborted (core dumped)'; exit 0",
    "bytes": r"printf '[{\"name\":\"\377\376\"}]'; exit 0",
    "number": "echo 42; exit 0",
    "negative": """echo '[{"id":-1,"type":-1,"name":-1}]'; exit 0""",
    "numbers": "echo '[1,2,3]'; exit 0",
    "deep": "head -c 100000 /dev/zero | tr '\\0' '['; exit 0",
    "beginning": CUT % "/ 10" + "exit 0",
    "half": CUT % "/ 2" + "exit 0",
    "almost all": CUT % "- 2" + "exit 0",
    "whole, and a failure": 'cat /dev/null; "$real" "$@"; exit 1',
    "whole, and a signal": '"$real" "$@"; kill -SEGV $$',
    "twice": '"$real" "$@"; "$real" "$@"; exit 0',
    "mute": "exit 1",
    "mute, by errno": "exit 254",
    "killed": "kill -KILL $$",
    "killed half-way": CUT % "/ 2" + "kill -KILL $$",
}
"""What the shell does in place of the call, or after it."""
RUN = """
import json, os, signal, sys
from xdpctl.ops import why
why.WINDOW = 0.05
from xdpctl.cli import execute
from xdpctl.tools import libbpf  # this and the next, once for all
from xdpctl.tools.maps import elements, polling, reading
from xdpctl.tools.programs import run_counts, test_run
tools, path = sys.argv[1], os.environ["PATH"]
for number, (words, call, fault) in enumerate(json.load(open(f"{tools}/cases"))):
    here = f"{tools}/{number}"  # what the last case left running doesn't get mixed up with this
    os.makedirs(f"{here}/calls")
    for name in ("bpftool", "ip"):
        os.symlink(f"{tools}/{name}", f"{here}/{name}")
    for name, text in (("call", call), ("fault", fault)):
        with open(f"{here}/{name}", "w") as file:
            file.write(text)
    child = os.fork()
    if not child:
        signal.alarm(30)
        os.environ["PATH"] = f"{here}:{path}"
        for fd, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(f"{here}/{name}", os.O_WRONLY | os.O_CREAT), fd)
        status = 99
        try:
            status = execute(words)
        except BaseException:
            import traceback
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    out, err = (open(f"{here}/{name}", errors="backslashreplace").read() for name in ("out", "err"))
    print(json.dumps((status, out, err, sorted(os.listdir(f"{here}/calls")))), flush=True)
"""


class Case(NamedTuple):
    words: list[str]
    call: str = ""
    fault: str = ""


class Ran(NamedTuple):
    status: int
    out: str
    err: str
    calls: list[str]
    """Each with how often it had come by then."""


def install(lab: Lab) -> None:
    here = lab.directory / "faults"
    here.mkdir()
    for tool in TOOLS:
        script = here / tool
        script.write_text(STAND_IN.format(tool=tool, real=REAL[tool]))
        script.chmod(0o755)


def each(lab: Lab, cases: list[Case]) -> list[Ran]:
    """What comes of xdpctl commands, each with its fault."""
    here = lab.directory / "faults"
    said = [(case.words, case.call, FAULTS.get(case.fault, "")) for case in cases]
    (here / "cases").write_text(json.dumps(said))
    done = lab.run(sys.executable, "-c", RUN, str(here), timeout=3600)
    assert done.returncode == 0, done.stderr
    for place in range(len(cases)):
        shutil.rmtree(here / str(place))
    return [Ran(*json.loads(line)) for line in done.stdout.splitlines()]
