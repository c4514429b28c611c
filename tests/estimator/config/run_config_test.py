"""RunConfig: its fields, defaults and replacements."""

import copy
import inspect
import json

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.estimator import RunConfig
from monitored_tf.estimator.config import config_fields

DEFAULTS = {
    "model_dir": None,
    "tf_random_seed": None,
    "save_summary_steps": 100,
    "save_checkpoints_steps": None,
    "save_checkpoints_secs": 600,
    "session_config": None,
    "keep_checkpoint_max": 5,
    "keep_checkpoint_every_n_hours": 10000,
    "log_step_count_steps": 100,
    "train_distribute": None,
    "device_fn": None,
    "protocol": None,
    "eval_distribute": None,
    "experimental_max_worker_delay_secs": None,
    "session_creation_timeout_secs": 7200,
    "checkpoint_save_graph_def": True,
}
LOCAL = {
    "task_type": "worker",
    "task_id": 0,
    "global_id_in_cluster": 0,
    "master": "",
    "evaluation_master": "",
    "is_chief": True,
    "num_ps_replicas": 0,
    "num_worker_replicas": 1,
    "service": None,
}
OTHERS = {
    "model_dir": "folder",
    "tf_random_seed": 7,
    "save_summary_steps": 0,
    "save_checkpoints_steps": 3,
    "session_config": tf.compat.v1.ConfigProto(log_device_placement=True),
    "keep_checkpoint_max": 0,
    "keep_checkpoint_every_n_hours": 0.5,
    "log_step_count_steps": 9,
    "device_fn": lambda op: "/cpu:0",
    "protocol": "grpc+verbs",
    "experimental_max_worker_delay_secs": 4,
    "session_creation_timeout_secs": 0.1,
    "checkpoint_save_graph_def": False,
}


@pytest.fixture(autouse=True)
def tf_config(monkeypatch):
    """Sets TF_CONFIG; there is none before."""
    monkeypatch.delenv("TF_CONFIG", raising=False)

    def set_tf_config(**config):
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))

    return set_tf_config


def _cadence(config):
    return config.save_checkpoints_steps, config.save_checkpoints_secs


@pytest.mark.parametrize("empty", [None, "{}"])
def test_defaults(estimator, monkeypatch, empty):
    if empty:
        monkeypatch.setenv("TF_CONFIG", empty)
    config = estimator.RunConfig()
    for name, value in {**DEFAULTS, **LOCAL}.items():
        assert getattr(config, name) == value
    assert config.cluster_spec == tf.train.ClusterSpec({})


def test_our_own_fields_have_defaults_too(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "")
    config = RunConfig()
    assert config.recovery is None
    assert config.experimental_distribute is None


def test_arguments_stand_where_those_of_tensorflow_estimator_do(estimator):
    parameters = inspect.signature(estimator.RunConfig).parameters.values()
    names = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
    assert names == [*config_fields.TF_FIELDS]


@pytest.mark.parametrize(("name", "value"), OTHERS.items())
def test_fields_are_taken_and_replaced(estimator, name, value):
    given = estimator.RunConfig(**{name: value})
    assert getattr(given, name) == value
    before = estimator.RunConfig()
    assert getattr(before.replace(**{name: value}), name) == value
    assert getattr(before, name) == DEFAULTS[name]


@pytest.mark.parametrize("name", [*DEFAULTS, *LOCAL, "cluster_spec"])
def test_fields_cannot_be_set(estimator, name):
    with pytest.raises(AttributeError):
        setattr(estimator.RunConfig(), name, None)


def test_the_error_of_setting_names_the_way():
    with pytest.raises(AttributeError, match=r"replace\(model_dir=...\)"):
        RunConfig().model_dir = "folder"
    with pytest.raises(AttributeError, match="task_id .* comes from TF_CONFIG"):
        RunConfig().task_id = 1


def test_a_field_of_the_class_is_no_value():
    assert not isinstance(RunConfig.model_dir, str)


@pytest.mark.parametrize("name", DEFAULTS)
def test_none_replaces_a_field(estimator, name):
    assert getattr(estimator.RunConfig().replace(**{name: None}), name) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (None, 600)),
        ({"save_checkpoints_steps": 5}, (5, None)),
        ({"save_checkpoints_steps": 0}, (0, None)),
        ({"save_checkpoints_steps": None}, (None, None)),
        ({"save_checkpoints_secs": 5}, (None, 5)),
        ({"save_checkpoints_secs": None}, (None, None)),
        (
            {"save_checkpoints_steps": 5, "save_checkpoints_secs": None},
            (5, None),
        ),
        (
            {"save_checkpoints_steps": None, "save_checkpoints_secs": 5},
            (None, 5),
        ),
        (
            {"save_checkpoints_steps": None, "save_checkpoints_secs": None},
            (None, None),
        ),
    ],
)
def test_giving_one_cadence_turns_the_other_off(estimator, given, expected):
    assert _cadence(estimator.RunConfig(**given)) == expected


