"""Where the folder of a RunConfig comes from."""

import json
import pathlib

import pytest

from monitored_tf.estimator import RunConfig


@pytest.fixture(autouse=True)
def tf_config(monkeypatch):
    """Sets TF_CONFIG; there is none before."""
    monkeypatch.delenv("TF_CONFIG", raising=False)

    def set_tf_config(**config):
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))

    return set_tf_config


def test_model_dir_may_be_a_path(estimator):
    path = pathlib.Path("folder")
    assert estimator.RunConfig(model_dir=path).model_dir == "folder"


def test_model_dir_may_be_replaced_by_a_path():
    path = pathlib.Path("folder")
    assert RunConfig().replace(model_dir=path).model_dir == "folder"


def test_model_dir_of_tf_config(estimator, tf_config):
    tf_config(model_dir="folder")
    assert estimator.RunConfig().model_dir == "folder"
    assert estimator.RunConfig(model_dir="folder").model_dir == "folder"
    with pytest.raises(ValueError, match="^`model_dir` .* the same value as"):
        estimator.RunConfig(model_dir="other")


def test_model_dir_of_tf_config_is_not_empty(estimator, tf_config):
    tf_config(model_dir="")
    with pytest.raises(ValueError, match="in TF_CONFIG should be non-empty"):
        estimator.RunConfig(model_dir="folder")
