"""What a failure is called: one sentence and an exit code for whatever a user, a disk or a signal can cause."""

from pathlib import Path
from typing import NamedTuple

from seqloom.base.errors import Interrupted, ResourceError, SeqloomError
from seqloom.base.files import explain_os_errors
from seqloom.cli.mistyped import explain_mistyped

EXTRAS = {
    "torch": "train",
    "matplotlib": "train",
    "jiwer": "train",
    "soundfile": "audio",
    "kaldi_native_fbank": "audio",
}  # package -> the extra of seqloom that brings it
NAMES = {"torch": "PyTorch"}
OUT_OF_MEMORY = ("can't allocate memory", "not enough memory")  # in torch's own words, on a CPU


class Failure(NamedTuple):
    """How a command ends: the sentence goes to stderr, the code to the shell."""

    sentence: str
    exit_code: int


def explain(error: BaseException) -> Failure | None:
    """Say what happened in one line; None for what is a fault of the program and deserves its traceback."""
    error = explain_mistyped(error) or error
    if isinstance(error, SeqloomError):
        return Failure(" ".join(str(error).splitlines()), error.exit_code)
    if isinstance(error, KeyboardInterrupt):
        sentence = "Stopped by Ctrl-C. The same command, given again, goes on from what was saved."
        return Failure(sentence, Interrupted.exit_code)
    if ran_out_of_memory(error):
        sentence = (
            "There is not enough memory. Use a smaller training.batch_tokens, search.batch_sentences, beam or "
            "model, or close other programs."
        )
        return Failure(sentence, ResourceError.exit_code)
    if isinstance(error, ModuleNotFoundError):
        return _missing_package(error)
    if isinstance(error, OSError):
        return Failure(_explain_os_error(error), ResourceError.exit_code)
    return None


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether Python, or torch on a CPU or a GPU, found no more memory."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in OUT_OF_MEMORY)


def _missing_package(error: ModuleNotFoundError) -> Failure | None:
    package = (error.name or "").partition(".")[0]
    if package not in EXTRAS:
        return None
    sentence = (
        f"This needs {NAMES.get(package, package)}, which is not installed. "
        f"Install it with: pip install 'seqloom[{EXTRAS[package]}]'"
    )
    return Failure(sentence, ResourceError.exit_code)


def _explain_os_error(error: OSError) -> str:
    """The sentence of an error that nobody nearer to it has explained."""
    where = Path(error.filename) if isinstance(error.filename, str) else Path("the output")
    try:
        with explain_os_errors("write" if error.filename is None else "use", where):
            raise error
    except ResourceError as explained:
        return str(explained)
    except OSError:
        reason = error.strerror or str(error) or type(error).__name__
        return f"{reason}: {where}." if error.filename else f"{reason}."
