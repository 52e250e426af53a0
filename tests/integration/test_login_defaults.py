"""What new clients are told and begin with, and what old ones keep, when defaults change.

PostgreSQL is the oracle: the same is played on connections of its own.
"""

import contextlib

import psycopg
import pytest

from support.peer import Peer, ServerError
from support.timing import eventually

SHOWN = ("select current_setting('TimeZone'), current_setting('statement_timeout'), "
         "current_setting('default_transaction_isolation'), current_setting('search_path'), "
         "coalesce(current_setting('mine.tenant', true), '')")
AT_ONCE = {"pool": {"default_pool_size": 2, "login_defaults_interval": "200ms"}}


@pytest.fixture(name="role")
def _role(cluster):
    """A role of this test alone, and its database."""
    cluster.admin("drop database if exists changing with (force)")
    cluster.admin("drop role if exists changing; create role changing login; grant app to changing")
    cluster.admin("create database changing owner changing")
    yield "changing"
    cluster.admin("drop database changing with (force)")
    cluster.admin("drop owned by changing; drop role changing")


def _shown(peer):
    return peer.rows(SHOWN)


def _new(target, role, **parameters):
    """What a new client is told, and begins with."""
    with Peer.login(target, dbname=role, user=role, **parameters) as peer:
        return peer.parameters["TimeZone"], _shown(peer)


def _admin_through(weir, *statements):
    with contextlib.closing(weir.connect(dbname="postgres", user="postgres")) as admin:
        for statement in statements:
            admin.execute(statement)


CHANGES = {
    "role": ["alter role changing set timezone = 'Europe/Vilnius'",
             "alter role changing set statement_timeout = '6s'",
             "alter role changing in database changing set search_path = vilnius, public",
             "alter role changing set mine.tenant = 'seven'"],
    "database": ["alter database changing set timezone = 'Europe/Lisbon'",
                 "alter database changing set default_transaction_isolation = serializable",
                 "alter database changing set mine.tenant = 'eight'"],
    "transaction": ["begin", "alter user changing set timezone to 'Europe/Rome'", "commit"],
    "several": ["begin; alter role all set timezone to 'Europe/Oslo'; commit"],
    "function": ["do $$ begin alter role changing set timezone = 'Europe/Paris'; end $$"],
}


# ALTER ROLE/DATABASE … SET was unknown until a server was replaced, also when run through pgweir.
@pytest.mark.parametrize("way", [way for way in CHANGES if way != "function"])
def test_what_alter_role_and_database_give_is_there_at_the_next_login(cluster, pgweir, role, way):
    weir = pgweir({"pool": {"default_pool_size": 2}})
    before = _new(weir, role)
    assert before == _new(cluster, role)
    _admin_through(weir, *CHANGES[way])
    try:
        after = _new(cluster, role)
        assert after != before
        assert _new(weir, role) == after
        assert _new(weir, role) == after
    finally:
        cluster.admin("alter role all reset timezone")


def test_what_was_changed_past_pgweir_is_there_soon(cluster, pgweir, role):
    weir = pgweir(AT_ONCE)
    assert _new(weir, role) == _new(cluster, role)
    with Peer.login(weir, dbname=role, user=role) as there:
        assert _shown(there)
        for way in ("role", "database", "function"):
            for statement in CHANGES[way]:
                cluster.admin(statement)
            after = _new(cluster, role)
            eventually(lambda after=after: _new(weir, role) == after, 10)


# An old session changed its isolation level when it changed servers.
@pytest.mark.parametrize("through", [True, False])
def test_a_session_keeps_the_defaults_that_it_began_with(cluster, pgweir, role, through):
    weir = pgweir(AT_ONCE)
    with contextlib.ExitStack() as open_peers:
        def login(target):
            return open_peers.enter_context(Peer.login(target, dbname=role, user=role))
        olds = [login(cluster), login(weir)]
        resets = [login(cluster), login(weir)]
        for peer in resets:
            peer.query("set timezone = 'Asia/Tokyo'")
        before = [_shown(peer) for peer in olds]
        assert before[0] == before[1]
        changes = CHANGES["role"] + CHANGES["database"]
        if through:
            _admin_through(weir, *changes)
        else:
            for statement in changes:
                cluster.admin(statement)
        after = _new(cluster, role)
        eventually(lambda: _new(weir, role) == after, 10)
        for _ in range(3):
            assert _shown(olds[1]) == before[1] == _shown(olds[0])
        for peer in resets:
            assert _shown(peer)[0][0] == "Asia/Tokyo"
            peer.query("reset timezone")
            assert _shown(peer) == before[0]
            peer.query("set statement_timeout = '9s'; reset all")
            assert _shown(peer) == before[0]
        # Both kinds of servers are there at once: the new one is kept busy.
        young = login(weir)
        assert _shown(young) == after[1]
        young.query("begin")
        assert _shown(olds[1]) == before[1]
        assert _shown(young) == after[1]
        young.query("commit")
        assert _shown(olds[1]) == before[1]


