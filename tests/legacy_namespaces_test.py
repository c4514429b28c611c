"""Modules that legacy code looks for, where TensorFlow has them no more."""

import os
import pathlib
import subprocess
import sys

import pytest
import tensorflow as tf

import monitored_tf
import monitored_tf.estimator
from monitored_tf import legacy_layers, legacy_namespaces

v1 = tf.compat.v1
ours = monitored_tf.estimator

IMPORTS = """
import sys
import monitored_tf
monitored_tf.install()
print("tf_keras" in sys.modules)
import tensorflow as tf
from tensorflow import estimator as a
import tensorflow.estimator as b
import tensorflow.compat.v1.estimator as c
from tensorflow.compat.v1 import estimator as d
import tensorflow.compat.v1 as tf1
import tensorflow.compat.v2 as tf2
import monitored_tf.estimator as ours
every = {a, b, c, d, tf.estimator, tf.compat.v1.estimator, tf1.estimator,
         tf2.estimator}
print(every == {ours})
from tensorflow.estimator import Estimator
from tensorflow.compat.v1.estimator.export import ServingInputReceiver
print(Estimator is ours.Estimator)
print(ServingInputReceiver is ours.export.ServingInputReceiver)
monitored_tf.uninstall()
print(getattr(tf, "estimator", None) is ours)
print(getattr(tf1, "estimator", None) is ours)
print(sys.modules.get("tensorflow.estimator") is ours)
"""


def _words_printed_by(code, **environment):
    """Runs it in a process of its own: imports cannot be undone."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=pathlib.Path(monitored_tf.__file__).parent.parent,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_every_way_to_import_the_estimator_leads_to_ours():
    words = _words_printed_by(IMPORTS)
    lazily, *there, after, after_in_v1, after_import = words
    assert lazily == "False"
    assert there == ["True"] * 3
    assert (after, after_in_v1, after_import) == ("False",) * 3


LEGACY_KERAS = """
import tensorflow as tf
import monitored_tf
before = tf.compat.v1.layers.dense
monitored_tf.install()
print(tf.compat.v1.layers.dense is before)
"""


def test_where_tensorflow_itself_takes_tf_keras_it_may():
    pytest.importorskip("tf_keras")
    assert _words_printed_by(LEGACY_KERAS, TF_USE_LEGACY_KERAS="1") == ["True"]


@pytest.fixture
def installed():
    with monitored_tf.installed():
        yield


def test_the_estimator_is_put_where_it_was(installed):
    assert tf.estimator is v1.estimator is tf.compat.v2.estimator is ours
    assert issubclass(tf.estimator.Estimator, ours.Estimator)


def test_the_estimator_is_taken_back():
    before = getattr(tf, "estimator", None), getattr(v1, "estimator", None)
    assert ours not in before
    with monitored_tf.installed():
        pass
    after = getattr(tf, "estimator", None), getattr(v1, "estimator", None)
    assert after == before
    assert sys.modules.get("tensorflow.estimator") is not ours


def test_the_estimator_may_be_left_alone():
    before = getattr(tf, "estimator", None)
    monitored_tf.install(estimator=False)
    try:
        assert getattr(tf, "estimator", None) is before
        assert sys.modules.get("tensorflow.estimator") is not ours
    finally:
        monitored_tf.uninstall()


def test_what_tensorflow_had_there_is_ours_where_it_is_held(installed):
    pytest.importorskip("tensorflow_estimator")
    from tensorflow import estimator

    assert estimator is ours


@pytest.mark.skipif(
    not legacy_layers.are_missing(), reason="TensorFlow has its own"
)
def test_layers_are_put_where_they_were(installed):
    import tensorflow.compat.v1 as tf1
    from tensorflow.compat.v1 import layers
    from tensorflow.compat.v1.nn import rnn_cell

    assert v1.layers is tf1.layers is layers is legacy_layers.LAYERS
    assert v1.nn.rnn_cell is rnn_cell is legacy_layers.RNN_CELL


def test_layers_are_taken_back():
    before = v1.layers, v1.nn.rnn_cell
    with monitored_tf.installed():
        pass
    assert (v1.layers, v1.nn.rnn_cell) == before


@pytest.mark.skipif(
    legacy_layers.are_missing(), reason="TensorFlow has them no more"
)
def test_tensorflows_own_layers_stay(installed):
    assert callable(v1.layers.dense)
    assert v1.layers is not legacy_layers.LAYERS
    assert not any(
        value is legacy_layers.LAYERS
        for value in legacy_namespaces.imports(estimator=True).values()
    )
