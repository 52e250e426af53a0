"""Physical and logical replication pass through as they go to PostgreSQL directly."""

import glob
import os
import re
import signal
import uuid

import pytest

from support import process, sqlstates, wire
from support.commands import program, start
from support.peer import Peer, ServerError, cancel
from support.replication import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from support.timing import eventually, scaled


def _read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


# --- PostgreSQL's own programs -------------------------------------------------------------------

def _receive_logically(target, cluster, folder):
    """Slot, stream, changes, Ctrl-C, drop, as a user does it; what arrived."""
    slot = "s" + uuid.uuid4().hex[:12]
    output = os.path.join(folder, slot)
    common = ["-d", "app", "--slot", slot]
    cluster.admin("create table if not exists changes (n int primary key, t text)")
    made = run(replication_program(target, "pg_recvlogical", *common, "--create-slot", "-P",
                         "test_decoding"))
    assert made.returncode == 0, made.stderr
    receiver = start(replication_program(target, "pg_recvlogical", *common, "--start", "-f", output,
                              "-o", "include-xids=0", "-F", "1", "-s", "1", "--no-loop"))
    try:
        eventually(lambda: is_active(cluster, slot), 10, "the stream never began")
        for number in range(3):
            cluster.admin("insert into changes values (%s, 'row')", [number])
        cluster.admin("delete from changes")
        eventually(lambda: _read(output).count("DELETE") == 3, 10, "the changes never arrived")
        receiver.send_signal(signal.SIGINT)
        _, said = receiver.communicate(timeout=scaled(10))
        assert receiver.returncode == 0, said
    finally:
        process.end(receiver)
    eventually(lambda: not is_active(cluster, slot), 10, "the slot stays in use")
    dropped = run(replication_program(target, "pg_recvlogical", *common, "--drop-slot"))
    assert dropped.returncode == 0, dropped.stderr
    return _read(output)


def test_pg_recvlogical_receives_what_it_receives_directly(source, pgweir, folder):
    assert (_receive_logically(pgweir(on=source), source, folder)
            == _receive_logically(source, source, folder))


@pytest.mark.parametrize("wal", ["stream", "fetch", "none"])
def test_pg_basebackup_takes_a_backup_that_verifies(source, pgweir, folder, wal):
    weir = pgweir(on=source)
    copy = os.path.join(folder, "copy")
    done = run(replication_program(weir, "pg_basebackup", "-D", copy, "-X", wal, "-c", "fast"))
    assert done.returncode == 0, done.stderr
    without_wal = ["-n"] if wal == "none" else []
    verified = run([program("pg_verifybackup"), *without_wal, copy])
    assert verified.returncode == 0, verified.stderr


def test_pg_receivewal_writes_the_wal_that_the_server_has(source, pgweir, folder):
    weir = pgweir(on=source)
    slot = ["--slot", "s" + uuid.uuid4().hex[:12]]
    assert run(replication_program(weir, "pg_receivewal", *slot, "--create-slot")).returncode == 0
    receiver = start(replication_program(weir, "pg_receivewal", *slot, "-D", folder, "--no-loop", "-s", "1"))
    try:
        eventually(lambda: is_active(source, slot[1]), 10, "the stream never began")
        source.admin("create table if not exists few (t text); insert into few values ('wal')")
        # Not before the insert: at the start of a segment it is the one before ("Backup Control
        # Functions").
        name = source.admin("select pg_walfile_name(pg_current_wal_insert_lsn())")[0][0]
        source.admin("select pg_switch_wal()")
        received = os.path.join(folder, name)
        eventually(lambda: os.path.exists(received), 10,
                   lambda: f"no {name}: {glob.glob(folder + '/*')}")
        receiver.send_signal(signal.SIGINT)
        _, said = receiver.communicate(timeout=scaled(10))
        assert receiver.returncode == 0, said
    finally:
        process.end(receiver)
    with open(received, "rb") as ours, open(f"{source.data}/pg_wal/{name}", "rb") as its:
        assert ours.read() == its.read()
    eventually(lambda: not is_active(source, slot[1]))
    assert run(replication_program(weir, "pg_receivewal", *slot, "--drop-slot")).returncode == 0


