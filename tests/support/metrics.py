"""Prometheus' text form, parsed, and where each thing the tests look at is found in it."""

import re

_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+\d+)?$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

# What the daemon calls it. The tests name things by the left side only, so that a renamed metric
# is one line here.
NAMES = {
    "clients": "pgweir_clients",
    "servers": "pgweir_servers",
    "queries": "pgweir_queries_total",
    "transactions": "pgweir_transactions_total",
    "errors": "pgweir_errors_total",
    "leases": "pgweir_leases_total",
    "timeouts": "pgweir_timeouts_total",
    "client_closes": "pgweir_client_closes_total",
    "client_logins": "pgweir_client_logins_total",
    "client_received_bytes": "pgweir_client_received_bytes_total",
    "client_sent_bytes": "pgweir_client_sent_bytes_total",
    "server_logins": "pgweir_server_logins_total",
    "cancels": "pgweir_cancels_total",
    "clients_pinned": "pgweir_clients_pinned",
    "steals": "pgweir_steals_total",
    "session_state_leaks": "pgweir_session_state_leaks_total",
}


class Metrics:
    """One scrape: a list of (name, labels, value)."""

    def __init__(self, text):
        self.text = text
        self.samples = []
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            match = _SAMPLE.match(line)
            assert match, f"not Prometheus' text form: {line!r}"
            name, labels, value = match.groups()
            self.samples.append((name, dict(_LABEL.findall(labels or "")), float(value)))

    def sum(self, name, **labels):
        """The sum over all series of that name (a key of NAMES, or the real name) and labels."""
        real = NAMES.get(name, name)
        found = [value for sample, own, value in self.samples if sample == real
                 and all(own.get(key) == wanted for key, wanted in labels.items())]
        return sum(found)

    def of(self, name):
        """The series of that name that are not zero, as lines."""
        real = NAMES.get(name, name)
        return [f"{labels} {value}" for sample, labels, value in self.samples
                if sample == real and value]

    def has(self, name):
        real = NAMES.get(name, name)
        return any(sample == real or sample.startswith(real + "_") for sample, _, _ in self.samples)

    def timeout(self, option):
        """How often the timeout of that option's name struck."""
        real = NAMES["timeouts"]
        return sum(value for name, labels, value in self.samples
                   if (name == real and option in labels.values())
                   or (name.startswith("pgweir_") and option in name and name.endswith("_total")))
