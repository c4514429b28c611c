"""The names of tf.estimator.experimental."""

import pytest
import tensorflow as tf

from monitored_tf.estimator import experimental

# Canned Estimators and what they are made of.
LEFT_OUT = {
    "KMeans",
    "LinearSDCA",
    "dnn_logit_fn_builder",
    "linear_logit_fn_builder",
}


def test_all_names_are_there():
    for name in experimental.__all__:
        assert callable(getattr(experimental, name))


def test_they_are_tf_estimators_but_for_the_canned_ones():
    pytest.importorskip("tensorflow_estimator")
    theirs = {
        name
        for name in dir(tf.compat.v1.estimator.experimental)
        if not name.startswith("_")
    }
    assert {*experimental.__all__} == theirs - LEFT_OUT
