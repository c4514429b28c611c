"""Metric objects of Keras: of Keras 2 on older TensorFlow, else of Keras 3."""

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from monitored_tf.estimator import keras_metrics

Keys = tf.compat.v1.GraphKeys
LABELS = np.array([[0.0, 1.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0]])
SCORES = np.array([[0.1, 0.7, 0.2, 0.6], [0.8, 0.9, 0.3, 0.4]])
IS_KERAS_3 = not hasattr(tf.keras.metrics.Mean, "updates")
only_keras_3 = pytest.mark.skipif(not IS_KERAS_3, reason="it is Keras 2")


def _metrics(estimator, **eval_metric_ops):
    return estimator.EstimatorSpec(
        "eval", loss=tf.constant(0.5), eval_metric_ops=eval_metric_ops
    ).eval_metric_ops


def _placeholders():
    return [tf.compat.v1.placeholder(tf.float32, [None]) for _ in range(2)]


def _evaluated(value, update, placeholders):
    """Returns the value after two batches, and of a second evaluation."""
    results = []
    with tf.compat.v1.Session() as session:
        for _ in range(2):
            session.run(tf.compat.v1.local_variables_initializer())
            for batch in zip(LABELS, SCORES):
                session.run(update, dict(zip(placeholders, batch)))
            results.append(session.run(value))
    return results


KINDS = ["Mean", "Accuracy", "AUC", "Precision", "MeanSquaredError", "MeanIoU"]


def _made(kind):
    options = {"num_classes": 2} if kind == "MeanIoU" else {}
    return getattr(tf.keras.metrics, kind)(**options)


@pytest.mark.parametrize("kind", KINDS)
def test_they_compute_what_they_do_eagerly(estimator, kind):
    count = 1 if kind == "Mean" else 2
    eager = _made(kind)
    for batch in zip(LABELS, SCORES):
        eager.update_state(*batch[:count])
    expected = eager.result().numpy()
    with tf.Graph().as_default():
        metric, placeholders = _made(kind), _placeholders()
        metric.update_state(*placeholders[:count])
        value, update = _metrics(estimator, m=metric)["m"]
        results = _evaluated(value, update, placeholders)
    np.testing.assert_allclose(results, [expected, expected], rtol=1e-6)


def test_their_state_is_local_and_in_no_checkpoint(estimator, graph):
    metric = tf.keras.metrics.Mean()
    metric.update_state(tf.constant([1.0]))
    other = tf.compat.v1.get_variable("weight", initializer=0.5)
    _metrics(estimator, mean=metric)
    for key in (Keys.LOCAL_VARIABLES, Keys.METRIC_VARIABLES):
        assert len(graph.get_collection(key)) == 2
    assert graph.get_collection(Keys.GLOBAL_VARIABLES) == [other]


def test_given_twice_their_state_is_listed_once(estimator, graph):
    metric = tf.keras.metrics.Mean()
    metric.update_state(tf.constant([1.0]))
    _metrics(estimator, one=metric, two=metric)
    assert len(graph.get_collection(Keys.LOCAL_VARIABLES)) == 2


def test_the_users_dict_keeps_the_object(graph):
    metric = tf.keras.metrics.Mean()
    metric.update_state(tf.constant([1.0]))
    given = {"mean": metric}
    ours.EstimatorSpec("eval", loss=tf.constant(1.0), eval_metric_ops=given)
    assert given["mean"] is metric


def test_without_update_it_is_a_value_error(estimator, graph):
    with pytest.raises(ValueError, match=r"call update_state\(...\)"):
        _metrics(estimator, mean=tf.keras.metrics.Mean())


def test_without_a_graph_it_has_no_update():
    metric = tf.keras.metrics.Mean()
    metric.update_state([1.0])
    with pytest.raises(ValueError, match=r"call update_state\(...\)"):
        ours.EstimatorSpec("other", eval_metric_ops={"mean": metric})


def test_of_another_graph_it_is_a_value_error(estimator, graph):
    with tf.Graph().as_default():
        metric = tf.keras.metrics.Mean()
        metric.update_state(tf.constant([1.0]))
    with pytest.raises(ValueError, match="graph"):
        _metrics(estimator, mean=metric)


@only_keras_3
def test_updated_twice_the_order_is_unclear(graph):
    metric = tf.keras.metrics.Mean()
    for value in (1.0, 2.0):
        metric.update_state(tf.constant([value]))
    with pytest.raises(ValueError, match="updated more than once .*tf_keras"):
        _metrics(ours, mean=metric)


@only_keras_3
def test_reset_in_the_graph_the_order_is_unclear(graph):
    metric = tf.keras.metrics.Mean()
    metric.update_state(tf.constant([1.0]))
    metric.reset_state()
    with pytest.raises(ValueError, match="reset_state"):
        _metrics(ours, mean=metric)


class _Crossed(tf.keras.metrics.Metric):
    """Updates one variable from another."""

    def __init__(self):
        super().__init__(name="crossed")
        self.count = self.add_weight(name="count", initializer="zeros")
        self.shown = self.add_weight(name="shown", initializer="zeros")

    def update_state(self, values):
        self.count.assign_add(tf.reduce_sum(values))
        self.shown.assign(self.count * 2.0)

    def result(self):
        return self.shown + 0.0


@only_keras_3
def test_an_update_that_reads_another_variable_is_unclear(graph):
    metric = _Crossed()
    metric.update_state(tf.constant([1.0]))
    with pytest.raises(ValueError, match="reads .*count.* to update another"):
        _metrics(ours, crossed=metric)


@only_keras_3
def test_updated_in_a_tf_function_there_is_no_update(graph):
    metric = tf.keras.metrics.Mean()
    tf.function(metric.update_state)(tf.constant([1.0]))
    with pytest.raises(ValueError, match="not inside a tf.function"):
        _metrics(ours, mean=metric)


def test_a_metric_is_known_by_what_it_can_do():
    assert keras_metrics.is_metric(tf.keras.metrics.Mean())
    assert not keras_metrics.is_metric((1, 2))


def test_metrics_of_tf_keras(graph):
    metrics = pytest.importorskip("tf_keras").metrics
    metric, placeholders = metrics.MeanSquaredError(), _placeholders()
    metric.update_state(*placeholders)
    value, update = _metrics(ours, m=metric)["m"]
    expected = np.mean((LABELS - SCORES) ** 2)
    results = _evaluated(value, update, placeholders)
    np.testing.assert_allclose(results, [expected, expected], rtol=1e-6)
