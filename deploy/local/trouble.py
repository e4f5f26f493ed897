"""What keeps the local run from starting, told in one sentence that says what to do."""

import errno
import sys
from collections.abc import Callable

EXIT_CODE = 2
"""What `hub up` ends with when the machine, not the hub, is in the way."""


class CannotStart(Exception):
    """One sentence: what is in the way, and what to do about it."""


def disk_trouble(error: OSError, doing: str) -> CannotStart:
    """The sentence for a file that could not be written while `doing` something."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CannotStart(
            f"The disk is full ({doing}). Free some space, or set HUB_HOME to a folder on another disk; "
            "what has arrived is kept."
        )
    return CannotStart(f"{doing.capitalize()} failed: {error.strerror or type(error).__name__}. Mend that, then again.")


def outcome(doing: str, work: Callable[[], None]) -> int:
    """Work: 0 when it is done, 2 with a sentence on standard error of what is in the way."""
    try:
        work()
    except CannotStart as trouble:
        sys.stderr.write(f"{trouble}\n")
    except OSError as error:
        sys.stderr.write(f"{disk_trouble(error, doing)}\n")
    else:
        return 0
    return EXIT_CODE
