"""Who runs this process, as the operating system knows it. Imports nothing heavy: every verb uses it."""

from __future__ import annotations

import os


def os_user() -> str:
    """Returns the name of the user of the operating system; the number where the system has no name for it."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
