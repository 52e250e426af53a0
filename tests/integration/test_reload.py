"""SIGHUP: a good file is applied without dropping a client, a broken one changes nothing."""

import asyncio
import copy
import subprocess

import pytest

from support import sqlstates, wire
from support.async_peer import AsyncPeer
from support.peer import Peer, ServerError
from support.pgweir import BINARY
from support.timing import eventually


def _changed(weir, **sections):
    from support.pgweir import merged

    return merged(copy.deepcopy(weir.config), sections)


def test_a_new_limit_holds_at_once_and_nobody_is_dropped(pgweir):
    weir = pgweir()
    with Peer.login(weir) as before:
        before.query("begin")
        weir.reload(_changed(weir, limits={"max_client_conn": 2}))

        def limited():
            try:
                peers = [Peer.login(weir) for _ in range(2)]
            except ServerError as error:
                return error.sqlstate == sqlstates.TOO_MANY_CONNECTIONS
            for peer in peers:
                peer.close()
            return False
        eventually(limited, 15, "the new limit does not hold")
        assert before.query("commit")[-1].status == "I"


def test_a_new_database_appears_and_an_old_one_goes(cluster, pgweir):
    weir = pgweir({"databases": {"app": cluster.conninfo(), "old": cluster.conninfo()}})
    with Peer.login(weir, dbname="old") as peer, Peer.login(weir) as other:
        assert peer.value("select 1") == "1"
        weir.reload(_changed(weir, databases={"app": cluster.conninfo(),
                                              "new": cluster.conninfo()}))
        eventually(lambda: _login_error(weir, "new") is None, 15, "no new database")
        assert _login_error(weir, "old") == sqlstates.NO_SUCH_DATABASE
        assert other.value("select 'not dropped'") == "not dropped"


def _login_error(weir, dbname):
    try:
        Peer.login(weir, dbname=dbname).close()
        return None
    except ServerError as error:
        return error.sqlstate


def test_a_changed_pool_size_is_followed_both_ways(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    peers = [Peer.login(weir) for _ in range(6)]

    def servers():
        for peer in peers:
            peer.send(wire.query("select pg_sleep(0.1), pg_backend_pid()"))
        rows = [next(m for m in peer.until("Z") if m.type == "D") for peer in peers]
        return len({row.values[1] for row in rows})
    assert servers() == 1
    weir.reload(_changed(weir, pool={"default_pool_size": 3}))
    eventually(lambda: servers() == 3, 20, "not more servers")
    weir.reload(_changed(weir, pool={"default_pool_size": 2}))
    eventually(lambda: servers() == 2, 20, "not fewer servers")
    eventually(lambda: len(weir.servers()) <= 2, 15)
    for peer in peers:
        peer.close()


def test_servers_of_a_changed_connection_are_replaced(cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as peer:
        assert peer.value("show statement_timeout") == "0"
        weir.reload(_changed(weir, databases={
            "app": cluster.keywords(options="-c statement_timeout=77s")}))
        eventually(lambda: peer.value("show statement_timeout") == "77s", 15, "still the old one")


@pytest.mark.parametrize("broken", [
    "listen: [", "no_such_section: 1\n", "pool: {mode: nonsense}\n", "", "databases: 7\n",
    "pool: {default_pool_size: -1}\ndatabases: {}\n"])
def test_a_broken_file_changes_nothing_and_is_reported(pgweir, broken):
    weir = pgweir()
    good = copy.deepcopy(weir.config)
    with Peer.login(weir) as peer:
        peer.query("begin")
        weir.reload(broken)
        eventually(lambda: weir.log_lines("pgweir.yaml"), 10, "the problem is not reported")
        assert peer.query("commit")[-1].status == "I"
        assert _login_error(weir, "app") is None
        weir.reload(_merge(good, {"limits": {"max_client_conn": 1}}))
        eventually(lambda: _login_error(weir, "app") == sqlstates.TOO_MANY_CONNECTIONS, 15,
                   "a good file after a broken one is not applied")


def _merge(config, changes):
    from support.pgweir import merged

    return merged(config, changes)


@pytest.mark.concurrent
def test_reloads_under_load_disturb_nobody(cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 3}})
    good = copy.deepcopy(weir.config)
    stop = False

    async def client(number):
        peer = await AsyncPeer.login(weir)
        count = 0
        while not stop:
            assert await peer.value(f"select '{number}'") == str(number)
            count += 1
        await peer.close()
        return count

    async def reloads():
        nonlocal stop
        for i in range(12):
            if i % 3 == 2:
                weir.reload("pool: {mode: nonsense}\n")
            else:
                weir.reload(_merge(good, {"pool": {"default_pool_size": 2 + i % 3},
                                          "databases": {"app": cluster.keywords(
                                              connect_timeout=5 + i)}}))
            await asyncio.sleep(0.15)
        stop = True

    async def all_of_it():
        return await asyncio.gather(reloads(), *(client(number) for number in range(20)))
    counts = asyncio.run(all_of_it())[1:]
    assert all(counts), "somebody got nothing done"


@pytest.mark.parametrize("text, hint", [
    ("pool: {defualt_pool_size: 3}\ndatabases: {app: 'host=x'}\n", "default_pool_size"),
    ("pool: {default_pool_size: many}\nlimits: {max_client_conn: -3}\ndatabases: {app: 'host=x'}\n",
     "max_client_conn"),
])
def test_problems_of_a_file_are_told_with_their_place_and_nothing_starts(tmp_path, text, hint):
    from support.fixtures import require_binary

    require_binary()
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    for command in ([BINARY, "--check", str(path)], [BINARY, str(path)]):
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert result.returncode == 2, result
        said = result.stdout + result.stderr
        assert f"{path}:1:" in said and hint in said, said


def test_check_finds_a_good_file_good(pgweir):
    weir = pgweir()
    result = subprocess.run([BINARY, "--check", weir.config_path], capture_output=True, text=True,
                            timeout=60, check=False)
    assert result.returncode == 0, result
    missing = subprocess.run([BINARY, weir.config_path + ".none"], capture_output=True, text=True,
                             timeout=60, check=False)
    assert missing.returncode == 2 and "none" in missing.stdout + missing.stderr
