"""One checkpoint after the other, evaluated and exported."""

import os

import pytest

import monitored_tf.estimator as ours
from monitored_tf.estimator.train_eval.checkpoint_evaluator import (
    CheckpointEvaluator,
)
from tests.estimator.evaluated import batches, estimator_in, recorder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a model with checkpoints of steps 0, 2 and 4."""
    folder = tmp_path_factory.mktemp("model")
    estimator_in(ours, folder).train(batches(), steps=4)
    return folder


def _path(folder, step):
    return os.path.join(str(folder), f"model.ckpt-{step}")


def test_a_checkpoint_is_new_until_it_is_evaluated(folder):
    spec = ours.EvalSpec(batches(2))
    evaluator = CheckpointEvaluator(estimator_in(ours, folder), spec, None)
    assert evaluator.last is None
    assert evaluator.new_checkpoint() == _path(folder, 4)
    evaluator.evaluate(_path(folder, 2))
    assert evaluator.new_checkpoint() == _path(folder, 4)
    assert evaluator.evaluate(_path(folder, 4)) is evaluator.last
    assert evaluator.new_checkpoint() is None


def test_without_any_checkpoint_none_is_new(tmp_path):
    spec = ours.EvalSpec(batches(2))
    evaluator = CheckpointEvaluator(estimator_in(ours, tmp_path), spec, None)
    assert evaluator.new_checkpoint() is None


@pytest.mark.parametrize(
    ("max_steps", "finals"),
    [(None, [False, False]), (5, [False, False]), (4, [False, True])],
)
def test_it_tells_steps_and_which_one_is_the_last(folder, max_steps, finals):
    exporters = [recorder(ours, "a"), recorder(ours, "b")]
    spec = ours.EvalSpec(batches(2), exporters=exporters)
    evaluator = CheckpointEvaluator(estimator_in(ours, folder), spec, max_steps)
    told = [evaluator.evaluate(_path(folder, step)) for step in (2, 4)]
    assert [one.global_step for one in told] == [2, 4]
    assert [one.is_final for one in told] == finals
    assert [one.exports for one in told] == [["a 2", "b 2"], ["a 4", "b 4"]]
    expected = os.path.relpath(folder / "export" / "b")
    assert exporters[1].paths == [
        (expected, f"model.ckpt-{step}") for step in (2, 4)
    ]


def test_warm_it_builds_the_model_once(folder):
    built = []

    def input_fn():
        built.append("input")
        return batches(2)()

    results = []
    for keep_warm in (False, True):
        spec = ours.EvalSpec(input_fn, keep_warm=keep_warm, name="warm")
        evaluator = CheckpointEvaluator(estimator_in(ours, folder), spec, None)
        results.append(
            [evaluator.evaluate(_path(folder, n)).metrics for n in (2, 4)]
        )
        evaluator.close()
        evaluator.close()
    assert results[0] == results[1]
    assert results[0][0]["loss"] != results[0][1]["loss"]
    assert built == ["input"] * 3


@pytest.mark.parametrize(
    ("result", "error", "match"),
    [
        (None, ValueError, "should never return empty metrics. Got None"),
        ({}, ValueError, "should never return empty metrics"),
        ([("loss", 1)], TypeError, "should return dict"),
        ({"loss": 1.0}, ValueError, "should have `global_step` in it"),
    ],
)
def test_an_evaluation_of_ones_own_is_checked(folder, result, error, match):
    class Own(ours.Estimator):
        allows_overrides = True

        def evaluate(self, *args, **kwargs):
            return result

    exporter = recorder(ours)
    spec = ours.EvalSpec(batches(2), exporters=exporter)
    evaluator = CheckpointEvaluator(
        estimator_in(ours, folder, kind=Own), spec, None
    )
    with pytest.raises(error, match=match):
        evaluator.evaluate(_path(folder, 4))
    assert evaluator.last is None
    assert exporter.calls == []


def test_an_empty_path_is_no_checkpoint(folder):
    class Own(ours.Estimator):
        def latest_checkpoint(self):
            return ""

    estimator = estimator_in(ours, folder, kind=Own)
    spec = ours.EvalSpec(batches(2))
    assert CheckpointEvaluator(estimator, spec, None).new_checkpoint() is None
