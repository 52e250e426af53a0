"""What a session holds, one line a feature: whether it follows its client or keeps its server.

PostgreSQL is the oracle: the question is put to a direct connection that did the same.
"""

import dataclasses

import pytest

from support import wire
from support.fixtures import require_binary
from support.peer import Peer, ServerError
from support.pgweir import Pgweir
from support.timing import eventually


@dataclasses.dataclass(frozen=True)
class Feature:
    """`does`: what the client runs. `asks`: what shows that it is there. `reason`: why the client
    keeps its server, empty where the thing follows the client. `ends`: what ends it."""

    name: str
    does: str
    asks: str
    reason: str = ""
    ends: str = "discard all"
    user: str = "app"
    login: tuple = ()


def setting(name):
    return f"select current_setting('{name}', true)"


_OID_OF = "select to_regclass('{}') is not null"
_LOCKS = ("select count(*) from pg_locks where locktype = 'advisory'"
          " and pid = pg_backend_pid()")
_ALL_LOCKS = "select count(*) from pg_locks where locktype = 'advisory'"
_PREPARED = "select name from pg_prepared_statements where from_sql"

FOLLOWS = [
    Feature("SET", "set work_mem = '3MB'", setting("work_mem"), ends="reset work_mem"),
    Feature("SET SESSION", "set session enable_sort = off", setting("enable_sort")),
    Feature("set_config", "select set_config('statement_timeout', '70s', false)",
            setting("statement_timeout"), ends="reset all"),
    Feature("a reported setting", "set TimeZone = 'Asia/Tokyo'",
            "select timestamptz '2001-02-03 04:05:06+00'", ends="set time zone default"),
    Feature("search_path", "set search_path = pg_catalog, public", setting("search_path"),
            ends="reset search_path"),
    Feature("SET SCHEMA", "set schema 'pg_catalog'", setting("search_path")),
    Feature("SET NAMES", "set names 'LATIN1'", "show client_encoding", ends="set names 'UTF8'"),
    # That a custom setting is known at all (and reads '' instead of NULL) is not hidden.
    Feature("a setting of one's own", "set app.tenant = '42'",
            f"select nullif(({setting('app.tenant')}), '')", ends="reset app.tenant"),
    Feature("SET ROLE", "set role follower", "select current_user, session_user",
            ends="reset role"),
    Feature("SET SESSION AUTHORIZATION", "set session authorization follower",
            "select current_user, session_user", ends="reset session authorization",
            user="postgres"),
    Feature("SET SESSION CHARACTERISTICS",
            "set session characteristics as transaction isolation level serializable",
            "show transaction_isolation",
            ends="set session characteristics as transaction isolation level read committed"),
    Feature("default_transaction_read_only", "set default_transaction_read_only = on",
            "show transaction_read_only", ends="set default_transaction_read_only = off"),
    Feature("SET in a function", "select sets('work_mem', '5MB')", setting("work_mem")),
    Feature("SET in a DO block", "do $$ begin perform sets('work_mem', '6MB'); end $$",
            setting("work_mem")),
    Feature("SET in a trigger", "insert into setters values ('7MB')", setting("work_mem")),
    Feature("SET in a view", "select * from setter", setting("work_mem")),
    Feature("SET in a procedure that commits", "call sets_in_parts()", setting("work_mem")),
    Feature("SET in a committed transaction",
            "begin; set work_mem = '3MB'; savepoint s; set work_mem = '4444kB'; rollback to s;"
            " commit", setting("work_mem")),
    Feature("SET in a transaction that is rolled back",
            "set work_mem = '3MB'; begin; set work_mem = '4444kB'; rollback", setting("work_mem")),
    Feature("SET LOCAL", "begin; set local work_mem = '3MB'; commit", setting("work_mem")),
    Feature("RESET of what the login set", "set work_mem = '3MB'; reset work_mem",
            setting("work_mem"), login=(("options", "-c work_mem=9MB"),)),
    Feature("options of the start-up packet", "select 1", setting("work_mem"),
            login=(("options", "-c work_mem=9MB -c enable_sort=off"),), ends=""),
    Feature("a parameter of the start-up packet", "select 1", setting("DateStyle"),
            login=(("DateStyle", "German"),), ends=""),
    Feature("DISCARD ALL", "set work_mem = '3MB'; set role follower", setting("work_mem")),
    Feature("LISTEN", "listen heard", "select pg_listening_channels()", ends="unlisten *"),
    Feature("LISTEN in a function", "select listens()", "select pg_listening_channels()",
            ends="unlisten *"),
]

