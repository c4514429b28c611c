"""Which checkpoint a session is made of, and how."""

import pytest
import tensorflow as tf

import monitored_tf
import monitored_tf.estimator as ours
from monitored_tf.estimator.evaluate import evaluation_session
from tests.estimator.trained_model import made, write_checkpoint

v1 = tf.compat.v1


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
