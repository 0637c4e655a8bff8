"""What can go wrong, by meaning. Each class has a code, by which scripts tell it, and an exit code.

Only `cli` prints them. docs/reference.md lists the codes; a code stays what it is.
"""

from typing import ClassVar

MORE_IN_LOG = "--verbose shows the whole log"
"""The hint of an error that has more to say."""


class Lines(str):
    """A message or a hint of several lines; in all others a line's end can only be part of a name."""


LONGEST = 5000
"""A message with a path in it, which the kernel lets have 4095 bytes, has room."""
KEPT = 500


def _bounded(line: str) -> str:
    """What somebody wrote is quoted, however long it is."""
    return line if isinstance(line, Lines) or len(line) <= LONGEST else f"{line[:KEPT]}…"


class Explained(Exception):
    """What happened and where, then what to do next."""

    code: ClassVar[str] = "failed"

    def __init__(self, message: str, *hints: str) -> None:
        super().__init__(message)
        self.message = _bounded(message)
        self.hints = tuple(map(_bounded, hints))


class XdpctlError(Explained):
    """Something else fails, such as writing to standard output."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *hints: str, log: str = "", told: bool = False) -> None:
        super().__init__(message, *hints)
        self.log = log
        """All that the tool said, for --verbose."""
        self.told = told
        """The tool itself told why it failed, as it does when it has undone what it began."""

    def __str__(self) -> str:
        return "\n".join((self.message, *self.hints))


class Refused(XdpctlError):
    """A tool or the kernel refused."""

    code = "refused"


class NotCompiled(Refused):
    """clang doesn't compile the C."""

    code = "not-compiled"


class VerifierRejected(Refused):
    """The verifier doesn't let the program into the kernel."""

    code = "verifier-rejected"


class DeviceBusy(Refused):
    """Another program runs on the device."""

    code = "device-busy"


class NotAsExpected(DeviceBusy):
    """Another program runs on the device than the one that was seen there."""

    code = "not-as-expected"


class AlreadyPinned(Refused):
    """Something is pinned there already."""

    code = "already-pinned"


class NotYours(Refused):
    """It may be somebody else's, or something else holds it."""

    code = "not-yours"


class MapFull(Refused):
    """The map has no room for another element."""

    code = "map-full"


class NotOffered(Refused):
    """Maps of this type, or with these flags, don't offer it."""

    code = "not-offered"


class Gone(Refused):
    """What was found a moment before has gone meanwhile."""

    code = "gone"


class NoAnswer(Refused):
    """A tool didn't answer in time, or was killed."""

    code = "no-answer"


class UnreadableAnswer(Refused):
    """A tool printed what xdpctl can't read."""

    code = "unreadable-answer"


class BadRequest(XdpctlError):
    """The request itself is wrong."""

    exit_code = 2
    code = "bad-request"


class Usage(BadRequest):
    """The command line is none: an unknown verb or option, a word missing, twice or too many."""

    code = "usage"


class NoSuchMap(BadRequest):
    """There is no such map."""

    code = "no-such-map"


class NoSuchProgram(BadRequest):
    """There is no such program."""

    code = "no-such-program"


class NoSuchDevice(BadRequest):
    """There is no such network device."""

    code = "no-such-device"


class NoSuchNetns(BadRequest):
    """There is no such network namespace."""

    code = "no-such-netns"


class NoSuchKey(BadRequest):
    """The map has no such key."""

    code = "no-such-key"


class AlreadyThere(BadRequest):
    """The key, the pin or the file that was to be new is there already."""

    code = "already-there"


class Ambiguous(BadRequest):
    """Several things have this name."""

    code = "ambiguous"


class SpecInvalid(BadRequest):
    """The spec, or an option that stands for a part of it, is wrong."""

    code = "spec-invalid"


class ObjectInvalid(BadRequest):
    """The file is no object that xdpctl loads."""

    code = "object-invalid"


class MapDiffers(BadRequest):
    """The map that is to be shared isn't like the one that the object defines."""

    code = "map-differs"


class FileInvalid(BadRequest):
    """A file of elements or packets is damaged, or a line of it is wrong."""

    code = "file-invalid"


class FileUnusable(BadRequest):
    """A file can't be read or written."""

    code = "file-unusable"


class ValueInvalid(BadRequest):
    """A key or a value isn't one that the map can have."""

    code = "value-invalid"


class NoSuchMember(ValueInvalid):
    """A key or a value is given a member that the map's type doesn't have."""

    code = "no-such-member"


class QueryInvalid(BadRequest):
    """A condition or a column isn't one that the map can be asked for."""

    code = "query-invalid"


class HostLacks(XdpctlError):
    """The host lacks something: a kernel feature, a library, headers."""

    exit_code = 3
    code = "host-lacks"


class NotPermitted(HostLacks):
    """It needs root, or a capability."""

    code = "not-permitted"


class ToolMissing(HostLacks):
    """A program that is needed isn't installed, or can't be run."""

    code = "tool-missing"


class HalfDone(XdpctlError):
    """It failed, and a part of it is done or left: the message says which, `status` what is there now."""

    exit_code = 4
    code = "half-done"


class NotAsItShouldBe(XdpctlError):
    """It was looked at, and isn't as it should be."""

    exit_code = 5
    code = "not-as-it-should-be"


class Interrupted(XdpctlError):
    """Ctrl-C, SIGTERM or SIGHUP came."""

    exit_code = 130
    code = "interrupted"


class Internal(XdpctlError):
    """xdpctl has a defect."""

    code = "internal"


def of_system(error: OSError) -> XdpctlError:
    """What the system said, and of which file."""
    where = f"{error.filename}: " if error.filename else ""
    return XdpctlError(f"{where}{error.strerror}")
