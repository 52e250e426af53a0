"""Drivers and tools on the console: they speak to it as to any PostgreSQL (JDBC: test_jdbc.py)."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import urllib.request

import psycopg
import pytest

from support import commands, process
from support.console import ADMIN, COLUMNS, STATS, USERS
from support.peer import Peer
from support.timing import eventually, scaled

try:
    import asyncpg
except ImportError:
    asyncpg = None
try:
    import psycopg2
except ImportError:
    psycopg2 = None

EXPORTER = "/usr/bin/prometheus-pgbouncer-exporter"


@pytest.fixture(name="weir")
def _weir(pgweir):
    return pgweir(USERS)


@pytest.fixture(name="client")
def _client(weir):
    """A client that has done one query, so that there is something to see."""
    with Peer.login(weir) as peer:
        peer.query("select 1")
        # It is counted when the reply is out.
        eventually(lambda: weir.metrics().sum("queries", database="app") == 1)
        yield peer


@pytest.mark.parametrize("threshold", [None, 0, 2])
@pytest.mark.parametrize("binary", [False, True])
def test_psycopg_speaks_the_extended_protocol_in_both_formats(weir, client, threshold, binary):
    with weir.connect(dbname="pgbouncer", user=ADMIN, prepare_threshold=threshold) as connection:
        for _ in range(4):
            cursor = connection.cursor(binary=binary)
            # Binary results are the extended protocol's.
            pools = cursor.execute("SHOW POOLS", binary=binary).fetchall()
            assert pools[0][:3] == ("app", "app", 1)
            count, = (row[3] for row in cursor.execute("SHOW STATS").fetchall()
                      if row[0] == "app")
            assert count == 1
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            connection.execute("KILL_CLIENT %s", [1])
        assert connection.execute("SHOW VERSION").fetchone()
    assert client.value("select 1") == "1"


def test_psycopg_works_in_its_own_transactions_and_pipelines(weir):
    with weir.connect(dbname="pgbouncer", user=ADMIN, autocommit=False) as connection:
        assert connection.execute("SHOW VERSION").fetchone()
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        with pytest.raises(psycopg.errors.SyntaxError):
            connection.execute("NONSENSE")
        connection.rollback()
        if psycopg.Pipeline.is_supported():
            with connection.pipeline():
                cursors = [connection.execute("SHOW LISTS") for _ in range(10)]
                assert all(len(cursor.fetchall()) == 14 for cursor in cursors)


@pytest.mark.skipif(psycopg2 is None, reason="Debian's python3-psycopg2 is missing")
def test_psycopg2_works(weir, client):
    connection = psycopg2.connect(host=weir.host, port=weir.port, dbname="pgbouncer", user=STATS)
    connection.set_session(autocommit=True)
    cursor = connection.cursor()
    for name, columns in COLUMNS.items():
        cursor.execute(f"SHOW {name};")
        assert [(column.name, column.type_code) for column in cursor.description] == columns
    connection.close()
    assert client.value("select 1") == "1"


@pytest.mark.skipif(asyncpg is None, reason="Debian's python3-asyncpg is missing")
def test_asyncpg_works_with_statements_cursors_and_its_pool(weir, client):
    async def work():
        async with asyncpg.create_pool(host=weir.host, port=weir.port, database="pgweir",
                                       user=ADMIN, min_size=1, max_size=2) as pool:
            for _ in range(3):  # each time the pool resets the session
                async with pool.acquire() as connection:
                    row = await connection.fetchrow("SHOW POOLS")
                    assert (row["database"], row["cl_active"]) == ("app", 1)
                    assert (await connection.fetchrow("SHOW STATS"))["total_query_count"] == 1
                    statement = await connection.prepare("SHOW LISTS")
                    async with connection.transaction():
                        rows = [row async for row in statement.cursor(prefetch=5)]
                    assert len(rows) == 14
                    assert await connection.execute("RECONNECT") == "RECONNECT"
                    with pytest.raises(asyncpg.PostgresSyntaxError):
                        await connection.fetch("NONSENSE")
    asyncio.run(asyncio.wait_for(work(), scaled(30)))
    assert client.value("select 1") == "1"


@pytest.mark.skipif(not os.path.exists(EXPORTER),
                    reason="Debian's prometheus-pgbouncer-exporter is missing")
def test_debians_exporter_for_pgbouncer_finds_every_metric(weir, client):
    told = subprocess.run([EXPORTER, "--help"], capture_output=True, text=True, check=False)
    if "--pgbouncer-host" not in told.stdout + told.stderr:
        pytest.skip("from Debian 13 on this is another program, which asks otherwise")
    port = process.free_port()
    exporter = commands.start(
        [EXPORTER, "--host", "127.0.0.1", "--port", str(port), "--pgbouncer-host", weir.host,
         "--pgbouncer-port", str(weir.port), "--pgbouncer-user", STATS])
    try:
        def scrape():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                return answer.read().decode()
        text = eventually(scrape, 20)
        assert len(re.findall(r"^pgbouncer_\w+", scrape(), re.MULTILINE)) == len(
            re.findall(r"^pgbouncer_\w+", text, re.MULTILINE))
    finally:
        exporter.send_signal(signal.SIGINT)
        output, errors = exporter.communicate(timeout=scaled(20))
    values = dict(re.findall(r"^(pgbouncer_\S+) (\S+)$", text, re.MULTILINE))
    assert {re.match(r"pgbouncer_(\w+)", name).group(1) for name in values} == {
        "requests_total", "received_bytes_total", "sent_bytes_total", "query_microseconds_total",
        "active_clients", "waiting_clients", "pool_size", "reserve_pool", "databases", "users",
        "pools", "free_clients", "used_clients", "login_clients", "free_servers", "used_servers",
        "dns_names", "dns_zones", "dns_queries", "dns_pending"}
    assert values['pgbouncer_requests_total{database="app"}'] == "1.0"
    assert values['pgbouncer_active_clients{database="app",user="app"}'] == "1.0"
    assert "Traceback" not in output + errors
    assert client.value("select 1") == "1"


@pytest.mark.skipif(shutil.which("psql") is None, reason="psql is missing")
def test_psql_is_told_its_errors_and_gets_its_tables(weir):
    done = commands.psql(weir, "-At", "-c", "show lists", dbname="pgbouncer", user=ADMIN)
    assert done.returncode == 0 and "used_clients|1" in done.stdout, done
    done = commands.psql(weir, "-c", "pause nosuch1", dbname="pgbouncer", user=STATS)
    assert done.returncode == 1 and "only an admin may say PAUSE" in done.stderr
    assert "WARNING" not in done.stderr
