"""A model function of tf.layers, from training to predictions."""

import json

import numpy as np
import pytest

import monitored_tf
from monitored_tf import legacy_layers
from tests.estimator import layered_model

EXPECTED = json.loads(layered_model.RECORD.read_text())

pytestmark = pytest.mark.filterwarnings("ignore:`tf:UserWarning")


@pytest.fixture
def layers():
    """TensorFlow's own where it has them; what install() gives elsewhere."""
    if not legacy_layers.are_missing():
        yield
        return
    pytest.importorskip("tf_keras", reason="tf.layers come from tf_keras")
    with monitored_tf.installed():
        yield


@pytest.fixture
def seen(layers, estimator, tmp_path):
    return layered_model.observed(estimator, tmp_path)


def test_it_does_what_the_real_one_does_on_2_15(seen):
    assert [*seen["variables"]] == [*EXPECTED["variables"]]
    _assert_close(seen["losses"], EXPECTED["losses"])
    _assert_close(seen["metrics"], EXPECTED["metrics"])
    _assert_close(seen["variables"], EXPECTED["variables"])
    _assert_close(seen["predictions"], EXPECTED["predictions"])
    _assert_averages_follow_the_batches(seen)


def _assert_averages_follow_the_batches(seen):
    """By hand, as no other record can be wrong in the same way."""
    mean = np.zeros(3)
    for of_batch in seen["batch means"]:
        mean += (np.array(of_batch) - mean) * (1 - layered_model.MOMENTUM)
    variables = seen["variables"]
    moving_mean = variables["batch_normalization/moving_mean"]
    np.testing.assert_allclose(moving_mean, mean, rtol=1e-4)
    assert 1.0 not in variables["batch_normalization/moving_variance"]


def _assert_close(ours, theirs):
    if isinstance(theirs, dict):
        assert [*ours] == [*theirs]
        ours, theirs = [*ours.values()], [*theirs.values()]
    assert len(ours) == len(theirs)
    for value, expected in zip(ours, theirs):
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-6)
