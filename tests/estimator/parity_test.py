"""The same program on our Estimator and on the real one."""

import json

import pytest

from tests.estimator import parity, real_estimator

_KEYS = json.loads(parity.RECORD.read_text())
# Gradients and losses have other nodes in TensorFlow up to 2.12: there the
# real one of the same TensorFlow says which.
_RECORDED = [
    key for key in _KEYS if key != "nodes" or not real_estimator.IS_THERE
]


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    import monitored_tf.estimator as estimators

    return parity.observed(estimators, tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    pytest.importorskip("tensorflow_estimator")
    import tensorflow as tf

    return parity.observed(tf.estimator, tmp_path_factory.mktemp("theirs"))


@pytest.mark.parametrize("key", _RECORDED)
def test_it_is_as_tensorflow_estimator_on_2_15_has_it(ours, key):
    assert_close(ours[key], _KEYS[key])


@pytest.mark.parametrize("key", _KEYS)
def test_it_is_as_the_real_one_on_this_tensorflow_has_it(ours, theirs, key):
    assert_close(ours[key], theirs[key])


def assert_close(ours, theirs):
    """Asserts equality, of floats to within the last bits of float32."""
    if isinstance(theirs, dict):
        assert [*ours] == [*theirs]
        for key, value in theirs.items():
            assert_close(ours[key], value)
    elif isinstance(theirs[0] if isinstance(theirs, list) else theirs, float):
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-6)
    else:
        assert ours == theirs
