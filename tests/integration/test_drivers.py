"""Python's drivers, each in its own style of protocol."""

import asyncio
import io

import asyncpg
import psycopg
import psycopg2
import pytest

from support.timing import sized

MODES = pytest.mark.parametrize("mode", ["session", "transaction"])


@MODES
def test_psycopg_reads_writes_and_reports_errors(pgweir, mode):
    weir = pgweir({"pool": {"mode": mode}})
    with weir.connect() as connection:
        assert connection.execute("select %s::int + 1, %s::text", (41, "ä")).fetchone() == (42, "ä")
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("select 1/0")
        with connection.transaction():
            connection.execute("create temp table t (a int, b text) on commit drop")
            with connection.cursor() as cursor:
                cursor.executemany("insert into t values (%s, %s)", [(i, "x") for i in range(50)])
                with cursor.copy("copy t from stdin") as copy:
                    for i in range(1000):
                        copy.write_row((i, None))
                with cursor.copy("copy t to stdout") as copy:
                    assert len(list(copy.rows())) == 1050
            try:
                with connection.transaction():
                    connection.execute("insert into t values ('x')")
            except psycopg.errors.InvalidTextRepresentation:
                pass
            assert connection.execute("select count(*) from t").fetchone() == (1050,)


@MODES
def test_psycopg_in_pipeline_mode(pgweir, mode):
    weir = pgweir({"pool": {"mode": mode, "default_pool_size": 2}})
    with weir.connect() as connection:
        with connection.pipeline():
            cursors = [connection.execute("select %s::int", (i,)) for i in range(500)]
            assert [cursor.fetchone()[0] for cursor in cursors] == list(range(500))
        with pytest.raises(psycopg.errors.DivisionByZero):
            with connection.pipeline() as pipeline:
                connection.execute("select 1")
                connection.execute("select 1/0")
                pipeline.sync()
        assert connection.execute("select 'well'").fetchone() == ("well",)


@MODES
def test_psycopg_binary_results_and_server_side_cursors(pgweir, mode):
    weir = pgweir({"pool": {"mode": mode}})
    with weir.connect(autocommit=False) as connection:
        with connection.cursor(binary=True) as cursor:
            row = cursor.execute("select 7, 1.5::float8, '\\x00ff'::bytea, null, '{1,2}'::int[]")
            assert row.fetchone() == (7, 1.5, b"\x00\xff", None, [1, 2])
        with connection.cursor(name="named") as cursor:
            cursor.itersize = 10
            cursor.execute("select generate_series(1, 95)")
            assert sum(row[0] for row in cursor) == 95 * 96 // 2


def test_psycopg_prepares_statements_in_session_mode(pgweir):
    weir = pgweir({"pool": {"mode": "session"}})
    with weir.connect(prepare_threshold=1) as connection:
        for i in range(20):
            assert connection.execute("select %s::int * 2", (i,)).fetchone() == (2 * i,)
        found = connection.execute("select count(*) from pg_prepared_statements").fetchone()
        assert found[0] >= 1


@MODES
def test_psycopg2_reads_writes_and_copies(pgweir, mode):
    weir = pgweir({"pool": {"mode": mode}})
    connection = psycopg2.connect(weir.conninfo())
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("create temp table t (a int) on commit drop")
            cursor.copy_expert("copy t from stdin", io.StringIO("1\n2\n3\n"))
            cursor.execute("select sum(a), %s from t", ("it's",))
            assert cursor.fetchone() == (6, "it's")
            out = io.StringIO()
            cursor.copy_expert("copy t to stdout", out)
            assert out.getvalue() == "1\n2\n3\n"
        with pytest.raises(psycopg2.errors.UndefinedTable), connection.cursor() as cursor:
            cursor.execute("select * from nowhere")
        connection.rollback()
        with connection.cursor() as cursor:
            cursor.execute("do $$ begin raise notice 'heard'; end $$")
        assert any("heard" in notice for notice in connection.notices)
    finally:
        connection.close()


async def _use_asyncpg(weir, cache):
    connection = await asyncpg.connect(host=weir.host, port=weir.port, user="app", database="app",
                                       statement_cache_size=cache)
    try:
        async with connection.transaction():
            assert await connection.fetchval("select $1::int + 1", 41) == 42
            await connection.execute("create temp table t (a int, b text) on commit drop")
            await connection.copy_records_to_table("t", records=[(i, str(i)) for i in range(100)])
            assert await connection.fetchval("select count(*) from t where a >= $1", 50) == 50
            rows = [record["a"] async for record in connection.cursor(
                "select a from t order by a", prefetch=7)]
            assert rows == list(range(100))
        with_error = connection.transaction()
        await with_error.start()
        with pytest.raises(asyncpg.DivisionByZeroError):
            await connection.fetchval("select 1 / $1::int", 0)
        await with_error.rollback()
        assert await connection.execute("select 1") == "SELECT 1"
    finally:
        await connection.close()


def test_asyncpg_works_in_session_mode(pgweir):
    asyncio.run(_use_asyncpg(pgweir({"pool": {"mode": "session"}}), 100))


def test_asyncpg_works_in_transaction_mode_without_its_statement_cache(pgweir):
    asyncio.run(_use_asyncpg(pgweir({"pool": {"mode": "transaction"}}), 0))


async def _many_asyncpg(weir):
    async def one(number):
        connection = await asyncpg.connect(host=weir.host, port=weir.port, user="app",
                                           database="app", statement_cache_size=0)
        try:
            for i in range(10):
                async with connection.transaction():
                    assert await connection.fetchval("select $1::text", f"{number}/{i}") \
                        == f"{number}/{i}"
        finally:
            await connection.close()
    await asyncio.gather(*(one(number) for number in range(sized(60, 20))))


@pytest.mark.concurrent
def test_many_asyncpg_clients_share_three_servers(pgweir):
    asyncio.run(_many_asyncpg(pgweir({"pool": {"default_pool_size": 3}})))


def test_a_client_comes_in_by_the_unix_socket(pgweir):
    weir = pgweir()
    with psycopg.connect(host=weir.folder, port=weir.port, dbname="app", user="app") as connection:
        assert connection.execute("select 'by socket'").fetchone() == ("by socket",)
