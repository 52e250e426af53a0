"""Plays a conversation to a target and writes down all that came back, byte for byte."""

import hashlib
import socket
import struct
import threading

from . import wire
from .peer import Closed, Peer

_LONG = 400


def _shown(data):
    if len(data) <= _LONG:
        return repr(data)
    digest = hashlib.sha256(data).hexdigest()[:16]
    return f"{data[:60]!r}... {len(data)} bytes, sha256 {digest}"


_FIRST_USER_OID = 16384


def _without_table_oids(body):
    """A RowDescription without the OIDs of user tables, which differ each time one is made."""
    out, offset = bytearray(body), 2
    for _ in range(struct.unpack("!H", body[:2])[0]):
        offset = body.index(b"\0", offset) + 1
        if struct.unpack_from("!I", body, offset)[0] >= _FIRST_USER_OID:
            struct.pack_into("!I", out, offset, _FIRST_USER_OID)
        offset += 18
    return bytes(out)


def describe(message, compare="exact"):
    """One line of a trace. What is each connection's own (its process id, its key) is masked."""
    name = wire.BACKEND_NAMES.get(message.type, f"unknown {message.type!r}")
    if message.type == "K":
        return f"{name} <masked>"
    if message.type == "A":
        return f"{name} <pid> {_shown(message.body[4:])}"
    if message.type == "E" and compare == "code":
        fields = message.fields
        return f"{name} {fields.get('S')} {fields.get('V')} {fields.get('C')}"
    if message.type in "EN" and compare == "text":
        return f"{name} { {key: text for key, text in message.fields.items() if key not in 'FLR'} }"
    if message.type in "EN":
        return f"{name} {_shown(message.body)} {message.fields.get('M', '')[:200]!r}"
    if message.type == "T":
        return f"{name} {_shown(_without_table_oids(message.body))}"
    if message.type in "SC":
        return f"{name} {' = '.join(message.strings)!r} {len(message.body)}"
    return f"{name} {_shown(message.body)}"


class _Player:
    def __init__(self, conversation, target, cluster):
        self.conversation, self.cluster = conversation, cluster
        self.peer = Peer((target.host, target.port), conversation.timeout)
        self.trace = []
        self.senders = []

    def note(self, line):
        for mask in self.conversation.masks:
            line = mask.sub("<masked>", line)
        self.trace.append(line)

    def login(self):
        parameters = {"user": "app", "database": "app", **self.conversation.parameters}
        self.peer.send(wire.startup(parameters, self.conversation.version))
        settings, last = [], None
        while last is None or last.type not in "ZE":
            last = self.peer.receive()
            (settings if last.type == "S" else self.trace).append(
                describe(last, self.conversation.compare))
        # Which order the settings come in is nobody's business.
        self.trace[-1:-1] = sorted(settings)
        return last.type == "Z"

    def send(self, data):
        for chunk in self._chunks(data):
            if len(chunk) <= 1 << 16:
                self.peer.send(chunk)
                continue
            # More than the buffers on the way may hold: read while writing.
            sender = threading.Thread(target=self._send_quietly, args=(chunk,), daemon=True)
            sender.start()
            self.senders.append(sender)

    def _send_quietly(self, chunk):
        try:
            self.peer.socket.sendall(chunk)
        except OSError:
            pass

    def _chunks(self, data):
        if self.conversation.sending == "byte-by-byte":
            return [data[i:i + 1] for i in range(len(data))]
        cuts = [0, *(cut for cut in self.conversation.split if cut < len(data)), len(data)]
        return [data[a:b] for a, b in zip(cuts, cuts[1:])]

    def _settle(self):
        for sender in self.senders:
            sender.join(self.peer.timeout)
        self.senders.clear()

    def until(self, types):
        while True:
            message = self.peer.receive()
            self.note(describe(message, self.conversation.compare))
            if message.type in types:
                return

    def play(self):
        if self.conversation.logs_in and not self.login():
            self.note("login failed")
        pending = []
        for step in self.conversation.steps:
            if step.kind == "send" and self.conversation.sending == "together":
                pending.append(step)
                self.note(step.text[:100])
                continue
            if pending:
                self.send(b"".join(each.data for each in pending))
                pending.clear()
            self.note(step.text[:100])
            self._step(step)
        if pending:
            self.send(b"".join(each.data for each in pending))
        self._settle()

    def _step(self, step):
        if step.kind == "send":
            self.send(step.data)
        elif step.kind == "until":
            for _ in range(step.count):
                self.until(step.types)
        elif step.kind == "message":
            for _ in range(step.count):
                self.note(describe(self.peer.receive(), self.conversation.compare))
        elif step.kind == "bytes":
            self.note(repr(self.peer.receive_raw(step.count)))
        elif step.kind == "shutdown":
            self.peer.socket.shutdown(socket.SHUT_WR)
        elif step.kind == "sql":
            self.cluster.admin(step.text)
        elif step.kind == "eof":
            for message in self.peer.until_closed():
                self.note(describe(message, self.conversation.compare))
            self.note("end of stream")


def play(conversation, target, cluster):
    """The trace of the conversation with the target (Cluster or Pgweir), as a list of lines."""
    player = _Player(conversation, target, cluster)
    try:
        player.play()
    except Closed as closed:
        player.note(f"CLOSED too early: {closed}")
    except TimeoutError as late:
        player.note(f"TIMED OUT: {late}")
    except (ValueError, struct.error) as broken:
        player.note(f"BROKEN message: {broken}")
    finally:
        player.peer.close()
    return player.trace if conversation.logs_in else _sorted_settings(player.trace)


def _sorted_settings(trace):
    """The first run of ParameterStatus in order of name: the order of a greeting is free."""
    found = [i for i, line in enumerate(trace) if line.startswith("ParameterStatus ")]
    if not found:
        return trace
    begin = end = found[0]
    while end in found:
        end += 1
    return trace[:begin] + sorted(trace[begin:end]) + trace[end:]


def prepare(conversation, cluster):
    for sql in conversation.setup:
        with cluster.connect() as connection:
            connection.execute(sql)


def clean(conversation, cluster):
    for sql in conversation.teardown:
        with cluster.connect() as connection:
            connection.execute(sql)


def play_prepared(conversation, target, cluster):
    """Setup, play, teardown."""
    prepare(conversation, cluster)
    try:
        return play(conversation, target, cluster)
    finally:
        clean(conversation, cluster)
