"""The exception tree. Whatever a user can cause ends here, with one sentence and an exit code.

SeqloomError                     1   something seqloom refuses, said in one sentence
├── UsageError                   2   the command line or the call is off
│   └── ConfigError              2   an option is unknown, of the wrong type, out of range, contradictory
├── DataError                    3   a corpus or an input can't be used as it is
│   └── EncodingFault            3   bytes that are not UTF-8
├── DamagedModelError            4   a checkpoint, run or bundle is incomplete or was altered
│   └── OtherFormatError         4   whole, but written by a seqloom of another format
├── ResourceError                5   disk, memory, permissions
│   ├── MissingDependencyError   5   an optional package isn't installed
│   └── RunLockedError           5   another process is training this run
├── DivergedError                5   the loss stayed non-finite
├── Interrupted                 75   stopped by a signal, saved, ready to resume
└── ShapeError                   1   a tensor of the wrong shape: a programmer's mistake
    └── EmptyMemoryError         1   a row of the memory with nothing to see
"""


class SeqloomError(Exception):
    """Base of all errors that seqloom raises on purpose; the message is meant to be read by a person."""

    exit_code = 1


class UsageError(SeqloomError):
    """The command line or the call is off."""

    exit_code = 2


class ConfigError(UsageError):
    """An option is unknown, of the wrong type, out of range, or contradicts another."""


class DataError(SeqloomError):
    """A corpus or an input can't be used as it is."""

    exit_code = 3


class EncodingFault(DataError):
    """Bytes that are not UTF-8; the message names file, line and byte."""


class DamagedModelError(SeqloomError):
    """A checkpoint, run or bundle is incomplete, altered, or of another shape than expected."""

    exit_code = 4


class OtherFormatError(DamagedModelError):
    """Whole, as far as can be seen, but written in another format than this seqloom reads."""


class ResourceError(SeqloomError):
    """Disk, memory or permissions do not allow it."""

    exit_code = 5


class MissingDependencyError(ResourceError):
    """An optional package isn't installed; the message gives the pip command."""


class RunLockedError(ResourceError):
    """Another process is training this run."""


class DivergedError(SeqloomError):
    """The loss stayed non-finite for too many updates in a row."""

    exit_code = 5


class Interrupted(SeqloomError):
    """Stopped by a signal after saving; the same command resumes."""

    exit_code = 75


class ShapeError(SeqloomError, ValueError):
    """A tensor does not have the shape that the callee states."""


class EmptyMemoryError(ShapeError):
    """A row of the memory has no visible position, so attention over it is undefined."""
