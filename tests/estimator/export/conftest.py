"""Our export package and the real one, for tests that hold for both."""

import types

import pytest
import tensorflow as tf

from monitored_tf.estimator import export
from tests.estimator import real_estimator


def _real():
    from tensorflow_estimator.python.estimator.export import (
        export as receivers,
        export_lib as lib,
    )

    names = {**vars(receivers), **vars(lib)}
    return types.SimpleNamespace(
        **{name: value for name, value in names.items() if name[0] != "_"}
    )


@pytest.fixture(params=real_estimator.BOTH)
def lib(request):
    """The names under test: ours, and theirs where they can be imported."""
    return export if request.param == "ours" else _real()


@pytest.fixture
def placeholder(graph):
    """Makes a placeholder of any number of rows."""

    def make(dtype=tf.float32, name=None, shape=(None,)):
        return tf.compat.v1.placeholder(dtype, shape, name=name)

    return make
