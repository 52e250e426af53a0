"""Plays a program to a target and writes down what each client was told."""

import contextlib
import dataclasses
import re
import struct
import time

from support import wire
from support.peer import Closed, Peer
from support.player import describe
from support.timing import scaled

# Which of its numbered schemas a session's temporary objects lie in is nobody's business.
_TEMPORARY_SCHEMA = re.compile(r"pg_(toast_)?temp_\d+")
_PATIENCE = 15.0  # seconds that an answer or a notification may take


@dataclasses.dataclass
class Play:
    """`answers[i]`: the lines that answer step i. `heard[i]`: how many notifications each client
    had got after it. `notifications`: of each client, in order."""

    answers: list = dataclasses.field(default_factory=list)
    heard: list = dataclasses.field(default_factory=list)
    notifications: dict = dataclasses.field(default_factory=dict)
    remains: list = dataclasses.field(default_factory=list)  # what is there after everybody left

    @property
    def is_broken(self):
        return any(line.startswith(("CLOSED", "TIMED OUT", "BROKEN"))
                   for lines in self.answers for line in lines)


def _sorted_settings(messages):
    """Messages with each run of ParameterStatus in order of name: PostgreSQL promises none."""
    result, run = [], []
    for message in [*messages, None]:
        if message is not None and message.type == "S":
            run.append(message)
            continue
        result += sorted(run, key=lambda each: each.strings)
        run = []
        if message is not None:
            result.append(message)
    return result


def _line(message):
    return _TEMPORARY_SCHEMA.sub("pg_\\1temp", describe(message))


class Player:
    """`wanted`: what an earlier play heard, which this one waits for after each step."""

    def __init__(self, program, target, database, wanted=None, patience=_PATIENCE):
        self.program, self.target, self.database, self.wanted = program, target, database, wanted
        self.patience = patience
        self.peers = {}
        self.play = Play()

    def run(self):
        try:
            for number, step in enumerate(self.program.steps):
                self.play.answers.append(self._answer(step))
                if self.play.answers[-1][-1:] == ["TIMED OUT"]:
                    break
                if self.program.listens:
                    self._listen(number)
        finally:
            for peer in self.peers.values():
                peer.close()
        return self.play

    def _answer(self, step):
        """The lines of one step's answer."""
        messages, end = [], []
        try:
            if step.action == "connect":
                self._connect(step, messages)
            elif step.client not in self.peers:
                end = ["CLOSED before"]
            elif step.action == "send":
                self._send(step, messages)
            else:
                peer = self.peers.pop(step.client)
                peer.close() if step.action == "terminate" else peer.vanish()
        except (Closed, OSError, ValueError, struct.error) as error:
            late = isinstance(error, TimeoutError)
            end = ["TIMED OUT"] if late else [f"CLOSED or BROKEN: {type(error).__name__}"]
            self._forget(step.client)
        return [_line(each) for each in _sorted_settings(messages)] + end

    def _forget(self, client):
        with contextlib.suppress(KeyError):
            self.peers.pop(client).vanish()

    def _connect(self, step, messages):
        peer = Peer((self.target.host, self.target.port), self.patience)
        self.peers[step.client] = peer
        peer.send(wire.startup({"database": self.database, **dict(step.parameters)}))
        while not messages or messages[-1].type not in "ZE":
            messages.append(peer.receive())
        if messages[-1].type == "E":
            self._forget(step.client)

    def _send(self, step, messages):
        peer, left = self.peers[step.client], step.readies
        peer.send(step.data)
        while left:
            message = peer.receive()
            if message.type == "A":
                self._note(step.client, message)
                continue
            messages.append(message)
            left -= message.type == "Z"

    # ---- notifications

    def _note(self, client, message):
        # In the listener's encoding, whatever that is.
        self.play.notifications.setdefault(client, []).append(repr(message.body[4:]))

    def _count(self, client):
        return len(self.play.notifications.get(client, ()))

    def _listen(self, number):
        """Take what has come by now: as much as `wanted` says, else what PostgreSQL has."""
        if self.wanted is None:
            self._flush_out()
        elif number < len(self.wanted):
            limit = time.monotonic() + scaled(self.patience)
            for client, count in self.wanted[number].items():
                self._hear(client, count, limit)
        self.play.heard.append({client: self._count(client) for client in self.peers})

    def _flush_out(self):
        """A backend that is idle sends what it was notified of before it answers a Sync."""
        for client, peer in self.peers.items():
            peer.send(wire.sync())
            while (message := peer.receive()).type != "Z":
                assert message.type == "A", message
                self._note(client, message)

    def _hear(self, client, count, limit):
        while self._count(client) < count and client in self.peers:
            left = limit - time.monotonic()
            try:
                message = self.peers[client].receive(max(left, 0.001) / scaled(1))
            except (Closed, OSError):
                self.play.answers[-1].append("CLOSED or nothing was heard")
                self.wanted = []  # once is enough
                return
            if message.type == "A":
                self._note(client, message)
            else:
                self.play.answers[-1].append(f"unasked: {_line(message)}")


def play(program, target, database, wanted=None, patience=_PATIENCE):
    return Player(program, target, database, wanted, patience).run()
