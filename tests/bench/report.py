"""Medians over the rounds, ratios against PgBouncer, as Markdown and as JSON."""

import dataclasses
import statistics

reference = "PgBouncer"  # whom the others are divided by
FIELDS = ("tps", "latency_ms", "cpu_us")


def medians(measurements):
    """The median of each field over the rounds; None where it was not measured."""
    found = {}
    for field in FIELDS:
        values = [getattr(m, field) for m in measurements]
        found[field] = None if None in values else statistics.median(values)
    return found


def ratios(measurements, base):
    """The median of the ratios within each round: what slows a whole round cancels out."""
    found = {}
    for field in FIELDS:
        pairs = [(getattr(m, field), getattr(r, field)) for m, r in zip(measurements, base)]
        found[field] = None
        if all(value is not None and divisor for value, divisor in pairs):
            found[field] = statistics.median(value / divisor for value, divisor in pairs)
    return found


def summary(results):
    """{workload: {contender: {"median": …, "ratio": …, "rounds": […]}}} from lists of rounds."""
    found = {}
    for workload, contenders in results.items():
        base = contenders.get(reference)
        found[workload] = {
            name: {
                "median": medians(rounds),
                "ratio": ratios(rounds, base) if base else dict.fromkeys(FIELDS),
                "rounds": [dataclasses.asdict(m) for m in rounds],
            } for name, rounds in contenders.items() if rounds}
    return found


def _cell(value, form):
    return "–" if value is None else format(value, form)


def table(found):
    lines = [
        "| workload | through | TPS | mean latency, ms | pooler's CPU, µs/transaction"
        " | TPS ratio | CPU ratio |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for workload, contenders in found.items():
        for name, row in contenders.items():
            middle, ratio = row["median"], row["ratio"]
            cells = [workload, name, _cell(middle["tps"], ",.0f"),
                     _cell(middle["latency_ms"], ".3f"), _cell(middle["cpu_us"], ".1f"),
                     _cell(ratio["tps"], ".2f"), _cell(ratio["cpu_us"], ".2f")]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
