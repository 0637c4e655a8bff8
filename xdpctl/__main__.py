"""The entry point, made to start fast: dumping a map takes hardly longer than starting Python."""

import gc
import os
import sys


def main() -> None:
    # Start-up makes no garbage worth collecting, and taking down the interpreter's hundred modules
    # takes a sixth of the time of a short command.
    gc.disable()
    from xdpctl.cli import run

    status = run()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