def test_a_role_that_goes_and_comes_again_is_seen_at_once(cluster, pgweir):
    cluster.admin("drop role if exists fleeting")
    weir = pgweir({"pool": {"default_pool_size": 1}, "timeouts": {"server_login_retry": "30s"}})

    def refused(target):
        try:
            with target.connect(dbname="postgres", user="fleeting") as session:
                session.execute("select 1")
        except psycopg.Error as error:
            return str(error).split("FATAL:")[1].strip()
        return None

    assert refused(weir) == refused(cluster)
    _admin_through(weir, "create role fleeting login")
    assert refused(weir) is None
    _admin_through(weir, "drop role fleeting")
    assert refused(weir) == refused(cluster) is not None


RELOADED = ["alter system set timezone = 'Asia/Tokyo'", "alter system set datestyle = 'SQL, DMY'",
            "alter system set intervalstyle = 'iso_8601'", "alter system set work_mem = '7MB'"]
NAMES = ("TimeZone", "DateStyle", "IntervalStyle")


def _reload(cluster, *changes):
    for change in (*changes, "select pg_reload_conf()"):
        cluster.admin(change)


def _told(peer, messages):
    for message in messages:
        if message.type == "S":
            name, value = message.strings
            peer.parameters[name] = value
    return [peer.parameters[name] for name in NAMES]


# After a reload of postgresql.conf new clients were told the old DateStyle and TimeZone.
def test_a_reload_of_the_servers_configuration_reaches_new_and_old_clients(own_cluster, pgweir):
    weir = pgweir({**AT_ONCE, "workers": 1})
    with contextlib.ExitStack() as open_peers:
        def both(**parameters):
            return [open_peers.enter_context(Peer.login(target, **parameters))
                    for target in (own_cluster, weir)]
        idle, own, started = both(), both(), both(TimeZone="Europe/Rome")
        in_transaction = both()
        for peer in (*idle, *started):
            peer.query("select 1")
        for peer in own:
            peer.query("set timezone = 'Europe/Paris'")
        for peer in in_transaction:
            peer.query("begin")
        _reload(own_cluster, *RELOADED)
        changed = ["Asia/Tokyo", "SQL, DMY", "iso_8601"]

        def greeted(target):
            with Peer.login(target) as peer:
                return [peer.parameters[name] for name in NAMES]
        eventually(lambda: greeted(own_cluster) == changed, 10)
        eventually(lambda: greeted(weir) == changed, 10)
        question = ("select current_setting('TimeZone'), current_setting('DateStyle'), "
                    "current_setting('work_mem')")

        def play(peer):
            messages = peer.query(question)
            row = next(m.values for m in messages if m.type == "D")
            return row, _told(peer, messages), _told(peer, peer.query("select 1"))
        for pair in (idle, own, started, in_transaction, idle):
            direct, through = map(play, pair)
            assert direct == through
        for peer in in_transaction:
            peer.query("commit")
        # Nobody keeps as his own what the configuration gave him.
        _reload(own_cluster, "alter system reset all")
        eventually(lambda: greeted(own_cluster) == greeted(weir) != changed, 10)
        for pair in (in_transaction, idle, own, started):
            direct, through = map(play, pair)
            assert direct == through


# After a promotion clients were told in_hot_standby=on: target_session_attrs=read-write failed.
def test_a_promotion_is_told_to_new_and_old_clients(own_cluster, pgweir, tmp_path_factory):
    standby = own_cluster.standby()
    try:
        weir = pgweir({"pool": {"default_pool_size": 2, "login_defaults_interval": "200ms"}},
                      on=standby)
        with Peer.login(weir) as old, Peer.login(standby) as direct:
            for peer in (old, direct):
                assert peer.parameters["in_hot_standby"] == "on"
                assert peer.rows("select pg_is_in_recovery()") == [["t"]]
            standby.admin("select pg_promote()")

            def greeted():
                with Peer.login(weir) as peer:
                    return peer.parameters["in_hot_standby"]
            eventually(lambda: greeted() == "off", 20)
            for peer in (old, direct):
                told = [m.strings for m in peer.query("select 1") if m.type == "S"]
                told += [m.strings for m in peer.query("select 1") if m.type == "S"]
                assert told == [["in_hot_standby", "off"]]
    finally:
        standby.remove()


