"""What the black-box suites share: a throw-away PostgreSQL, the daemon, raw protocol peers, faults."""
