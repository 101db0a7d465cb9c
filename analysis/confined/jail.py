"""What a child gives up before it touches a file that somebody sent.

Limits on resources hold everywhere. On Linux it also gives up every file but those named (Landlock), the network,
starting programs and signalling others (seccomp); a kernel without these goes on with the limits alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may use.

    Attributes
    ----------
    memory : int
        Bytes of address space beyond what the child starts with.
    cpu_s, wall_s : int
        Seconds of processor, seconds on the clock.
    written : int
        Bytes of the largest file it may write (in its own empty folder, where it has one).
    answer : int
        Bytes of the largest answer that is taken.
    """

    memory: int
    cpu_s: int
    wall_s: int
    written: int = 0
    answer: int = 64 << 20


_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _PR_SET_DUMPABLE = 1, 38, 22, 4
_OPEN_FILES: Final = 64


def enter(limits: Limits, readable: Iterable[Path | int], scratch: Path | None) -> None:
    """Give up what reading a file does not need; there is no way back.

    Parameters
    ----------
    limits : Limits
    readable : paths and open files
        What may be opened for reading, besides the libraries.
    scratch : Path, optional
        Folder in which the child may write.
    """
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, limits.cpu_s)
    _limit(resource.RLIMIT_FSIZE, limits.written)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    if (size := _address_space()) is not None:
        _limit(resource.RLIMIT_AS, size + limits.memory)
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0)  # the helper process is gone: so is its child
    _LIBC.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return
    _see_only(readable, scratch)
    _call_only()


def _limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS knows no limit of the address space
        resource.setrlimit(which, (most, most))


def _address_space() -> int | None:
    """Bytes of address space in use; None where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return None


# --- files: Landlock (linux/landlock.h) ----------------------------------------------------------------------

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
_EVERY_RIGHT: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
_OF_A_FILE: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_LIBRARIES: Final = (sys.prefix, sys.base_prefix, "/usr/lib", "/lib", "/lib64", "/usr/share/zoneinfo")
_DEVICES: Final = ("/dev/null", "/dev/urandom")


def _see_only(readable: Iterable[Path | int], scratch: Path | None) -> None:
    assert _LIBC is not None
    version = _LIBC.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return
    every = _EVERY_RIGHT[min(version, 3)]
    attributes = struct.pack("=Q", every)
    ruleset = _LIBC.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        return
    code = Path(__file__).resolve().parent.parent
    read = _EXECUTE | _READ_FILE | _READ_DIR
    for place in (*_LIBRARIES, *_DEVICES, code, *readable):
        _allow(ruleset, place, read & every)
    if scratch is not None:
        _allow(ruleset, scratch, every)
    _LIBC.syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, place: Path | str | int, rights: int) -> None:
    assert _LIBC is not None
    try:
        opened = place if isinstance(place, int) else os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # a library folder that this system does not have
    if not os.path.isdir(opened):  # noqa: PTH112 (an open file has no path)
        rights &= _OF_A_FILE
    _LIBC.syscall(_ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, opened), 0)
    if not isinstance(place, int):
        os.close(opened)


# --- calls: seccomp (linux/seccomp.h, linux/filter.h) --------------------------------------------------------

#: Name → number on x86_64 and on aarch64; None where there is no such call.
_REFUSED: Final[dict[str, tuple[int | None, int | None]]] = {
    **{"socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "bind": (49, 200), "listen": (50, 201)},
    **{"fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281)},
    **{"kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "pidfd_send_signal": (424, 424)},
    **{"ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271)},
    **{"prlimit64": (302, 261), "pidfd_open": (434, 434), "setns": (308, 268), "unshare": (272, 97)},
    **{"mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51)},
    **{"keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "bpf": (321, 280)},
    **{"userfaultfd": (323, 282), "perf_event_open": (298, 241), "io_uring_setup": (425, 425)},
    "open_by_handle_at": (304, 265),
    # Memory and queues that every process of the same account can reach, outside of files and of the network.
    **{"rt_tgsigqueueinfo": (297, 240), "shmget": (29, 194), "shmat": (30, 196), "msgget": (68, 186)},
    **{"semget": (64, 190), "mq_open": (240, 180), "process_madvise": (440, 440)},
    # What Landlock leaves to the owner of a file: who may read it, whose it is, when it was written; and, before
    # Linux 6.2, its length.
    **{"chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452)},
    **{"chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54)},
    **{"utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88)},
    **{"setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463)},
    **{"removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16)},
    **{"removexattrat": (466, 466), "truncate": (76, 45)},
    **{"sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119), "setpriority": (141, 140)},
}
_TGKILL: Final = {"x86_64": 234, "aarch64": 131}
_MACHINES: Final = {"x86_64": (0xC000003E, 0, 56), "aarch64": (0xC00000B7, 1, 220)}
_CLONE3, _CLONE_THREAD = 435, 0x10000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_GO_ON, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38


def _call_only() -> None:
    """Refuse the network, other programs and other processes to this thread and those it makes."""
    assert _LIBC is not None
    if platform.machine() not in _MACHINES:
        return
    architecture, column, clone = _MACHINES[platform.machine()]
    code = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    if column == 0:  # the same calls under the numbers of the x32 interface
        code += [(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _FAIL | _EPERM)]
    for numbers in _REFUSED.values():
        if (number := numbers[column]) is not None:
            code += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _FAIL | _EPERM)]
    code += [
        (_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _FAIL | _ENOSYS),
    ]  # its flags lie in memory; glibc falls back
    # A thread may signal threads of its own process, as ``abort`` does, and nobody else's.
    code += [(_EQUAL, 0, 4, _TGKILL[platform.machine()]), (_LOAD, 0, 0, 16), (_EQUAL, 0, 1, os.getpid())]
    code += [(_RETURN, 0, 0, _GO_ON), (_RETURN, 0, 0, _FAIL | _EPERM)]
    code += [(_EQUAL, 0, 4, clone), (_LOAD, 0, 0, 16), (_ANY_BIT, 0, 1, _CLONE_THREAD)]  # threads, no processes
    code += [(_RETURN, 0, 0, _GO_ON), (_RETURN, 0, 0, _FAIL | _EPERM), (_RETURN, 0, 0, _GO_ON)]
    filters = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in code))
    program = struct.pack("@HP", len(code), ctypes.addressof(filters))
    _LIBC.prctl(_PR_SET_SECCOMP, 2, program, 0, 0)
