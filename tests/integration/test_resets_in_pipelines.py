"""A client's start-up settings stay what a RESET goes back to, whatever fails around it in a pipeline."""

import pytest

from support import wire
from support.peer import Peer

STATE = "select current_user, current_setting('app.x', true), current_setting('work_mem')"
STARTUP = "-c role=begins_as -c app.x=start -c work_mem=9MB"


def _query(sql):
    return [wire.query(sql)]


def _extended(sql, name=""):
    return [wire.parse(name, sql), wire.bind("", name), wire.execute("")]


def _synced(*parts):
    return [*sum(parts, []), wire.sync()]


PIPELINES = {
    "an error before": [*_query("select 1/0"), *_query("select pg_sleep(0.01)"), *_query("reset role")],
    "an ordinary cleanup": [*_query("begin"), *_query("select 1/0"), *_query("rollback"),
                            *_query("reset role")],
    "extended": [*_synced(_extended("select 1/0")), *_synced(_extended("reset role"))],
    "a missing statement": [*_synced([wire.describe("S", "missing")]), *_query("reset role")],
    "a custom setting": [*_query("select 1/0"), *_query("reset app.x")],
    "reset all": [*_query("select 1/0"), *_query("reset all")],
    "in a transaction": [*_query("select 1/0"), *_query("begin"), *_query("reset role"),
                         *_query("commit")],
    "an error behind": [*_query("reset role"), *_synced([wire.describe("S", "missing")])],
    "session authorization": [*_query("select 1/0"), *_query("reset session authorization")],
    "discard all and an error": _synced(_extended("discard all"), _extended("select 1/0")),
    "discard all and a missing statement": _synced(_extended("discard all"),
                                                   [wire.describe("S", "missing")]),
    "rolled back": [*_query("begin"), *_query("reset role"), *_query("rollback")],
    "what restores is discarded": [*_query("discard all"),
                                   *_synced([wire.describe("S", "missing")], _extended("select 1")),
                                   *_query("select 1")],
    "failed itself": [*_query("set role none"), *_query("reset role; select 1/0")],
}


def _state_after(target, messages):
    with Peer.login(target, options=STARTUP) as peer:
        peer.send(*messages)
        for message in messages:
            if message[:1] in (b"Q", b"S"):
                peer.until("Z")
        return peer.rows(STATE)


@pytest.fixture(name="role", autouse=True)
def _role(cluster):
    cluster.admin("do $$ begin if to_regrole('begins_as') is null then "
                  "create role begins_as; grant begins_as to app; end if; end $$")


@pytest.mark.parametrize("mode", ["transaction", "session"])
@pytest.mark.parametrize("name", PIPELINES)
def test_a_start_up_role_survives(cluster, pgweir, mode, name):
    weir = pgweir({"pool": {"mode": mode, "default_pool_size": 1}})
    messages = PIPELINES[name]
    wanted = _state_after(cluster, messages)
    for _ in range(5):
        assert _state_after(weir, messages) == wanted


@pytest.mark.parametrize("mode", ["transaction", "session"])
@pytest.mark.parametrize("reset", ["discard all", "reset all"])
def test_what_is_read_behind_a_reset_is_read_by_the_start_up_settings(cluster, pgweir, mode, reset):
    def rows(target):
        with Peer.login(target, DateStyle="SQL, DMY", TimeZone="Asia/Tokyo") as peer:
            peer.query("set datestyle = iso")
            peer.send(*_synced(_extended(reset), _extended(
                "select '02/03/2020'::date - date '2020-01-01', "
                "extract(epoch from timestamptz '2020-06-01 12:00')")))
            return [m.values for m in peer.until("Z") if m.type == "D"]
    assert rows(pgweir({"pool": {"mode": mode}})) == rows(cluster)


@pytest.mark.parametrize("mode", ["transaction", "session"])
@pytest.mark.parametrize("runs", [False, True])
def test_a_reset_that_is_bound_resets_when_it_runs(cluster, pgweir, mode, runs):
    """In a transaction the portal outlives the Sync behind its Bind."""
    def values(target):
        with Peer.login(target, TimeZone="Asia/Tokyo") as peer:
            peer.query("begin; set timezone = 'UTC'")
            peer.send(wire.parse("", "reset all"), wire.bind("", ""), wire.sync())
            said = [m for m in peer.until("Z") if m.type == "S"]
            if runs:
                peer.send(wire.execute(""), wire.sync())
                said += [m for m in peer.until("Z") if m.type == "S"]
            return said, peer.value("show timezone")
    assert values(pgweir({"pool": {"mode": mode}})) == values(cluster)
