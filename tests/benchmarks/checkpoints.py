"""Prints what it costs to verify a checkpoint before it is restored.

    python -m tests.benchmarks.checkpoints

Median wall time of each, and its share of TensorFlow's restore. All of it is
what is done before a restore: to verify the files, and to compare them with the
graph. The first time in a graph takes longer, as TensorFlow then makes what
`Operation.inputs` returns: that is the least CPU time of graphs that are new.
"""

import itertools
import os
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from monitored_tf import (
    checkpoint_differences,
    checkpoint_files,
    restored_tensors,
)
from tests.benchmarks import rows, timing

v1 = tf.compat.v1
VARIABLES = (1, 100, 1000)
NEW_GRAPHS = 3
HEADER = (
    "variables",
    "restore, ms",
    "verify, ms",
    "of the restore",
    "full read, ms",
    "compare, ms",
    "all, ms",
    "to reach, ms",
    "compare, new graph, ms",
)


def measured(variables):
    """Returns the cells of a row, for so many variables of 256 bytes."""
    with tempfile.TemporaryDirectory() as folder:
        with tf.Graph().as_default() as graph, v1.Session() as session:
            saver = _saver(variables)
            # Two in turn, of other values: the index read last is kept.
            paths = itertools.cycle(
                [
                    _saved(session, saver, os.path.join(folder, name))
                    for name in ("one", "two")
                ]
            )
            us = timing.wall_us(_cases(session, saver, graph, paths), rounds=9)
        new = _new_graph_ms(variables, next(paths))
    ms = {name: value / 1000 for name, value in us.items()}
    return (
        str(variables),
        f"{ms['restore']:.2f}",
        f"{ms['verify']:.2f}",
        f"{ms['verify'] / ms['restore']:.0%}",
        f"{ms['full']:.2f}",
        f"{ms['compare']:.2f}",
        f"{ms['all']:.2f}",
        f"{1 + variables / 100:.2f}",
        f"{new:.2f}",
    )


def _saver(variables):
    for number in range(variables):
        v1.get_variable(f"tower/layer_{number}/kernel", (8, 8))
    return v1.train.Saver()


def _saved(session, saver, path):
    session.run(v1.global_variables_initializer())
    return saver.save(session, path)


def _cases(session, saver, graph, paths):
    def verify_and_compare():
        path = next(paths)
        checkpoint_files.problem(path)
        _compare(saver, graph, path)

    return {
        "restore": lambda: saver.restore(session, next(paths)),
        "verify": lambda: checkpoint_files.problem(next(paths)),
        "full": lambda: checkpoint_files.problem(next(paths), full=True),
        "compare": lambda: _compare(saver, graph, next(paths)),
        "all": verify_and_compare,
    }


def _compare(saver, graph, path):
    return checkpoint_differences.differences(
        checkpoint_differences.contents(path),
        restored_tensors.restore_actions(saver, graph),
    )


def _new_graph_ms(variables, path):
    def new():
        with tf.Graph().as_default() as graph:
            saver = _saver(variables)
        return lambda: _compare(saver, graph, path)

    return timing.once_secs({"new": new}, NEW_GRAPHS)["new"] * 1000


def main():
    tf.get_logger().setLevel("ERROR")
    print(rows.table(HEADER, [measured(count) for count in VARIABLES]))


if __name__ == "__main__":
    main()
