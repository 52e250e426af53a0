"""What belongs to a session stays with its client and never reaches another."""

import pytest

from support import wire
from support.peer import Peer
from support.timing import eventually


@pytest.mark.concurrent
def test_settings_of_the_startup_packet_hold_in_every_transaction(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 2}})
    wanted = [
        {"application_name": "one", "client_encoding": "LATIN1", "TimeZone": "Asia/Tokyo"},
        {"application_name": "two", "options": "-c work_mem=7MB -c search_path=pg_catalog"},
        {"application_name": "three", "DateStyle": "German", "extra_float_digits": "3"},
        {},
    ]
    peers = [Peer.login(weir, **settings) for settings in wanted]
    expected = [
        ("one", "LATIN1", "Asia/Tokyo", "4MB", '"$user", public', "ISO, MDY", "1"),
        ("two", "UTF8", "UTC", "7MB", "pg_catalog", "ISO, MDY", "1"),
        ("three", "UTF8", "UTC", "4MB", '"$user", public', "German, DMY", "3"),
        ("", "UTF8", "UTC", "4MB", '"$user", public', "ISO, MDY", "1"),
    ]
    question = ("select " + ", ".join(f"current_setting('{name}')" for name in (
        "application_name", "client_encoding", "timezone", "work_mem", "search_path", "datestyle",
        "extra_float_digits")))
    for _ in range(5):
        for peer in peers:
            peer.send(wire.query(question))
        for peer, values in zip(peers, expected):
            row = next(m for m in peer.until("Z") if m.type == "D")
            assert tuple(value.decode() for value in row.values) == values
    for peer in peers:
        peer.close()


def test_bytes_are_converted_for_the_client_that_asked_for_it(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir, client_encoding="LATIN1") as latin, Peer.login(weir) as utf8:
        for _ in range(3):
            latin.send(wire.query(b"select '\xe4'"))
            assert next(m for m in latin.until("Z") if m.type == "D").values == [b"\xe4"]
            utf8.send(wire.query("select 'ä'"))
            assert next(m for m in utf8.until("Z") if m.type == "D").values == ["ä".encode()]


def test_a_client_is_greeted_with_the_settings_it_asked_for(cluster, pgweir):
    weir = pgweir()
    asked = {"application_name": "greeted", "client_encoding": "LATIN1", "TimeZone": "Asia/Tokyo",
             "DateStyle": "German", "IntervalStyle": "iso_8601"}
    for _ in range(3):
        with Peer.login(cluster, **asked) as direct, Peer.login(weir, **asked) as through:
            assert direct.parameters == through.parameters
        with Peer.login(cluster) as direct, Peer.login(weir) as through:
            assert direct.parameters == through.parameters


