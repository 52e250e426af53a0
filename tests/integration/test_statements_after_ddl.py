"""A client's Parse means what it means on a connection of its own, at that moment; and what was
prepared means what its client was told, or PostgreSQL's error, whichever server it runs on.

Each scenario is played to PostgreSQL and through pgweir; the answers must be the same."""

import struct

import pytest

from support import wire
from support.peer import Peer

CLEAN = "drop schema if exists s1, s2 cascade; create schema s1; create schema s2"


class Stage:
    """Who plays: clients of the target, and an administrator who is connected to PostgreSQL."""

    def __init__(self, target, cluster):
        self._target = target
        self.admin = lambda sql: cluster.admin(sql, dbname="app")
        self._clients = []
        self.story = []

    def login(self, **parameters):
        client = Peer.login(self._target, search_path="s1, s2", **parameters)
        self._clients.append(client)
        return client

    def ask(self, client, *messages, readies=1):
        """Sends messages; notes what came back, without what differs from server to server."""
        client.send(*messages)
        for _ in range(readies):
            self.story.append([self._told(m) for m in client.until("Z")])

    def run(self, client, name, values=(), formats=(), results=()):
        self.ask(client, wire.bind("", name, values, formats, results), wire.execute(), wire.sync())

    def prepare(self, client, name, sql):
        self.ask(client, wire.parse(name, sql), wire.describe("S", name), wire.sync())

    @staticmethod
    def _told(message):
        if message.type == "E":
            return message.type, message.fields["C"], message.fields["M"], message.fields["R"]
        if message.type == "T":
            return message.type, message.body[:2], len(message.body)
        return message.type, message.body

    def end(self):
        for client in self._clients:
            client.close()


@pytest.fixture(name="played")
def fixture_played(cluster, pgweir):
    """Plays a scenario on PostgreSQL and through pgweir, and gives both stories."""

    def play(scenario, servers=1, **options):
        weir = pgweir({"pool": {"default_pool_size": servers, **options}})
        stories = []
        for target in (cluster, weir):
            cluster.admin(CLEAN + "; grant all on schema s1, s2 to app", dbname="app")
            stage = Stage(target, cluster)
            scenario(stage)
            stage.end()
            stories.append(stage.story)
        return stories

    yield play
    cluster.admin("drop schema if exists s1, s2 cascade", dbname="app")


# What changes between two clients' Parses of the same text, and that text.
CHANGES = {
    "a column is added": ("create table s2.t as select 1 a", "alter table s2.t add b text",
                          "select * from t"),
    "a parameter has another type": (
        "create table s2.t (a uuid)", "drop table s2.t; create table s2.t (a int8)",
        "select a from t where a = $1"),
    "a table stands earlier in search_path": (
        "create table s2.t as select 'old' a", "create table s1.t as select 'new' a",
        "select a from t"),
    "a function fits better": (
        "create function s2.f(numeric) returns text language sql return 'numeric'",
        "create function s1.f(int) returns text language sql return 'int'", "select f(1)"),
    "a table is renamed, and another put in its place": (
        "create table s1.t as select 'old' a; create table s1.n as select 'new' a",
        "alter table s1.t rename to o; alter table s1.n rename to t", "select a from t"),
    "a view is replaced": ("create view s1.v as select 'old' a",
                           "create or replace view s1.v as select 'new' a", "select a from v"),
    "the table is gone": ("create table s1.t as select 1 a", "drop table s1.t",
                          "select a from t"),
}
GRANT = "grant all on all tables in schema s1, s2 to app"


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("name", ["same", ""], ids=["named", "unnamed"])
def test_a_parse_is_read_when_it_comes(played, change, name):
    before, now, sql = change

    def scenario(stage):
        stage.admin(f"{before}; {GRANT}")
        stage.prepare(stage.login(), name, sql)
        stage.admin(f"{now}; {GRANT}")
        late = stage.login()
        stage.prepare(late, name, sql)
        stage.ask(late, wire.bind("", name, ["1"] if "$1" in sql else []), wire.execute(),
                  wire.sync())

    directly, through = played(scenario)
    assert through == directly


def test_an_old_statement_keeps_its_table_where_it_stays_on_its_server(played):
    def scenario(stage):
        stage.admin(f"create table s2.t as select 'old' a; {GRANT}")
        client = stage.login()
        stage.prepare(client, "first", "select a from t")
        stage.admin(f"create table s1.t as select 'new' a; {GRANT}")
        stage.run(client, "first")

    directly, through = played(scenario)
    assert through == directly


