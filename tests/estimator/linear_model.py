"""A model of one weight with a checkpoint, for tests of exports."""

import os

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

v1 = tf.compat.v1
WEIGHT = 3.0
STEP = 7


def model_fn_of(estimator, scaffold=None, own=(), outputs=None):
    """Returns a model function whose predictions are "x" times the weight.

    Args:
      estimator: The module with `EstimatorSpec`.
      scaffold: Function that returns the scaffold, called in the graph.
      own: Modes with the variable "own".
      outputs: Function of the features that returns `export_outputs`.
    """

    def model_fn(features, labels, mode):
        weight = v1.get_variable("weight", initializer=0.0)
        if mode in own:
            v1.get_variable("own", initializer=0.0)
        predicted = features["x"] * weight
        made = {"scaffold": scaffold() if scaffold else None}
        predictions = {"y": predicted}
        if mode == "infer":
            made["export_outputs"] = outputs(features) if outputs else None
            return estimator.EstimatorSpec(mode, predictions, **made)
        loss = tf.reduce_mean(tf.square(predicted - labels))
        train_op = v1.train.GradientDescentOptimizer(0.01).minimize(
            loss, v1.train.get_global_step()
        )
        metrics = {"mean": v1.metrics.mean(predicted)}
        return estimator.EstimatorSpec(
            mode, predictions, loss, train_op, metrics, **made
        )

    return model_fn


def write_checkpoint(folder, weight=WEIGHT, own=False):
    """Writes a checkpoint of such a model; returns its path."""
    with tf.Graph().as_default(), v1.Session() as session:
        step = v1.train.create_global_step()
        v1.get_variable("weight", initializer=weight)
        if own:
            v1.get_variable("own", initializer=0.0)
        session.run(v1.global_variables_initializer())
        session.run(v1.assign(step, STEP))
        path = str(folder / "model.ckpt")
        return v1.train.Saver().save(session, path, step)


def serving_receiver_fn(estimator):
    """Returns a receiver function that is fed "x"."""

    def receiver_fn():
        x = v1.placeholder(tf.float32, [None], "x")
        return estimator.export.ServingInputReceiver({"x": x}, {"x": x})

    return receiver_fn


def loaded(path, tag="serve"):
    """Loads an export; returns its session and its meta graph."""
    session = v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        return session, v1.saved_model.load(session, [tag], path)


def called(path, x, key="serving_default"):
    """Returns what a loaded export predicts by one of its signatures."""
    session, meta_graph = loaded(path)
    signature = meta_graph.signature_def[key]
    (output,) = signature.outputs.values()
    (given,) = signature.inputs.values()
    with session:
        return session.run(output.name, {given.name: x}).tolist()


def meta_graphs(path):
    """Returns the meta graphs of an export as they are stored."""
    with open(os.path.join(path, b"saved_model.pb"), "rb") as file:
        saved = saved_model_pb2.SavedModel.FromString(file.read())
    return [*saved.meta_graphs]