@pytest.mark.parametrize(
    ("before", "given", "expected"),
    [
        ({}, {"save_checkpoints_steps": 5}, (5, None)),
        ({}, {"save_checkpoints_steps": None}, (None, 600)),
        ({}, {"save_checkpoints_secs": None}, (None, None)),
        ({}, {"save_checkpoints_secs": 5}, (None, 5)),
        (
            {"save_checkpoints_steps": 5},
            {"save_checkpoints_secs": 6},
            (None, 6),
        ),
        ({"save_checkpoints_steps": 5}, {"save_summary_steps": 6}, (5, None)),
        (
            {"save_checkpoints_steps": 5},
            {"save_checkpoints_secs": None},
            (5, None),
        ),
        (
            {"save_checkpoints_steps": 5},
            {"save_checkpoints_steps": None, "save_checkpoints_secs": 7},
            (None, 7),
        ),
    ],
)
def test_replacing_one_cadence_turns_the_other_off(
    estimator, before, given, expected
):
    config = estimator.RunConfig(**before)
    assert _cadence(config.replace(**given)) == expected


def test_both_cadences_are_an_error(estimator):
    both = {"save_checkpoints_steps": 5, "save_checkpoints_secs": 6}
    text = "`save_checkpoints_steps` and `.*_secs` cannot be both set"
    with pytest.raises(ValueError, match=text):
        estimator.RunConfig(**both)
    with pytest.raises(ValueError, match=text):
        estimator.RunConfig().replace(**both)


@pytest.mark.parametrize("name", [*LOCAL, "cluster_spec", "no_such_field"])
def test_only_arguments_of_the_constructor_are_replaced(estimator, name):
    with pytest.raises(ValueError, match=f"Replacing {name} is not supported"):
        estimator.RunConfig().replace(**{name: 1})


def test_a_replacement_is_a_deep_copy(estimator):
    session_config = tf.compat.v1.ConfigProto()
    config = estimator.RunConfig(session_config=session_config)
    assert config.session_config is session_config
    replaced = config.replace(tf_random_seed=1)
    replaced.session_config.log_device_placement = True
    assert not session_config.log_device_placement


def test_a_replacement_keeps_its_class_and_what_that_adds(estimator):
    class MyConfig(estimator.RunConfig):
        def __init__(self, rate):
            super().__init__()
            self.rate = rate

    replaced = MyConfig(0.5).replace(model_dir="folder")
    assert type(replaced) is MyConfig
    assert replaced.rate == 0.5


def test_a_replacement_does_not_read_tf_config_again(estimator, tf_config):
    config = estimator.RunConfig()
    tf_config(cluster={"chief": ["a:1"]}, task={"type": "chief", "index": 0})
    assert config.replace(model_dir="folder").task_type == "worker"
    assert estimator.RunConfig().task_type == "chief"


def test_a_copy_recovers_by_the_same_policy():
    events = []

    class Listener:
        def heard(self, event):
            events.append(event)

    policy = monitored_tf.RecoveryPolicy(on_recovery=Listener().heard)
    config = RunConfig(recovery=policy)
    assert config.recovery is policy
    assert copy.deepcopy(config).recovery is policy
    assert config.replace(model_dir="folder").recovery is policy
    assert config.replace(recovery=None).recovery is None


def test_a_copy_of_what_holds_itself_ends():
    class MyConfig(RunConfig):
        pass

    config = MyConfig()
    config.myself = config
    copied = copy.deepcopy(config)
    assert copied is not config
    assert copied.myself is copied


@pytest.mark.parametrize(
    ("task", "filters"),
    [
        (("chief", 0), ["/job:ps", "/job:chief"]),
        (("worker", 1), ["/job:ps", "/job:worker/task:1"]),
        (
            ("ps", 0),
            ["/job:ps", "/job:worker", "/job:chief", "/job:master"],
        ),
        (("evaluator", 0), None),
        (("other", 0), None),
    ],
)
def test_a_task_of_a_cluster_sees_no_more_than_it_needs(
    estimator, tf_config, task, filters
):
    cluster = {
        "chief": ["a:1"],
        "ps": ["b:1"],
        "worker": ["c:1", "c:2"],
        "other": ["d:1"],
    }
    tf_config(cluster=cluster, task={"type": task[0], "index": task[1]})
    config = estimator.RunConfig().session_config
    assert (config and config.device_filters) == filters
    assert config is None or config.allow_soft_placement


def test_the_users_session_config_goes_first(estimator, tf_config):
    tf_config(cluster={"chief": ["a:1"]}, task={"type": "chief", "index": 0})
    config = tf.compat.v1.ConfigProto()
    assert estimator.RunConfig(session_config=config).session_config is config


def test_what_tf_config_says_is_logged(tf_config, caplog):
    tf_config(environment="google")
    caplog.set_level("INFO", logger="absl")
    RunConfig()
    assert "'environment': 'google'" in caplog.text
