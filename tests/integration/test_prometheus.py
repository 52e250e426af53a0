"""What /metrics says: true, and as a real Prometheus likes it."""

import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request

import pytest

from support import commands, process, wire
from support.peer import Peer
from support.timing import eventually, scaled, sized


@pytest.mark.skipif(shutil.which("promtool") is None, reason="Debian's prometheus is missing")
def test_promtool_has_nothing_to_say(pgweir):
    weir = pgweir()
    with Peer.login(weir) as peer:
        peer.query("select 1/0")
        _, body = weir.http("/metrics")
    result = subprocess.run(["promtool", "check", "metrics"], input=body, text=True,
                            capture_output=True, timeout=60, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.concurrent
def test_counters_agree_with_what_pgbench_reports(pgweir, tmp_path):
    weir = pgweir({"pool": {"default_pool_size": 3}})
    script = tmp_path / "script.sql"
    script.write_text("begin;\nselect 1;\nselect 2;\ncommit;\nselect 3;\n")
    clients, each = 20, sized(50, 15)
    result = commands.pgbench(weir, "-n", "-f", str(script), "-c", str(clients), "-t", str(each))
    assert result.returncode == 0, result.stderr
    done = int(re.search(r"actually processed: (\d+)", result.stdout)[1])
    assert done == clients * each
    eventually(lambda: weir.metrics().sum("transactions") == 2 * done, 10,
               lambda: f"{weir.metrics().sum('transactions')} transactions, not {2 * done}")
    metrics = weir.metrics()
    assert metrics.sum("queries") == 5 * done
    assert metrics.sum("leases") >= done / 50
    assert metrics.sum("errors") == 0
    # pgbench always makes one connection of its own first, which asks nothing with -n and -f.
    assert metrics.sum("client_logins") == clients + 1
    assert 1 <= metrics.sum("server_logins") <= 3
    assert metrics.sum("pgweir_transaction_seconds_count") == 2 * done


def test_gauges_follow_clients_and_servers(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as holder, Peer.login(weir) as waiter, Peer.login(weir):
        holder.query("begin")
        waiter.send(wire.query("select 1"))
        eventually(lambda: weir.metrics().sum("clients", state="waiting") == 1)
        metrics = weir.metrics()
        assert metrics.sum("clients", state="active", database="app", user="app") == 1
        assert metrics.sum("clients", state="idle") == 1
        assert metrics.sum("servers", state="active") == 1
        holder.query("select 1/0")
        holder.query("rollback")
        waiter.until("Z")
        eventually(lambda: weir.metrics().sum("servers", state="idle") == 1)
        assert weir.metrics().sum("errors") == 1
    eventually(lambda: weir.metrics().sum("clients") == 0)


def test_bytes_are_counted_both_ways(pgweir):
    weir = pgweir()
    with Peer.login(weir) as peer:
        peer.value(f"select length('{'x' * 100_000}'), repeat('y', 300000)")
    for name, least in (("client_received", 100_000), ("server_sent", 100_000),
                        ("client_sent", 300_000), ("server_received", 300_000)):
        count = weir.metrics().sum(f"pgweir_{name}_bytes_total")
        assert least <= count < least + 20_000, (name, count)


def test_the_http_server_answers_what_it_has_and_nothing_else(pgweir):
    weir = pgweir()
    with Peer.login(weir) as peer:
        peer.value("select 1")
        assert weir.http("/healthz")[0] == 200
        eventually(lambda: weir.http("/readyz")[0] == 200)
        assert weir.http("/nothing")[0] == 404
        assert weir.http("/metrics/../../etc/passwd")[0] in (400, 404)


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="Debian's prometheus is missing")
def test_a_real_prometheus_scrapes_it(pgweir, tmp_path):
    weir = pgweir()
    with Peer.login(weir) as peer:
        for i in range(10):
            peer.value(f"select {i}")
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n" if scaled(1) == 1 else
        "global: {scrape_interval: 2s, scrape_timeout: 2s}\n")
    with open(tmp_path / "prometheus.yml", "a", encoding="ascii") as file:
        file.write("scrape_configs: [{job_name: pgweir, static_configs: [{targets: "
                   f"['127.0.0.1:{weir.http_port}']}}]}}]\n")
    port = process.free_port()
    server = process.start(
        ["prometheus", f"--config.file={tmp_path}/prometheus.yml",
         f"--storage.tsdb.path={tmp_path}/data", f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def asked(expression):
            query = urllib.parse.quote(expression)
            url = f"http://127.0.0.1:{port}/api/v1/query?query={query}"
            with urllib.request.urlopen(url, timeout=5) as answer:
                found = json.load(answer)["data"]["result"]
            return float(found[0]["value"][1]) if found else None
        eventually(lambda: asked("up") == 1, 30, "Prometheus cannot scrape it")
        eventually(lambda: asked("sum(pgweir_queries_total)") == 10, 20, "the count is not 10")
        assert asked('count(pgweir_query_seconds_bucket{le="+Inf"})') >= 1
    finally:
        process.end(server)
