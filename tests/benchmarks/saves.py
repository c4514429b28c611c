"""Prints what it costs to look for NaN in what is saved.

    python -m tests.benchmarks.saves

Median wall time of a save of each kind, in turns, and the least. The check
includes writing aside and moving the files. "TF" is `Saver.save` alone.
"""

import itertools
import os
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from monitored_tf import checked_saver
from tests.benchmarks import rows, timing

v1 = tf.compat.v1
# Number of variables, and the shape of each.
MODELS = {
    "1000 variables of 256 bytes": (1000, (8, 8)),
    "16 variables, 64 MB": (16, (1024, 1024)),
    "1 variable, 64 MB": (1, (4096, 4096)),
}
TO_REACH = 0.10
ROUNDS = 13
HEADER = (
    "model",
    "TF, ms",
    "without check, ms",
    "with check, ms",
    "the check",
    "to reach",
)


def measured(name):
    """Returns the cells of a row."""
    count, shape = MODELS[name]
    with tf.Graph().as_default() as graph, v1.Session() as session:
        for number in range(count):
            v1.get_variable(f"tower/layer_{number}/kernel", shape)
        saver = v1.train.Saver()
        session.run(v1.global_variables_initializer())
        graph.finalize()
        savers = {
            "TF": saver,
            "without": checked_saver.CheckedSaver(saver, checks_weights=False),
            "with": checked_saver.CheckedSaver(saver),
        }
        with tempfile.TemporaryDirectory() as folder:
            us = timing.wall_us(
                {
                    kind: _save(one, session, os.path.join(folder, kind))
                    for kind, one in savers.items()
                },
                rounds=ROUNDS,
            )
    share = us["with"] / us["without"] - 1
    return (
        name,
        *(f"{us[kind] / 1000:.1f}" for kind in savers),
        f"{share:+.1%}",
        f"{TO_REACH:.0%}" + (" **missed**" if share > TO_REACH else ""),
    )


def _save(saver, session, folder):
    os.makedirs(folder)
    path = os.path.join(folder, "model.ckpt")
    # TensorFlow's would export the graph each time, which takes far longer.
    writes_graph = isinstance(saver, checked_saver.CheckedSaver)
    steps = itertools.count()

    def save():
        saver.save(session, path, next(steps), write_meta_graph=writes_graph)

    return save


def main():
    tf.get_logger().setLevel("ERROR")
    print(rows.table(HEADER, [measured(name) for name in MODELS]))


if __name__ == "__main__":
    main()
