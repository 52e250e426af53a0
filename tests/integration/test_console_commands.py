"""What an operator can do by the console: who may, and what becomes of clients and servers."""

import contextlib
import re
import threading

import psycopg
import pytest

from support import sqlstates, wire
from support.commands import pgbench
from support.console import ADMIN, STATS, USERS, Console
from support.peer import Closed, Peer, ServerError, cancel
from support.pgweir import merged
from support.timing import eventually

NOT_NOW = "55000"
NOT_ALLOWED = "42501"

# Each command that changes something, as PgBouncer has it, and how it ends while nothing is paused
# and while all is.
COMMANDS = {
    "PAUSE": (None, NOT_NOW), "PAUSE app": (None, NOT_NOW),
    "RESUME": (NOT_NOW, None), "RESUME app": (NOT_NOW, NOT_NOW),
    "DISABLE app": (None, None), "ENABLE app": (None, None),
    "RECONNECT": (None, None), "RECONNECT app": (None, None),
    "KILL": (None, None), "KILL app": (None, None),
    "KILL_CLIENT 999999": ("08P01", "08P01"),
    "WAIT_CLOSE": (None, None), "WAIT_CLOSE app": (None, None),
    "RELOAD": (None, None), "SET query_timeout = 0": (None, None),
    "SUSPEND": (None, NOT_NOW),
}


@pytest.fixture(name="weir")
def _weir(pgweir):
    return pgweir({**USERS, "pool": {"default_pool_size": 2}})


@contextlib.contextmanager
def in_background(console, command):
    """Says a command that may wait, on a thread of its own; gives a list that gets its end."""
    ends = []
    thread = threading.Thread(target=lambda: ends.append(console.refusal(command)))
    thread.start()
    yield ends
    thread.join(30)
    assert not thread.is_alive(), f"{command} never came to an end"


# --- who may --------------------------------------------------------------------------------------


@pytest.mark.parametrize("paused", [False, True])
def test_each_command_by_role_and_state(pgweir, paused):
    weir = pgweir(USERS)
    with Console(weir) as console, Console(weir, user=STATS) as watcher:
        details = []
        console.connection.add_notice_handler(lambda notice: details.append(notice.message_detail))
        console.say("SHOW HELP")
        words = set(re.findall(r"\n\t([A-Z_]+)", details[0])) - {"SHOW"}
        assert words == {command.split()[0] for command in COMMANDS} | {"SHUTDOWN"}
        for command, ends in COMMANDS.items():
            for undo in ("RESUME", "RESUME app", "ENABLE app"):
                console.refusal(undo)
            if paused:
                assert console.say("PAUSE") == "PAUSE"
            assert watcher.refusal(command) == NOT_ALLOWED, command
            assert console.refusal(command) == ends[paused], command
        assert watcher.refusal("SHUTDOWN") == NOT_ALLOWED
        assert watcher.rows("SHOW CONFIG")


@pytest.mark.parametrize("command", ["PAUSE", "DISABLE", "RECONNECT", "KILL", "WAIT_CLOSE"])
def test_an_unknown_database_is_told(cluster, pgweir, command):
    weir = pgweir({**USERS, "databases": {"app": cluster.conninfo()}})
    with Console(weir) as console:
        assert console.refusal(f"{command} nosuch") == sqlstates.PROTOCOL_VIOLATION
        assert console.refusal(f"{command} pgbouncer") == NOT_NOW


# --- PAUSE ----------------------------------------------------------------------------------------


def test_pause_waits_for_transactions_and_resume_goes_on(weir):
    with Peer.login(weir) as inside, Peer.login(weir) as outside, Console(weir) as console, \
            Console(weir) as other:
        inside.query("begin")
        outside.query("select 1")
        with in_background(console, "PAUSE app") as ends:
            eventually(lambda: other.row("SHOW DATABASES", name="app")["paused"] == 1)
            outside.send(wire.query("select 'held'"))
            eventually(lambda: other.row("SHOW POOLS", database="app")["cl_waiting"] == 1)
            waiting = [row for row in other.rows("SHOW CLIENTS") if row["state"] == "waiting"]
            assert waiting[0]["waits_for"] == "RESUME"
            assert inside.value("select 'goes on'") == "goes on"
            assert not ends
            inside.query("commit")
        assert ends == [None]
        assert not weir.servers()
        assert other.say("RESUME app") == "RESUME"
        assert next(m for m in outside.until("Z") if m.type == "D").values == [b"held"]


