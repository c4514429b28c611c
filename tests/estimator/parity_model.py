"""The model, the input and the hooks of a program that both Estimators play."""

import functools

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
_ROWS, _BATCH = 60, 8


class Steps(v1.train.SessionRunHook):
    """Keeps the loss of each step, the order of its callbacks, and nodes."""

    def __init__(self):
        self.losses = []
        self.calls = []

    def begin(self):
        self.calls.append("begin")
        self._loss = v1.losses.get_losses()[0]

    def after_create_session(self, session, coord):
        self.calls.append("after_create_session")
        self.nodes = [op.name for op in session.graph.get_operations()]

    def before_run(self, run_context):
        return v1.train.SessionRunArgs(self._loss)

    def after_run(self, run_context, run_values):
        self.losses.append(float(run_values.results))

    def end(self, session):
        self.calls.append("end")


class Listener(v1.train.CheckpointSaverListener):
    """Keeps the order of its callbacks."""

    def __init__(self):
        self.calls = []

    def begin(self):
        self.calls.append("begin")

    def before_save(self, session, global_step_value):
        self.calls.append(f"before {global_step_value}")

    def after_save(self, session, global_step_value):
        self.calls.append(f"after {global_step_value}")

    def end(self, session, global_step_value):
        self.calls.append(f"end {global_step_value}")


def arrays():
    """The same rows as arrays, and their labels."""
    random = np.random.RandomState(3)
    x = random.rand(_ROWS, 2).astype(np.float32)
    return {"x": x}, (x.sum(axis=1, keepdims=True) > 1).astype(np.float32)


def input_fn(mode, params):
    """Rows of two features and a label; shuffled to train."""
    data = tf.data.Dataset.from_tensor_slices(arrays())
    if mode == "train":
        data = data.shuffle(_ROWS, seed=params["seed"]).repeat()
    return data.batch(_BATCH)


def model_fn(estimators, features, labels, mode, params):
    """Two layers with dropout, and metrics of several kinds."""
    is_training = mode == estimators.ModeKeys.TRAIN
    with v1.variable_scope("net"):
        hidden = v1.get_variable("hidden", [2, params["units"]])
        output = v1.get_variable("output", [params["units"], 1])
        net = tf.nn.relu(tf.matmul(features["x"], hidden))
        if is_training:
            net = tf.nn.dropout(net, rate=0.2)
        logits = tf.matmul(net, output)
    score = tf.sigmoid(logits, name="score")
    outputs = estimators.export
    spec = functools.partial(
        estimators.EstimatorSpec,
        mode,
        predictions={"score": score, "logits": logits},
        export_outputs={
            "serving_default": outputs.PredictOutput({"score": score}),
            "regression": outputs.RegressionOutput(score),
        },
    )
    if mode == estimators.ModeKeys.PREDICT:
        return spec()
    loss = v1.losses.sigmoid_cross_entropy(labels, logits)
    accuracy = v1.metrics.accuracy(labels, tf.round(score))
    v1.summary.scalar("accuracy", accuracy[1])
    step = v1.train.get_global_step()
    optimizer = v1.train.AdamOptimizer(params["rate"])
    return spec(
        loss=loss,
        train_op=optimizer.minimize(loss, global_step=step),
        eval_metric_ops={
            "accuracy": accuracy,
            "auc": v1.metrics.auc(labels, score),
            "difference": (accuracy[0] - 0.5, tf.group(accuracy[1])),
        },
    )


def receiver_fn(estimators):
    """Serialized examples, as a server gets them."""
    spec = {"x": tf.io.FixedLenFeature([2], tf.float32)}
    return estimators.export.build_parsing_serving_input_receiver_fn(spec)()


def more_metrics(features, labels, predictions, config):
    """Metrics that an Estimator has beside those of its model."""
    return {
        "largest": v1.metrics.mean(tf.reduce_max(features["x"], 1)),
        "seed": v1.metrics.mean(tf.fill([2], float(config.tf_random_seed))),
        "accuracy": v1.metrics.mean(tf.abs(predictions["score"] - labels)),
    }
