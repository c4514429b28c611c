"""Evaluations that are kept warm give what cold ones give."""

import gc
import os
import signal
import threading
import weakref

import pytest
import tensorflow as tf

import monitored_tf
import monitored_tf.estimator as ours
from tests.estimator.trained_model import (
    FEATURES,
    LABELS,
    equal,
    events_of,
    input_fn,
    made,
    write_checkpoint,
)

v1 = tf.compat.v1


def metrics(y):
    """Metrics of all kinds: scalars, arrays, summaries."""
    wanted = tf.cast(y > 4, tf.int64)
    return {
        "accuracy": v1.metrics.accuracy(wanted, tf.ones_like(wanted)),
        "auc": v1.metrics.auc(wanted, tf.sigmoid(y)),
        "thresholds": v1.metrics.recall_at_thresholds(
            wanted, tf.sigmoid(y), [0.2, 0.9]
        ),
        "count": (tf.constant(3), tf.no_op()),
        "summary": (v1.summary.scalar("s", 0.5), tf.no_op()),
        "z": v1.metrics.mean(y),
    }


def shuffled():
    pairs = ({"x": FEATURES}, LABELS)
    dataset = tf.data.Dataset.from_tensor_slices(pairs).shuffle(10)
    return dataset.map(
        lambda x, y: ({"x": x["x"] + v1.random_uniform([])}, y)
    ).batch(4)


@pytest.mark.filterwarnings("ignore:Seed 5 from outer graph")
@pytest.mark.parametrize(("given", "steps"), [(input_fn, None), (shuffled, 2)])
def test_results_are_those_of_cold_ones(tmp_path, given, steps):
    calls = []
    config = ours.RunConfig(tf_random_seed=5)
    model = made(ours, tmp_path / "m", config, metrics=metrics, calls=calls)
    (tmp_path / "m").mkdir()
    with model.warm_evaluator(given, steps, name="warm") as evaluate:
        for step, weight in ((1, 0.1), (2, -7.0)):
            write_checkpoint(tmp_path / "m", step, weight)
            warm = evaluate()
            assert equal(warm, model.evaluate(given, steps))
            assert warm["global_step"] == step
        assert evaluate.reason_for_cold == ""
    assert len(calls) == 3  # One and two.
    assert events_of(tmp_path / "m" / "eval_warm") == events_of(
        tmp_path / "m" / "eval"
    )


def test_a_checkpoint_can_be_given(tmp_path):
    older = write_checkpoint(tmp_path, 1, weight=4.0)
    write_checkpoint(tmp_path, 2)
    model = made(ours, tmp_path)
    with model.warm_evaluator(input_fn) as evaluate:
        evaluate()
        warm = evaluate(older)
    assert equal(warm, model.evaluate(input_fn, checkpoint_path=older))


def test_a_new_model_is_evaluated_cold(tmp_path):
    calls = []
    model = made(ours, tmp_path, calls=calls)
    with model.warm_evaluator(input_fn) as evaluate:
        assert evaluate()["global_step"] == 0
        assert evaluate.reason_for_cold is None
        write_checkpoint(tmp_path, 3)
        assert [evaluate()["global_step"] for _ in range(2)] == [3, 3]
    assert len(calls) == 2


def test_steps_and_hooks_are_checked_at_once(tmp_path):
    model = made(ours, tmp_path)
    with pytest.raises(ValueError, match="Must specify steps > 0"):
        model.warm_evaluator(input_fn, steps=0)
    with pytest.raises(TypeError, match="SessionRunHook"):
        model.warm_evaluator(input_fn, hooks=[3])


def test_a_damaged_checkpoint_spoils_nothing(tmp_path):
    path = write_checkpoint(tmp_path, 1)
    model = made(ours, tmp_path)
    with model.warm_evaluator(input_fn) as evaluate:
        before = evaluate()
        (tmp_path / "bad.index").write_bytes(b"no index")
        with pytest.raises(monitored_tf.CheckpointError):
            evaluate(str(tmp_path / "bad"))
        assert equal(evaluate(path), before)


def test_sigterm_stops_it(tmp_path):
    write_checkpoint(tmp_path, 1)
    kills = []

    def maybe_kill(y):
        if kills:
            os.kill(os.getpid(), kills.pop())
        return y

    def before(y):
        return v1.py_func(maybe_kill, [y], tf.float32)

    model = made(ours, tmp_path, before=before)
    with model.warm_evaluator(input_fn) as evaluate:
        first = evaluate()
        kills.append(signal.SIGTERM)
        with pytest.raises(monitored_tf.Preempted):
            evaluate()
        assert equal(evaluate(), first)


def test_threads_wait_for_each_other(tmp_path):
    write_checkpoint(tmp_path, 1)
    model = made(ours, tmp_path)
    results = []
    with model.warm_evaluator(input_fn) as evaluate:
        first = evaluate()
        threads = [
            threading.Thread(target=lambda: results.append(evaluate()))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [equal(result, first) for result in results] == [True] * 4


def test_what_is_closed_does_not_run(tmp_path):
    write_checkpoint(tmp_path, 1)
    evaluate = made(ours, tmp_path).warm_evaluator(input_fn)
    evaluate()
    evaluate.close()
    evaluate.close()
    with pytest.raises(monitored_tf.SessionClosedError):
        evaluate()


def test_nothing_is_left_of_what_is_closed(tmp_path, caplog):
    # A record of the log would hold the error that ended the input.
    caplog.set_level("ERROR", logger="absl")
    write_checkpoint(tmp_path, 1)
    graphs = []

    def before(y):
        graphs.append(weakref.ref(y.graph))
        return y

    model = made(ours, tmp_path, before=before)
    with model.warm_evaluator(input_fn) as evaluate:
        evaluate()
        evaluate()
    model.evaluate(input_fn)
    next(model.predict(input_fn))
    del evaluate
    v1.summary.FileWriterCache.clear()
    for _ in range(2):  # What C++ lets go of in the first one is left to this.
        gc.collect()
    assert [graph() for graph in graphs] == [None] * 3


def test_the_graph_does_not_grow(tmp_path):
    write_checkpoint(tmp_path, 1)
    graphs = []

    def before(y):
        graphs.append(y.graph)
        return y

    with made(ours, tmp_path, before=before).warm_evaluator(
        input_fn
    ) as evaluate:
        evaluate()
        operations = len(graphs[0].get_operations())
        evaluate()
        assert len(graphs[0].get_operations()) == operations