PINS = [
    Feature("a temporary table", "create temp table kept (a int)", _OID_OF.format("kept"),
            "temporary_object", "drop table kept"),
    Feature("a temporary table and DISCARD TEMP", "create temp table kept (a int)",
            _OID_OF.format("kept"), "temporary_object", "discard temp"),
    Feature("a temporary table by SELECT INTO", "select 1 as a into temp kept",
            _OID_OF.format("kept"), "temporary_object", "drop table kept"),
    Feature("a temporary table of a function", "select makes_temporary()", _OID_OF.format("made"),
            "temporary_object", "drop table made"),
    Feature("a temporary view", "create temp view seen as select 42 as a", "select a from seen",
            "temporary_object", "drop view seen"),
    Feature("a temporary sequence", "create temp sequence counts", _OID_OF.format("counts"),
            "temporary_object", "drop sequence counts"),
    Feature("a session's advisory lock", "select pg_advisory_lock(7)", _LOCKS, "advisory_lock",
            "select pg_advisory_unlock(7)"),
    Feature("an advisory lock that is tried", "select pg_try_advisory_lock(7, 8)", _LOCKS,
            "advisory_lock", "select pg_advisory_unlock_all()"),
    Feature("a shared advisory lock", "select pg_advisory_lock_shared(7)", _LOCKS, "advisory_lock",
            "select pg_advisory_unlock_shared(7)"),
    Feature("an advisory lock of a function", "select locks(9)", _LOCKS, "advisory_lock",
            "select pg_advisory_unlock(9)"),
    Feature("a cursor WITH HOLD", "declare held cursor with hold for select generate_series(1, 9)",
            "select name from pg_cursors where is_holdable", "cursor_with_hold", "close held"),
    # In a pool of its own: from its first use on, whoever may advance a sequence keeps the server.
    Feature("currval", "select nextval('counted')", "select currval('counted') > 0", "sequence",
            "discard sequences", user="counter"),
    Feature("a setting that only a superuser can set", "select logs_all()",
            setting("log_min_duration_statement"), "superuser_setting", "reset all"),
    Feature("setseed", "select setseed(0.5)", "select 1", "unseen", ""),
    Feature("PREPARE", "prepare q(int) as select $1 + 1", _PREPARED, "sql_prepared", "deallocate q"),
    Feature("PREPARE that is executed", "prepare q(int) as select $1 + 1", "execute q(41)",
            "sql_prepared", "deallocate all"),
    Feature("PREPARE in a transaction", "begin; prepare q as select 5; rollback", _PREPARED,
            "sql_prepared", "deallocate all"),
    Feature("LOAD", "load 'auto_explain'", "select 1", "unseen", "", user="postgres"),
]

# Neither: they end with their transaction, and a client that did them keeps nothing.
LEAVES_NOTHING = [
    Feature("a temporary table ON COMMIT DROP",
            "begin; create temp table gone (a int) on commit drop; commit", _OID_OF.format("gone")),
    Feature("a temporary table that is rolled back",
            "begin; create temp table gone (a int); rollback", _OID_OF.format("gone")),
    Feature("a transaction's advisory lock", "select pg_advisory_xact_lock(7)", _LOCKS),
    Feature("a lock that is released", "select pg_advisory_lock(7), pg_advisory_unlock(7)", _LOCKS),
    Feature("a cursor without HOLD", "begin; declare c cursor for select 1; fetch c; commit",
            "select count(*) from pg_cursors where name = 'c'"),
]

ALL = FOLLOWS + PINS + LEAVES_NOTHING
named = pytest.mark.parametrize("feature", ALL, ids=lambda feature: feature.name)

