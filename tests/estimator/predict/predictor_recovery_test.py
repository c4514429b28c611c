"""Predictors on a server that is lost, in processes of its own."""

import json

import pytest
import tensorflow as tf

import monitored_tf
import monitored_tf.estimator as ours
from monitored_tf.testing import LocalCluster
from tests.estimator.cluster_roles import serve
from tests.estimator.trained_model import FEATURES, made, write_checkpoint

SPEC = {"x": tf.TensorSpec([None], tf.float32)}


@pytest.fixture
def server():
    """A server that others connect to."""
    with LocalCluster({"worker": 1}, serve) as cluster:
        cluster.wait_for_output("serving", "worker", timeout_secs=120)
        yield cluster


def _predictor(server, monkeypatch, folder, **policy):
    target = f"grpc://{server.address('worker')}"
    monkeypatch.setenv("TF_CONFIG", json.dumps({"session_master": target}))
    events = []
    config = ours.RunConfig(
        recovery=monitored_tf.RecoveryPolicy(
            on_recovery=events.append, **policy
        )
    )
    estimator = made(ours, folder, config)
    return estimator.predictor(feature_spec=SPEC), events


def test_a_master_that_is_back_predicts_on(server, monkeypatch, tmp_path):
    path = write_checkpoint(tmp_path, 1, weight=3.0)
    predictor, events = _predictor(server, monkeypatch, tmp_path)
    with predictor:
        first = predictor(FEATURES)
        server.restart("worker")
        server.wait_for_output("serving", "worker", timeout_secs=120)
        assert predictor(FEATURES)["y"].tolist() == first["y"].tolist()
        assert first["y"].tolist() == (3 * FEATURES).tolist()
    (event,) = events
    assert (event.state, event.checkpoint) == ("restored", path)


def test_it_gives_up_at_the_limits_of_the_policy(server, monkeypatch, tmp_path):
    write_checkpoint(tmp_path, 1)
    # Nothing else ends a run on a master that is away.
    predictor, _ = _predictor(
        server, monkeypatch, tmp_path, step_timeout_secs=1, max_recovery_secs=2
    )
    with predictor:
        predictor(FEATURES)
        server.kill("worker")
        with pytest.raises(monitored_tf.RecoveryGaveUp, match="2 s"):
            predictor(FEATURES)