# PostgreSQL counts what SET TRANSACTION sets as set by the session from then on, though each
# transaction begins with it anew: pgweir carried it to another server, which refused it there.
def test_the_isolation_of_one_transaction_is_no_setting_of_its_session(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as first, Peer.login(weir) as second:
        first.query("begin; set transaction isolation level serializable;"
                    "set work_mem = '3MB'; commit")
        second.query("set default_transaction_isolation = 'serializable'")
        assert first.value("show work_mem") == "3MB"
        assert first.value("show transaction_isolation") == "read committed"
        assert second.value("show transaction_isolation") == "serializable"


def test_a_client_does_not_wait_for_a_safe_snapshot_because_another_wants_one(cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(cluster) as writer, Peer.login(weir) as reporter, Peer.login(weir) as other:
        reporter.query("set default_transaction_isolation = serializable;"
                       "set default_transaction_read_only = on;"
                       "set default_transaction_deferrable = on")
        writer.query("begin isolation level serializable; create table being_written (a int)")
        assert other.value("show default_transaction_deferrable") == "off"
        writer.query("rollback")
        assert reporter.value("show transaction_deferrable") == "on"


@pytest.mark.parametrize("waits", [True, False])
def test_a_parse_in_a_failed_transaction_takes_no_statement_from_its_server(cluster, pgweir, waits):
    """Where the client does not wait, pgweir does not know yet that it has failed."""
    weir = pgweir({"pool": {"default_pool_size": 1}})
    text = "select $1::text || $2::text"
    answers = []
    for target in (cluster, weir):
        with Peer.login(target) as peer:
            errors = []
            peer.query("begin")
            peer.send(wire.parse("first", text), wire.sync())
            peer.until("Z")
            peer.send(wire.query("select pg_sleep(0.01), 1/(random() * 0)::int"))
            if waits:
                errors += [m.sqlstate for m in peer.until("Z") if m.type == "E"]
            peer.send(wire.parse("same", text), wire.sync(),
                      wire.bind("", "first", ["too few"]), wire.sync())
            for _ in range(2 if waits else 3):
                errors += [m.sqlstate for m in peer.until("Z") if m.type == "E"]
            answers.append(errors)
    assert answers == [["22012", "25P02", "08P01"]] * 2


def name_on_server(owner, thief):
    """What the server calls a statement that the owner prepares, as anybody can see."""
    owner.send(wire.parse("mine", "select 'of the owner'"), wire.sync())
    owner.until("Z")
    return thief.value("select name from pg_prepared_statements"
                       " where statement like '%of the owner%'")


# The second Parse had the server's own statement closed, and another client ran what was put there.
def test_a_name_of_pgweirs_that_is_prepared_twice_costs_nobody_a_statement(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as owner, Peer.login(weir) as thief:
        name = name_on_server(owner, thief)
        answers = []
        for _ in range(3):
            thief.send(wire.parse(name, "select 'of the thief'"), wire.sync())
            answers += [(m.type, m.sqlstate if m.type == "E" else None) for m in thief.until("Z")]
        assert answers == [("1", None), ("Z", None)] + [("E", "42P05"), ("Z", None)] * 2
        owner.send(wire.bind("", "mine"), wire.execute(), wire.sync())
        assert [m.values for m in owner.until("Z") if m.type == "D"] == [[b"of the owner"]]


# As above, where the name is new and SQL may have taken it in the same transaction.
def test_a_name_of_pgweirs_is_free_whoever_has_a_statement_there(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as owner, Peer.login(weir) as thief:
        name = name_on_server(owner, thief)
        thief.query("begin; prepare taken as select 1")
        thief.send(wire.parse(name, "select 'of the thief'"), wire.bind("", name), wire.execute(),
                   wire.sync())
        assert [m.values for m in thief.until("Z") if m.type == "D"] == [[b"of the thief"]]
        thief.query("rollback")


@pytest.fixture(scope="module", name="begun_as")
def fixture_begun_as(cluster):
    cluster.admin("create role begun_as; grant begun_as to app")
    yield
    cluster.admin("drop role begun_as")


# A server shows the same after SET ROLE NONE as after RESET ROLE, and of a setting of one's own after
# SET … = '' as after its RESET: any RESET brought back what the start-up packet had asked for.
@pytest.mark.parametrize("way_out", ["reset role", "set role none", "discard all", "set role app"])
def test_a_client_whose_role_is_gone_is_told_and_can_give_it_up(cluster, pgweir, way_out):
    cluster.admin("drop role if exists passing; create role passing; grant passing to app")
    weir = pgweir({"workers": 1, "pool": {"default_pool_size": 2}})
    with Peer.login(weir) as peer, Peer.login(weir) as other:
        zone = peer.value("show timezone")
        peer.query("set timezone = 'Asia/Kolkata'; set role passing")
        held = peer.value("select pg_backend_pid()")
        eventually(lambda: other.value("rollback; begin; select pg_backend_pid()") == held)
        cluster.admin("drop role passing")
        for sql in ("create table not_run (a int)", "reset all", "select 1"):
            error, ready = peer.query(sql)
            assert (error.type, error.fields["C"], ready.body) == ("E", "22023", b"I"), sql
            assert error.fields["M"] == 'role "passing" does not exist'
        peer.query(way_out)
        expected = ["app", zone if way_out == "discard all" else "Asia/Kolkata", None]
        for end in ("select 1", "commit"):  # at this server, and then at the other one
            other.query(end)
            assert peer.rows("select current_user, current_setting('timezone'),"
                             " to_regclass('not_run')") == [expected]


@pytest.mark.parametrize("mode", ["session", "transaction"])
@pytest.mark.usefixtures("begun_as")
def test_what_was_given_up_comes_back_by_its_own_reset_alone(cluster, pgweir, mode):
    weir = pgweir({"pool": {"mode": mode, "default_pool_size": 1}})
    begun = {"options": "-c role=begun_as -c begun.own=given"}
    statements = (
        "set role none", "reset work_mem", "reset all", "select 1; reset role",
        "set session authorization app", "reset work_mem", "set session authorization default",
        "set role none", "discard all", "begin; set role none; reset work_mem", "reset work_mem",
        "commit", "reset work_mem", "reset role; select 1/0", "reset work_mem", "reset role",
        "set begun.own = ''", "reset work_mem", "reset begun.own",
        "select set_config('begun.own', '', false)", "reset all",
        "begin; set begun.own = ''", "reset work_mem", "reset begun.own", "rollback")
    with Peer.login(cluster, **begun) as direct, Peer.login(weir, **begun) as through:
        for sql in statements:
            answers = []
            for peer in (direct, through):
                peer.send(wire.query(sql))
                peer.until("Z")
                answers.append([peer.value("select current_user"), peer.value("show begun.own")])
            assert answers[1] == answers[0], sql


def test_each_client_has_an_identity_of_its_own(pgweir):
    weir = pgweir()
    peers = [Peer.login(weir) for _ in range(50)]
    assert len({(peer.pid, peer.key) for peer in peers}) == 50
    assert len({peer.key for peer in peers}) >= 49, "keys can be guessed"
    for peer in peers:
        assert peer.pid > 0
        peer.close()


def test_a_session_leaves_nothing_behind_for_the_next(pgweir):
    weir = pgweir({"pool": {"mode": "session", "default_pool_size": 1}})
    with Peer.login(weir) as first:
        pid = first.value("select pg_backend_pid()")
        first.query("set work_mem = '3MB'; set search_path = nowhere; set role none;"
                    "create temp table left_behind (a int); listen left_behind;"
                    "select pg_advisory_lock(4711); prepare left_behind as select 1;"
                    "declare c cursor with hold for select 1; set timezone = 'Asia/Tokyo'")
        first.send(wire.parse("named", "select 1"), wire.sync())
        first.until("Z")
    with Peer.login(weir) as second:
        assert second.value("select pg_backend_pid()") == pid
        assert second.parameters["TimeZone"] == "UTC"
        assert second.value("show work_mem") == "4MB"
        assert second.value("select to_regclass('left_behind')") is None
        assert second.value("select count(*) from pg_locks where locktype = 'advisory'") == "0"
        assert second.value("select count(*) from pg_prepared_statements") == "0"
        assert second.value("select count(*) from pg_cursors where name = 'c'") == "0"
        assert second.value("select count(*) from pg_listening_channels()") == "0"
        assert second.value("show timezone") == "UTC"


def test_a_session_may_be_reset_by_another_query(pgweir):
    weir = pgweir({"pool": {"mode": "session", "default_pool_size": 1,
                            "server_reset_query": "RESET work_mem"}})
    with Peer.login(weir) as first:
        pid = first.value("select pg_backend_pid()")
        first.query("set work_mem = '3MB'; create temp table kept (a int)")
    with Peer.login(weir) as second:
        assert second.value("select pg_backend_pid()") == pid
        assert second.value("show work_mem") == "4MB"
        assert second.value("select to_regclass('kept')") == "kept"


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_client_that_leaves_in_a_transaction_leaves_no_transaction(pgweir, mode):
    weir = pgweir({"pool": {"mode": mode, "default_pool_size": 1}})
    with Peer.login(weir) as first:
        first.query("begin; create table never (a int)")
    with Peer.login(weir) as second:
        assert second.query("select 1")[-1].status == "I"
        assert second.value("select to_regclass('never')") is None
    eventually(lambda: not weir.servers("state like 'idle in transaction%'"), 10,
               "a transaction is left open")


@pytest.mark.concurrent
def test_a_fallback_database_is_passed_on_by_name(cluster, pgweir):
    cluster.admin("drop database if exists another")
    cluster.admin("create database another owner app")
    weir = pgweir({"databases": {"*": {"host": cluster.host, "port": cluster.port},
                                 "alias": cluster.conninfo(dbname="another")}})
    try:
        for name, real in (("app", "app"), ("another", "another"), ("alias", "another")):
            with Peer.login(weir, dbname=name) as peer:
                assert peer.value("select current_database()") == real
                assert peer.value("select current_user") == "app"
    finally:
        weir.stop_at_once()
        cluster.admin("drop database another with (force)")
        weir.start()


# The set-up and the request are one extended query, behind which the server had nothing to report:
# it was a superuser's before and after.
@pytest.mark.parametrize("statement", [
    "set role none", "reset role; set role none", "reset role", "reset session authorization",
    "set session authorization default", "discard all"])
def test_a_superuser_hears_whether_it_is_one_when_it_leaves_its_first_role(cluster, pgweir,
                                                                           statement):
    cluster.admin("create role lesser")
    try:
        weir = pgweir({"workers": 1, "pool": {"default_pool_size": 1},
                       "databases": {"app": {"host": cluster.host, "port": cluster.port}}})
        told = []
        for server in (cluster, weir):
            with Peer.login(server, user="postgres", options="-c role=lesser") as peer, \
                    Peer.login(server, user="postgres", client_encoding="LATIN1") as other:
                other.query("set search_path = pg_catalog")
                told.append([m.strings for m in peer.query(statement) if m.type == "S"])
                asked = "select current_user, current_setting('is_superuser')"
                told[-1] += peer.rows(asked)
                told[-1] += [m.strings for m in peer.query("reset role") if m.type == "S"]
                told[-1] += peer.rows(asked)
        assert told[0] == told[1]
    finally:
        cluster.admin("drop role lesser")


# A module was loaded that reserves the prefix: no server takes the setting any more. PostgreSQL
# removes it then; each request of the client failed, for ever.
def test_a_setting_whose_name_is_reserved_by_now_is_given_up(pgweir):
    weir = pgweir({"workers": 1, "pool": {"default_pool_size": 1}})
    with Peer.login(weir) as peer, Peer.login(weir) as other:
        peer.query("set plpgsql.mine = 'x'")
        other.query("do $$ begin null; end $$")
        assert [m.sqlstate for m in peer.query("select 1") if m.type == "E"] == ["42602"]
        for _ in range(2):
            assert peer.rows("select 1") == [["1"]]


# What may have been a RESET of its first role was followed by a SET ROLE, which the other user may
# not: the client's transaction failed.
def test_another_session_user_does_not_get_the_first_role_back(cluster, pgweir):
    cluster.admin("create role lesser; create role elses")
    cluster.admin("create function may_reset() returns int language plpgsql as"
                  " $f$ begin execute 'select 1'; return 1; end $f$")
    try:
        weir = pgweir({"workers": 1, "pool": {"default_pool_size": 1},
                       "databases": {"app": {"host": cluster.host, "port": cluster.port}}})
        answers = []
        for server in (cluster, weir):
            with Peer.login(server, user="postgres", options="-c role=lesser") as peer:
                answers.append([
                    [m.sqlstate if m.type == "E" else m.values for m in peer.query(statement)
                     if m.type in "DE"]
                    for statement in ("begin", "set local session authorization elses",
                                      "select may_reset()", "select current_user, session_user",
                                      "commit", "select current_user, session_user")])
        assert answers[0] == answers[1]
    finally:
        cluster.admin("drop function may_reset; drop role lesser; drop role elses")