_WORLD = """
create role follower;
grant follower to app;
create function sets(name text, value text) returns void language plpgsql
    as $$ begin perform set_config(name, value, false); end $$;
create procedure sets_in_parts() language plpgsql as $$ begin
    perform sets('work_mem', '8MB'); commit; perform sets('work_mem', '9MB'); rollback; end $$;
create table setters (value text);
create function sets_by_trigger() returns trigger language plpgsql
    as $$ begin perform sets('work_mem', new.value); return new; end $$;
create trigger setter before insert on setters for each row execute function sets_by_trigger();
create view setter as select set_config('work_mem', '10MB', false);
create function makes_temporary() returns void language plpgsql
    as $$ begin create temp table made (a int); end $$;
create function locks(key bigint) returns void language plpgsql
    as $$ begin perform pg_advisory_lock(key); end $$;
create function listens() returns void language plpgsql
    as $$ begin execute 'listen heard'; end $$;
create function logs_all() returns void language plpgsql security definer
    as $$ begin perform set_config('log_min_duration_statement', '1h', false); end $$;
create role counter login;
create sequence counted;
grant all on setters, setter, counted to app, counter;
"""


def pinned(weir, reason=None):
    """How many clients keep their server now, of all or for one reason."""
    labels = {"reason": reason} if reason else {}
    return weir.metrics().sum("clients_pinned", **labels)


@pytest.fixture(scope="module", name="world")
def fixture_world(cluster):
    cluster.admin("create database stateful owner app", dbname="postgres")
    cluster.admin(_WORLD, dbname="stateful")
    return cluster


def daemon(world, **pool):
    """A daemon of the whole module, with two servers in each pool: each test meets servers that
    others used."""
    require_binary()
    started = Pgweir(world, {"workers": 1, "pool": {"default_pool_size": 2, **pool}, "databases": {
        "stateful": {"host": world.host, "port": world.port, "dbname": "stateful"}}})
    yield started
    started.finish()


@pytest.fixture(scope="module", name="weir")
def fixture_weir(world):
    yield from daemon(world)


@pytest.fixture(scope="module", name="strict_weir")
def fixture_strict_weir(world):
    yield from daemon(world, session_state="strict")


def login(target, feature, parameters=()):
    return Peer.login(target, "stateful", feature.user, **dict(parameters))


def answer(peer, sql):
    """Rows, or the error, of the last statement."""
    try:
        return peer.rows(sql)
    except ServerError as error:
        return str(error)


def run(peer, sql):
    for part in filter(None, sql.split(";")) if "$$" not in sql else [sql]:
        peer.query(part)


def on_each_server(weir, feature, ask):
    """The answers to `ask()` while another client keeps the one server busy, then the other."""
    found = []
    with login(weir, feature) as first, login(weir, feature) as second:
        one = begin(first)
        found.append(ask())
        other = begin(second)
        assert one != other
        first.query("commit")
        found.append(ask())
        second.query("commit")
    return found


def begin(peer):
    """Begin a transaction; the process id of the server that carries it."""
    peer.query("begin")
    return peer.value("select pg_backend_pid()")


def wanted(world, feature, *before):
    """What PostgreSQL answers after that; nobody holds an advisory lock any more."""
    with login(world, feature, feature.login) as direct:
        for sql in before:
            run(direct, sql)
        found = answer(direct, feature.asks)
    # A session that has just been closed holds its locks for a moment longer.
    eventually(lambda: world.admin(_ALL_LOCKS, dbname="stateful") == [(0,)], 10,
               "an advisory lock stays held")
    return found


@named
def test_a_client_finds_what_it_left(world, weir, feature):
    # Before the client holds what another would have to wait for.
    expected = wanted(world, feature, feature.does)
    with login(weir, feature, feature.login) as client:
        run(client, feature.does)
        if feature.reason:
            assert [answer(client, feature.asks) for _ in range(3)] == [expected] * 3
        else:
            found = on_each_server(weir, feature, lambda: answer(client, feature.asks))
            assert found == [expected] * 2


@named
def test_no_other_client_finds_it(world, weir, feature):
    expected = wanted(world, dataclasses.replace(feature, login=()))
    with login(weir, feature, feature.login) as client:
        run(client, feature.does)
        with login(weir, feature) as stranger:
            assert [answer(stranger, feature.asks) for _ in range(5)] == [expected] * 5
    with login(weir, feature) as stranger:
        assert on_each_server(weir, feature, lambda: answer(stranger, feature.asks)) \
            == [expected] * 2