SCRIPTS = {
    "database": ["IDENTIFY_SYSTEM", "select current_database(), 1 + 1", "SHOW work_mem",
                 "begin", "create temp table t (n int)", "insert into t values (1), (2)",
                 "table t", "rollback", "table t", "CREATE_REPLICATION_SLOT x_ TEMPORARY LOGICAL "
                 "test_decoding", "copy (select 1) to stdout"],
    "true": ["IDENTIFY_SYSTEM", "select 1", "SHOW work_mem", "TIMELINE_HISTORY 99",
             "nonsense", "CREATE_REPLICATION_SLOT y_ TEMPORARY PHYSICAL RESERVE_WAL",
             "DROP_REPLICATION_SLOT y_"],
}


@pytest.mark.parametrize("replication", SCRIPTS)
def test_psql_sees_what_it_sees_directly(source, pgweir, replication):
    def play(target):
        commands = [word for sql in SCRIPTS[replication] for word in ("-c", sql)]
        done = run([program("psql"), "-X", f"host={target.host} port={target.port} user=app "
                     f"dbname=app replication={replication} options='-c work_mem=3MB'",
                     *commands])
        lsn_free = re.sub(r"\b[0-9A-F]+/[0-9A-F]+\b|\b[0-9A-F]{8}-[0-9A-F]{8}-\d+\b", "LSN",
                          done.stdout + done.stderr)
        return done.returncode, lsn_free
    assert play(pgweir(on=source)) == play(source)


# --- what the connection is ----------------------------------------------------------------------

def _outcome(target, value):
    """What a `replication` value leads to: the fields of the refusal, or the kind of connection."""
    try:
        with Peer.login(target, replication=value) as peer:
            messages = peer.query("IDENTIFY_SYSTEM")
            if messages[0].type == "E":
                return "none"
            return "logical" if messages[1].values[3] else "physical"
    except ServerError as error:
        return {key: error.fields.get(key) for key in "SVCMH"}


VALUES = ["database", "true", "TRUE", "t", "on", "of", "off", "1", "0", "yes", "n", "", "o", "2",
          "DATABASE", "databas", "true "]


def test_the_value_means_what_it_means_to_postgresql(source, pgweir):
    weir = pgweir(on=source)
    seen = {value: _outcome(weir, value) for value in VALUES}
    assert seen == {value: _outcome(source, value) for value in VALUES}
    assert {"none", "logical", "physical"} <= {v for v in seen.values() if isinstance(v, str)}


@pytest.mark.parametrize("replication", ["database", "true"])
def test_the_clients_own_settings_come_with_the_login(source, pgweir, replication):
    weir = pgweir(on=source)
    settings = {"application_name": "standby 1", "DateStyle": "German", "client_encoding": "LATIN1",
                "options": r"-c work_mem=5MB -c search_path=a,\ b -c x.y=\ a\\\'b\	c --statement-timeout=3s"}
    with Peer.login(weir, replication=replication, **settings) as ours, \
            Peer.login(source, replication=replication, **settings) as direct:
        assert ours.parameters == direct.parameters
        assert ours.parameters["application_name"] == "standby 1"
        for name in ("work_mem", "search_path", "x.y", "statement_timeout", "datestyle"):
            assert ours.value(f"SHOW {name}") == direct.value(f"SHOW {name}")


@pytest.mark.parametrize("parameters", [{"work_mem": "much"}, {"no_such_setting": "1"},
                                        {"client_encoding": "XYZ"}])
def test_a_setting_that_postgresql_refuses_is_refused_in_its_words(source, pgweir, parameters):
    weir = pgweir(on=source)
    refusals = []
    for target in (weir, source):
        with pytest.raises(ServerError) as refusal:
            Peer.login(target, replication="true", **parameters)
        refusals.append(refusal.value.fields)
    assert refusals[0] == refusals[1]


def test_who_may_not_replicate_is_told_so_and_nobody_else_suffers(source, pgweir):
    source.admin("do $$begin create role plain login; exception when others then end$$")
    weir = pgweir({"databases": {"app": {"host": source.host, "port": source.port}}}, on=source)
    refusals = []
    for target in (weir, source):
        with pytest.raises(ServerError) as refusal:
            Peer.login(target, user="plain", replication="database")
        refusals.append(refusal.value.fields)
    assert refusals[0] == refusals[1]
    with Peer.login(weir, user="plain") as ordinary:
        assert ordinary.value("select 1") == "1"


def test_physical_replication_needs_an_entry_of_that_name_or_the_star(source, pgweir):
    weir = pgweir({"databases": {"app": source.conninfo()}}, on=source)
    with pytest.raises(ServerError) as refusal:
        Peer.login(weir, dbname="replication", replication="true")
    assert refusal.value.sqlstate == sqlstates.NO_SUCH_DATABASE
    assert "Physical replication" in refusal.value.fields["H"]
    with Peer.login(weir, dbname="app", replication="true") as peer:
        assert peer.rows("IDENTIFY_SYSTEM")[0][3] is None


