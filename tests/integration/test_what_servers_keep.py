"""What a client leaves in its server that strikes the next one, and what the questions about it need."""

import pytest

from support import wire
from support.peer import Peer
from support.timing import eventually


def one_server(pgweir, **pool):
    return pgweir({"workers": 1, "pool": {"default_pool_size": 1, **pool}})


# idle_session_timeout stayed with the server: it ended whoever had the server next, and never the
# client that had asked for it.
@pytest.mark.parametrize("way", ["set", "startup"])
def test_a_clients_idle_session_timeout_ends_that_client_and_no_other(pgweir, way):
    weir = one_server(pgweir)
    login = {"idle_session_timeout": "300ms"} if way == "startup" else {}
    with Peer.login(weir, **login) as impatient, Peer.login(weir) as other:
        if way == "set":
            impatient.query("set idle_session_timeout = 300")
        assert impatient.value("show idle_session_timeout") == "300ms"
        assert other.value("show idle_session_timeout") == "0"
        pid = other.value("select pg_backend_pid()")
        last = impatient.until_closed(timeout=10)
        assert [m.fields["C"] for m in last if m.type == "E"] == ["57P05"]
        assert other.value("select pg_backend_pid()") == pid, "the server has outlived it"


def test_a_client_that_breaks_off_leaves_no_idle_session_timeout(pgweir):
    weir = one_server(pgweir)
    with Peer.login(weir) as impatient, Peer.login(weir) as other:
        impatient.query("set idle_session_timeout = '1h'")
        impatient.query("begin")
        impatient.vanish()
        assert other.value("show idle_session_timeout") == "0"


# An alias in the language of PostgreSQL's own functions was not looked at.
def test_an_alias_of_set_config_is_one(cluster, pgweir):
    cluster.admin("create or replace function put_setting(text, text, bool) returns text"
                  " language internal as 'set_config_by_name'")
    try:
        weir = one_server(pgweir)
        with Peer.login(weir) as peer, Peer.login(weir) as other:
            other.query("select 1")
            peer.query("select put_setting('work_mem', '3MB', false)")
            assert other.value("show work_mem") != "3MB"
            assert peer.value("show work_mem") == "3MB"
    finally:
        cluster.admin("drop function put_setting(text, text, bool)")


def test_who_calls_what_the_configuration_calls_sticky_keeps_its_server(cluster, pgweir):
    cluster.admin("create or replace function leaves_something() returns int language sql"
                  " as 'select 1'")
    try:
        weir = one_server(pgweir, sticky_functions="nowhere, public.leaves_something")
        with Peer.login(weir) as peer, Peer.login(weir) as other:
            other.query("select 1")
            peer.query("select leaves_something()")
            eventually(lambda: weir.metrics().sum("pgweir_clients_pinned", reason="unseen") == 1)
    finally:
        cluster.admin("drop function leaves_something()")


VIEWS = ("pg_settings", "pg_locks", "pg_cursors", "pg_replication_slots", "pg_prepared_statements")


def test_state_is_known_where_the_views_about_it_are_nobodys(own_cluster, pgweir):
    for view in VIEWS:
        own_cluster.admin(f"revoke all on pg_catalog.{view} from public")
    weir = pgweir({"workers": 1, "pool": {"default_pool_size": 1}})
    with Peer.login(weir) as peer, Peer.login(weir) as other:
        peer.query("set work_mem = '3MB'")
        assert other.value("show work_mem") != "3MB"
        assert peer.value("show work_mem") == "3MB"
        assert weir.metrics().sum("pgweir_pins_total") == 0


# Operators, types and functions of the same names in a schema that comes before PostgreSQL's own.
def test_a_hostile_search_path_has_no_say_in_pgweirs_questions(cluster, pgweir):
    cluster.admin("""
        create schema evil; grant usage on schema evil to public;
        create function evil.lies(text, text) returns bool language sql as 'select false';
        create function evil.lies(name, name) returns bool language sql as 'select false';
        create operator evil.= (function = evil.lies, leftarg = text, rightarg = text);
        create operator evil.= (function = evil.lies, leftarg = name, rightarg = name);
        create operator evil.<> (function = evil.lies, leftarg = text, rightarg = text);
        create operator evil.<> (function = evil.lies, leftarg = name, rightarg = name);
        create domain evil.text as pg_catalog.text check (false);
        create domain evil.oid as pg_catalog.oid check (false);
        create function evil.current_setting(text) returns text language sql as $$select 'x'$$;
        create view evil.pg_settings as select 'x' as name, 'x' as setting""")
    try:
        weir = pgweir({"workers": 1, "pool": {"default_pool_size": 1},
                       "databases": {"app": cluster.conninfo(user="postgres")}})
        with Peer.login(weir, user="postgres", options="-c search_path=evil,pg_catalog") as peer, \
                Peer.login(weir, user="postgres") as other:
            peer.query("set session authorization app; set work_mem = '3MB'; set app.tenant = '42'")
            peer.query("listen news")
            assert other.value("show work_mem") != "3MB"
            assert other.value("select coalesce(current_setting('app.tenant', true), '')") == ""
            assert other.value("select session_user") == "postgres"
            assert peer.value("show work_mem") == "3MB"
            assert peer.value("select session_user") == "app"
            peer.query("select pg_catalog.pg_advisory_lock(1)")
            eventually(lambda: weir.metrics().sum("pgweir_clients_pinned",
                                                  reason="advisory_lock") == 1)
            assert weir.metrics().sum("pgweir_clients_pinned", reason="unknown") == 0
    finally:
        cluster.admin("drop schema evil cascade")