# INSERTs went into the permanent table, of whoever had prepared the same text before.
def test_a_temporary_table_hides_a_permanent_one_from_a_later_parse_alone(played):
    def scenario(stage):
        stage.admin(f"create table s2.t (a text); {GRANT}")
        other, client = stage.login(), stage.login()
        stage.prepare(other, "ins", "insert into t values ($1)")
        stage.prepare(client, "before", "insert into t values ($1)")
        stage.ask(client, wire.query("create temp table t (a text)"))
        stage.prepare(client, "behind", "insert into t values ($1)")
        stage.run(client, "before", ["permanent"])
        stage.run(client, "behind", ["temporary"])
        stage.ask(client, wire.query("select a from pg_temp.t"))
        stage.ask(client, wire.query("drop table pg_temp.t"))
        stage.run(other, "ins", ["of the other"])
        stage.ask(other, wire.query("select a from t order by 1"))

    directly, through = played(scenario)
    assert through == directly


def test_a_text_that_a_transaction_reads_otherwise_is_its_own(played):
    def scenario(stage):
        stage.admin(f"create table s1.t as select 1 a; create table s2.t as select 2 a; {GRANT}")
        other, client = stage.login(), stage.login()
        stage.prepare(other, "p", "select a from t")
        stage.ask(client, wire.query("begin; set local search_path = s2"))
        stage.prepare(client, "p", "select a from t")
        stage.run(client, "p")
        stage.ask(client, wire.query("commit"))
        stage.run(other, "p")
        stage.prepare(stage.login(), "p", "select a from t")

    directly, through = played(scenario)
    assert through == directly


SETTINGS = {"transform_null_equals": "select count(*) from (values (1), (null)) v(x) where x = null",
            "array_nulls": "select ('{null,1}'::text[])[1] is null",
            "bytea_output": r"select '\x61ff'::bytea::text"}


@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_that_a_text_is_read_by_are_the_clients(played, setting):
    values = ("hex", "escape") if setting == "bytea_output" else ("on", "off")

    def scenario(stage):
        clients = [stage.login(), stage.login()]
        for client, value in zip(clients, values):
            stage.ask(client, wire.query(f"set {setting} = {value}"))
        for client in clients * 2:
            stage.prepare(client, f"p{len(stage.story)}", SETTINGS[setting])
            stage.run(client, f"p{len(stage.story) - 1}")
            stage.run(clients[0], "p2")

    directly, through = played(scenario)
    assert through == directly


# A policy whose function is wrongly called IMMUTABLE: its value became part of a plan that the next
# client was served by.
def test_a_plan_is_no_other_clients_whose_settings_a_function_has_read(played):
    def scenario(stage):
        stage.admin("create function s1.tenant() returns text immutable language sql"
                    " return current_setting('shop.tenant', true);"
                    "create table s1.t as select unnest('{a,b}'::text[]) a; " + GRANT)
        for tenant in ("a", "b"):
            client = stage.login()
            stage.ask(client, wire.query(f"set shop.tenant = '{tenant}'"))
            stage.prepare(client, "p", "select a from t where a = tenant()")
            for _ in range(7):
                stage.run(client, "p")

    directly, through = played(scenario)
    assert through == directly


def int8(number):
    return struct.pack("!q", number)


# 1 was stored as 5e-324.
@pytest.mark.parametrize("servers", [1, 2])
def test_binary_values_are_read_as_the_types_that_the_client_was_told(played, servers):
    def scenario(stage):
        stage.admin(f"create table s1.t (a int8); insert into s1.t values (7); {GRANT}")
        client, other = stage.login(), stage.login()
        stage.prepare(client, "ins", "insert into t values ($1)")
        stage.prepare(client, "sel", "select a from t where a = $1")
        stage.run(client, "sel", [int8(7)], [1], [1])
        if servers > 1:
            stage.ask(other, wire.query("begin"))
            stage.ask(other, wire.query("select 1"))
        stage.admin("alter table s1.t alter a type float8")
        stage.run(client, "ins", [int8(1)], [1])
        stage.run(client, "sel", [int8(7)], [1], [1])
        stage.ask(client, wire.query("select a from t order by 1"))

    directly, through = played(scenario, servers)
    assert through == directly


@pytest.mark.parametrize("in_transaction", [False, True])
def test_a_result_that_changed_is_told_as_postgresql_does(played, in_transaction):
    def scenario(stage):
        stage.admin(f"create table s1.t (a int, b int); {GRANT}")
        client = stage.login()
        stage.prepare(client, "p", "select * from t")
        stage.run(client, "p", results=[1, 1])
        stage.admin("alter table s1.t add c int")
        if in_transaction:
            stage.ask(client, wire.query("begin"))
        for _ in range(2):
            stage.ask(client, wire.bind("", "p", [], [], [1, 1]), wire.describe("P", ""),
                      wire.execute(), wire.sync())
        if in_transaction:
            stage.ask(client, wire.query("rollback"))
        # What drivers do then.
        stage.ask(client, wire.close("S", "p"), wire.sync())
        stage.prepare(client, "p", "select * from t")
        stage.run(client, "p")

    directly, through = played(scenario)
    assert through == directly


