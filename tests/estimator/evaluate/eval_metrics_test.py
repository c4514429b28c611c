"""Metrics given as pairs of a value and an update."""

import pytest
import tensorflow as tf

import monitored_tf.estimator as ours


def _metrics(estimator, model, eval_metric_ops):
    return estimator.EstimatorSpec(
        "eval", loss=model.loss, eval_metric_ops=eval_metric_ops
    ).eval_metric_ops


def test_pairs_are_taken_as_they_are(estimator, model):
    value, update = model.metric
    difference = (value - value, tf.group(update, update))
    nested = ({"a": value, "b": [value]}, update)
    given = {"mean": model.metric, "difference": difference, "nested": nested}
    assert _metrics(estimator, model, given) == given
    assert _metrics(estimator, model, None) == {}


def test_the_dict_is_copied(model):
    given = {"mean": model.metric}
    metrics = _metrics(ours, model, given)
    given.clear()
    assert [*metrics] == ["mean"]


@pytest.mark.parametrize("given", [[], "mean", 5])
def test_what_is_no_dict_is_a_type_error(estimator, model, given):
    with pytest.raises(TypeError, match="eval_metric_ops must be a dict"):
        _metrics(estimator, model, given)


@pytest.mark.parametrize("kind", [list, lambda pair: pair[0], lambda pair: ()])
def test_what_is_no_pair_is_a_type_error(estimator, model, kind):
    given = {"mean": kind(model.metric)}
    with pytest.raises(TypeError, match=r"\(metric_value, update_op\) tuples"):
        _metrics(estimator, model, given)
    with pytest.raises(TypeError, match="metric_value"):
        _metrics(estimator, model, {"mean": (*model.metric, model.loss)})


@pytest.mark.parametrize("wrong", [0.5, None, "mean"])
def test_a_pair_of_something_else_is_a_type_error(model, wrong):
    given = {"mean": (wrong, model.metric[1])}
    with pytest.raises(TypeError, match="eval_metric_ops must be .* mean: "):
        _metrics(ours, model, given)


def test_all_kinds_are_looked_at_before_any_graph(estimator, model, foreign):
    given = {"foreign": foreign.metric, "wrong": [1]}
    with pytest.raises(TypeError):
        _metrics(estimator, model, given)
