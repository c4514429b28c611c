"""What is refused before a training begins."""

import collections
import json

import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from tests.estimator import small_training as small


def _never():
    raise AssertionError("input_fn was called")


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"steps": 1, "max_steps": 1}, "Can not provide both steps and max_st"),
        ({"steps": 0}, "Must specify steps > 0"),
        ({"steps": -1}, "Must specify steps > 0"),
        ({"max_steps": 0}, "Must specify max_steps > 0"),
        ({"max_steps": -1}, "Must specify max_steps > 0"),
    ],
)
def test_limits(limits, text, estimator, tmp_path):
    made = small.estimator_in(estimator, tmp_path)
    with pytest.raises(ValueError, match=text):
        made.train(_never, **limits)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hooks", "must be a SessionRunHook"),
        ("saving_listeners", "must be a list of CheckpointSaverListener"),
    ],
)
def test_hooks_and_listeners(name, text, estimator, tmp_path):
    made = small.estimator_in(estimator, tmp_path)
    with pytest.raises(TypeError, match=text):
        made.train(_never, **{name: ["other"]})
    with pytest.raises(TypeError):
        made.train(_never, **{name: object()})


@pytest.mark.parametrize("job", ["ps", "evaluator"])
def test_tasks_that_do_not_train(job, estimator, tmp_path, monkeypatch):
    cluster = {"chief": ["h:0"], "ps": ["h:1"]}
    task = {"cluster": cluster, "task": {"type": job, "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(task))
    made = small.estimator_in(estimator, tmp_path)
    with pytest.raises(ValueError, match="train_and_evaluate"):
        made.train(_never)


Distribution = collections.namedtuple("Distribution", "train_distribute")
Remote = collections.namedtuple("Remote", "remote_cluster")


def _strategies():
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    return [
        {"train_distribute": strategy},
        {"experimental_distribute": Distribution(strategy)},
        {"experimental_distribute": Remote({"worker": ["localhost:1"]})},
    ]


@pytest.mark.parametrize("config", _strategies())
def test_strategies(config, tmp_path):
    made = small.estimator_in(ours, tmp_path, **config)
    with pytest.raises(ValueError, match=r"parameter servers .* one process"):
        made.train(_never)


def test_a_distribution_of_evaluations_alone(tmp_path):
    config = {"experimental_distribute": Distribution(None)}
    small.estimator_in(ours, tmp_path, **config).train(small.input_of(1))
    assert small.checkpoint_steps(tmp_path) == [0, 1]
