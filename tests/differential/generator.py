"""Writes a random program from a seed."""

import dataclasses
import random

from . import objects, settings, statements
from .model import CLEAN_UPS, CLEANS_ALL, Client, act
from .program import SYNC, Program, Step, request

MOST_CLIENTS = 6

_LOGINS = (
    (), (), (("application_name", "logged in"),),
    (("TimeZone", "Asia/Kolkata"), ("DateStyle", "German")),
    (("options", "-c work_mem=8MB -c search_path=first,public"),),
    (("options", "-c app.x=given -c statement_timeout=70s"),),
    (("client_encoding", "LATIN1"), ("extra_float_digits", "2")),
    (("options", "-c role=reader"),),
    (("search_path", "second,public"), ("bytea_output", "escape")),
    (("options", "-c default_transaction_read_only=on"),),
)

_STATE = """select current_user, session_user,
 (select count(*) from pg_class where relnamespace = pg_my_temp_schema()),
 array(select format('%s %s %s', classid, objid, mode) from pg_locks
       where locktype = 'advisory' and pid = pg_backend_pid() order by 1),
 array(select name from pg_prepared_statements where from_sql order by 1),
 array(select name from pg_cursors where is_holdable order by 1)"""
# pgweir's own channel is there while a client goes from its server to the hub.
_CHANNELS = ("select array(select c from pg_listening_channels() c "
             "where c not like 'pgweir%' order by c)")
# That a custom setting which another client has set once reads '' instead of NULL is the one thing
# that pgweir does not hide.
_SETTINGS = ("select current_user, session_user, nullif(current_setting('app.z', true), ''), "
             + ", ".join(f"current_setting('{name}')" for name in settings.NAMES))
# What settings do, asked in a way that gives no hint of them.
_EFFECTS = ("select name from place", "select timestamptz '2001-02-03 04:05:06+00', chr(228)",
            "select interval '1 day 2 hours', '\\x4100'::bytea, 0.1::float8 + 0.2::float8",
            "select current_user, session_user", "insert into defaulted values (9, 'probe')",
            "show transaction_isolation; show transaction_read_only")


