"""Every way to change a setting."""

from .model import act

# Values that change what other statements answer, but not whether they can run. Nobody is
# serializable: one who is, read-only and deferrable, waits for the transactions of others.
VALUES = {
    "search_path": ("first, public", "second, public", '"$user", public', "public, second",
                    "pg_catalog, first"),
    "statement_timeout": ("61s", "5min", "0"),
    "work_mem": ("3MB", "64kB", "5555kB"),
    "maintenance_work_mem": ("17MB", "33MB"),
    "TimeZone": ("Asia/Tokyo", "America/New_York", "UTC", "+03"),
    "DateStyle": ("German", "SQL, DMY", "ISO, MDY", "Postgres"),
    "IntervalStyle": ("iso_8601", "sql_standard", "postgres"),
    "client_encoding": ("LATIN1", "UTF8", "WIN1252", "SQL_ASCII"),
    "application_name": ("one", "the other", ""),
    "standard_conforming_strings": ("off", "on"),
    "bytea_output": ("escape", "hex"),
    "extra_float_digits": ("-2", "0", "3"),
    "enable_seqscan": ("off", "on"),
    "enable_sort": ("off", "on"),
    "enable_hashjoin": ("off",),
    "plan_cache_mode": ("force_generic_plan", "force_custom_plan", "auto"),
    "default_transaction_isolation": ("repeatable read", "read committed"),
    "default_transaction_read_only": ("on", "off", "off"),
    "default_transaction_deferrable": ("on", "off"),
    "idle_in_transaction_session_timeout": ("10min", "0"),
    "lock_timeout": ("50s", "0"),
    "client_min_messages": ("warning", "error", "notice"),
    "row_security": ("on", "off"),
    "quote_all_identifiers": ("on", "off"),
    "xmloption": ("document", "content"),
    "transform_null_equals": ("on", "off"),
    "app.x": ("a", "it''s", "", "100"),
    "app.y": ("b", "B b"),
}
PRIVILEGED = {"log_min_duration_statement": ("1h", "-1"), "session_replication_role":
              ("replica", "origin"), "track_activities": ("off", "on"), "deadlock_timeout": ("2s",)}
NAMES = tuple(VALUES)

_FUNCTIONS = ("by_sql", "by_perform", "by_execute", "by_nesting", "by_local", "by_mistake",
              "by_failure")
_IDENTITIES = ("set role reader", "set role writer", "set role none", "reset role",
               "set local role reader", "set session role writer",
               "select set_config('role', 'reader', false)", "set role nobody_at_all",
               "set session authorization app", "reset session authorization")
_SUPERUSER_IDENTITIES = ("set session authorization app", "set session authorization reader",
                         "set local session authorization writer",
                         "set session authorization default")
_OTHERS = ("set time zone 'Europe/Berlin'", "set time zone local", "set time zone -5",
           "set time zone interval '-08:00' hour to minute",
           "set names 'LATIN1'", "set schema 'second'", "reset search_path",
           "set session characteristics as transaction isolation level repeatable read",
           "set session characteristics as transaction read only, deferrable",
           "set session characteristics as transaction read write, not deferrable",
           "set transaction isolation level repeatable read", "set constraints all deferred",
           "set datestyle to default", "set search_path to first, second",
           "set search_path = ''", "set no_such_setting = 1", "set work_mem = 'nonsense'",
           "set client_encoding = 'NONSENSE'", "set work_mem to default; set enable_sort = off",
           "set local work_mem = '7MB'; show work_mem", "select set_config('app.z', null, false)",
           "set app.z = 'its own'", "select set_config('app.z', 'its own', true)", "reset app.z",
           "select by_execute('app.z', 'hidden')",
           "insert into noted values ('work_mem', '11MB')",
           "insert into noted values ('search_path', 'second')",
           "insert into noted values ('app.x', 'by trigger'), ('nothing_such', 'x')",
           "insert into defaulted values (1)", "select * from setting_view",
           "select 'x'::checked", "select 1 === 1", "insert into ruled values (1)",
           "select total(n) from numbers", "select * from indirect",
           "select by_clause('off')", "call in_parts('work_mem', '12MB', '13MB')",
           "call in_parts('app.y', 'kept', 'lost')")


def _drawn(rng):
    name = rng.choice(NAMES)
    return name, rng.choice(VALUES[name])


def _set(rng):
    name, value = _drawn(rng)
    how = rng.choice(("set {} = {}", "set {} to {}", "set session {} = {}", "set local {} = {}",
                      "SET /* noise */ {} TO {}"))
    # A list is a list only without the quotes around all of it.
    listed = name == "search_path" or name == "DateStyle"
    return how.format(name, value if listed else f"'{value}'")


def _set_config(rng):
    name, value = _drawn(rng)
    local = rng.choice(("false", "false", "true"))
    return f"select set_config('{name}', '{value}', {local})"


def _function(rng):
    name, value = _drawn(rng)
    return f"select {rng.choice(_FUNCTIONS)}('{name}', '{value}')"


def _block(rng):
    name, value = _drawn(rng)
    body = rng.choice((
        "perform set_config('{}', '{}', false);",
        "execute 'select by_sql(''{}'', ' || quote_literal('{}') || ')';",
        "perform by_nesting('{}', '{}'); perform set_config('enable_sort', 'off', true);",
        "perform set_config('{}', '{}', false); raise exception 'too late';",
        "perform set_config('{}', '{}', false); begin perform 1/0; exception"
        " when division_by_zero then perform set_config('app.y', 'caught', false); end;"))
    return f"do $do$ begin {body.format(name, value)} end $do$"


def _reset(rng):
    return f"reset {rng.choice(NAMES)}"


def draw(rng, client):
    """One act that changes a setting, or tries to."""
    way = rng.random()
    if way < 0.30:
        return act(_set(rng))
    if way < 0.45:
        return act(_set_config(rng))
    if way < 0.55:
        return act(_function(rng))
    if way < 0.63:
        return act(_block(rng))
    if way < 0.71:
        return act(_reset(rng))
    if way < 0.74:
        return act(rng.choice(("reset all", "discard all", "reset all; show work_mem")))
    if way < 0.82:
        return _identity(rng, client)
    if way < 0.84:
        return _privileged(rng, client)
    return act(rng.choice(_OTHERS))


def _identity(rng, client):
    if client.is_superuser and rng.random() < 0.5:
        return act(rng.choice(_SUPERUSER_IDENTITIES))
    return act(rng.choice(_IDENTITIES))


def _privileged(rng, client):
    """What only a superuser can set: by himself, or by a function of his."""
    if client.is_superuser and rng.random() < 0.7:
        name = rng.choice(tuple(PRIVILEGED))
        return act(f"set {name} = '{rng.choice(PRIVILEGED[name])}'", "privileged")
    return act(f"select by_privilege('{rng.choice(('replica', 'origin'))}')", "privileged")
