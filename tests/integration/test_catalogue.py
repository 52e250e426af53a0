"""pgweir reads a database's own functions and views, to know which may change a session: unseen."""

import pytest

from support import wire
from support.cluster import SUPERUSER
from support.peer import Peer
from support.timing import eventually

WORLD = """
create table locked (a int);
create view upon_locked as select a from locked;
create function hides_its_setting() returns void language plpgsql
    as $$ begin perform set_config('hidden.x', 'set', false); end $$;
-- Reading takes a while.
do $$ begin
    for i in 1..2000 loop
        execute format('create function %I(int, text) returns int return length($2)', 'f' || i);
    end loop;
end $$;
"""


@pytest.fixture(name="world", scope="module")
def _world(cluster):
    """A database with a view, and a function that changes a setting which its call does not name."""
    cluster.admin("create database catalogued owner app", dbname="postgres")
    cluster.admin(WORLD, dbname="catalogued")
    yield {"databases": {"app": {"host": cluster.host, "port": cluster.port,
                                 "dbname": "catalogued"}}}
    cluster.admin("drop database catalogued with (force)", dbname="postgres")


def test_a_lock_on_a_table_holds_up_nobody_who_does_not_use_it(cluster, pgweir, world):
    """PostgreSQL locks the tables of a view to show its definition."""
    weir = pgweir(world)
    with cluster.connect(dbname="catalogued", user=SUPERUSER, autocommit=False) as migration:
        migration.execute("lock table locked in access exclusive mode")
        with Peer.login(weir) as peer:
            for _ in range(3):
                assert peer.query("select 1")[-1].type == "Z"


def is_known(weir, peer):
    """Whether the catalogue has been read, so that an innocent statement raises no question."""
    before = weir.metrics().sum("pgweir_session_state_questions_total")
    peer.query("select 1")
    return weir.metrics().sum("pgweir_session_state_questions_total") == before


def test_the_clients_own_statement_timeout_does_not_end_the_reading(pgweir, world):
    weir = pgweir({**world, "pool": {"default_pool_size": 1}})
    with Peer.login(weir) as peer:
        eventually(lambda: is_known(weir, peer))
        peer.query("create table mine (a int); set statement_timeout = 1")
        assert not is_known(weir, peer)
        eventually(lambda: is_known(weir, peer))


@pytest.mark.parametrize("of_owner", [{}, {"session_state": "off"}, {"pool_mode": "session"}],
                         ids=str)
def test_what_another_user_has_changed_is_known_at_once(cluster, pgweir, world, of_owner):
    cluster.admin("drop function if exists comes_late()", dbname="catalogued")
    weir = pgweir({**world, "workers": 1, "pool": {"default_pool_size": 1},
                   "users": {SUPERUSER: of_owner}})
    with Peer.login(weir) as caller, Peer.login(weir) as stranger, \
            Peer.login(weir, user=SUPERUSER) as owner:
        eventually(lambda: is_known(weir, caller))
        owner.query("begin")
        owner.query("/* of a migration */ create function comes_late() returns text language sql"
                    " return set_config('late.x', 'set', false)")
        eventually(lambda: is_known(weir, caller))
        owner.query("commit")
        assert caller.value("select comes_late()") == "set"
        for peer, expected in ((stranger, (None, "")), (caller, ("set",))) * 2:
            assert peer.value("select current_setting('late.x', true)") in expected


def test_who_changes_it_does_not_wait_for_the_reading(pgweir, world):
    weir = pgweir({**world, "workers": 1, "pool": {"default_pool_size": 2}})
    with Peer.login(weir) as peer:
        def is_served_by_another():
            changed = "create table passing (a int); drop table passing; select pg_backend_pid()"
            return peer.value(changed) != peer.value("select pg_backend_pid()")
        eventually(is_served_by_another)


@pytest.mark.concurrent
def test_a_setting_of_a_function_follows_before_every_worker_knows_the_function(pgweir, world):
    question = "select current_setting('hidden.x', true), pg_sleep(0.002)"
    for _ in range(4):
        weir = pgweir({**world, "workers": 2, "pool": {"default_pool_size": 2}})
        # Behind the first login one worker reads the catalogue. The next has a server of its own by
        # then, which was asked for the greeting in this encoding.
        strangers = [Peer.login(weir)]
        peer = Peer.login(weir, client_encoding="LATIN1")
        peer.query("select hides_its_setting()")
        strangers += [Peer.login(weir) for _ in range(3)]
        for _ in range(10):
            for each in (*strangers, peer):
                each.send(wire.query(question))
            seen = [next(m for m in each.until("Z") if m.type == "D").values[0]
                    for each in (*strangers, peer)]
            assert seen.pop() == b"set"
            assert not any(seen)
        for each in (*strangers, peer):
            each.close()
        weir.remove()
