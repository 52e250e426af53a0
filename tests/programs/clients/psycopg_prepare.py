"""psycopg 3: statements prepared at once, pipelines, server-side cursors, notifications."""

import time

import psycopg
from crowd import DATABASE, HOST, PORT, USER, run_threads


def statements(connection, number, say):
    for i in range(150):
        row = connection.execute(f"select %s::int + {i % 110}", (number,)).fetchone()
        assert row == (number + i % 110,)
    say(connection.execute("select %s::text, %b::int", ("ä", 7)).fetchone())
    connection.execute("set search_path = nowhere, public")
    say(connection.execute("select current_setting('search_path'), %s::int", (1,)).fetchone())


def pipelines(connection, number, say):
    with connection.pipeline() as pipeline:
        cursors = [connection.execute("select %s::int * %s::int", (number, i)) for i in range(60)]
        pipeline.sync()
        say(sum(cursor.fetchone()[0] for cursor in cursors))
    try:
        with connection.pipeline():
            connection.execute("select 1")
            connection.execute("select 1 / %s::int", (0,))
            connection.execute("select 2")
    except psycopg.errors.DivisionByZero as error:
        say(str(error))
    with connection.pipeline(), connection.cursor() as cursor:
        cursor.executemany("select %s::int", [(i,) for i in range(3)], returning=True)
    with connection.pipeline(), connection.transaction():
        connection.execute("create temp table piped (a int) on commit drop")
        connection.execute("insert into piped values (%s)", (number,))
        say(connection.execute("select a from piped").fetchone())


def cursors_and_locks(connection, number, say):
    with connection.transaction(), connection.cursor(name="here") as cursor:
        cursor.execute("select generate_series(1, %s)", (50,))
        say(sum(row[0] for row in cursor))
    with connection.cursor(name="kept", withhold=True) as cursor:
        cursor.execute("select generate_series(1, %s)", (30,))
        say([cursor.fetchmany(4), connection.execute("select 5").fetchone(), cursor.fetchone()])
    connection.execute("select pg_advisory_lock(%s)", (number,))
    say(connection.execute("select pg_advisory_unlock(%s)", (number,)).fetchone())
    try:
        with connection.transaction():
            connection.execute("set work_mem = '3MB'")
            connection.execute("select * from no_such_table")
    except psycopg.errors.UndefinedTable as error:
        say(str(error).splitlines()[0])
    say(connection.execute("show work_mem").fetchone())


def notifications(connection, number, say):
    heard = []
    connection.add_notify_handler(lambda it: heard.append((it.channel, it.payload)))
    connection.execute(f"listen room_{number}")
    for text in ("one", "two"):
        connection.execute("select pg_notify(%s, %s)", (f"room_{number}", text))
    limit = time.monotonic() + 60
    while len(heard) < 2 and time.monotonic() < limit:
        connection.execute("select pg_sleep(0.01)")
    say(heard)


def work(number, say):
    with psycopg.connect(host=HOST, port=PORT, dbname=DATABASE, user=USER, autocommit=True,
                         prepare_threshold=1, options=f"-c app.client={number}") as connection:
        for part in (statements, pipelines, cursors_and_locks, notifications):
            part(connection, number, say)
            say(connection.execute("show app.client").fetchone())


if __name__ == "__main__":
    run_threads(work)
