"""Which checkpoint a session is made of, and how."""

import pytest
import tensorflow as tf

import monitored_tf
import monitored_tf.estimator as ours
from monitored_tf.checkpoint_restore import RestoreRules
from monitored_tf.estimator.evaluate import evaluation_session
from tests.estimator.trained_model import (
    FEATURES,
    input_fn,
    made,
    write_checkpoint,
)

v1 = tf.compat.v1
SPEC = {"x": tf.TensorSpec([None], tf.float32)}


def test_the_newest_checkpoint_is_taken(tmp_path, caplog):
    caplog.set_level("INFO", logger="absl")
    model = made(ours, tmp_path)._model
    choose = evaluation_session.checkpoint_or_newest
    assert choose(model, None, "evaluate") is None
    assert "Could not find trained model" in caplog.text
    write_checkpoint(tmp_path, 1)
    newest = write_checkpoint(tmp_path, 2)
    assert choose(model, None, "evaluate") == newest
    assert choose(model, "given", "evaluate") == "given"


def test_a_checkpoint_of_the_older_format_is_taken(tmp_path):
    model = made(ours, tmp_path)._model
    with model.new_graph() as graph:
        weight = v1.get_variable("weight", initializer=7.0)
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            path = v1.train.Saver(write_version=v1.train.SaverDef.V1).save(
                session, str(tmp_path / "old")
            )
    with graph.as_default():
        creator = evaluation_session.session_creator(
            model, v1.train.Scaffold(), "", path
        )
        with monitored_tf.MonitoredSession(creator) as session:
            assert session.run(weight) == 7.0


def test_what_nothing_runs_needs_no_device(tmp_path):
    config = ours.RunConfig(session_config=v1.ConfigProto())
    model = made(ours, tmp_path, config)._model
    with model.new_graph():
        with tf.device("/job:nowhere"):
            tf.constant(1)
        creator = evaluation_session.session_creator(
            model, v1.train.Scaffold(), "", None
        )
        with monitored_tf.MonitoredSession(creator) as session:
            assert session.run(v1.train.get_global_step()) == 0


@pytest.mark.parametrize("path", ["", "none"])
def test_it_must_be_a_checkpoint(tmp_path, path):
    model = made(ours, tmp_path)._model
    with model.new_graph():
        with pytest.raises(ValueError, match="is not a valid checkpoint"):
            evaluation_session.session_creator(
                model, v1.train.Scaffold(), "", str(tmp_path / path)
            )


@pytest.mark.parametrize(
    ("restore", "wanted"),
    [("strict", "strict"), ("available", "available"), ("weig", "strict")],
)
def test_a_part_is_for_training_alone(restore, wanted):
    config = ours.RunConfig(
        restore=restore, verify="full", allow_fresh_start=True
    )
    rules = evaluation_session.restore_rules(config)
    assert rules == RestoreRules("full", wanted, allow_fresh_start=False)


def _old_checkpoint(folder):
    """Writes one without the weight."""
    with tf.Graph().as_default(), v1.Session() as session:
        step = v1.train.create_global_step()
        session.run(v1.assign(step, 4))
        v1.train.Saver().save(session, str(folder / "model.ckpt"), 4)


def _results(model):
    """Returns the step and the predictions, by each way to get them."""
    metrics = model.evaluate(input_fn)
    with model.warm_evaluator(input_fn) as evaluate:
        warm = [evaluate() for _ in range(2)]
    assert warm == [metrics, metrics]
    with model.predictor(feature_spec=SPEC) as predictor:
        loaded = predictor({"x": FEATURES})["y"].tolist()
    assert loaded == [row["y"] for row in model.predict(input_fn)]
    return metrics["global_step"], loaded


def test_what_a_checkpoint_lacks_may_be_initialized(tmp_path):
    _old_checkpoint(tmp_path)
    strict = made(ours, tmp_path)
    for run in (
        lambda: strict.evaluate(input_fn),
        lambda: next(strict.predict(input_fn)),
        lambda: strict.predictor(feature_spec=SPEC),
        lambda: strict.warm_evaluator(input_fn)(),
    ):
        with pytest.raises(monitored_tf.CheckpointMismatchError):
            run()
    available = made(ours, tmp_path, ours.RunConfig(restore="available"))
    assert _results(available) == (4, FEATURES.tolist())
