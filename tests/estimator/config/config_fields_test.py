"""Fields of a RunConfig that MonitoredTrainingSession has too."""

import copy
import inspect

import pytest

import monitored_tf
from monitored_tf.estimator import RunConfig
from monitored_tf.estimator.config import config_fields

OTHERS = {
    "recovery": monitored_tf.RecoveryPolicy.none(),
    "restore": "available",
    "verify": "full",
    "allow_fresh_start": True,
    "require_checkpoint": True,
    "on_live_state": "restore",
    "stop_on_signal": False,
    "save_on_error": True,
    "on_nan": None,
    "on_save_error": "warn",
    "max_save_failures": 3,
    "keep_best": ("mean_loss", 2, "max"),
    "async_save": True,
}


@pytest.fixture(autouse=True)
def no_tf_config(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)


def test_names_and_defaults_are_those_of_the_session():
    session = inspect.signature(monitored_tf.MonitoredTrainingSession)
    config = inspect.signature(RunConfig)
    names = {*config_fields.SESSION_FIELDS, *config_fields.SAVER_FIELDS}
    assert names == {*OTHERS}
    for name in names:
        assert config.parameters[name] == session.parameters[name].replace(
            annotation=config.parameters[name].annotation
        )
        assert getattr(RunConfig(), name) == session.parameters[name].default


@pytest.mark.parametrize(("name", "value"), OTHERS.items())
def test_copies_and_replacements_keep_them(name, value):
    config = RunConfig(**{name: value})
    for same in (
        config,
        copy.deepcopy(config),
        config.replace(tf_random_seed=1),
        RunConfig().replace(**{name: value}),
    ):
        assert getattr(same, name) == value
    with pytest.raises(AttributeError, match=rf"replace\({name}=...\)"):
        setattr(config, name, value)


def test_values_are_found_by_name():
    config = RunConfig(verify="full")
    found = config_fields.values(config, ("verify", "model_dir"))
    assert found == {"verify": "full", "model_dir": None}
