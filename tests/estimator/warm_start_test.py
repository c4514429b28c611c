"""Where a new model begins."""

import copy
import pathlib
import pickle

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf.estimator import warm_start
from monitored_tf.estimator.warm_start import VocabInfo, WarmStartSettings
from tests.estimator import real_estimator

v1 = tf.compat.v1


def _session():
    session = v1.Session()
    session.run(v1.global_variables_initializer())
    return session


@pytest.fixture
def checkpoint(tmp_path):
    """The path of a checkpoint with three variables."""
    with tf.Graph().as_default():
        v1.get_variable("a", initializer=1.0)
        v1.get_variable("b", initializer=2.0)
        v1.get_variable("words", initializer=tf.constant([[1.0], [2.0]]))
        v1.get_variable("frozen", initializer=3.0, trainable=False)
        with _session() as session:
            return v1.train.Saver().save(session, str(tmp_path / "model.ckpt"))


def _warm(settings, **variables):
    """Returns what variables of these first values begin with."""
    with tf.Graph().as_default():
        made = {
            name: v1.get_variable(
                name, initializer=value, trainable=name != "frozen"
            )
            for name, value in variables.items()
        }
        warm_start.apply(settings)
        with _session() as session:
            return session.run(made)


@pytest.fixture(params=real_estimator.BOTH)
def settings_class(request):
    if request.param == "ours":
        return WarmStartSettings
    return tf.estimator.WarmStartSettings


def test_the_defaults(settings_class):
    assert settings_class("path") == ("path", ".*", {}, {})
    assert settings_class._fields == WarmStartSettings._fields


@pytest.mark.parametrize("path", [None, "", b""])
def test_there_must_be_a_path(path, settings_class):
    with pytest.raises(
        ValueError, match="`ckpt_to_initialize_from` MUST be set"
    ):
        settings_class(path)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))]
)
def test_settings_can_be_copied(copied):
    settings = WarmStartSettings("path", ["a"], {}, {"a": "b"})
    assert copied(settings) == settings
    assert type(copied(settings)) is WarmStartSettings


def test_no_settings():
    assert warm_start.checked_settings(None) is None


def test_settings_stay_as_they_are():
    settings = WarmStartSettings("path")
    assert warm_start.checked_settings(settings) is settings


@pytest.mark.parametrize("kind", [str, str.encode, pathlib.Path])
def test_a_path(kind, tmp_path):
    path = str(tmp_path)
    assert warm_start.checked_settings(kind(path)) == WarmStartSettings(path)


def test_a_path_of_a_saved_model(tmp_path, checkpoint):
    saved = tmp_path / "saved"
    with tf.Graph().as_default():
        v1.get_variable("a", initializer=5.0)
        with _session() as session:
            builder = v1.saved_model.Builder(str(saved))
            builder.add_meta_graph_and_variables(session, ["serve"])
            builder.save()
    settings = warm_start.checked_settings(str(saved))
    assert _warm(settings, a=0.0) == {"a": 5.0}


@pytest.mark.parametrize("other", [7, ["path"], ("path", ".*", {}, {})])
def test_nothing_else(other):
    with pytest.raises(ValueError, match="string or a WarmStartSettings"):
        warm_start.checked_settings(other)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (".*", {"a": 1.0, "b": 2.0, "frozen": 0.0}),
        (["."], {"a": 1.0, "b": 2.0, "frozen": 3.0}),
        ("b", {"a": 0.0, "b": 2.0, "frozen": 0.0}),
        (None, {"a": 0.0, "b": 0.0, "frozen": 0.0}),
    ],
)
def test_which_variables_begin_warm(chosen, expected, checkpoint):
    settings = WarmStartSettings(checkpoint, chosen)
    assert _warm(settings, a=0.0, b=0.0, frozen=0.0) == expected


def test_a_folder_means_its_newest_checkpoint(checkpoint, tmp_path):
    assert _warm(WarmStartSettings(str(tmp_path)), a=0.0) == {"a": 1.0}


def test_a_variable_may_have_had_another_name(checkpoint):
    settings = WarmStartSettings(
        checkpoint, var_name_to_prev_var_name={"new": "b"}
    )
    assert _warm(settings, new=0.0) == {"new": 2.0}


def test_rows_follow_the_words(checkpoint, tmp_path):
    for name, words in (("old", "x\ny\n"), ("new", "y\nz\nx\n")):
        (tmp_path / name).write_text(words)
    words = VocabInfo(str(tmp_path / "new"), 3, 0, str(tmp_path / "old"))
    settings = WarmStartSettings(
        checkpoint, ".*", var_name_to_vocab_info={"words": words}
    )
    found = _warm(settings, words=np.zeros([3, 1], np.float32))["words"]
    assert found[[0, 2], 0].tolist() == [2.0, 1.0]


def test_a_variable_must_be_in_the_checkpoint(checkpoint):
    with pytest.raises(ValueError, match="other"):
        _warm(WarmStartSettings(checkpoint), other=0.0)