@pytest.mark.parametrize("feature", [f for f in ALL if f.ends], ids=lambda feature: feature.name)
def test_a_client_can_end_it(world, weir, feature):
    expected = wanted(world, feature, feature.does, feature.ends)
    with login(weir, feature, feature.login) as client:
        run(client, feature.does)
        run(client, feature.ends)
        assert on_each_server(weir, feature, lambda: answer(client, feature.asks)) \
            == [expected] * 2


@pytest.mark.parametrize("feature", PINS, ids=lambda feature: feature.name)
def test_a_client_keeps_its_server_for_as_long_as_it_exists(weir, feature):
    with login(weir, feature) as client:
        run(client, feature.does)
        pid = client.value("select pg_backend_pid()")
        eventually(lambda: pinned(weir, feature.reason) == 1, 10,
                   lambda: f"no pin because of {feature.reason}:\n{weir.log()[-2000:]}")
        eventually(lambda: pinned(weir) == 1, 10, "another pin")
        with login(weir, feature) as other, login(weir, feature) as third:
            # The one server that is left serves all others.
            assert {begin(other), client.value("select pg_backend_pid()")} > {pid}
            other.query("commit")
            assert begin(third) != pid
            third.query("commit")
        if feature.ends:
            run(client, feature.ends)
        else:
            client.close()
        eventually(lambda: pinned(weir) == 0, 10, "the pin stays")
        with login(weir, feature) as other, login(weir, feature) as third:
            assert begin(other) != begin(third)


@pytest.mark.parametrize("feature", FOLLOWS + LEAVES_NOTHING, ids=lambda feature: feature.name)
def test_a_client_keeps_no_server_for_what_follows_it(weir, feature):
    with login(weir, feature, feature.login) as client:
        run(client, feature.does)
        client.value("select 1")
        with login(weir, feature) as other, login(weir, feature) as third:
            assert begin(other) != begin(third)
            eventually(lambda: pinned(weir) == 0, 10, "a pin")


@pytest.mark.parametrize("feature", PINS, ids=lambda feature: feature.name)
def test_a_pin_ends_with_its_client(weir, feature):
    client = login(weir, feature)
    run(client, feature.does)
    client.vanish()
    eventually(lambda: pinned(weir) == 0, 10, "the pin stays")
    expected = "[['0']]" if feature.asks == _LOCKS else None
    with login(weir, feature) as other, login(weir, feature) as third:
        assert begin(other) != begin(third)
        if expected:
            assert str(answer(other, feature.asks)) == expected


def test_advisory_locks_are_counted_as_postgresql_counts_them(weir):
    locks = next(feature for feature in PINS if feature.reason == "advisory_lock")
    with login(weir, locks) as client:
        run(client, "select pg_advisory_lock(7); select pg_advisory_lock(7)")
        run(client, "select pg_advisory_unlock(7)")
        assert answer(client, _LOCKS) == [["1"]]
        eventually(lambda: pinned(weir, "advisory_lock") == 1, 10, "no pin")
        run(client, "select pg_advisory_unlock(7)")
        eventually(lambda: pinned(weir) == 0, 10, "the pin stays")


# What a statement's text does not show, so that it has happened: it ends the session.
_SEEN_ONLY_AFTERWARDS = {"a temporary table of a function", "an advisory lock of a function",
                         "a setting that only a superuser can set", "PREPARE in a transaction"}


@pytest.mark.parametrize("feature", [f for f in PINS if f.user != "postgres"],
                         ids=lambda feature: feature.name)
def test_strict_mode_answers_with_an_error_in_place_of_a_pin(strict_weir, feature):
    weir = strict_weir
    with login(weir, feature) as client:
        if feature.name in _SEEN_ONLY_AFTERWARDS:
            client.send(wire.query(feature.does))
            errors = [m for m in client.until_closed() if m.type == "E"]
            assert errors[0].fields["S"] == "FATAL"
        else:
            errors = [m for part in (feature.does, feature.asks) for m in client.query(part)
                      if m.type == "E"]
            assert errors[0].fields["S"] == "ERROR"
        assert errors[0].sqlstate == "0A000", errors
        assert errors[0].fields.get("H"), "no hint"
    with login(weir, feature) as other, login(weir, feature) as third:
        assert begin(other) != begin(third)
        assert pinned(weir) == 0
