"""Compares the Estimator with tensorflow-estimator 2.15; prints a table.

    python -m tests.benchmarks.estimator --real PYTHON

PYTHON is an interpreter with TensorFlow 2.15, as of a virtual environment. Both
sides run in a process of their own, one after the other, in turns.
"""

import argparse
import contextlib
import dataclasses
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

from tests.benchmarks import rows

# Ours, theirs, and the ratios that are wanted.
_COMPARED = [
    ("train(1)", "train(1)", 1.0, 0.6),
    ("train(50)", "train(50)", 1.0, 0.6),
    ("evaluate", "evaluate", 1.0, 0.6),
    ("predict", "predict", 1.0, 0.6),
    ("export", "export", 1.0, 0.6),
    ("evaluate, warm", "evaluate", 0.16, 0.10),
    ("predictor", "predict", 0.01, 0.005),
    ("train_and_evaluate", "train_and_evaluate", 1.0, 0.6),
    ("train_and_evaluate, warm", "train_and_evaluate", 0.6, 0.45),
    ("numpy_input_fn", "embedded", 0.1, 0.1),
]
_ROOT = pathlib.Path(__file__).parents[2]
_HEADER = (
    "",
    "tf.estimator 2.15",
    "monitored_tf",
    "ratio",
    "reach",
    "stretch",
)


@dataclasses.dataclass
class Side:
    """A process that has one of the two Estimators."""

    process: subprocess.Popen

    def time(self, task):
        """Returns what a task answers, once it is done."""
        self.process.stdin.write(f"{task}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextlib.contextmanager
def _side(python, library, folder):
    process = subprocess.Popen(
        [python, "-m", "tests.benchmarks.estimator_tasks", library, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    )
    try:
        yield Side(process)
    finally:
        process.stdin.close()
        process.wait()


def _row(ours, theirs, compared, rounds):
    task, real_task, reach, stretch = compared
    times = {"ours": [], "theirs": []}
    for side, name in ((ours, task), (theirs, real_task)):
        side.time(name)  # What is made once is made now.
    for _ in range(rounds):
        times["theirs"].append(theirs.time(real_task)["secs"])
        times["ours"].append(ours.time(task)["secs"])
    medians = {side: statistics.median(secs) for side, secs in times.items()}
    return rows.Row(
        task, medians["ours"], medians["theirs"], "s", reach, stretch
    )


def _steps(ours, rounds):
    ratios = [
        ours.time("step")["secs"] / ours.time("step of a session")["secs"]
        for _ in range(rounds)
    ]
    return statistics.median(ratios)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", required=True, help="python with TF 2.15")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", nargs="*", help="tasks of ours")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        _side(sys.executable, "monitored_tf", folder) as ours,
        _side(given.real, "tf", folder) as theirs,
    ):
        compared = [
            one for one in _COMPARED if not given.only or one[0] in given.only
        ]
        lines = [
            _row(ours, theirs, one, given.rounds).cells() for one in compared
        ]
        print(rows.table(_HEADER, lines), flush=True)
        if given.only:
            return
        sizes = {"ours": ours.time("numpy_input_fn")}
        sizes["theirs"] = theirs.time("embedded")
        print(
            "\nFiles of 47 MB of data: "
            + "; ".join(
                f"{side}: events {size['events']:.1f} MB, graph.pbtxt "
                f"{size['graph']:.1f} MB"
                for side, size in sizes.items()
            )
        )
        print(
            "A step under Estimator against MonitoredTrainingSession: "
            f"{_steps(ours, given.rounds):.3f} (reach 1.05)"
        )
        grown = ours.time("rounds")["grown_mb"]
        print(f"100 rounds of train, evaluate, predict: {grown:+.1f} MB")


if __name__ == "__main__":
    main()
