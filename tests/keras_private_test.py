"""The private names of Keras, each still there."""

import collections
import sys
import types

import pytest
import tensorflow as tf

from monitored_tf import _keras_private

v1 = tf.compat.v1
IS_KERAS3 = _keras_private.keras3() is not None
needs_keras3 = pytest.mark.skipif(not IS_KERAS3, reason="Keras 2")


def test_keras_3_is_the_one_that_tensorflow_imported():
    version = getattr(tf.keras, "__version__", "2.")
    if _keras_private.keras3() is None:
        assert version.startswith("2.")
    else:
        assert _keras_private.keras3().__version__.startswith("3.")


@needs_keras3
def test_names_are_counted_in_what_is_given():
    counts = collections.defaultdict(int)
    before = _keras_private.exchange_name_counts(counts)
    assert tf.keras.layers.Dense(1).name == "dense"
    assert _keras_private.exchange_name_counts(before) is counts
    assert counts == {"dense": 1}


@needs_keras3
def test_without_the_private_name_the_log_says_so(monkeypatch, caplog):
    monkeypatch.setitem(
        sys.modules,
        "keras.src.backend.common.global_state",
        types.ModuleType("without_the_names"),
    )
    _keras_private._global_state.cache_clear()
    try:
        for _ in range(2):
            assert _keras_private.exchange_name_counts({}) is None
    finally:
        _keras_private._global_state.cache_clear()
    assert caplog.text.count("give each layer a name") == 1


def test_without_keras_3_no_names_are_exchanged(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    assert _keras_private.keras3() is None
    assert _keras_private.exchange_name_counts({}) is None


@needs_keras3
def test_variables_of_keras_are_of_the_class():
    variable = tf.keras.layers.Dense(1).add_weight(shape=())
    assert isinstance(variable, _keras_private.variable_class())


@needs_keras3
def test_the_class_is_found_without_its_public_name(monkeypatch):
    public = _keras_private.variable_class()
    keras = types.SimpleNamespace(__version__="3.0.0")
    monkeypatch.setitem(sys.modules, "keras", keras)
    assert _keras_private.keras3() is keras
    monkeypatch.setitem(
        sys.modules, "keras.src.backend", types.SimpleNamespace(Variable=public)
    )
    assert _keras_private.variable_class() is public
    monkeypatch.setitem(sys.modules, "keras.src.backend", None)
    assert _keras_private.variable_class() is None


def test_the_old_control_flow_around_an_op_is_found(graph):
    v1.disable_control_flow_v2()
    inside = []
    try:
        tf.cond(
            v1.placeholder_with_default(True, []),
            lambda: inside.append(tf.constant(1)) or inside[0],
            lambda: tf.constant(2),
        )
    finally:
        v1.enable_control_flow_v2()
    assert _keras_private.control_flow_context(inside[0].op) is not None
    assert _keras_private.control_flow_context(tf.constant(1).op) is None
    assert _keras_private.control_flow_context(object()) is None


@pytest.mark.parametrize(
    ("module", "name"), [("layers", "dense"), ("rnn_cell", "LSTMCell")]
)
def test_tf_keras_has_the_modules_of_tensorflow_1(module, name):
    pytest.importorskip("tf_keras")
    assert callable(getattr(_keras_private.legacy_module(module), name))


def test_a_module_that_tf_keras_has_not_is_none():
    assert _keras_private.legacy_module("no_such_module") is None


def test_without_tf_keras_there_is_none(monkeypatch):
    for name in list(sys.modules):
        if name.partition(".")[0] == "tf_keras":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tf_keras", None)
    assert _keras_private.legacy_module("layers") is None


def test_what_tf_keras_itself_lacks_is_told(monkeypatch, tmp_path):
    package = tmp_path / "tf_keras"
    package.mkdir()
    (package / "__init__.py").write_text("import no_such_module_at_all\n")
    for name in list(sys.modules):
        if name.partition(".")[0] == "tf_keras":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all"):
        _keras_private.legacy_module("layers")
