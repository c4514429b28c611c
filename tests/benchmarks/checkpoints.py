"""Prints what it costs to verify a checkpoint before it is restored.

    python -m tests.benchmarks.checkpoints

Median wall time of each, and its share of TensorFlow's restore.
"""

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
HEADER = (
    "variables",
    "restore, ms",
    "verify, ms",
    "to reach, ms",
    "of the restore",
    "full read, ms",
    "differences, ms",
)


def measured(variables):
    """Returns the cells of a row, for so many variables of 256 bytes."""
    with tf.Graph().as_default() as graph, v1.Session() as session:
        for number in range(variables):
            v1.get_variable(f"tower/layer_{number}/kernel", (8, 8))
        saver = v1.train.Saver()
        session.run(v1.global_variables_initializer())
        with tempfile.TemporaryDirectory() as folder:
            path = saver.save(session, os.path.join(folder, "model.ckpt"), 30)
            us = timing.wall_us(
                {
                    "restore": lambda: saver.restore(session, path),
                    "verify": lambda: checkpoint_files.problem(path),
                    "full": lambda: checkpoint_files.problem(path, full=True),
                    "differences": lambda: _differences(saver, graph, path),
                },
                rounds=9,
            )
    ms = {name: value / 1000 for name, value in us.items()}
    return (
        str(variables),
        f"{ms['restore']:.2f}",
        f"{ms['verify']:.2f}",
        f"{1 + variables / 100:.2f}",
        f"{ms['verify'] / ms['restore']:.0%}",
        f"{ms['full']:.2f}",
        f"{ms['differences']:.2f}",
    )


def _differences(saver, graph, path):
    return checkpoint_differences.differences(
        checkpoint_differences.contents(path),
        restored_tensors.restore_actions(saver, graph),
    )


def main():
    tf.get_logger().setLevel("ERROR")
    print(rows.table(HEADER, [measured(count) for count in VARIABLES]))


if __name__ == "__main__":
    main()
