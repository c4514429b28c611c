"""What `train_and_evaluate` takes, and who does what."""

import json

import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from tests.estimator.evaluated import batches, estimator_in, recorder


@pytest.fixture
def parts(estimator, tmp_path):
    """The three arguments, by name."""
    return {
        "estimator": estimator_in(estimator, tmp_path),
        "train_spec": estimator.TrainSpec(batches(), 2),
        "eval_spec": estimator.EvalSpec(batches(2)),
    }


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("estimator", "`estimator` must have type `tf.estimator.Estimator`"),
        ("train_spec", "`train_spec` must have type `tf.estimator.TrainSpec`"),
        ("eval_spec", "`eval_spec` must have type `tf.estimator.EvalSpec`"),
    ],
)
@pytest.mark.parametrize("value", [None, "x", (1, 2)])
def test_each_argument_has_its_type(estimator, parts, name, match, value):
    with pytest.raises(TypeError, match=match):
        estimator.train_and_evaluate(**{**parts, name: value})


def _set_task(monkeypatch, task_type, index=0, cluster=None):
    config = {
        "cluster": cluster or {"chief": ["h:1"], "ps": ["h:2"], "x": ["h:3"]},
        "task": {"type": task_type, "index": index},
    }
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))


def _call(module, folder):
    return module.train_and_evaluate(
        estimator_in(module, folder),
        module.TrainSpec(batches(), 2),
        module.EvalSpec(batches(2), exporters=recorder(module)),
    )


def test_there_is_one_evaluator(estimator, tmp_path, monkeypatch):
    _set_task(monkeypatch, "evaluator", 1)
    with pytest.raises(
        ValueError, match="there can only be one `evaluator` task"
    ):
        _call(estimator, tmp_path)


def test_a_task_that_has_no_part_is_an_error(estimator, tmp_path, monkeypatch):
    _set_task(monkeypatch, "x")
    with pytest.raises(ValueError, match="Task type x is not supported"):
        _call(estimator, tmp_path)


def test_a_local_task_is_an_error(estimator, tmp_path, monkeypatch):
    _set_task(monkeypatch, "local", 0, {"chief": ["h:1"], "local": ["h:2"]})
    with pytest.raises(ValueError, match="in TF_CONFIG cannot be `local`"):
        _call(estimator, tmp_path)


def test_a_chief_alone_trains_only(estimator, tmp_path, monkeypatch):
    _set_task(monkeypatch, "chief", 0, {"chief": ["h:1"]})
    assert _call(estimator, tmp_path) is None
    path = tf.train.latest_checkpoint(str(tmp_path))
    assert tf.train.load_variable(path, "global_step") == 2
    assert not [*tmp_path.glob("eval/*")]


def test_a_master_alone_evaluates_too(estimator, tmp_path, monkeypatch):
    _set_task(monkeypatch, "master", 0, {"master": ["h:1"]})
    assert _call(estimator, tmp_path) is None
    assert [*tmp_path.glob("eval/events.*")]


# What tf.estimator does not have.


@pytest.mark.parametrize(
    ("eval_specs", "match"),
    [
        ([], "one or more"),
        ([{}, {}], "a name of its own"),
        ([{"name": "a"}, {"name": "a"}], "a name of its own"),
        (
            [
                {"name": name, "exporters": recorder(ours, "same")}
                for name in ("a", "b")
            ],
            "`exporters` must have unique names",
        ),
    ],
)
def test_the_names_of_a_list_differ(tmp_path, eval_specs, match):
    with pytest.raises(ValueError, match=match):
        ours.train_and_evaluate(
            estimator_in(ours, tmp_path),
            ours.TrainSpec(batches(), 2),
            [ours.EvalSpec(batches(2), **spec) for spec in eval_specs],
        )


def test_a_list_holds_eval_specs_only(tmp_path):
    with pytest.raises(TypeError, match="`eval_spec` must have type"):
        ours.train_and_evaluate(
            estimator_in(ours, tmp_path),
            ours.TrainSpec(batches(), 2),
            [ours.EvalSpec(batches(2)), "x"],
        )


def test_a_list_of_one_is_a_list(tmp_path):
    ((metrics, exports),) = ours.train_and_evaluate(
        estimator_in(ours, tmp_path),
        ours.TrainSpec(batches(), 2),
        [ours.EvalSpec(batches(2))],
    )
    assert metrics["global_step"] == 2
    assert exports == []
