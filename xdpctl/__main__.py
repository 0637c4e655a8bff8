"""The entry point, made to start fast: dumping a map takes hardly longer than starting Python."""

import gc
import os
import sys


def main() -> None:
    # Start-up makes no garbage worth collecting, and taking down the interpreter's hundred modules
    # takes a sixth of the time of a short command.
    gc.disable()
    if sys.stdout is None or sys.stderr is None:  # closed by the caller: `xdpctl status >&-`
        nowhere = open(os.devnull, "w")  # noqa: SIM115  (for as long as the process lives)
        sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere
    from xdpctl.cli import run

    status = run()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
