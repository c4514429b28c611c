"""A small model with checkpoints, for tests of evaluations and predictions."""

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
FEATURES = np.arange(10, dtype=np.float32)
LABELS = 2 * FEATURES + 1


def input_fn():
    """Ten rows in batches of 4, 4 and 2."""
    pairs = ({"x": FEATURES}, LABELS)
    return tf.data.Dataset.from_tensor_slices(pairs).batch(4)


def write_checkpoint(model_dir, step, weight=3.0):
    """Writes a checkpoint of the model; returns its path."""
    with tf.Graph().as_default(), v1.Session() as session:
        global_step = v1.train.create_global_step()
        v1.get_variable("weight", initializer=weight)
        session.run(v1.global_variables_initializer())
        session.run(v1.assign(global_step, step))
        path = str(model_dir / "model.ckpt")
        return v1.train.Saver().save(session, path, step)


def model_fn_of(estimator, metrics=None, calls=None, before=None, **spec):
    """Returns a model function that predicts "x" times a weight.

    Args:
      estimator: The module with `EstimatorSpec`.
      metrics: Function of the predictions that returns `eval_metric_ops`.
      calls: List that each call appends its mode to.
      before: Function of the predictions, called in the graph, that may
        replace them.
      **spec: Functions without arguments that return fields of the spec.
    """

    def model_fn(features, labels, mode):
        if calls is not None:
            calls.append(mode)
        weight = v1.get_variable("weight", initializer=1.0)
        predicted = features["x"] * weight
        if before is not None:
            predicted = before(predicted)
        fields = {name: make() for name, make in spec.items()}
        predictions = {"y": predicted, "double": 2 * predicted}
        if mode == "infer":
            return estimator.EstimatorSpec(mode, predictions, **fields)
        loss = tf.reduce_mean(tf.square(predicted - labels))
        step = v1.train.get_global_step()
        return estimator.EstimatorSpec(
            mode,
            predictions,
            loss,
            tf.group(v1.assign_add(step, 1)),
            metrics(predicted) if metrics else None,
            **fields,
        )

    return model_fn


def made(estimator, model_dir, config=None, **model):
    """Returns an Estimator of such a model, in a folder."""
    return estimator.Estimator(
        model_fn_of(estimator, **model), str(model_dir), config
    )


def equal(metrics, others):
    """Returns whether two results are the same, bit by bit, and in order."""
    return [*metrics] == [*others] and all(
        type(metrics[name]) is type(others[name])
        and np.array_equal(metrics[name], others[name], equal_nan=True)
        for name in metrics
        if not isinstance(metrics[name], bytes)
    )


def events_of(folder):
    """Returns `(step, tag, value)` of the summaries in a folder."""
    v1.summary.FileWriterCache.get(str(folder)).flush()
    return [
        (event.step, value.tag, _value(value))
        for path in sorted(folder.iterdir())
        for event in v1.train.summary_iterator(str(path))
        for value in event.summary.value
    ]


def _value(value):
    if value.HasField("simple_value"):
        return value.simple_value
    if value.HasField("tensor"):
        return tf.make_ndarray(value.tensor).tolist()
    return value.WhichOneof("value")