# What PL/pgSQL keeps was made with the settings of whoever called it first there: a constant of the
# text, and what the planner folds into the plan; so were the plans of statements that clients share.
CACHED = """
create role first_role; create role second_role; grant first_role, second_role to app;
create table walled (tenant text, secret text);
insert into walled values ('a', 'of a'), ('b', 'of b'), ('first_role', 'of first_role'),
    ('second_role', 'of second_role');
create function whose() returns text immutable language sql as
    $f$ select current_setting('cached.tenant', true) $f$;
create function whose_role() returns text immutable language sql as $f$ select current_user::text $f$;
create function whose_program() returns text immutable language sql as
    $f$ select current_setting('application_name') $f$;
create policy own on walled using (tenant in (whose(), whose_role(), whose_program()));
alter table walled enable row level security;
grant select on walled to app, first_role, second_role;
create function secrets() returns setof text language plpgsql as
    $f$ begin return query select secret from walled; end $f$;
create function day() returns text language plpgsql as
    $f$ begin return extract(day from date '01/02/2020'); end $f$;
create function noon() returns text language plpgsql as
    $f$ begin return extract(epoch from timestamptz '2020-06-01 12:00')::bigint; end $f$;
create function digits() returns text language plpgsql as
    $f$ begin return (0.1::float8 + 0.2::float8)::text; end $f$;
create function firsts_own() returns text language sql as $f$ select 'inlined'::text $f$;
revoke all on function firsts_own() from public; grant execute on function firsts_own() to first_role;
create function inlines() returns text language plpgsql as $f$ begin return firsts_own(); end $f$;
"""
UNCACHED = """
drop function secrets(), day(), noon(), digits(), inlines(), firsts_own(); drop table walled;
drop function whose(), whose_role(), whose_program(); drop role first_role; drop role second_role;
"""

# A call, a setting with the values of two clients, and what each gets.
KEPT = [
    ("day()", "datestyle", ("ISO, DMY", "ISO, MDY"), ["1", "2"]),
    ("noon()", "timezone", ("Asia/Tokyo", "UTC"), ["1590980400", "1591012800"]),
    ("digits()", "extra_float_digits", ("0", "1"), ["0.3", "0.30000000000000004"]),
    ("secrets()", "cached.tenant", ("a", "b"), ["of a", "of b"]),
    ("secrets()", "role", ("first_role", "second_role"), ["of first_role", "of second_role"]),
    ("secrets()", "application_name", ("a", "b"), ["of a", "of b"]),
    ("inlines()", "role", ("first_role", "second_role"), ["inlined", "42501"]),
]


@pytest.fixture(name="cached", scope="module")
def fixture_cached(cluster):
    cluster.admin("create database cached", dbname="postgres")
    cluster.admin(CACHED, dbname="cached")
    yield {"databases": {"app": {"host": cluster.host, "port": cluster.port, "dbname": "cached"}}}
    cluster.admin(UNCACHED, dbname="cached")
    cluster.admin("drop database cached with (force)", dbname="postgres")


def told_by(peer, call, prepared):
    """What one client gets: the value, or the SQLSTATE."""
    if prepared:
        peer.send(wire.bind("", "kept"), wire.execute(), wire.sync())
        messages = peer.until("Z")
    else:
        messages = peer.query(f"select {call}")
    return [m.sqlstate if m.type == "E" else m.values[0].decode() for m in messages
            if m.type in "ED"]


# `how`: each sets it for good; each for a transaction; the first takes it back, and the second has
# it from the start of its session, if it is not the default.
@pytest.mark.parametrize("how", ["set", "set local", "set_config", "taken back"])
@pytest.mark.parametrize("prepared", [False, True], ids=["simple", "prepared"])
@pytest.mark.parametrize("call,setting,values,answers", KEPT, ids=[f"{k[0]} {k[1]}" for k in KEPT])
def test_what_servers_have_planned_is_of_each_clients_own_settings(pgweir, cached, call, setting,
                                                                   values, answers, prepared, how):
    weir = pgweir({**cached, "workers": 1, "pool": {"default_pool_size": 1}})
    given = {"options": f"-c {setting}={values[1].replace(' ', chr(92) + ' ')}"}
    is_default = setting in ("datestyle", "timezone", "extra_float_digits")
    at_start = given if how == "taken back" and not is_default else {}
    with Peer.login(weir) as first, Peer.login(weir, **at_start) as other:
        if prepared:
            for peer in (first, other):
                peer.send(wire.parse("kept", f"select {call}"), wire.sync())
                peer.until("Z")
        local = how in ("set local", "set_config")
        for _ in range(3):
            for peer, value, answer in zip((first, other), values, answers):
                changes = {"set local": f"set local {setting} = '{value}'",
                           "set_config": f"select set_config('{setting}', '{value}', true)"}
                if how != "taken back" or peer is first:
                    peer.query(("begin; " if local else "") +
                               changes.get(how, f"set {setting} = '{value}'"))
                assert told_by(peer, call, prepared) == [answer]
                if local:
                    peer.query("commit")
                elif how == "taken back" and peer is first:
                    peer.query(f"reset {setting}")


# Its own set-up in between, of a setting that plans do not depend on, was taken for one that had
# discarded the plans.
def test_a_client_that_is_set_up_once_more_leaves_its_plans_to_nobody(cluster, pgweir):
    cluster.admin("create function local_noon() returns text language plpgsql as"
                  " $f$ begin return timestamptz '2020-06-01 12:00'; end $f$")
    try:
        weir = one_server(pgweir)
        with Peer.login(weir) as first, Peer.login(weir) as other:
            first.query("set idle_session_timeout = '1h'")
            for statement in ("begin", "set local timezone = 'Asia/Tokyo'", "select local_noon()",
                              "commit"):
                first.query(statement)
            first.query("select 1")
            assert other.value("select local_noon()") == "2020-06-01 12:00:00+00"
    finally:
        cluster.admin("drop function local_noon")
