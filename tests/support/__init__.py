"""Black-box suites share this: a throw-away PostgreSQL, the daemon, raw peers, faults."""