def test_a_pool_that_only_replicates_keeps_no_minimum(source, pgweir):
    weir = pgweir({"pool": {"min_pool_size": 2}}, on=source)
    with Peer.login(weir, dbname="replication", replication="true"), Peer.login(weir) as ordinary:
        ordinary.query("select 1")
        # So the housekeeping has been there.
        eventually(lambda: weir.metrics().sum("pgweir_pool_servers_open", database="app") == 2)
        assert weir.metrics().sum("pgweir_pool_servers_open", database="replication") == 1, \
            "the stream's own"
        assert not weir.log_lines("server_connect_failed")


# --- COPY BOTH -----------------------------------------------------------------------------------

def _converse(target, slot):
    """A stream that the client ends, and the same connection afterwards; the types in order."""
    with streaming(target, slot) as peer:
        peer.send(status_update())
        change = next_change(peer)
        assert change.startswith("BEGIN")
        peer.send(status_update(), wire.copy_done())
        types = [message.type for message in peer.until("Z") if message.type != "d"]
        peer.send(wire.copy_data(b"late"), wire.copy_done(), wire.query("select 'goes on'"))
        types += [message.type for message in peer.until("Z")]
        peer.send(wire.query("START_REPLICATION SLOT no_such_slot LOGICAL 0/0"))
        types += [message.type for message in peer.until("Z")]
        return types, peer.value("select 'still'")


def test_a_stream_that_the_client_ends_leaves_a_connection_that_works(source, pgweir, slot):
    source.admin("create table if not exists seen (n int); insert into seen values (1)")
    weir = pgweir(on=source)
    ours = _converse(weir, slot)
    eventually(lambda: not is_active(source, slot))
    assert ours == _converse(source, slot)


def test_both_sides_talk_at_once(source, pgweir, slot):
    weir = pgweir(on=source)
    source.admin("create table if not exists seen (n int)")
    with streaming(weir, slot) as peer:
        for number in range(50):
            peer.send(status_update(reply=True))
            source.admin(f"set synchronous_commit = on; insert into seen values ({number})")
            while f"integer]:{number}" not in next_change(peer):
                pass


def test_a_change_larger_than_any_buffer_arrives_whole(source, pgweir, slot):
    weir = pgweir(on=source)
    source.admin("create table if not exists large (t text)")
    with streaming(weir, slot) as peer:
        source.admin("insert into large values (repeat('x', 20000000))")
        while "INSERT" not in (change := next_change(peer)):
            pass
        assert change.count("x") >= 20_000_000


def test_what_is_no_part_of_a_stream_ends_it_as_in_postgresql(source, pgweir, slot):
    weir = pgweir(on=source)
    last_words = []
    for target in (weir, source):
        with streaming(target, slot) as peer:
            peer.send(wire.sync())
            errors = [m for m in peer.until_closed() if m.type == "E"]
            last_words.append([error.fields for error in errors])
        eventually(lambda: not is_active(source, slot))
    assert last_words[0] == last_words[1] != []


def test_the_extended_protocol_is_refused_in_postgresqls_words(source, pgweir):
    weir = pgweir(on=source)
    answers = []
    for target in (weir, source):
        with Peer.login(target, replication="database") as peer:
            peer.send(wire.parse("", "select 1"), wire.bind("", ""), wire.execute(), wire.sync())
            answers.append([(m.type, m.body) for m in peer.until("Z")])
            assert peer.value("select 1") == "1"
    assert answers[0] == answers[1]


def test_a_cancel_request_stops_a_stream_and_a_query(source, pgweir, slot):
    weir = pgweir(on=source)
    with streaming(weir, slot) as peer:
        cancel(weir, peer.pid, peer.key)
        assert [m.sqlstate for m in peer.until("Z") if m.type == "E"] == [
            sqlstates.QUERY_CANCELED]
        peer.send(wire.query("select pg_sleep(60)"))
        eventually(lambda: source.admin("select 1 from pg_stat_activity where wait_event = 'PgSleep'"))
        cancel(weir, peer.pid, peer.key)
        assert [m.sqlstate for m in peer.until("Z") if m.type == "E"] == [
            sqlstates.QUERY_CANCELED]
        assert peer.value("select 'goes on'") == "goes on"