def test_a_promotion_is_told_where_nobody_has_asked_anything(own_cluster, pgweir):
    standby = own_cluster.standby()
    try:
        weir = pgweir({"pool": {"default_pool_size": 2, "login_defaults_interval": "200ms"},
                       "timeouts": {"server_idle_timeout": "100ms"}}, on=standby)

        def greeted():
            with Peer.login(weir) as peer:
                return peer.parameters["in_hot_standby"]
        assert greeted() == "on"
        standby.admin("select pg_promote()")
        eventually(lambda: greeted() == "off", 20)
    finally:
        standby.remove()


# `SET ROLE NONE` of one client was everybody's: its absence in the answer is a value.
def test_a_role_that_the_login_brings_is_each_clients_own_to_give_up(cluster, pgweir, role):
    cluster.admin("alter role changing set role = 'app'")
    weir = pgweir({"pool": {"default_pool_size": 1}})
    asked = "select current_user, current_setting('role')"

    def play(target):
        answers = []
        with contextlib.ExitStack() as open_peers:
            peers = [open_peers.enter_context(Peer.login(target, dbname=role, user=role))
                     for _ in range(2)]
            ask = lambda: [answers.append(peer.rows(asked)) for peer in peers]
            ask()
            for statement in ("set role none", "reset role", "set role changing", "set role none",
                              "reset all", "set role app", "reset role", "discard all",
                              "begin; set local role none; commit", "set role none"):
                peers[1].query(statement)
                ask()
            fresh = open_peers.enter_context(Peer.login(target, dbname=role, user=role))
            answers.append(fresh.rows(asked))
            own = open_peers.enter_context(
                Peer.login(target, dbname=role, user=role, options="-c role=none"))
            answers.append(own.rows(asked))
            for statement in ("set role app", "reset role", "set role changing", "reset role"):
                own.query(statement)
                answers.append(own.rows(asked))
                ask()
        return answers
    direct, through = play(cluster), play(weir)
    assert through == direct


# A setting of one's own that a database gives can be made empty, or be given at the start.
def test_a_custom_setting_that_the_login_brings_follows_like_any_other(cluster, pgweir, role):
    cluster.admin("alter role changing set mine.tenant = 'default'")
    weir = pgweir({"pool": {"default_pool_size": 1}})
    asked = "select current_setting('mine.tenant', true)"

    def play(target):
        answers = []
        with contextlib.ExitStack() as open_peers:
            peers = [open_peers.enter_context(Peer.login(target, dbname=role, user=role, **given))
                     for given in ({}, {}, {"options": "-c mine.tenant=own"})]
            for statement in ("select 1", "set mine.tenant = ''", "reset mine.tenant",
                              "set mine.tenant = 'other'", "set mine.tenant = 'default'",
                              "reset all", "set mine.tenant = ''", "discard all"):
                for peer in peers[1:]:
                    peer.query(statement)
                answers.append((statement, [peer.rows(asked) for peer in peers]))
        return answers
    through, direct = play(weir), play(cluster)
    assert through == direct


# PostgreSQL looks whether the client may, and leaves it who it is; it was somebody else.
@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_a_session_authorization_at_the_start_is_checked_and_no_more(cluster, pgweir, mode):
    weir = pgweir({"pool": {"default_pool_size": 2, "mode": mode},
                   "databases": {"app": {"host": cluster.host, "port": cluster.port}}})
    asked = "select session_user, current_user, current_setting('is_superuser')"

    def play(target, user, wanted):
        answers = []
        with contextlib.ExitStack() as open_peers:
            try:
                own = open_peers.enter_context(
                    Peer.login(target, user=user, session_authorization=wanted))
            except ServerError as error:
                return [str(error)]
            answers.append({name: own.parameters.get(name)
                            for name in ("session_authorization", "is_superuser")})
            for statement in ("select 1", "set session authorization default",
                              "reset session authorization", "set session authorization app",
                              "discard all", "reset all"):
                told = sorted(m.strings for m in own.query(statement) if m.type == "S")
                answers.append((statement, told, own.rows(asked)))
            other = open_peers.enter_context(Peer.login(target, user=user))
            answers.append(other.rows(asked))
        return answers
    for user, wanted in (("postgres", "app"), ("postgres", "nobody_there"), ("app", "postgres"),
                         ("app", "app"), ("postgres", "postgres"), ("postgres", "app")):
        through, direct = play(weir, user, wanted), play(cluster, user, wanted)
        assert through == direct
