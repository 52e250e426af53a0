"""A client as small as one can be: there are thousands of them, or it moves gigabytes."""

import socket
import ssl

from measurement import Broken
from support import wire

READY = b"Z\0\0\0\5I"
COPYING = b"G"  # CopyInResponse


def _trusting():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


_CONTEXT = _trusting()


class PlainClient:
    """Logged in with trust. `contender` says where, as whom, and whether with TLS."""

    _buffer = bytearray(1 << 20)  # of all of them: what comes is only counted

    def __init__(self, contender):
        self.name = contender.name
        self.stream = socket.create_connection((contender.host, contender.port), 60)
        try:
            if contender.setup.tls:
                self.send(wire.request(wire.SSL_REQUEST))
                if self.stream.recv(1) != b"S":
                    raise Broken(f"{contender.name} does not speak TLS")
                self.stream = _CONTEXT.wrap_socket(self.stream)
            self.ask(wire.startup({"user": contender.user, "database": "app"}))
        except BaseException:
            self.stream.close()
            raise

    def send(self, data):
        self.stream.sendall(data)

    def _receive(self):
        size = self.stream.recv_into(self._buffer)
        if size == 0:
            raise Broken(f"a client was sent away by {self.name}")
        return size

    def ask(self, request):
        """Send, and read until the other side is ready for more; returns how much it sent."""
        self.send(request)
        total, end = 0, b""
        while not end.endswith(READY):
            size = self._receive()
            if total == 0 and self._buffer[:1] == b"E":
                raise Broken(f"{self.name} answers {bytes(self._buffer[:size])!r}")
            total += size
            end = (end + self._buffer[max(0, size - len(READY)):size])[-len(READY):]
        return total

    def begin_copy(self, sql):
        """A COPY FROM STDIN, up to where the server waits for data."""
        self.send(wire.query(sql))
        size = self._receive()
        if self._buffer[:1] != COPYING:
            raise Broken(f"{self.name} does not begin {sql!r}: {bytes(self._buffer[:size])!r}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
