"""Locks that a process holds on files and folders and lets go of when it ends, however it ends."""

from __future__ import annotations


def try_lock(descriptor: int) -> bool | None:
    """Lock an open file or folder for as long as it is open.

    Returns:
        False if another process holds it; None where there is no such lock, as on Windows and on
        some shared disks.
    """
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
