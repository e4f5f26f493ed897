"""What keeps the local run from starting, told in one sentence that says what to do."""

import errno

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