# The parameters were not told.
def test_a_description_that_changed_begins_as_postgresqls_does(played):
    def scenario(stage):
        stage.admin(f"create table s1.t (a int, b int); {GRANT}")
        client = stage.login()
        stage.prepare(client, "p", "select * from t where a = $1")
        stage.admin("alter table s1.t add c int")
        stage.ask(client, wire.describe("S", "p"), wire.sync())
        # Another reading of the text, which the client's is served by.
        stage.prepare(stage.login(), "p", "select * from t where a = $1")
        stage.ask(client, wire.describe("S", "p"), wire.sync())

    directly, through = played(scenario)
    assert through == directly


# The table changes while the client's statement is on a server that is busy, and the client goes to
# one that has met the statement before the change, or never.
@pytest.mark.parametrize("met", [True, False], ids=["before", "never"])
def test_a_client_gets_what_its_own_parse_meant_from_any_server(played, met):
    def scenario(stage):
        stage.admin(f"create table s1.t (a int); insert into s1.t values (1); {GRANT}")
        first, second = stage.login(), stage.login()
        if met:
            stage.ask(first, wire.query("begin"))
            stage.prepare(second, "p", "select * from t")
            stage.run(second, "p")
            stage.ask(first, wire.query("commit"))
        stage.admin("alter table s1.t add b int default 2")
        client = stage.login()
        stage.prepare(client, "p", "select * from t")
        for holder in (first, second):
            stage.ask(holder, wire.query("begin"))
            stage.run(client, "p")
            stage.run(client, "p")
            stage.ask(holder, wire.query("commit"))

    directly, through = played(scenario, 2)
    assert through == directly


FREES = ["deallocate all", "deallocate keep", "deallocate prepare keep", "discard all"]


# The Parse was refused as of a taken name, and an INSERT vanished without an error.
@pytest.mark.parametrize("free", FREES)
@pytest.mark.parametrize("how", ["simple", "extended", "one segment", "in a transaction"])
def test_a_name_that_is_freed_can_be_taken_in_the_same_write(played, free, how):
    def scenario(stage):
        client = stage.login()
        stage.prepare(client, "keep", "select 'first'")
        again = [wire.parse("keep", "select 'second'"), wire.bind("", "keep"), wire.execute(),
                 wire.sync()]
        run = [wire.parse("", free), wire.bind("", ""), wire.execute()]
        if how == "simple":
            stage.ask(client, wire.query(free), *again, readies=2)
        elif how == "extended":
            stage.ask(client, *run, wire.sync(), *again, readies=2)
        elif how == "one segment":
            stage.ask(client, *run, *again)
        elif free != "discard all":
            stage.ask(client, wire.query("begin"), wire.query(free), *again,
                      wire.query("commit"), readies=4)
        stage.run(client, "keep")

    directly, through = played(scenario)
    assert through == directly


def test_execute_by_the_extended_protocol_is_described_by_what_it_names(played):
    def scenario(stage):
        client = stage.login()
        stage.prepare(client, "mine", "select 1 as one, 'x' as two")
        stage.prepare(client, "runs", "execute mine")
        stage.run(client, "runs")
        stage.ask(client, wire.parse("", "execute mine"), wire.describe("S", ""),
                  wire.bind("", ""), wire.execute(), wire.sync())

    directly, through = played(scenario)
    assert through == directly


# PostgreSQL reads what was prepared anew at a session's first temporary object. The backend had had
# some of another client's: the INSERT went into the permanent table.
@pytest.mark.parametrize("makes", [
    "create temp table rows (x text)",
    "do $$ begin create temporary table rows (x text); end $$",
    "create temp table rows as select 'first' as x",
])
@pytest.mark.parametrize("extended", [False, True])
def test_a_first_temporary_table_hides_the_permanent_one_from_what_was_prepared(
        played, makes, extended):
    def scenario(stage):
        stage.admin("create table s1.rows (x text); grant all on schema s1 to public;"
                    " grant all on s1.rows to public")
        before = stage.login()
        stage.ask(before, wire.query("create temp table other (x int)"))
        stage.ask(before, wire.query("drop table other"))
        client = stage.login()
        stage.prepare(client, "adds", "insert into rows values ('added')")
        if extended:
            stage.ask(client, wire.parse("", makes), wire.bind("", ""), wire.execute(), wire.sync())
        else:
            stage.ask(client, wire.query(makes))
        stage.run(client, "adds")
        stage.ask(client, wire.query("select count(*) from s1.rows"))
        stage.ask(client, wire.query("select count(*) from pg_temp.rows"))

    directly, through = played(scenario)
    assert through == directly
