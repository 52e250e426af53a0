"""A TCP gate between two parties that delays, stalls or cuts the stream at a chosen point.

`Gate(target)` listens on `host:port` and passes on to `target` (host, port). Faults are set on a
direction, `to_server` or `to_client`, and hold for connections made afterwards as for those there.
"""

import socket
import struct
import threading

from . import wire
from .timing import eventually


class Direction:
    """What happens to the bytes that flow one way."""

    def __init__(self):
        self.lock = threading.Condition()
        self.delay = 0.0            # seconds before each chunk is passed on
        self.stalled = False        # hold everything back
        self.cut_after = None       # cut when this many more bytes have passed
        self.cut_on = None          # cut before the n-th message of this type from now: (type, n)
        self.reset = False          # cut with a RST instead of a FIN
        self.passed = 0

    def stall(self):
        with self.lock:
            self.stalled = True

    def flow(self):
        with self.lock:
            self.stalled = False
            self.lock.notify_all()

    def cut_after_bytes(self, count, reset=False):
        with self.lock:
            self.cut_after, self.reset = count, reset

    def cut_before_message(self, kind, nth=1, reset=False):
        """Cut at the start of the n-th message of that type which begins after now."""
        with self.lock:
            self.cut_on, self.reset = (kind, nth), reset

    def heal(self):
        with self.lock:
            self.cut_after = self.cut_on = None
            self.delay = 0.0
            self.stalled = False
            self.lock.notify_all()


class _Frames:
    """Follows message boundaries in one stream.

    `asked` is shared by both ways of a connection: how many requests for encryption are still to
    be answered by one untyped byte. To the server they and the start-up packet are untyped too.
    """

    def __init__(self, to_server, asked):
        self._untyped = to_server
        self._to_server = to_server
        self._asked = asked
        self._buffer = b""
        self._skip = 0

    def start_of(self, chunk, wanted):
        """Where in `chunk` a message of that type begins, with how many were seen: (offset, n)."""
        kind, nth = wanted if wanted else (None, 0)
        offset, seen = 0, 0
        while offset < len(chunk) or self._buffer:
            if not self._to_server and self._asked[0] and not self._skip and not self._buffer:
                self._asked[0] -= 1
                offset += 1
                continue
            if self._skip:
                step = min(self._skip, len(chunk) - offset)
                self._skip -= step
                offset += step
                if self._skip:
                    break
                continue
            need = 8 if self._untyped else 5
            begin = offset - len(self._buffer)
            head = self._buffer + chunk[offset:offset + need - len(self._buffer)]
            if len(head) < need:
                self._buffer = head
                break
            offset += need - len(self._buffer)
            self._buffer = b""
            if self._untyped:
                length, code = struct.unpack("!II", head)
                self._skip = max(0, length - 8)
                if code in (wire.SSL_REQUEST, wire.GSS_REQUEST):
                    self._asked[0] += 1
                else:
                    self._untyped = False
                continue
            self._skip = max(0, struct.unpack("!I", head[-4:])[0] - 4)
            if kind is not None and head[:1] == kind.encode():
                seen += 1
                if seen == nth:
                    return max(begin, 0), seen
        return None, seen


class Gate:
    host = "127.0.0.1"

    def __init__(self, target):
        self.target = target
        self.to_server, self.to_client = Direction(), Direction()
        self.connections = 0
        self._pairs = []
        self._dead = set()          # sockets cut on purpose
        self._refuse = False
        self._listener = socket.create_server((self.host, 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = None if self._refuse else socket.create_connection(self.target)
            except OSError:
                far = None
            if far is None:
                near.close()
                continue
            self.connections += 1
            for each in (near, far):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._pairs.append((near, far))
            asked = [0]
            for source, sink, way in ((near, far, self.to_server), (far, near, self.to_client)):
                frames = _Frames(way is self.to_server, asked)
                threading.Thread(target=self._pump, args=(source, sink, way, frames),
                                 daemon=True).start()

    def _pump(self, source, sink, way, frames):
        try:
            while chunk := source.recv(1 << 16):
                keep, cut = self._judge(way, frames, chunk)
                if keep:
                    sink.sendall(keep)
                    way.passed += len(keep)
                if cut:
                    self._cut(source, sink, way.reset)
                    return
            if source not in self._dead:
                sink.shutdown(socket.SHUT_WR)
        except OSError:
            self._cut(source, sink, True)

    @staticmethod
    def _judge(way, frames, chunk):
        """How much of the chunk passes, and whether to cut after it."""
        with way.lock:
            if way.delay:
                threading.Event().wait(way.delay)
            while way.stalled:
                way.lock.wait()
            at, seen = frames.start_of(chunk, way.cut_on)
            if way.cut_on and at is not None:
                way.cut_on = None
                return chunk[:at], True
            if way.cut_on and seen:
                way.cut_on = (way.cut_on[0], way.cut_on[1] - seen)
            if way.cut_after is not None:
                if len(chunk) >= way.cut_after:
                    keep, way.cut_after = chunk[:way.cut_after], None
                    return keep, True
                way.cut_after -= len(chunk)
        return chunk, False

    def _cut(self, source, sink, reset):
        """End both sides. The shutdown wakes the other direction's thread from its recv: only when
        that is out is the socket really closed, and a RST sent where one is asked for."""
        self._dead.update((source, sink))
        for each in (source, sink):
            try:
                if reset:
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()

    def refuse(self, on=True):
        """Close new connections at once."""
        self._refuse = on

    def cut_all(self, reset=False):
        """End every connection that is open now."""
        pairs, self._pairs = self._pairs, []
        for near, far in pairs:
            self._cut(near, far, reset)

    def wait_for_connection(self, count=1, deadline=10):
        eventually(lambda: self.connections >= count, deadline, "nobody came through the gate")

    def heal(self):
        self._refuse = False
        self.to_server.heal()
        self.to_client.heal()

    def close(self):
        self.heal()
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.cut_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
