"""A program of Estimators, and a record of all that can be seen of it.

    python -m tests.estimator.parity

writes the record of the real Estimator, of TensorFlow 2.15, which
`parity_test` compares with ours on every TensorFlow.
"""

import functools
import glob
import json
import os
import pathlib
import tempfile

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
RECORD = pathlib.Path(__file__).with_name("parity.json")
_ROWS, _BATCH = 60, 8


class Steps(v1.train.SessionRunHook):
    """Keeps the loss of each step, and the order of its callbacks."""

    def __init__(self):
        self.losses = []
        self.calls = []

    def begin(self):
        self.calls.append("begin")
        self._loss = v1.losses.get_losses()[0]

    def after_create_session(self, session, coord):
        self.calls.append("after_create_session")

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


def input_fn(mode, params):
    """Rows of two features and a label; shuffled to train."""
    random = np.random.RandomState(3)
    x = random.rand(_ROWS, 2).astype(np.float32)
    labels = (x.sum(axis=1, keepdims=True) > 1).astype(np.float32)
    data = tf.data.Dataset.from_tensor_slices(({"x": x}, labels))
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


def observed(estimators, folder):
    """Plays the program; returns what was seen, as JSON can hold it."""
    folder = pathlib.Path(folder)
    config = estimators.RunConfig(
        str(folder),
        tf_random_seed=11,
        save_checkpoints_steps=10,
        save_summary_steps=5,
        log_step_count_steps=10,
        keep_checkpoint_max=2,
    )
    made = estimators.Estimator(
        functools.partial(model_fn, estimators),
        config=config,
        params={"units": 4, "rate": 0.05, "seed": 5},
    )
    steps, listener = Steps(), Listener()
    made.train(input_fn, [steps], steps=25, saving_listeners=[listener])
    seen = {"files": _files(folder)}
    made.train(input_fn, [steps], max_steps=32)
    made.train(input_fn, [steps], max_steps=32)
    seen.update(losses=steps.losses, calls=steps.calls, listener=listener.calls)
    seen["metrics"] = _plain(made.evaluate(input_fn, name="test"))
    seen["partial"] = _plain(made.evaluate(input_fn, steps=2))
    predictions = made.predict(input_fn, predict_keys=["score"])
    seen["scores"] = [float(one["score"][0]) for one in predictions]
    seen["variables"] = {
        name: np.asarray(made.get_variable_value(name)).ravel().tolist()
        for name in sorted(made.get_variable_names())
    }
    exported = made.export_saved_model(
        str(folder / "exported"), functools.partial(receiver_fn, estimators)
    )
    seen["signatures"] = _signatures(exported)
    result = estimators.train_and_evaluate(
        made,
        estimators.TrainSpec(input_fn, max_steps=50),
        estimators.EvalSpec(
            input_fn,
            throttle_secs=0,
            exporters=estimators.FinalExporter(
                "final", functools.partial(receiver_fn, estimators)
            ),
        ),
    )
    seen["train_and_evaluate"] = _plain(result[0])
    v1.summary.FileWriterCache.clear()
    # Which step a summary of training has is a race of its read with the step.
    seen["events"] = sorted(_events(folder))
    for name in ("eval", "eval_test"):
        seen[f"events {name}"] = _events(folder / name)
    seen["all files"] = _files(folder)
    return seen


def _plain(metrics):
    return {name: float(value) for name, value in metrics.items()}


def _files(folder):
    names = (
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "export" not in path.relative_to(folder).parts[0]
    )
    return sorted(
        {
            name.split(".tfevents.")[0] + " of events"
            if "tfevents" in name
            else name
            for name in names
        }
    )


def _events(folder):
    """Returns the tags with their steps."""
    tags = {}
    for path in sorted(glob.glob(str(folder / "*tfevents*"))):
        for event in v1.train.summary_iterator(path):
            for value in event.summary.value:
                tags.setdefault(value.tag, []).append(event.step)
    return {tag: sorted(steps) for tag, steps in sorted(tags.items())}


def _signatures(exported):
    with tf.Graph().as_default(), v1.Session() as session:
        meta = v1.saved_model.load(session, ["serve"], os.fsdecode(exported))
    return {
        key: {
            "method": signature.method_name,
            "inputs": _tensors(signature.inputs),
            "outputs": _tensors(signature.outputs),
        }
        for key, signature in sorted(meta.signature_def.items())
    }


def _tensors(infos):
    return {name: [info.name, info.dtype] for name, info in infos.items()}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made_folder:
        RECORD.write_text(
            json.dumps(observed(tf.estimator, made_folder), indent=1) + "\n"
        )
