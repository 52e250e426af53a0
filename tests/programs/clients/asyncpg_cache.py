"""asyncpg: its statement cache, types it looks up, its pool with its reset, LISTEN."""

import asyncio
import json

import asyncpg
from crowd import URL, run_tasks


async def set_up(connection):
    await connection.set_type_codec("json", encoder=json.dumps, decoder=json.loads,
                                    schema="pg_catalog")


async def statements(connection, number, say):
    for i in range(30):
        assert await connection.fetchval("select $1::int * 2", i) == 2 * i
        assert await connection.fetchval(f"select $1::text || '{i % 7}'", "x") == f"x{i % 7}"
    say(await connection.fetchrow("select $1::json as j, $2::int[] as a", {"n": number}, [1, 2]))
    prepared = await connection.prepare("select n from generate_series(1, $1::int) n")
    say([parameter.name for parameter in prepared.get_parameters()])
    say([record["n"] for record in await prepared.fetch(5)])
    await connection.execute("set search_path = pg_catalog")
    say(len(await prepared.fetch(6)))
    try:
        await connection.fetchval("select 1 / $1::int", 0)
    except asyncpg.DivisionByZeroError as error:
        say(str(error))


async def transactions(connection, number, say):
    async with connection.transaction(isolation="serializable"):
        await connection.execute("create temp table t (a int, b text) on commit drop")
        await connection.copy_records_to_table("t", records=[(i, str(i)) for i in range(50)])
        say(sum([record["a"] async for record in connection.cursor("select a from t", prefetch=7)]))
    await connection.execute("select pg_advisory_lock($1)", number)
    say(await connection.fetchval("select count(*) from pg_locks where locktype = 'advisory'"
                                  " and pid = pg_backend_pid()"))
    say(await connection.fetchval("select pg_advisory_unlock($1)", number))


async def notifications(connection, number, say):
    heard = asyncio.Queue()
    await connection.add_listener(f"room_{number}", lambda *it: heard.put_nowait(it[2:]))
    async with connection.transaction():
        await connection.execute(f"notify room_{number}, 'committed'")
    await connection.execute("select pg_notify($1, $2)", f"room_{number}", "once more")
    say([await asyncio.wait_for(heard.get(), 60) for _ in range(2)])


async def work(number, say):
    pool = await asyncpg.create_pool(URL, min_size=1, max_size=1, setup=set_up, timeout=60)
    for part in (statements, transactions):
        async with pool.acquire() as connection:
            await part(connection, number, say)
    async with pool.acquire() as connection:
        say(await connection.fetchval("show search_path"))
    await pool.close()
    connection = await asyncpg.connect(URL, timeout=60)
    await notifications(connection, number, say)
    await connection.close()


if __name__ == "__main__":
    run_tasks(work)