class Generator:
    """`alone`: the clients do nothing that others can see, so that they need no common order."""

    def __init__(self, seed, alone=False):
        self.rng = rng = random.Random(seed)
        self.seed, self.alone, self.steps, self.serial = seed, alone, [], 0
        self.servers = rng.choice((2, 3)) if alone else rng.choice((1, 2, 2, 2, 3))
        listens = rng.random() < 0.25
        self.listens = not alone and listens
        self.pins = self.servers > 1 and rng.random() < 0.6
        self.sequences = self.pins and not alone and rng.random() < 0.2
        self.many = rng.random() < 0.25
        superuser = rng.random() < 0.15
        count = rng.randint(2, MOST_CLIENTS)
        member = rng.random() < 0.15
        users = ["postgres" if superuser and i % 2 else "member" if member and i % 3 == 1 else "app"
                 for i in range(count)]
        # In a crowd of programs no two clients have a number, and the locks of it, in common.
        first = MOST_CLIENTS * seed if alone else 0
        self.clients = [Client(first + i, user) for i, user in enumerate(users)]
        # What this program is about: a few weights far from even, so that programs differ.
        self.weights = {name: rng.choice((1, 1, 4, 12)) for name in (
            "settings", "batch", "reuse", "sql", "ordinary", "probe", "transaction",
            "piped_reset")}
        self.weights["defined"] = 0 if alone else rng.choice((0, 0, 3))
        self.long_texts = rng.choice((0, 0, 0.02, 0.1))
        self.weights["pinning"] = rng.choice((2, 6, 12)) if self.pins else 0
        self.weights["listening"] = rng.choice((4, 12)) if self.listens else 0
        self.weights["leave"] = rng.choice((0, 0.3, 1.5))

    def program(self, length):
        for client in self.clients:
            self.connect(client)
        while len(self.steps) < length:
            self.advance(self.rng.choice(self.candidates()))
        self.end()
        return Program(self.seed, self.servers, self.listens, self.sequences, tuple(self.steps))

    # ---- who may act

    def candidates(self):
        """Clients for whom pgweir has a server: those that hold one, others if one is left."""
        found = []
        for user in {client.user for client in self.clients}:
            mates = [client for client in self.clients if client.user == user]
            holders = [client for client in mates if client.holds_a_server]
            found += mates if len(holders) < self.servers else holders
        return sorted(found, key=lambda client: client.number)

    # ---- steps

    def step(self, client, action, requests=(), parameters=()):
        self.steps.append(Step(client.number, action, tuple(requests), parameters))

    def query(self, client, sql):
        self.step(client, "send", [request("query", sql)])

    def connect(self, client):
        if self.steps and self.rng.random() < 0.5:
            client.parameters = self.rng.choice(_LOGINS)
        elif not client.parameters:
            client.parameters = self.rng.choice(_LOGINS)
        self.step(client, "connect", (), (("user", client.user), *client.parameters))
        client.connected = True

    def advance(self, client):
        """One thing that a client does, and perhaps a look at what came of it."""
        if not client.connected:
            self.connect(client)
            return
        if client.holds_a_server and self.rng.random() < 0.15:
            self.let_go(client)
            return
        kinds = sorted(self.weights)
        kind = self.rng.choices(kinds, [self.weights[name] for name in kinds])[0]
        getattr(self, f"do_{kind}")(client)
        if client.connected and self.rng.random() < 0.3:
            self.do_probe(client)

    def perform(self, client, wanted):
        """Send an act, in one of the ways that SQL can be sent."""
        rng = self.rng
        client.pins |= wanted.pins
        if rng.random() < self.long_texts:
            wanted = dataclasses.replace(wanted, sql=self.longer(wanted.sql))
        if self.sequences and "insert" in wanted.sql:
            client.pins.add("sequence")
        if wanted.plain or ";" in wanted.sql or rng.random() < 0.7:
            sql = wanted.sql
            if rng.random() < 0.1:
                sql = rng.choice(("select 1; {}", "{}; select 2", "-- set nothing\n{}", "{};")
                                 ).format(sql)
            self.query(client, sql)
            return
        self.step(client, "send", [request("parse", "", wanted.sql, ()), request("bind", "", ""),
                                   request("describe", "P", ""), request("execute"), SYNC])

    def longer(self, sql):
        """The text behind, or before, more than is read at once."""
        comment = f"/*{' it is said;' * (self.rng.choice((20_000, 70_000, 300_000)) // 12)}*/"
        return self.rng.choice((f"{comment} {sql}", f"{sql} {comment}",
                                f"--{comment[2:-2]}\n{sql}"))

    def let_go(self, client):
        """End what keeps a server with the client, surely."""
        if client.in_transaction:
            self.end_transaction(client)
            return
        ways = [CLEANS_ALL]
        if len(client.pins) == 1:
            ways += self.clean_ups(client, *client.pins)
        elif "load" not in client.pins:
            # One after the other; the last one sets it free.
            kind = self.rng.choice(sorted(client.pins))
            self.query(client, self.rng.choice(self.clean_ups(client, kind)))
            client.pins.discard(kind)
            return
        if "load" in client.pins:
            self.do_leave(client)
            return
        self.query(client, self.rng.choice(ways))
        client.pins.clear()

    def clean_ups(self, client, kind):
        """A superuser may have become somebody who must not drop what he made: the first only."""
        return CLEAN_UPS.get(kind, ())[:1 if client.is_superuser else None]

    def end_transaction(self, client):
        self.query(client, self.rng.choice(("commit", "commit", "end", "rollback", "rollback",
                                            "abort")))
        client.in_transaction, client.savepoints = False, 0

    # ---- kinds of things to do, by the names of the weights

    def do_settings(self, client):
        self.perform(client, settings.draw(self.rng, client))

    def do_batch(self, client):
        self.step(client, "send", statements.draw_batch(self.rng, client, self.many,
                                                        self.servers > 1, self.sequences))

    def do_reuse(self, client):
        self.step(client, "send", statements.draw_reuse(self.rng, client, self.many))

    def do_piped_reset(self, client):
        self.step(client, "send", statements.draw_piped_reset(self.rng, client))

    def do_defined(self, client):
        self.step(client, "send", statements.draw_defined(self.rng, client))

    def do_sql(self, client):
        wanted = statements.draw_sql(self.rng, client)
        if self.servers > 1:
            self.perform(client, wanted)

    def do_ordinary(self, client):
        self.perform(client, objects.draw_ordinary(self.rng, client, self.alone))

    def do_pinning(self, client):
        self.perform(client, objects.draw_pinning(self.rng, client, self.sequences))

    def do_listening(self, client):
        self.serial += 1
        self.perform(client, objects.draw_listening(self.rng, client, self.serial))

    def do_transaction(self, client):
        rng = self.rng
        if not client.in_transaction:
            self.query(client, rng.choice(("begin", "begin", "start transaction",
                                           "begin read write",
                                           "begin isolation level repeatable read",
                                           "begin; set local work_mem = '10MB'")))
            client.in_transaction = True
            return
        way = rng.random()
        if way < 0.4:
            self.end_transaction(client)
        elif way < 0.6:
            client.savepoints += 1
            self.query(client, f"savepoint s{client.savepoints}")
        elif way < 0.9 and client.savepoints:
            number = rng.randint(1, client.savepoints)
            self.query(client, rng.choice(("rollback to s{}", "rollback to s{}", "release s{}"))
                       .format(number))
        else:
            self.query(client, rng.choice(("commit and chain", "rollback and chain")))

    def do_leave(self, client):
        self.step(client, self.rng.choice(("terminate", "vanish")))
        client.leave()

    def do_probe(self, client):
        way = self.rng.random()
        if way < 0.45:
            self.perform(client, act(self.rng.choice(_EFFECTS), plain=True))
        elif way < 0.7:
            self.query(client, f"show {self.rng.choice(settings.NAMES)}")
        elif way < 0.9:
            self.query(client, _SETTINGS)
        else:
            self.query(client, _STATE)

    def end(self):
        """Everybody looks at all there is, those first who keep a server."""
        order = sorted((c for c in self.clients if c.connected),
                       key=lambda client: not client.holds_a_server)
        for client in order:
            for sql in (_SETTINGS, ";".join(_EFFECTS), _STATE):
                self.query(client, sql)
            if self.listens:
                # In a transaction block that was begun before, the channels are not to be seen.
                self.query(client, "rollback")
                self.query(client, _CHANNELS)
            self.step(client, "terminate")
            client.leave()


def generate(seed, alone=False):
    """The program of a seed, always the same one."""
    generator = Generator(seed, alone)
    return generator.program(generator.rng.randint(15, 45))

