"""Medians over the rounds, ratios against the reference, as Markdown and as JSON."""

import dataclasses
import statistics

from measurement import FIELDS

UNPOOLED = "direct"

# Field of a Measurement, or what was counted: its title, its factor, its format.
_COLUMNS = {
    "per_second": ("{unit}s/s", 1, ",.0f"),
    "mean_ms": ("mean, ms", 1, ".3f"),
    "p50_ms": ("p50", 1, ".3f"),
    "p95_ms": ("p95", 1, ".3f"),
    "p99_ms": ("p99", 1, ".3f"),
    "added_ms": ("added to p50, µs", 1000, ".0f"),
    "cpu_us": ("CPU, µs/{unit}", 1, ",.1f"),
    "user_us": ("user", 1, ",.1f"),
    "system_us": ("system", 1, ",.1f"),
    "busy_cores": ("busy cores", 1, ".2f"),
    "moves": ("moves/1000 {unit}s", 1000, ".1f"),
    "calls": ("system calls/{unit}", 1, ".2f"),
    "instructions": ("instructions/{unit}", 1, ",.0f"),
    "peak_mb": ("peak, MB", 1, ".1f"),
    "pss_mb": ("Pss, MB", 1, ".1f"),
    "bytes_each": ("bytes/{unit}", 1, ",.0f"),
}
_RATIOS = {"per_second": "rate ratio", "cpu_us": "CPU ratio", "p50_ms": "p50 ratio",
           "added_ms": "added ratio", "bytes_each": "memory ratio",
           "instructions": "ratio"}


def _median(values):
    """None where one of the values was not measured, or there is none."""
    values = list(values)
    return None if not values or None in values else statistics.median(values)


def _ratio(value, divisor):
    """None, too, where the divisor is a latency that the reference did not add but save."""
    return None if None in (value, divisor) or divisor <= 0 else value / divisor


def add_latency(rows):
    """What a pooler adds to the median latency: p50 less that of no pooler in the same round."""
    for name, rounds in rows.items():
        if name != UNPOOLED:
            for found, bare in zip(rounds, rows.get(UNPOOLED, [])):
                if None not in (found.p50_ms, bare.p50_ms):
                    found.added_ms = found.p50_ms - bare.p50_ms


def _row(rounds, base):
    """Ratios are made within each round, and then their median: what slows a whole round cancels
    out."""
    return {
        "median": {field: _median(getattr(m, field) for m in rounds) for field in FIELDS},
        "ratio": {field: _median(_ratio(getattr(m, field), getattr(b, field))
                                 for m, b in zip(rounds, base)) for field in FIELDS},
        "rounds": [dataclasses.asdict(m) for m in rounds],
    }


def summary(workload, rows, counts, reference):
    """One workload as the JSON has it, from the rounds of each row and from what was counted:
    {"calls": {row: each}}, for one."""
    add_latency(rows)
    found = {name: _row(rounds, rows.get(reference, [])) for name, rounds in rows.items()}
    for name, row in found.items():
        for field, counted in counts.items():
            row["median"][field] = counted.get(name)
            row["ratio"][field] = _ratio(counted.get(name), counted.get(reference))
    return {"about": workload.about, "unit": workload.unit, "rows": found}


def _cell(value, factor, form):
    return "–" if value is None else format(value * factor, form)


def _lines(name, workload, group):
    for label, row in workload["rows"].items():
        cells = [name, label]
        cells += [_cell(row["median"].get(field), *_COLUMNS[field][1:]) for field in group.columns]
        cells += [_cell(row["ratio"].get(field), 1, ".2f") for field in group.ratios]
        yield "| " + " | ".join(cells) + " |"


def table(group, found):
    """The table of a group, or an empty text if none of its workloads was run."""
    chosen = [w.name for w in group.workloads if w.name in found]
    if not chosen:
        return ""
    unit = found[chosen[0]]["unit"]
    titles = [_COLUMNS[field][0].format(unit=unit).replace("MBs/", "MB/")
              for field in group.columns]
    titles += [_RATIOS[field] for field in group.ratios]
    lines = [f"## {group.name}", "",
             "| workload | through | " + " | ".join(titles) + " |",
             "|---|---|" + "---:|" * len(titles)]
    for name in chosen:
        lines += _lines(name, found[name], group)
    return "\n".join(lines) + "\n"
