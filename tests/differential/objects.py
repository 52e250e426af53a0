"""What lives in a session besides its settings: temporary objects, locks, cursors, channels."""

from .model import act

CHANNELS = ("news", "weather", "Ärger")

_TEMPORARY = (
    "create temporary table tmp_a (a int)",
    "create temp table if not exists tmp_b as select 1 as a",
    "create temp table tmp_c (a int) on commit drop", "select 1 as a into temporary tmp_b",
    "create table pg_temp.tmp_a (a int)", "create temp view tmp_view as select 42 as a",
    "create temporary sequence tmp_seq",
    "create local temp table tmp_a (a int) on commit delete rows",
    "select makes_temporary('tmp_f')", "create temp table tmp_a (a int); drop table tmp_a",
    "create or replace view tmp_view as select * from tmp_a",
    "do $$ begin create temp table tmp_b (a int); insert into tmp_b values (7); end $$",
    "select nextval('tmp_seq')", "drop table if exists tmp_a cascade", "drop table tmp_b",
    "drop view tmp_view", "drop sequence if exists tmp_seq", "insert into tmp_a values (1), (2)",
    "truncate tmp_a", "discard temp")
# Those that hide a table of the same name. None says pg_temp to DROP: whether a server has had that
# schema is told by the error.
_SHADOWS = (
    "create temp table place (name text); insert into place values ('temporary')",
    "create temp table place as select 'temporary' as name",
    "create temp table numbers (n int, square int)",
    "create temp view place as select 'seen' as name",
    "create temp table defaulted (a int, b text default 'temporary')",
    "begin; create temp table place (name text) on commit drop; select * from place; commit",
    "discard temp", "insert into pg_temp.place values ('more')",
    "select name from place", "insert into defaulted values (5)", "select a, b from pg_temp.defaulted")
_TEMPORARY_QUESTIONS = (
    "select count(*) from tmp_a", "select * from tmp_b", "select * from tmp_view",
    "select count(*) from tmp_f", "select to_regclass('tmp_c')")
_CURSORS = (
    "declare held cursor with hold for select n from numbers order by n",
    "declare scrolled scroll cursor with hold for select square from numbers order by n",
    "declare plain cursor for select n from numbers order by n", "select holds('by_function')",
    "fetch 3 from held", "fetch backward 2 from scrolled", "fetch 2 from plain",
    "move forward 2 in held", "fetch last from scrolled", "fetch 2 from by_function",
    "close held", "close scrolled", "close all")


def _temporary(rng, _):
    if rng.random() < 0.35:
        return act(rng.choice(_TEMPORARY_QUESTIONS))
    if rng.random() < 0.3:
        return act(rng.choice(_SHADOWS), "shadow", "sequence")
    return act(rng.choice(_TEMPORARY), "temporary", "sequence")


def _lock(rng, client):
    """Keys of the client's own: nobody waits for anybody."""
    key = client.number * 100 + rng.randrange(3)
    return act(rng.choice((
        f"select pg_advisory_lock({key})", f"select pg_advisory_lock({key}, 7)",
        f"select pg_try_advisory_lock({key})", f"select pg_advisory_lock_shared({key})",
        f"select pg_advisory_xact_lock({key})", f"select locks({key})",
        f"select pg_advisory_lock({key}), pg_advisory_lock({key})",
        f"select pg_advisory_unlock({key})", f"select pg_advisory_unlock({key})",
        f"select pg_advisory_unlock({key}, 7)", f"select pg_advisory_unlock_shared({key})",
        f"do $$ begin perform pg_advisory_lock({key}); end $$",
        "select pg_advisory_unlock_all()")), "lock")


def _cursor(rng, _):
    return act(rng.choice(_CURSORS), "cursor")


def _unnamed_setting(rng, _):
    """Whoever sets what no text names keeps the server while nobody else waits for it."""
    return act(rng.choice((
        "select set_config(name, value, false) from wanted",
        "select set_config(name, value, false) from wanted where name like 'app.%'",
        "select set_config(name, 'chosen', false) from wanted where name = 'app.x'",
        "select set_config('app.' || right(name, 1), value, false) from wanted where name ~ 'app'",
        "do $$ declare w record; begin for w in select * from wanted loop"
        " perform set_config(w.name, w.value, false); end loop; end $$")), "unnamed")


def _sequence(rng, _):
    return act(rng.choice(("select nextval('counter')", "select nextval('counter')",
                           "select currval('counter')", "select lastval()",
                           "select setval('counter', 1000, true)", "discard sequences")),
               "sequence")


def _function_of_ones_own(rng, _):
    """A function that is new, so that what was known of the catalogue is not enough."""
    name = f"scratch.fresh_{rng.randrange(3)}"
    return act(rng.choice((
        f"create or replace function {name}() returns text language sql"
        " as $$ select set_config('app.x', 'fresh', false) $$",
        f"create or replace function {name}() returns text language plpgsql"
        " as $$ begin perform by_sql('work_mem', '14MB'); return 'fresh'; end $$",
        f"select {name}()", f"select {name}()")))


def draw_pinning(rng, client, sequences):
    """One act that may keep a server with the client."""
    kind = rng.choices((_temporary, _lock, _cursor, _unnamed_setting, _sequence),
                       (5, 4, 3, 1, 4 * sequences))[0]
    if client.is_superuser and rng.random() < 0.02:
        return act("load 'auto_explain'", "load")
    return kind(rng, client)


def draw_ordinary(rng, client, alone):
    """What leaves nothing behind, or only in the database."""
    if not alone and rng.random() < 0.3:
        return _function_of_ones_own(rng, client)
    return act(rng.choice((
        "select 1", "select name from place", "select 1/0", "selct", "",
        "select 1; select 2; select 3",
        "select count(*) from numbers where square > 30",
        "select n from numbers limit 2; select 1/0",
        "do $$ begin raise notice 'heard'; end $$", "set local enable_sort = off; select 1",
        "insert into defaulted values (2, 'given')", "select * from nowhere",
        "select pg_advisory_xact_lock_shared(1)", "begin; set work_mem = '6MB'; commit",
        "begin; set work_mem = '6MB'; rollback", "set app.y = 'kept'; select 1/0",
        "begin; set app.y = 'first'; savepoint s; set app.y = 'second'; rollback to s; commit")))


def draw_listening(rng, _, number):
    """LISTEN and NOTIFY; `number` makes each message one of its kind."""
    channel = rng.choice(CHANNELS)
    return act(rng.choice((
        f'listen "{channel}"', f'listen "{channel}"', f"select listens('{channel}')",
        f'unlisten "{channel}"', "unlisten *",
        f'notify "{channel}", \'{number}\'', f"select pg_notify('{channel}', '{number}')",
        f'notify "{channel}"', f"do $$ begin notify news, '{number} by block'; end $$",
        f'notify "{channel}", \'{number}\'; notify "{channel}", \'{number}\'; notify news')),
               "listening")
