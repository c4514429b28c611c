"""The session's configuration where the user gives none."""

import pytest

from monitored_tf.estimator.config.session_config import (
    get_default_session_config,
)


def test_it_places_softly_and_optimizes_once():
    config = get_default_session_config()
    assert config.allow_soft_placement
    options = config.graph_options.rewrite_options
    assert options.meta_optimizer_iterations == options.ONE
    assert not config.device_filters


def test_device_filters():
    assert get_default_session_config(["/job:ps"]).device_filters == ["/job:ps"]


def test_it_equals_that_of_tensorflow_estimator():
    real = pytest.importorskip(
        "tensorflow_estimator.python.estimator.run_config"
    )
    assert get_default_session_config() == real.get_default_session_config()
