"""What `estimator` times, in a process that has one of the two Estimators.

It reads the names of tasks from its standard input, a line each, and answers
each with its seconds, as JSON.
"""

import functools
import json
import os
import resource
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
_BATCH, _SIDE, _CLASSES = 32, 12, 10
# 47 MB.
_MANY_ROWS = 82_000
_WARM_UPS = 3


def model_fn(features, labels, mode):
    """A small CNN of plain ops, which both sides have."""
    net = tf.reshape(features["x"], [-1, _SIDE, _SIDE, 1])
    for layer, channels in enumerate((8, 16)):
        shape = [3, 3, net.shape[-1], channels]
        weights = v1.get_variable(f"conv_{layer}", shape)
        bias = v1.get_variable(f"bias_{layer}", [channels])
        net = tf.nn.conv2d(net, weights, strides=2, padding="SAME") + bias
        net = tf.nn.relu(net)
    size = int(np.prod(net.shape[1:]))
    dense = v1.get_variable("dense", [size, _CLASSES])
    logits = tf.matmul(tf.reshape(net, [-1, size]), dense)
    predictions = {
        "class": tf.argmax(logits, axis=1),
        "probability": tf.nn.softmax(logits),
    }
    if mode == "infer":
        return estimators.EstimatorSpec(mode, predictions=predictions)
    loss = v1.losses.sparse_softmax_cross_entropy(labels, logits)
    accuracy = v1.metrics.accuracy(labels, predictions["class"])
    train_op = v1.train.AdamOptimizer().minimize(
        loss, v1.train.get_global_step()
    )
    return estimators.EstimatorSpec(
        mode,
        loss=loss,
        train_op=train_op,
        eval_metric_ops={"accuracy": accuracy},
    )


def _arrays(rows):
    random = np.random.RandomState(0)
    x = random.rand(rows, _SIDE * _SIDE).astype(np.float32)
    return {"x": x}, random.randint(0, _CLASSES, rows)


def _dataset(rows, repeats=None):
    data = tf.data.Dataset.from_tensor_slices(_arrays(rows))
    return data.repeat(repeats).batch(_BATCH)


_train_input = functools.partial(_dataset, 10 * _BATCH)
_eval_input = functools.partial(_dataset, 10 * _BATCH, 1)
_one_example = functools.partial(_dataset, 1, 1)


def _receiver():
    x = v1.placeholder(tf.float32, [None, _SIDE * _SIDE])
    return estimators.export.ServingInputReceiver({"x": x}, {"x": x})


def _new(**config):
    config = estimators.RunConfig(
        tempfile.mkdtemp(dir=_folder), tf_random_seed=1, **config
    )
    return estimators.Estimator(model_fn, config=config)


@functools.cache
def _trained():
    return _new().train(_train_input, steps=5)


def _train_and_evaluate(**more):
    made = _new(save_checkpoints_steps=20)
    estimators.train_and_evaluate(
        made,
        estimators.TrainSpec(_train_input, max_steps=200),
        estimators.EvalSpec(_eval_input, throttle_secs=0, **more),
    )


def _numpy_input():
    x, y = _arrays(_MANY_ROWS)
    return v1_inputs.numpy_input_fn(x, y, _BATCH, shuffle=False)


def _train_on(input_fn):
    made = _new()
    started = time.perf_counter()
    made.train(input_fn, steps=1)
    secs = time.perf_counter() - started
    sizes = {
        name: os.path.getsize(os.path.join(made.model_dir, name)) / 1e6
        for name in os.listdir(made.model_dir)
    }
    events = sum(mb for name, mb in sizes.items() if "tfevents" in name)
    return {"secs": secs, "events": events, "graph": sizes["graph.pbtxt"]}


@functools.cache
def _predictor():
    return _trained().predictor(_receiver)


@functools.cache
def _warm_evaluator():
    return _trained().warm_evaluator(_eval_input)


def _one_row():
    return {"x": _arrays(1)[0]["x"]}


def _rounds(count=100):
    """Returns by how many MB the process grows over so many rounds."""
    made, sizes = _new(), []
    for _ in range(count + _WARM_UPS):
        made.train(_train_input, steps=1)
        made.evaluate(_eval_input, steps=1)
        list(made.predict(_one_example))
        sizes.append(_resident_mb())
    return {"secs": 0.0, "grown_mb": sizes[-1] - sizes[_WARM_UPS - 1]}


class _Clock(v1.train.SessionRunHook):
    """Takes the mean seconds of a step, once the first ones are made."""

    def __init__(self, first=50):
        self._first, self._steps = first, 0

    def after_run(self, run_context, run_values):
        self._steps += 1
        self._last = time.perf_counter()
        if self._steps == self._first:
            self._started = self._last

    def secs(self):
        return (self._last - self._started) / (self._steps - self._first)


def _step_of_estimator(steps=1000):
    clock = _Clock()
    _new().train(_train_input, hooks=[clock], steps=steps)
    return {"secs": clock.secs()}


def _step_of_session(steps=1000):
    import monitored_tf

    clock, folder = _Clock(), tempfile.mkdtemp(dir=_folder)
    with tf.Graph().as_default():
        v1.train.create_global_step()
        iterator = v1.data.make_one_shot_iterator(_train_input())
        spec = model_fn(*iterator.get_next(), "train")
        loss = {"loss": spec.loss}
        v1.summary.scalar("loss", spec.loss)
        hooks = [
            clock,
            monitored_tf.StopAtStepHook(steps),
            monitored_tf.NanTensorHook(spec.loss),
            monitored_tf.LoggingTensorHook(loss, every_n_iter=100),
        ]
        with monitored_tf.MonitoredTrainingSession(
            checkpoint_dir=folder, hooks=hooks
        ) as session:
            while not session.should_stop():
                session.run([spec.train_op, spec.loss])
    return {"secs": clock.secs()}


def _resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


TASKS = {
    "train(1)": lambda: _new().train(_train_input, steps=1),
    "train(50)": lambda: _new().train(_train_input, steps=50),
    "evaluate": lambda: _trained().evaluate(_eval_input),
    "predict": lambda: list(_trained().predict(_one_example)),
    "export": lambda: _trained().export_saved_model(
        tempfile.mkdtemp(dir=_folder), _receiver
    ),
    "train_and_evaluate": _train_and_evaluate,
    "embedded": lambda: _train_on(
        functools.partial(_dataset, _MANY_ROWS, None)
    ),
    "numpy_input_fn": lambda: _train_on(_numpy_input()),
    "rounds": _rounds,
    # Ours only.
    "evaluate, warm": lambda: _warm_evaluator()(),
    "predictor": lambda: _predictor()(_one_row()),
    "step": _step_of_estimator,
    "step of a session": _step_of_session,
    "train_and_evaluate, warm": lambda: _train_and_evaluate(keep_warm=True),
}


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What anybody else prints is no answer.
    for line in sys.stdin:
        started = time.perf_counter()
        result = TASKS[line.strip()]()
        secs = time.perf_counter() - started
        answer = result if isinstance(result, dict) else {}
        answer = (
            {"secs": secs, **answer} if "secs" in answer else {"secs": secs}
        )
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    v1.logging.set_verbosity(v1.logging.ERROR)
    _folder = sys.argv[2]
    if sys.argv[1] == "tf":
        estimators, v1_inputs = tf.estimator, v1.estimator.inputs
    else:
        import monitored_tf.estimator as estimators

        v1_inputs = estimators.inputs
    main()
