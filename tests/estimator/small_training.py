"""A small model that trains quickly, and what its training leaves behind."""

import os
import re

import tensorflow as tf

from monitored_tf.testing import RecordingHook

v1 = tf.compat.v1
LOSS = "mean_loss:0"


def estimator_in(module, folder, parts=dict, **config):
    """Returns an Estimator of a model of four weights, with dropout.

    Args:
      module: With `Estimator`, `EstimatorSpec` and `RunConfig`.
      folder: The `model_dir`.
      parts: Called in the graph of the model; returns further fields of the
        spec.
      **config: Of the `RunConfig`.
    """

    def model_fn(features, labels, mode):
        weights = v1.get_variable("weights", [4, 1])
        guess = tf.nn.dropout(features, rate=0.3) @ weights
        loss = tf.reduce_mean(tf.square(guess - labels), name="mean_loss")
        train_op = v1.train.AdamOptimizer(0.1).minimize(
            loss, v1.train.get_global_step()
        )
        fields = {"loss": loss, "train_op": train_op, **parts()}
        return module.EstimatorSpec(mode, **fields)

    run_config = module.RunConfig(**{"tf_random_seed": 5, **config})
    return module.Estimator(model_fn, str(folder), run_config)


def input_of(batches):
    """Returns an input function of so many batches."""

    def input_fn():
        x = tf.reshape(tf.range(0.0, 1.0, 1 / (batches * 8)), [-1, 4])
        y = tf.reduce_sum(x, 1, keepdims=True)
        return tf.data.Dataset.from_tensor_slices((x, y)).batch(2)

    return input_fn


def many_batches():
    """Returns a shuffled dataset without an end."""
    return input_of(20)().shuffle(10, seed=3).repeat()


def no_batches():
    """Returns an empty dataset."""
    return many_batches().take(0)


def losses_hook():
    """Returns a hook whose `results` are the losses."""
    return RecordingHook(fetches=LOSS)


def checkpoint_steps(folder):
    """Returns the steps of the checkpoints in a folder."""
    found = (
        re.match(r"model\.ckpt-(\d+)\.index", n) for n in os.listdir(folder)
    )
    return sorted(int(match[1]) for match in found if match)


def events(folder):
    """Returns what was written as events: pairs of step and tag or kind."""
    v1.summary.FileWriterCache.get(str(folder)).flush()
    (path,) = folder.glob("events.*")
    written = []
    for event in v1.train.summary_iterator(str(path)):
        kind = event.WhichOneof("what")
        if kind == "summary":
            written += [(event.step, v.tag) for v in event.summary.value]
        elif kind == "session_log":
            status = v1.SessionLog.SessionStatus.Name(event.session_log.status)
            written.append((event.step, status))
        else:
            written.append((event.step, kind))
    return written