@contextlib.contextmanager
def under_load(cluster, weir):
    """pgbench with 8 clients; gives whether it still runs. In the end none of its 800 transactions
    has been lost."""
    cluster.admin("drop table if exists load")
    cluster.admin("create table load (n int)")
    cluster.admin("grant all on load to public")
    results = []

    def load():
        results.append(pgbench(weir, "-n", "-c", "8", "-t", "100", "-f", script))
    script = f"{weir.folder}/load.sql"
    with open(script, "w", encoding="utf-8") as file:
        file.write("begin;\ninsert into load values (1);\nselect pg_sleep(0.001);\ncommit;\n")
    thread = threading.Thread(target=load)
    thread.start()
    try:
        yield thread.is_alive
    finally:
        thread.join(120)
    assert results[0].returncode == 0, results[0].stderr
    with cluster.connect() as direct:
        assert direct.execute("select count(*) from load").fetchone() == (800,)


@pytest.mark.concurrent
def test_pause_under_pgbench_lets_all_end_and_loses_nothing(cluster, weir):
    with Console(weir) as console, under_load(cluster, weir) as runs:
        rounds = 0
        eventually(lambda: console.row("SHOW POOLS", database="app")["sv_active"] > 0)
        while runs() and rounds < 5:
            assert console.say("PAUSE") == "PAUSE"
            # A backend whose client is gone takes a moment to end.
            eventually(lambda: not weir.servers(), 10, "a server is there though all is paused")
            assert console.row("SHOW STATE", key="paused")["value"] == "yes"
            assert console.say("RESUME") == "RESUME"
            rounds += 1
        assert rounds > 0


@pytest.mark.parametrize("commands", [("RECONNECT",), ("DISABLE app", "ENABLE app")], ids=" ".join)
def test_pgbench_notices_nothing_of(cluster, weir, commands):
    with Console(weir) as console, under_load(cluster, weir) as runs:
        # DISABLE keeps out who comes: all have to be there.
        eventually(lambda: weir.metrics().sum("clients", database="app") == 8)
        before = {row["remote_pid"] for row in console.rows("SHOW SERVERS")}
        rounds = 0
        while runs() and rounds < 20:
            for command in commands:
                assert console.say(command) == command.split()[0]
            rounds += 1
        assert rounds > 0
        if commands == ("RECONNECT",):
            assert console.say("WAIT_CLOSE") == "WAIT_CLOSE"
            assert before.isdisjoint(row["remote_pid"] for row in console.rows("SHOW SERVERS"))


def test_kill_client_under_pgbench_costs_nobody_else_a_transaction(cluster, weir):
    with Peer.login(weir, application_name="bad") as bad, Console(weir) as console, \
            under_load(cluster, weir):
        number = console.row("SHOW CLIENTS", application_name="bad")["id"]
        assert console.say(f"KILL_CLIENT {number}") == "KILL_CLIENT"
        assert _last_word(bad) == sqlstates.SHUTTING_DOWN


def test_a_pause_that_is_cancelled_is_taken_back(weir):
    with Peer.login(weir) as inside, Console(weir) as console, Console(weir) as other:
        inside.query("begin")
        with in_background(console, "PAUSE") as ends:
            eventually(lambda: other.row("SHOW STATE", key="paused")["value"] == "yes")
            console.connection.cancel()
        assert ends == [sqlstates.QUERY_CANCELED]
        assert other.row("SHOW STATE", key="paused")["value"] == "no"
        with Peer.login(weir, dbname="pgweir", user=ADMIN) as gone:
            gone.send(wire.query("PAUSE"))
            eventually(lambda: other.row("SHOW STATE", key="paused")["value"] == "yes")
        eventually(lambda: other.row("SHOW STATE", key="paused")["value"] == "no")
        assert inside.query("commit")[-1].status == "I"


def test_resume_ends_a_pause_that_still_waits(weir):
    with Peer.login(weir) as inside, Console(weir) as console, Console(weir) as other:
        inside.query("begin")
        with in_background(console, "PAUSE") as ends:
            eventually(lambda: other.refusal("RESUME") is None)
        assert ends == [NOT_NOW]
        assert inside.query("commit")[-1].status == "I"


def test_a_new_client_of_a_paused_database_waits_to_come_in(weir):
    with Console(weir) as console:
        console.say("PAUSE app")
        with Peer((weir.host, weir.port)) as late:
            late.send(wire.startup({"user": "app", "database": "app"}))
            eventually(lambda: console.row("SHOW POOLS", database="app")["cl_waiting"] == 1)
            console.say("RESUME app")
            late.until("Z")
            assert late.value("select 1") == "1"


