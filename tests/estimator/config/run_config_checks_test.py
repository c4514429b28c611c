"""Wrong fields of a RunConfig."""

import pytest
import tensorflow as tf

from monitored_tf.estimator import RunConfig


@pytest.fixture(autouse=True)
def no_tf_config(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)


class _TakesNone:
    def __call__(self):
        pass


WRONG = [
    ("model_dir", "", "should be non-empty"),
    ("save_summary_steps", -1, "should be >= 0"),
    ("save_checkpoints_steps", -1, "should be >= 0"),
    ("save_checkpoints_secs", -1, "should be >= 0"),
    ("keep_checkpoint_max", -1, "should be >= 0"),
    ("keep_checkpoint_every_n_hours", 0, "should be > 0"),
    ("log_step_count_steps", 0, "should be > 0"),
    ("log_step_count_steps", float("nan"), "should be > 0"),
    ("session_creation_timeout_secs", 0, "should be > 0"),
    ("tf_random_seed", 1.0, "must be integer"),
    ("tf_random_seed", "1", "must be integer"),
    ("experimental_max_worker_delay_secs", 1.5, "must be an integer if set"),
    ("session_config", {}, "must be instance of ConfigProto"),
    ("device_fn", "/cpu:0", 'must be callable with .*one argument "op"'),
    ("device_fn", lambda x: "", 'must be callable with .*one argument "op"'),
    ("device_fn", lambda op, x: "", 'must be callable with .*argument "op"'),
    ("device_fn", _TakesNone(), 'must be callable with .*one argument "op"'),
    ("protocol", "http", r"should be grpc or grpc\+verbs"),
]


@pytest.mark.parametrize(("name", "value", "text"), WRONG)
def test_wrong_values_are_value_errors(estimator, name, value, text):
    pattern = f"{name} {text}"
    with pytest.raises(ValueError, match=pattern):
        estimator.RunConfig(**{name: value})
    with pytest.raises(ValueError, match=pattern):
        estimator.RunConfig().replace(**{name: value})


@pytest.mark.parametrize(("name", "value", "text"), WRONG)
def test_the_error_shows_what_was_given(name, value, text):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  -- see above.
        RunConfig(**{name: value})
    assert f"Got {value!r:.60}" in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "save_summary_steps",
        "save_checkpoints_steps",
        "keep_checkpoint_max",
        "keep_checkpoint_every_n_hours",
        "session_creation_timeout_secs",
    ],
)
def test_no_number_is_a_type_error(estimator, name):
    with pytest.raises(TypeError):
        estimator.RunConfig(**{name: "10"})


def test_the_type_error_names_the_field():
    with pytest.raises(TypeError, match="save_summary_steps must be a number"):
        RunConfig(save_summary_steps="10")
    with pytest.raises(TypeError, match="model_dir must be a path. Got 5, of"):
        RunConfig(model_dir=5)


def test_recovery_must_be_a_policy():
    with pytest.raises(TypeError, match="must be a monitored_tf.RecoveryPol"):
        RunConfig(recovery=True)


def test_device_functions_of_other_kinds(estimator):
    class Placement:
        def __call__(self, op):
            return "/cpu:0"

        def place(self, op):
            return "/cpu:0"

    for device_fn in (Placement(), Placement().place):
        config = estimator.RunConfig(device_fn=device_fn)
        assert config.device_fn is device_fn


@pytest.mark.parametrize("name", ["train_distribute", "eval_distribute"])
def test_the_newer_parameter_server_strategy_is_refused(estimator, name):
    cls = tf.distribute.experimental.ParameterServerStrategy
    # It can't be made without a cluster.
    strategy = cls.__new__(cls)
    with pytest.raises(ValueError, match="(?i)parameter"):
        estimator.RunConfig(**{name: strategy})


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("restore", "(", "restore must be 'strict', 'available' or a regular"),
        ("restore", None, "restore must be 'strict', 'available' or a regular"),
        ("verify", "none", "verify must be 'files' or 'full'"),
        ("verify", None, "verify must be 'files' or 'full'"),
        ("on_live_state", "keep", "on_live_state must be 'adopt' or 'restore'"),
        ("on_nan", "stop", "on_nan must be .*'skip'"),
        ("on_save_error", "skip", "on_save_error must be .*'warn'"),
        ("on_save_error", None, "on_save_error must be .*'warn'"),
        ("max_save_failures", 0, "max_save_failures should be > 0"),
        ("keep_best", ("loss", 0), r"keep_best must be \(metric, count\)"),
        ("keep_best", (tf.constant, 1), "must have the name of a tensor"),
    ],
)
def test_fields_of_sessions_are_checked(name, value, text):
    with pytest.raises(ValueError, match=text):
        RunConfig(**{name: value})
    with pytest.raises(ValueError, match=text):
        RunConfig().replace(**{name: value})


def test_numbers_of_sessions_are_numbers():
    with pytest.raises(TypeError, match="max_save_failures must be a number"):
        RunConfig(max_save_failures=None)


def test_a_cluster_does_not_save_in_the_background(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", '{"session_master": "grpc://a:1"}')
    with pytest.raises(ValueError, match="Leave async_save out"):
        RunConfig(async_save=True)
    with pytest.raises(ValueError, match="Leave async_save out"):
        RunConfig().replace(async_save=True)
