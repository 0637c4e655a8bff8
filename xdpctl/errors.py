"""What can go wrong, by meaning: each class is one exit code. Only `cli` prints them."""


class Lines(str):
    """A message or a hint of several lines; in all others a line's end can only be part of a name."""


class XdpctlError(Exception):
    """An error that is explained to the user: what happened and where, then what to do next."""

    exit_code = 1

    def __init__(self, message: str, *hints: str, log: str = "", told: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.hints = hints
        self.log = log
        """All that the tool said, for --verbose."""
        self.told = told
        """The tool itself told why it failed, as it does when it has undone what it began."""

    def __str__(self) -> str:
        return "\n".join((self.message, *self.hints))


class Refused(XdpctlError):
    """A tool or the kernel refused (exit code 1)."""

    exit_code = 1


class BadRequest(XdpctlError):
    """The request itself is wrong: options, spec, names, unknown map (exit code 2)."""

    exit_code = 2


class Interrupted(XdpctlError):
    """Ctrl-C came, and not all could be undone (exit code 130)."""

    exit_code = 130


class HostLacks(XdpctlError):
    """The host lacks something: root, a tool, bpffs, a kernel feature (exit code 3)."""

    exit_code = 3