def test_the_signals_pause_and_resume(weir):
    import signal

    with Peer.login(weir) as client, Console(weir) as console:
        client.query("select 1")
        weir.signal(signal.SIGUSR1)
        eventually(lambda: console.row("SHOW STATE", key="paused")["value"] == "yes")
        eventually(lambda: not weir.servers())
        weir.signal(signal.SIGUSR2)
        eventually(lambda: console.row("SHOW STATE", key="active")["value"] == "yes")
        assert client.value("select 1") == "1"


# --- RECONNECT, KILL, DISABLE ---------------------------------------------------------------------


def test_reconnect_replaces_servers_when_they_are_free(weir):
    with Peer.login(weir) as inside, Peer.login(weir) as outside, Console(weir) as console, \
            Console(weir) as other:
        inside.query("begin")
        kept = inside.value("select pg_backend_pid()")
        before = outside.value("select pg_backend_pid()")
        console.say("RECONNECT app")
        assert outside.value("select pg_backend_pid()") != before
        with in_background(console, "WAIT_CLOSE app") as ends:
            row = other.row("SHOW SERVERS", state="active")
            assert (str(row["remote_pid"]), row["close_needed"]) == (kept, 1)
            assert inside.value("select pg_backend_pid()") == kept and not ends
            inside.query("commit")
        assert ends == [None]
        assert inside.value("select pg_backend_pid()") != kept


def _last_word(peer):
    errors = [m for m in peer.until_closed() if m.type == "E"]
    return errors[-1].fields["C"] if errors else None


def test_kill_cuts_all_off_and_new_ones_wait_for_resume(weir):
    with Peer.login(weir) as busy, Peer.login(weir) as idle, Console(weir) as console:
        busy.send(wire.query("select pg_sleep(60)"))
        eventually(lambda: console.row("SHOW POOLS", database="app")["sv_active"] == 1)
        assert console.say("KILL app") == "KILL"
        assert _last_word(busy) == _last_word(idle) == sqlstates.SHUTTING_DOWN
        eventually(lambda: console.row("SHOW LISTS", list="used_servers")["items"] == 0)
        assert weir.metrics().sum("client_closes", reason="killed") == 2
        with Peer((weir.host, weir.port)) as late:
            late.send(wire.startup({"user": "app", "database": "app"}))
            eventually(lambda: console.row("SHOW POOLS", database="app")["cl_waiting"] == 1)
            console.say("RESUME app")
            late.until("Z")


def test_kill_client_cuts_off_one(weir):
    with Peer.login(weir, application_name="bad") as bad, Peer.login(weir) as good, \
            Console(weir) as console:
        bad.query("begin")
        number = console.row("SHOW CLIENTS", application_name="bad")["id"]
        assert console.say(f"KILL_CLIENT {number}") == "KILL_CLIENT"
        assert _last_word(bad) == sqlstates.SHUTTING_DOWN
        assert good.value("select 1") == "1"
        assert console.refusal(f"KILL_CLIENT {number}") == "08P01"


def test_disable_lets_nobody_in_and_keeps_who_is_there(weir):
    with Peer.login(weir) as there, Console(weir) as console:
        console.say("DISABLE app")
        with pytest.raises(ServerError) as refused:
            Peer.login(weir)
        assert refused.value.sqlstate == sqlstates.CANNOT_CONNECT_NOW
        assert console.row("SHOW DATABASES", name="app")["disabled"] == 1
        assert there.value("select 1") == "1"
        console.say("ENABLE app")
        Peer.login(weir).close()


def test_every_command_works_while_the_server_is_down(own_cluster, pgweir):
    weir = pgweir({**USERS, "pool": {"default_pool_size": 2}})
    with Peer.login(weir) as client, Console(weir) as console:
        client.query("select 1")
        eventually(lambda: console.row("SHOW POOLS", database="app")["sv_idle"] == 1)
        own_cluster.stop()
        eventually(lambda: console.row("SHOW LISTS", list="used_servers")["items"] == 0)
        for command in ("RECONNECT app", "WAIT_CLOSE app", "DISABLE app", "ENABLE app", "PAUSE app"):
            assert console.say(command) == command.split()[0]
        client.send(wire.query("select 'survives'"))
        eventually(lambda: console.row("SHOW POOLS", database="app")["cl_waiting"] == 1)
        own_cluster.start()
        console.say("RESUME app")
        assert next(m for m in client.until("Z") if m.type == "D").values == [b"survives"]
        own_cluster.stop()
        assert console.say("KILL app") == "KILL"
        with contextlib.suppress(Closed, OSError):
            client.until_closed()
        own_cluster.start()
        console.say("RESUME app")
        with Peer.login(weir) as again:
            assert again.value("select 1") == "1"


