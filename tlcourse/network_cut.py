"""Cut the network off for a Python process: whatever asks it fails at once.

Run as a file (``PYTHONSTARTUP``) it does so in a kernel before the first cell. It
imports nothing of the course.
"""

import contextlib
import errno
import os
import sys

_SAID = "the network is cut off by `tlcourse doctor --offline`"
_HERE = ("127.", "::1", "localhost", "0.0.0.0")
# Event of Python's to the position of the address in what it tells.
_EVENTS = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
}


def cut():
    """Refuse every connection to another computer, until this process ends.

    Programs that it starts find no index and a proxy that nobody serves.
    """
    nobody = "http://127.0.0.1:9"
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        os.environ[name] = os.environ[name.upper()] = nobody
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1,localhost"
    os.environ["PIP_NO_INDEX"] = "1"
    sys.addaudithook(_refuse)


def _refuse(event, told):
    if event not in _EVENTS:
        return
    address = told[_EVENTS[event]]
    host = address[0] if isinstance(address, tuple) and address else address
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    # A path is a socket on this computer, and None is this computer.
    if not isinstance(host, str) or host.startswith((*_HERE, "/", "\0")) or not host:
        return
    raise OSError(errno.ENETUNREACH, _SAID)


def namespace():
    """Give the words that start a command without any network, if Linux allows it."""
    import subprocess

    words = ["unshare", "--map-root-user", "--net"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run([*words, "true"], capture_output=True, timeout=10)
        if done.returncode == 0:
            return words
    return []


def wake_loopback():
    """Bring up 127.0.0.1 in a network namespace of one's own: kernels talk there."""
    import fcntl
    import socket
    import struct

    up_and_running, set_flags = 0x1 | 0x40, 0x8914
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh", b"lo", up_and_running)
        fcntl.ioctl(any_socket, set_flags, request)


if __name__ == "__main__":
    cut()
