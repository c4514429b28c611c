"""When the evaluations so far end training."""

import operator

import pytest

from monitored_tf.estimator.early_stopping import stop_rules
from monitored_tf.estimator.early_stopping.stop_rules import MetricHistory

VALUES = [(10, 0.5), (20, 0.7), (30, 0.6), (50, 0.7)]


def _metric(history, min_steps=0):
    return MetricHistory("auc", min_steps, lambda: history)


def test_values_are_read_anew_each_time():
    history = {10: {"auc": 0.5, "loss": 3.0}}
    metric = _metric(history)
    assert list(metric.values()) == [(10, 0.5)]
    history[20] = {"auc": 0.6}
    assert list(metric.values()) == [(10, 0.5), (20, 0.6)]


def test_values_before_the_first_step_that_counts_are_left_out():
    history = {step: {"auc": value} for step, value in VALUES}
    metric = _metric(history, min_steps=20)
    assert [step for step, _ in metric.values()] == [20, 30, 50]
    missing = _metric({10: {"loss": 1.0}}, min_steps=20)
    assert list(missing.values()) == []


def test_a_metric_that_is_missing_is_named_with_those_there_are():
    metric = _metric({7: {"loss": 1.0, "accuracy": 0.5}})
    with pytest.raises(KeyError, match="step 7.*'auc'.*accuracy, loss"):
        list(metric.values())


@pytest.mark.parametrize(
    ("is_better", "threshold", "found"),
    [
        (operator.gt, 0.6, (20, 0.7)),
        (operator.gt, 0.7, None),
        (operator.lt, 0.6, (10, 0.5)),
        (operator.lt, 0.5, None),
    ],
)
def test_crossing_is_the_first_value_past_the_threshold(
    is_better, threshold, found
):
    assert stop_rules.crossing(VALUES, threshold, is_better) == found


@pytest.mark.parametrize(
    ("is_better", "max_steps", "max_evals", "found"),
    [
        (operator.gt, 10, None, (10, 1)),
        (operator.gt, 11, None, (30, 2)),
        (operator.gt, 31, None, None),
        (operator.gt, None, 1, (10, 1)),
        (operator.gt, None, 2, (30, 2)),
        (operator.gt, None, 3, None),
        (operator.gt, 30, 9, (30, 2)),
        (operator.gt, 99, 1, (10, 1)),
        (operator.lt, 40, None, (40, 3)),
        (operator.lt, None, 3, (40, 3)),
    ],
)
def test_standstill_counts_from_the_best_value(
    is_better, max_steps, max_evals, found
):
    found_now = stop_rules.standstill(VALUES, max_steps, max_evals, is_better)
    assert found_now == found


def test_one_evaluation_is_no_standstill():
    assert stop_rules.standstill([(9, 0.5)], 1, 1, operator.gt) is None
    assert stop_rules.standstill([], 1, 1, operator.gt) is None


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"steps": None, "evals": None}, "give steps or evals"),
        ({"steps": None, "evals": 0}, "evals must be at least 1. Got 0"),
    ],
)
def test_no_limit_and_none_that_makes_sense_are_refused(limits, message):
    with pytest.raises(ValueError, match=message):
        stop_rules.no_better(_metric({}), operator.gt, **limits)


def test_the_reason_is_logged(caplog):
    metric = _metric({step: {"auc": value} for step, value in VALUES})
    with caplog.at_level("INFO"):
        assert stop_rules.beyond(metric, 0.6, operator.gt)()
        assert not stop_rules.beyond(metric, 0.7, operator.gt)()
        assert stop_rules.no_better(metric, operator.gt, steps=30, evals=None)()
    assert caplog.messages == [
        "Early stopping: at step 20, metric 'auc' was 0.7, past 0.6.",
        "Early stopping: metric 'auc' was no better for 30 steps and 2 "
        "evaluations.",
    ]