# --- RELOAD, SET ----------------------------------------------------------------------------------


def test_reload_tells_each_change_and_what_needs_a_restart(weir):
    with Console(weir) as console:
        weir.write_config(merged(weir.config, {"pool": {"default_pool_size": 5}, "workers": 1}))
        assert console.say("RELOAD") == "RELOAD"
        assert console.notices == ["pool.default_pool_size: 2 -> 5",
                                   "workers: 2 -> 1 (needs a restart)"]
        assert console.row("SHOW DATABASES", name="app")["pool_size"] == 5


def test_reload_tells_each_problem_with_its_place_and_changes_nothing(weir):
    with Console(weir) as console:
        weir.write_config("pool: {mode: nonsense}\nlimits: {max_client_conn: -1}\n"
                          "databases: {app: 'host=x'}\n")
        with pytest.raises(psycopg.Error) as refused:
            console.say("RELOAD")
        assert refused.value.sqlstate == "F0000"
        detail = refused.value.diag.message_detail
        assert "pgweir.yaml:1:14:" in detail and "pgweir.yaml:2:27:" in detail, detail
        assert console.row("SHOW CONFIG", key="pool_mode")["value"] == "transaction"


@pytest.mark.concurrent
def test_a_hundred_reloads_under_load_disturb_nobody(weir):
    good = weir.config
    stop = threading.Event()
    failures = []

    def client():
        try:
            with Peer.login(weir) as peer:
                while not stop.is_set():
                    assert peer.value("select 1") == "1"
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)
    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    with Console(weir) as console:
        for i in range(100):
            size = 1 + i % 5
            if i % 10 == 9:
                weir.write_config("pool: {mode: nonsense}\n")
                assert console.refusal("RELOAD") == "F0000"
                continue
            weir.write_config(merged(good, {"pool": {"default_pool_size": size}}))
            assert console.say("RELOAD") == "RELOAD"
            assert console.row("SHOW DATABASES", name="app")["pool_size"] == size
    stop.set()
    for thread in threads:
        thread.join(30)
    assert not failures


def test_set_changes_an_option_until_the_next_reload(weir):
    with Console(weir) as console, Peer.login(weir) as client:
        assert console.say("SET query_timeout = '200ms'") == "SET"
        assert console.notices == ["timeouts.query_timeout: 0 -> 200ms"]
        messages = client.query("select pg_sleep(30)")
        assert messages[0].type == "T" and messages[-2].fields["C"] == sqlstates.QUERY_CANCELED
        console.say("RELOAD")
        assert console.row("SHOW CONFIG", key="query_timeout")["value"] == "0"


@pytest.mark.parametrize("command, sqlstate", [
    ("SET max_client_con = 5", "42704"), ("SET max_client_conn = many", "22023"),
    ("SET workers = 3", "55P02"), ("SET auth_type = trust", "42501"),
    ("SET admin_users = me", "42501")])
def test_set_refuses_what_cannot_be_set(weir, command, sqlstate):
    with Console(weir) as console:
        assert console.refusal(command) == sqlstate


# --- SHUTDOWN -------------------------------------------------------------------------------------


def test_shutdown_wait_for_servers_lets_work_end(weir):
    with Peer.login(weir) as inside, Console(weir) as console:
        inside.query("begin")
        assert console.say("SHUTDOWN WAIT_FOR_SERVERS") == "SHUTDOWN"
        eventually(lambda: weir.log_lines("draining"))
        assert inside.value("select 'goes on'") == "goes on"
        inside.query("commit")
        assert weir.wait() == 0
    weir.stop()


def test_shutdown_wait_for_clients_sends_nobody_away(weir):
    with Peer.login(weir) as client, Console(weir) as console:
        assert console.say("SHUTDOWN WAIT_FOR_CLIENTS") == "SHUTDOWN"
        eventually(lambda: weir.log_lines("leaving"))
        with pytest.raises(OSError):
            Peer.login(weir)
        assert client.value("select 1") == "1"
        assert console.rows("SHOW STATE")
        assert weir.process.poll() is None
        client.close()
        assert weir.wait() == 0
    weir.stop()


def test_shutdown_is_at_once(weir):
    with Peer.login(weir) as inside, Console(weir) as console:
        inside.query("begin")
        assert console.say("SHUTDOWN") == "SHUTDOWN"
        assert _last_word(inside) == sqlstates.SHUTTING_DOWN
        weir.wait(10)
    weir.stop()
