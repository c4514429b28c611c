"""What an Estimator accepts, on ours and on the real one."""

import pathlib

import pytest
import tensorflow as tf


def model_fn(features, labels, mode):
    """A model function."""


def with_params(features, params):
    """One that takes parameters."""


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model_fn": None}, "model_fn must be provided"),
        ({"config": {"a": 1}}, "must be an instance of `RunConfig`"),
        ({"params": {"a": 1}}, "does not include params argument"),
        ({"model_fn": lambda x: x}, "must include features argument"),
        ({"model_fn": lambda features, x: x}, "not expected args"),
        ({"warm_start_from": 1}, "warm_start_from must be"),
    ],
)
def test_a_wrong_argument_is_a_value_error(
    estimator, tmp_path, arguments, message
):
    arguments = {"model_fn": model_fn, "model_dir": str(tmp_path), **arguments}
    with pytest.raises(ValueError, match=message):
        estimator.Estimator(**arguments)


def test_two_folders_are_a_value_error(estimator, tmp_path):
    config = estimator.RunConfig(model_dir=str(tmp_path / "a"))
    with pytest.raises(ValueError, match="with different values"):
        estimator.Estimator(model_fn, str(tmp_path / "b"), config)


@pytest.mark.parametrize(
    ("given", "configured"),
    [("x", None), ("x", "x"), (None, "x"), (pathlib.Path("x"), None)],
)
def test_the_folder_is_the_one_that_is_given(estimator, given, configured):
    config = estimator.RunConfig(model_dir=configured)
    made = estimator.Estimator(model_fn, given, config)
    assert (made.model_dir, made.config.model_dir) == ("x", "x")
    assert config.model_dir == configured


def test_an_empty_folder_is_none_given(estimator):
    config = estimator.RunConfig(model_dir="x")
    with pytest.raises(ValueError, match="with different values"):
        estimator.Estimator(model_fn, "", config)
    made = estimator.Estimator(model_fn, "")
    assert pathlib.Path(made.model_dir).is_dir()


def test_without_a_folder_there_is_a_temporary_one(estimator):
    made = estimator.Estimator(model_fn)
    assert pathlib.Path(made.model_dir).is_dir()


def test_the_session_config_is_completed_in_a_copy(estimator, tmp_path):
    config = estimator.RunConfig()
    made = estimator.Estimator(model_fn, str(tmp_path), config)
    assert config.session_config is None
    assert made.config.session_config.allow_soft_placement
    own = tf.compat.v1.ConfigProto(log_device_placement=True)
    made = estimator.Estimator(
        model_fn, str(tmp_path), config.replace(session_config=own)
    )
    assert made.config.session_config == own


def test_params_and_config_are_copies_at_each_access(estimator, tmp_path):
    given = {"sizes": [1, 2]}
    made = estimator.Estimator(with_params, str(tmp_path), params=given)
    given["sizes"].append(3)
    made.params["sizes"].append(4)
    assert made.params == {"sizes": [1, 2]}
    assert made.config is not made.config


def test_params_are_empty_where_none_are_given(estimator, tmp_path):
    assert estimator.Estimator(with_params, str(tmp_path)).params == {}


def test_a_subclass_may_add_members(estimator, tmp_path):
    class Derived(estimator.Estimator):
        def more(self):
            return self.model_dir

    assert Derived(model_fn, str(tmp_path)).more() == str(tmp_path)


def test_the_method_that_checks_overrides_switches_that_off(
    estimator, tmp_path
):
    class Derived(estimator.Estimator):
        def _assert_members_are_not_overridden(self):
            pass

        def predict(self, input_fn):
            return input_fn

    assert Derived(model_fn, str(tmp_path)).predict("input") == "input"


@pytest.mark.parametrize("name", ["train", "config", "params"])
def test_a_subclass_may_override_no_member(estimator, tmp_path, name):
    derived = type("Derived", (estimator.Estimator,), {name: None})
    with pytest.raises(ValueError, match=f"cannot override.*{name}"):
        derived(model_fn, str(tmp_path))


@pytest.mark.parametrize("switch", [{}, {"allows_overrides": True}])
def test_a_subclass_may_define_nothing_that_is_never_called(tmp_path, switch):
    from monitored_tf.estimator import Estimator

    members = {"_call_model_fn": None, **switch}
    derived = type("Derived", (Estimator,), members)
    with pytest.raises(ValueError, match="cannot override.*_call_model_fn"):
        derived(model_fn, str(tmp_path))


def test_a_folder_in_bytes_is_that_folder(tmp_path):
    from monitored_tf.estimator import Estimator, RunConfig

    folder = str(tmp_path)
    assert Estimator(model_fn, folder.encode()).model_dir == folder
    config = RunConfig(folder.encode())
    assert Estimator(model_fn, config=config).model_dir == folder


def test_a_subclass_may_override_what_is_meant_for_it(estimator, tmp_path):
    def latest_checkpoint(self):
        return "newest"

    members = {"latest_checkpoint": latest_checkpoint}
    derived = type("Derived", (estimator.Estimator,), members)
    assert derived(model_fn, str(tmp_path)).latest_checkpoint() == "newest"


def test_the_check_can_be_switched_off(tmp_path):
    from monitored_tf.estimator import Estimator

    class Derived(Estimator):
        allows_overrides = True

        def eval_dir(self, name=None):
            return name

    assert Derived(model_fn, str(tmp_path)).eval_dir("a") == "a"
