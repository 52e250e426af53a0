"""Plays systemd: a notify socket, the watchdog's environment, inherited listening sockets."""

import os
import socket
import sys
import tempfile
import threading
import time

from .pgweir import BINARY
from .timing import eventually

_WRAPPER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                        "service/listen_fds_exec.py")


class NotifySocket:
    """Collects what a service says to NOTIFY_SOCKET, with the time of each message."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="pgweir-notify-", dir="/tmp")
        self.path = os.path.join(self.folder, "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        os.chmod(self.folder, 0o755)
        os.chmod(self.path, 0o777)
        self.messages = []          # (time, {name: value})
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while True:
            data = self._socket.recv(65536)
            if data == b"STOP LISTENING":
                return
            fields = dict(line.split("=", 1) for line in data.decode().splitlines() if "=" in line)
            self.messages.append((time.monotonic(), fields))

    def said(self, name, value=None):
        """How often it said NAME (=value)."""
        return sum(1 for _, fields in list(self.messages)
                   if name in fields and value in (None, fields[name]))

    def last(self, name):
        found = [fields[name] for _, fields in list(self.messages) if name in fields]
        return found[-1] if found else None

    def order(self, *names):
        """The assignments among `names`, in the order they came."""
        return [name for _, fields in list(self.messages) for name in fields if name in names]

    def times(self, name):
        return [when for when, fields in list(self.messages) if name in fields]

    def wait(self, name, value=None, deadline=10, more_than=0):
        eventually(lambda: self.said(name, value) > more_than, deadline,
                   lambda: f"{name} was not said; said was {self.messages[-10:]}")

    def close(self):
        stop = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        stop.sendto(b"STOP LISTENING", self.path)
        stop.close()
        self._thread.join(5)
        self._socket.close()
        os.unlink(self.path)
        os.rmdir(self.folder)


def start_with_sockets(weir, sockets):
    """Start the daemon with these listening sockets as descriptors 3, 4, …"""
    # Duplicate them above the range first: none may be overwritten while it is put in place.
    high = [os.dup(os.dup2(each.fileno(), 200 + number)) for number, each in enumerate(sockets)]

    def in_place():
        from . import process

        process.die_with_parent()
        for number, descriptor in enumerate(high):
            os.dup2(descriptor, 3 + number)
    try:
        weir.start([sys.executable, _WRAPPER, str(len(sockets)), BINARY, weir.config_path],
                   local=False, preexec_fn=in_place, close_fds=False)
    finally:
        for number, descriptor in enumerate(high):
            os.close(descriptor)
            os.close(200 + number)
    return weir
