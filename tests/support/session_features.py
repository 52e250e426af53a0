"""What a session holds, one line a feature, and the database where that is played.

PostgreSQL is the oracle: the question is put to a direct connection that did the same.
"""

import dataclasses

from .fixtures import require_binary
from .peer import Peer, ServerError
from .pgweir import Pgweir
from .timing import eventually

DATABASE = "stateful"


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
LOCKS = ("select count(*) from pg_locks where locktype = 'advisory'"
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
    Feature("SET TO DEFAULT of what the login set", "set datestyle to default", setting("DateStyle"),
            login=(("DateStyle", "German"),)),
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
    Feature("a session's advisory lock", "select pg_advisory_lock(7)", LOCKS, "advisory_lock",
            "select pg_advisory_unlock(7)"),
    Feature("an advisory lock that is tried", "select pg_try_advisory_lock(7, 8)", LOCKS,
            "advisory_lock", "select pg_advisory_unlock_all()"),
    Feature("a shared advisory lock", "select pg_advisory_lock_shared(7)", LOCKS, "advisory_lock",
            "select pg_advisory_unlock_shared(7)"),
    Feature("an advisory lock of a function", "select locks(9)", LOCKS, "advisory_lock",
            "select pg_advisory_unlock(9)"),
    Feature("a cursor WITH HOLD", "declare held cursor with hold for select generate_series(1, 9)",
            "select name from pg_cursors where is_holdable", "cursor_with_hold", "close held"),
    # In a pool of its own: from its first use on, whoever may advance a sequence keeps the server.
    Feature("currval", "select nextval('counted') > 0", "select currval('counted') > 0", "sequence",
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
    Feature("a transaction's advisory lock", "select pg_advisory_xact_lock(7)", LOCKS),
    Feature("a lock that is released", "select pg_advisory_lock(7), pg_advisory_unlock(7)", LOCKS),
    Feature("a cursor without HOLD", "begin; declare c cursor for select 1; fetch c; commit",
            "select count(*) from pg_cursors where name = 'c'"),
]

# What a statement's text does not show, so that it has happened: it ends the session.
SEEN_ONLY_AFTERWARDS = {"a temporary table of a function", "an advisory lock of a function",
                        "a setting that only a superuser can set", "PREPARE in a transaction"}

ALL = FOLLOWS + PINS + LEAVES_NOTHING

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


def create_world(cluster):
    """The database of all features, once for each cluster."""
    if not cluster.admin(f"select 1 from pg_database where datname = '{DATABASE}'", dbname="postgres"):
        cluster.admin(f"create database {DATABASE} owner app", dbname="postgres")
        cluster.admin(_WORLD, dbname=DATABASE)
    return cluster


def login(target, feature, parameters=()):
    return Peer.login(target, DATABASE, feature.user, **dict(parameters))


def answer(peer, sql):
    """Rows, or the error, of the last statement."""
    try:
        return peer.rows(sql)
    except ServerError as error:
        return str(error)


def daemon(world, servers, **pool):
    """A daemon of a whole module, with so many servers in each pool: each test meets servers that
    others used."""
    require_binary()
    started = Pgweir(world, {
        "workers": 1, "pool": {"default_pool_size": servers, **pool},
        "databases": {DATABASE: {"host": world.host, "port": world.port, "dbname": DATABASE}}})
    yield started
    started.finish()


def parts_of(sql):
    """Its statements, each to be sent by itself."""
    return [sql] if "$$" in sql else [part.strip() for part in sql.split(";")]


def run(peer, sql):
    for part in parts_of(sql):
        peer.query(part)


def wanted(world, feature, *before):
    """What PostgreSQL answers after that; nobody holds an advisory lock any more."""
    with login(world, feature, feature.login) as direct:
        for sql in before:
            run(direct, sql)
        found = answer(direct, feature.asks)
    # A session that has just been closed holds its locks for a moment longer.
    eventually(lambda: world.admin(_ALL_LOCKS, dbname=DATABASE) == [(0,)], 10,
               "an advisory lock stays held")
    return found
