"""Where PostgreSQL and pgweir play programs, and how their plays are compared."""

import dataclasses
import os
import re

import psycopg
from support.cluster import SUPERUSER
from support.peer import Peer
from support.pgweir import Pgweir
from support.timing import eventually

from .generator import MOST_CLIENTS
from .playing import play
from .program import Program

DATABASE = "differential"
CROWD = "crowd"  # pgweir's entry for those who may have to wait for one another
SERVERS = (1, 2, 3)  # sizes of pools that programs ask for
_WORLD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "world.sql")


def entry(servers, sequences=False):
    """The entry of pgweir's `databases` whose pools have that many servers. In a pool of which one
    client has asked for currval, all who insert may have to keep their servers: those are apart,
    and have one for each client."""
    return f"{DATABASE}{servers}{'s' if sequences else ''}"


def daemon_config(cluster, changes=None):
    """A daemon before the world, one entry for each size of pool. In session mode each client has a
    server of its own."""
    pool = {"mode": "transaction", "max_prepared_statements": 6, **(changes or {})}
    each_its_own = pool["mode"] == "session"
    entries = {entry(n, sequences): {"host": cluster.host, "port": cluster.port, "dbname": DATABASE,
                                    "pool_size": 2 * MOST_CLIENTS if each_its_own or sequences else n}
               for n in SERVERS for sequences in (False, True)}
    entries[CROWD] = {**entries[entry(2)], "query_wait_timeout": "60s"}
    return {"workers": 2, "pool": pool,
            "timeouts": {"query_wait_timeout": "6s"}, "databases": entries,
            "log": {"level": "info"}}


class Unplayable(Exception):
    """The clients of a program wait for one another, also without pgweir: that has no answer."""


class World:
    """The database that the programs live in. It goes with its cluster."""

    def __init__(self, cluster):
        self.cluster = cluster
        cluster.admin(f"create database {DATABASE} owner app", dbname="postgres")
        with open(_WORLD, encoding="utf-8") as file:
            cluster.admin(file.read(), dbname=DATABASE)
        self._admin = cluster.connect(dbname=DATABASE, user=SUPERUSER, application_name="admin")
        self._admin.execute("set lock_timeout = '10s'")

    def close(self):
        self._admin.close()

    def renew(self):
        """The world as it was. A client of the play before that has vanished may still be at it, and
        have a lock there."""
        locks = "select count(*) from pg_locks where locktype = 'advisory'"
        def renewed():
            try:
                self._admin.execute("select renew_world()")
            except psycopg.errors.InternalError_ as error:  # tuple concurrently updated
                raise AssertionError(str(error)) from error
            return self._admin.execute(locks).fetchone() == (0,)
        eventually(renewed, 10, "the world is not at rest")

    def play_directly(self, program):
        """What PostgreSQL itself answers: the oracle."""
        self.renew()
        return play(program, self.cluster, DATABASE)

    def play_through(self, program, daemon, oracle):
        self.renew()
        if program.sequences:
            self._announce_sequences(program, daemon)
        through = play(program, daemon, entry(program.servers, program.sequences), oracle.heard)
        through.remains = self._remains(daemon)
        return through

    @staticmethod
    def _announce_sequences(program, daemon):
        """A pool keeps servers for the sake of currval from the first time that it is asked for."""
        for user in sorted({dict(s.parameters)["user"] for s in program.steps if s.parameters}):
            with Peer.login(daemon, entry(program.servers, True), user) as peer:
                peer.query("select lastval()")

    def _remains(self, daemon):
        """What is left of clients that are all gone: nothing, very soon."""
        def is_quiet():
            metrics = daemon.metrics()
            return metrics.sum("clients") == 0 and metrics.sum("servers", state="active") == 0
        try:
            eventually(is_quiet, 5, "clients or their servers do not come to an end")
        except AssertionError as error:
            return [str(error), *daemon.metrics().of("servers"), *daemon.metrics().of("clients")]
        return []

    def difference(self, program, daemon):
        """How the program's play through pgweir differs from PostgreSQL's; None if it does not."""
        oracle = self.play_directly(program)
        if oracle.is_broken:
            raise Unplayable(program)
        try:
            through = self.play_through(program, daemon, oracle)
        except psycopg.Error as error:
            return Difference(program, len(program.steps) - 1, [],
                              [f"the world is locked: {error}"])
        return compare(program, oracle, through)


@dataclasses.dataclass(frozen=True)
class Difference:
    """The first step that was answered otherwise, and how."""

    program: Program
    number: int
    wanted: list
    got: list
    remark: str = ""

    @property
    def is_a_wait(self):
        """Nobody had a server, as happens too to a program that was cut down too far."""
        return any("TIMED OUT" in line or "query_wait_timeout" in line for line in self.got)

    def __str__(self):
        step = self.program.steps[self.number] if self.program.steps else ""
        return "\n".join([f"step {self.number}: {step} {self.remark}", "PostgreSQL:",
                          *(f"    {line}" for line in self.wanted), "through pgweir:",
                          *(f"    {line}" for line in self.got)])


def _comparable(answers):
    """Without the place in PostgreSQL's source that refuses what comes in a failed transaction: where
    a statement has to be prepared again before its Bind, that is another one. And without quotes in
    what PL/pgSQL calls a function: that is by the quote_all_identifiers of whoever was the first to
    call it on that server. And without pgweir's warning that settings went whose names it had not seen:
    it knows all of those that programs set. Nor with the line of PostgreSQL's source in an error that is
    pgweir's word for it."""
    def plain(answer):
        answer = re.sub(r"(Fplancache\.c)\\x00L\d+", r"\1", answer)
        answer = re.sub(r"(C25P02.*?)\\x00Fpostgres\.c.*?\\x00\\x00", r"\1", answer)
        return re.sub(r"PL/pgSQL function \S+", lambda found: found[0].replace('"', ""), answer)
    return [plain(answer) for answer in answers if "whose names pgweir has not seen" not in answer]


def compare(program, oracle, through):
    for number, wanted in enumerate(oracle.answers):
        got = through.answers[number] if number < len(through.answers) else ["(not played)"]
        if _comparable(wanted) != _comparable(got):
            return Difference(program, number, wanted, got)
    for client, wanted in sorted(oracle.notifications.items()):
        got = through.notifications.get(client, [])
        if wanted != got:
            return Difference(program, len(program.steps) - 1,
                              [f"notifications of client {client}", *wanted], got)
    if through.remains:
        return Difference(program, len(program.steps) - 1, ["nothing remains"], through.remains)
    extra = {client: got for client, got in through.notifications.items()
             if client not in oracle.notifications}
    if extra:
        return Difference(program, len(program.steps) - 1, ["no notifications"], [str(extra)])
    return None


def start(cluster, changes=None):
    """A daemon of one's own (see daemon_config)."""
    return Pgweir(cluster, daemon_config(cluster, changes))
