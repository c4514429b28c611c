"""Prints the tables of the README, and writes the same as JSON.

    python -m tests.benchmarks [--json FILE] [--only SECTION ...]

Takes about ten minutes on two cores. Nothing else should run meanwhile.
"""

import argparse
import dataclasses
import json
import os
import platform
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from tests.benchmarks import rows, series, start_up, steps, wall


def _machine():
    return (
        f"TensorFlow {tf.__version__}, Python {platform.python_version()}, "
        f"{platform.machine()}, {os.cpu_count()} cores"
    )


def _steps(result):
    result["rows"] += steps.rows()


def _hooks(result):
    of_hooks, times = series.by_hooks()
    result["rows"] += of_hooks
    result["by hooks"] = {"of": series.HOOKS, **times}
    result["by fetches"] = {"of": series.FETCHES, **series.by_fetches()}


def _wall(result):
    result["rows"] += wall.rows()


def _memory(result):
    result["memory"] = series.memory()


def _start_up(result):
    result["rows"] += start_up.rows()
    result["meta is the same"] = start_up.meta_is_the_same()
    result["import_ms"] = start_up.import_ms()


SECTIONS = {
    "steps": _steps,
    "hooks": _hooks,
    "wall": _wall,
    "memory": _memory,
    "start_up": _start_up,
}


def _report(result):
    """Returns the whole as Markdown."""
    parts = [result["machine"]]
    if result["rows"]:
        lines = [row.cells() for row in result["rows"]]
        parts.append(rows.table(rows.HEADER, lines))
    for name in ("by hooks", "by fetches"):
        if name in result:
            parts.append(_series_table(name, result[name]))
    if "memory" in result:
        grown, freed = result["memory"]["grown_mb"], result["memory"]["freed"]
        parts.append(
            f"{series.STEPS:,} steps: resident memory grew by {grown:.1f} MB "
            f"(reach 2). Raw session freed at close: {freed}."
        )
    if "import_ms" in result:
        parts.append(
            f"`import monitored_tf` and its MonitoredTrainingSession, after "
            f"TensorFlow: {result['import_ms']:.0f} ms (reach 25, stretch 10). "
            f"All .meta files equal to TF's: {result['meta is the same']}."
        )
    return "\n\n".join(parts)


def _series_table(name, times):
    counts = times["of"]
    lines = [
        (side, *(f"{us:.1f}" for us in measured))
        for side, measured in times.items()
        if side != "of"
    ]
    header = (f"us of CPU, {name}", *(str(count) for count in counts))
    return rows.table(header, lines)


def _as_json(result):
    measured = [
        {**dataclasses.asdict(row), "ratio": row.ratio}
        for row in result["rows"]
    ]
    return json.dumps({**result, "rows": measured}, indent=2)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", help="file to write")
    parser.add_argument("--only", nargs="*", choices=SECTIONS)
    arguments = parser.parse_args()
    tf.get_logger().setLevel("ERROR")
    result = {"machine": _machine(), "rows": []}
    for name, measure in SECTIONS.items():
        if not arguments.only or name in arguments.only:
            print(f"{name} ...", file=sys.stderr, flush=True)
            measure(result)
    print(_report(result))
    if arguments.json:
        with open(arguments.json, "w") as file:
            file.write(_as_json(result))


if __name__ == "__main__":
    main()
