"""A checkpoint that the Estimator of TensorFlow 2.15 wrote, and what followed.

    python -m tests.estimator.old_checkpoint

on TensorFlow 2.15 writes both into `data/tf_2_15`: the checkpoint after the
first steps, and a record of how the real Estimator went on from it.
"""

import functools
import json
import pathlib
import shutil
import tempfile

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
FOLDER = pathlib.Path(__file__).with_name("data") / "tf_2_15"
RECORD = FOLDER / "record.json"
FIRST_STEPS, MORE_STEPS = 6, 5
_ROWS, _BATCH, _DECAY = 40, 8, 0.9


class Resumed(v1.train.SessionRunHook):
    """Keeps the values that a session begins with, and the loss of each step.

    Attributes:
      values: Lists by the names of checkpoints, rows of all parts in a row.
      losses: Of the steps.
    """

    def __init__(self):
        self.values, self.losses = {}, []

    def begin(self):
        self._loss = v1.losses.get_losses()[0]

    def after_create_session(self, session, coord):
        variables = sorted(v1.global_variables(), key=lambda one: one.op.name)
        for one, value in zip(variables, session.run(variables)):
            name = one.op.name.partition("/part_")[0]
            self.values.setdefault(name, []).extend(np.ravel(value).tolist())

    def before_run(self, run_context):
        return v1.train.SessionRunArgs(self._loss)

    def after_run(self, run_context, run_values):
        self.losses.append(float(run_values.results))


def input_fn():
    """Rows of three features, and their sum; without an end."""
    x = np.random.RandomState(7).rand(_ROWS, 3).astype(np.float32)
    data = tf.data.Dataset.from_tensor_slices((x, x.sum(1, keepdims=True)))
    return data.repeat().batch(_BATCH)


def normalized(x, training):
    """Normalizes batches, as tf.layers does: the same names, averages too."""
    size = x.shape[-1:]
    ones, zeros = v1.ones_initializer(), v1.zeros_initializer()
    with v1.variable_scope("batch_normalization"):
        get = functools.partial(v1.get_variable, shape=size)
        gamma = get("gamma", initializer=ones)
        beta = get("beta", initializer=zeros)
        mean = get("moving_mean", initializer=zeros, trainable=False)
        variance = get("moving_variance", initializer=ones, trainable=False)
    used = mean, variance
    if training:
        used = tf.nn.moments(x, [0])
        for average, new in zip((mean, variance), used):
            update = v1.assign_sub(average, (average - new) * (1 - _DECAY))
            v1.add_to_collection(v1.GraphKeys.UPDATE_OPS, update)
    return tf.nn.batch_normalization(x, *used, beta, gamma, 1e-3)


def model_fn(estimators, features, labels, mode):
    """Weights in two parts, averages of batches, slots of two optimizers."""
    parts = v1.fixed_size_partitioner(2)
    hidden = v1.get_variable("hidden", [3, 4], partitioner=parts)
    net = normalized(tf.matmul(features, hidden), mode == "train")
    output = v1.get_variable("output", [4, 1], use_resource=False)
    loss = v1.losses.mean_squared_error(labels, tf.matmul(net, output))
    step = v1.train.get_global_step()
    adam = v1.train.AdamOptimizer(0.05)
    momentum = v1.train.MomentumOptimizer(0.05, 0.9)
    rest = [one for one in v1.trainable_variables() if one is not output]
    pairs = adam.compute_gradients(loss, rest)
    of_output = momentum.compute_gradients(loss, [output])
    updates = v1.get_collection(v1.GraphKeys.UPDATE_OPS)
    # All are computed before one is applied: else what they read is a race.
    gradients = [gradient for gradient, _ in (*pairs, *of_output)]
    with tf.control_dependencies([*gradients, *updates]):
        train_op = tf.group(
            adam.apply_gradients(pairs, step),
            momentum.apply_gradients(of_output),
        )
    return estimators.EstimatorSpec(mode, loss=loss, train_op=train_op)


def estimator_in(estimators, folder):
    """Returns an Estimator of that model.

    Args:
      estimators: The module with `Estimator` and the rest.
      folder: The `model_dir`.
    """
    config = estimators.RunConfig(
        str(folder), tf_random_seed=3, checkpoint_save_graph_def=False
    )
    function = functools.partial(model_fn, estimators)
    return estimators.Estimator(function, config=config)


def resumed(estimators, folder):
    """Trains on from the checkpoint in a folder; returns what was seen."""
    made, hook = estimator_in(estimators, folder), Resumed()
    made.train(input_fn, [hook], steps=MORE_STEPS)
    names = made.get_variable_names()
    return {
        "restored": hook.values,
        "losses": hook.losses,
        "trained": {
            name: np.ravel(made.get_variable_value(name)).tolist()
            for name in sorted(names)
        },
        "evaluated": float(made.evaluate(input_fn, steps=3)["loss"]),
    }


def _write(estimators):
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        estimator_in(estimators, folder).train(input_fn, steps=FIRST_STEPS)
        last = pathlib.Path(folder).glob(f"model.ckpt-{FIRST_STEPS}.*")
        for path in [*last, pathlib.Path(folder) / "checkpoint"]:
            shutil.copy(path, FOLDER)
        seen = resumed(estimators, folder)
    RECORD.write_text(json.dumps(seen) + "\n")


if __name__ == "__main__":
    _write(tf.estimator)
