"""While the server refuses pgweir's logins, who waits for a connection is told why at once."""

import threading
import time

import pytest

from support import wire
from support.peer import Closed, Peer, ServerError
from support.timing import eventually, scaled

# Far below the five seconds for which a restart of the server is waited out.
_AT_ONCE = 2


def _weir(pgweir, cluster, password, **changes):
    entry = {"host": cluster.host, "port": cluster.port, "dbname": "app", "user": "app"}
    if password is not None:
        entry["password"] = password
    return pgweir({"databases": {"app": entry}, "timeouts": {"query_wait_timeout": "20s"},
                   **changes}, on=cluster)


def _ask(weir):
    """Log in and ask something; an error of either is a ServerError."""
    with Peer.login(weir, timeout=15) as client:
        client.send(wire.query("select 1"))
        answer = client.until("Z", "E")[-1]
        if answer.type == "E":
            raise ServerError(answer)


def _is_served(weir):
    try:
        _ask(weir)
        return True
    except ServerError:
        return False


def _refusal(weir):
    """What who asks is told, which must be soon."""
    began = time.monotonic()
    with pytest.raises(ServerError) as refused:
        _ask(weir)
    assert time.monotonic() - began < scaled(_AT_ONCE)
    return refused.value.fields


# They waited for query_wait_timeout, and then heard of that.
@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_the_servers_words_are_told_while_another_connection_is_busy(guarded, pgweir, mode):
    guarded.admin("alter role app password 'old'")
    weir = _weir(pgweir, guarded, "old", pool={"mode": mode, "default_pool_size": 3})
    with Peer.login(weir) as busy:
        busy.query("begin")
        guarded.admin("alter role app password 'new'")
        for _ in range(3):
            fields = _refusal(weir)
            assert (fields["S"], fields["C"]) == ("FATAL", "28P01")
            assert fields["M"] == 'password authentication failed for user "app"'
        assert busy.value("select 1") == "1"
        guarded.admin("alter role app password 'old'")
        eventually(lambda: _is_served(weir))


# A verifier is no password, and trust brings none: they waited for five seconds.
@pytest.mark.parametrize("busy_too", [False, True], ids=["none is there", "one is busy"])
def test_that_the_secret_is_not_what_the_server_wants_is_told(guarded, pgweir, busy_too):
    guarded.admin("alter role app password 'old'")
    verifier = guarded.admin("select rolpassword from pg_authid where rolname = 'app'")[0][0]
    weir = _weir(pgweir, guarded, "old" if busy_too else None,
                 users={"app": {"password": verifier}})
    busy = None
    if busy_too:
        busy = Peer.login(weir)
        busy.query("begin")
        weir.reload({**weir.config, "databases": {"app": {
            key: value for key, value in weir.config["databases"]["app"].items()
            if key != "password"}}})
    fields = _refusal(weir)
    assert (fields["C"], fields["M"]) == ("28P01", "server login failed: wrong password type")
    if busy is not None:
        busy.close()


def _problems_of(count, weir, ask):
    """What `count` clients that ask at once were refused with."""
    problems = []

    def client():
        try:
            with Peer.login(weir) as peer:
                ask(peer)
        except (ServerError, Closed) as error:
            problems.append(str(error))
    threads = [threading.Thread(target=client) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return problems


@pytest.mark.parametrize("count, sql, times", [(4, "select 1", 200), (12, "select pg_sleep(0.1)", 1)])
def test_who_can_have_a_connection_that_is_there_is_not_refused(guarded, pgweir, count, sql, times):
    def ask(peer):
        for _ in range(times):
            assert len(peer.rows(sql)) == 1
    guarded.admin("alter role app password 'old'")
    weir = _weir(pgweir, guarded, "old", pool={"default_pool_size": 4})
    with Peer.login(weir) as first, Peer.login(weir) as second:
        for peer in (first, second):
            peer.query("begin")
        for peer in (first, second):
            peer.query("commit")
        guarded.admin("alter role app password 'new'")
        assert not _problems_of(count, weir, ask)
    assert weir.log_lines("password authentication failed")
    guarded.admin("alter role app password 'old'")


def test_a_refusal_that_passes_is_waited_for(own_cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 2}}, on=own_cluster)
    with Peer.login(weir) as busy, Peer.login(weir) as waiting:
        busy.query("begin")
        own_cluster.admin("alter database app allow_connections false", dbname="postgres")
        waiting.send(wire.query("select 'served'"))
        eventually(lambda: weir.log_lines("not currently accepting connections"), 10, weir.log)
        own_cluster.admin("alter database app allow_connections true", dbname="postgres")
        assert any(m.type == "D" and m.values == [b"served"] for m in waiting.until("Z"))


# Only RECONNECT ended it; an operator who has put the password right reloads.
def test_a_reload_ends_what_is_remembered_of_a_refusal(guarded, pgweir):
    guarded.admin("alter role app password 'right'")
    weir = _weir(pgweir, guarded, "wrong",
                 timeouts={"server_login_retry": "60s", "query_wait_timeout": "20s"})
    assert _refusal(weir)["C"] == "28P01"
    guarded.admin("alter role app password 'wrong'")
    weir.reload()
    eventually(lambda: weir.log_lines(" reloaded "), 10, weir.log)
    _ask(weir)


# Each client that waited tried it anew.
def test_of_a_refused_login_one_attempt_is_made_however_many_wait(guarded, pgweir):
    guarded.admin("alter role app password 'right'")
    weir = _weir(pgweir, guarded, "wrong", workers=2, pool={"default_pool_size": 1})
    since = len(guarded.log())
    peers = [Peer((weir.host, weir.port)) for _ in range(6)]
    for peer in peers:
        peer.send(wire.startup({"user": "app", "database": "app"}))
    for peer in peers:
        assert peer.until("E")[-1].fields["C"] == "28P01"
        peer.close()
    assert guarded.log()[since:].count("password authentication failed") == 1
