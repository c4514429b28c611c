"""What TF_CONFIG says, by the rules of tf.estimator."""

import json

import pytest
import tensorflow as tf

from monitored_tf import errors
from monitored_tf.estimator import RunConfig

CLUSTER = {
    "chief": ["chief:1"],
    "ps": ["ps:1", "ps:2"],
    "worker": ["worker:1", "worker:2", "worker:3"],
}
OLDER = {
    "master": ["master:1"],
    "ps": ["ps:1", "ps:2"],
    "worker": ["worker:1", "worker:2", "worker:3"],
}
ATTRIBUTES = (
    "master",
    "evaluation_master",
    "is_chief",
    "num_ps_replicas",
    "num_worker_replicas",
    "global_id_in_cluster",
)


@pytest.fixture
def read(estimator, monkeypatch):
    """Returns the RunConfig of a TF_CONFIG."""

    def read(config):
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))
        return estimator.RunConfig()

    return read


def _config(task_type, index, cluster=CLUSTER, **others):
    task = {"type": task_type, "index": index}
    return {"cluster": cluster, "task": task, **others}


def _attributes(config):
    return tuple(getattr(config, name) for name in ATTRIBUTES)


@pytest.mark.parametrize(
    ("task", "cluster", "expected"),
    [
        (("chief", 0), CLUSTER, ("grpc://chief:1", "", True, 2, 4, 0)),
        (("worker", 0), CLUSTER, ("grpc://worker:1", "", False, 2, 4, 1)),
        (("worker", 2), CLUSTER, ("grpc://worker:3", "", False, 2, 4, 3)),
        (("ps", 0), CLUSTER, ("grpc://ps:1", "", False, 2, 4, 4)),
        (("ps", "1"), CLUSTER, ("grpc://ps:2", "", False, 2, 4, 5)),
        (("master", 0), OLDER, ("grpc://master:1", "", True, 2, 4, 0)),
        (("worker", 2), OLDER, ("grpc://worker:3", "", False, 2, 4, 3)),
        (("ps", 1), OLDER, ("grpc://ps:2", "", False, 2, 4, 5)),
        (("chief", 0), {"chief": ["a:1"]}, ("", "", True, 0, 1, 0)),
        (("master", 0), {"master": ["a:1"]}, ("", "", True, 0, 1, 0)),
        (
            ("chief", 0),
            {"chief": ["a:1"], "evaluator": ["b:1"]},
            ("grpc://a:1", "", True, 0, 1, 0),
        ),
        (
            ("worker", 0),
            {**CLUSTER, "extra": ["x:1"], "zoo": ["z:1"]},
            ("grpc://worker:1", "", False, 2, 4, 2),
        ),
        (
            ("zoo", 0),
            {**CLUSTER, "extra": ["x:1"], "zoo": ["z:1"]},
            ("grpc://z:1", "", False, 2, 4, 5),
        ),
        (
            ("ps", 0),
            {**CLUSTER, "extra": ["x:1"], "zoo": ["z:1"]},
            ("grpc://ps:1", "", False, 2, 4, 6),
        ),
    ],
)
def test_a_task_of_a_cluster(read, task, cluster, expected):
    config = read(_config(*task, cluster))
    assert (config.task_type, config.task_id) == (task[0], int(task[1]))
    assert config.cluster_spec == tf.train.ClusterSpec(cluster)
    assert _attributes(config) == expected


@pytest.mark.parametrize("index", [0, 7])
def test_an_evaluator_is_outside_of_the_cluster(read, index):
    config = read(_config("evaluator", index))
    assert (config.task_type, config.task_id) == ("evaluator", index)
    assert config.cluster_spec == tf.train.ClusterSpec({})
    assert _attributes(config) == ("", "", False, 0, 0, None)


@pytest.mark.parametrize(
    "tf_config",
    [
        {},
        {"cluster": {}},
        {"task": {}},
        {"task": {"type": "worker"}},
        {"task": {"type": "worker", "index": "0"}},
        {"environment": "cloud", "job": {"any": 1}},
    ],
)
def test_a_task_on_its_own(read, tf_config):
    config = read(tf_config)
    assert (config.task_type, config.task_id) == ("worker", 0)
    assert config.cluster_spec == tf.train.ClusterSpec({})
    assert _attributes(config) == ("", "", True, 0, 1, 0)


MASTERS = {"session_master": "grpc://one", "eval_session_master": "grpc://two"}


@pytest.mark.parametrize(
    ("tf_config", "expected"),
    [
        (MASTERS, ("grpc://one", "grpc://two")),
        (_config("chief", 0, **MASTERS), ("grpc://one", "")),
        (_config("ps", 0, **MASTERS), ("grpc://one", "")),
        (_config("evaluator", 0, **MASTERS), ("", "grpc://two")),
        (_config("master", 0, OLDER, **MASTERS), ("grpc://one", "")),
        (_config("chief", 0, {"chief": ["a:1"]}, session_master=""), ("", "")),
    ],
)
def test_masters_that_tf_config_names(read, tf_config, expected):
    config = read(tf_config)
    assert (config.master, config.evaluation_master) == expected


def test_addresses_by_index(monkeypatch):
    cluster = {"chief": ["a:1"], "worker": {"1": "b:1"}, "ps": ["c:1"]}
    config = _config("worker", 1, cluster)
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    assert RunConfig().master == "grpc://b:1"
    config = _config("worker", 0, cluster)
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    with pytest.raises(ValueError, match="is not a valid task_id"):
        RunConfig()


def test_masters_that_are_null_are_not_named(monkeypatch):
    nothing = {"session_master": None, "eval_session_master": None}
    monkeypatch.setenv("TF_CONFIG", json.dumps(nothing))
    assert (RunConfig().master, RunConfig().evaluation_master) == ("", "")
    config = _config("chief", 0, **nothing)
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    assert RunConfig().master == "grpc://chief:1"


WRONG = [
    ({"task": {"type": "chief"}}, "is not set .* task type must be WORKER"),
    ({"task": {"type": "evaluator", "index": 0}}, "task type must be"),
    ({"task": {"index": 1}}, "is not set .* task index must be 0"),
    ({"task": {"index": "x"}}, "'x'"),
    ({"cluster": CLUSTER}, 'If "cluster" is set .* task type must be set'),
    (
        {"cluster": {"worker": ["a:1"]}},
        'If "cluster" is set .* it must have one "chief" node',
    ),
    (
        {"cluster": CLUSTER, "task": {}},
        'If "cluster" is set .* task type must be set',
    ),
    (
        {"cluster": CLUSTER, "task": {"type": "ps"}},
        'If "cluster" is set .* task index must be set',
    ),
    (_config("ps", 2), "is not a valid task_id"),
    (_config("ps", -1), "Task index must be non-negative number"),
    (_config("evaluator", -1), "Task index must be non-negative number"),
    (_config("ps", "one"), "'one'"),
    (_config("master", 0), "is not a valid task_type"),
    (_config("other", 0), "is not a valid task_type"),
    (_config("worker", 0, {"worker": ["a:1"]}), 'must have one "chief" node'),
    (
        _config("chief", 0, {"chief": ["a:1", "b:1"]}),
        'The "cluster" in TF_CONFIG must have only one "chief" node',
    ),
    (
        _config("master", 0, {"master": ["a:1", "b:1"]}),
        'must have only one "master" node',
    ),
    (
        _config("master", 0, {"master": ["a:1"], "chief": ["b:1"]}),
        "If `master` node exists .*, job `chief` is not supported",
    ),
    (
        _config("evaluator", 0, OLDER),
        "If `master` node exists .* `evaluator` is not supported",
    ),
    (_config("chief", 0, OLDER), "is not a valid task_type"),
]


@pytest.mark.parametrize(("tf_config", "text"), WRONG)
def test_what_is_wrong_is_a_value_error(read, tf_config, text):
    with pytest.raises(ValueError, match=text):
        read(tf_config)


@pytest.mark.parametrize(
    ("tf_config", "text"),
    [
        *WRONG,
        (_config("ps", 0, {"chief": [], "ps": ["a:1"]}), 'have one "chief"'),
        ([1], "must be a JSON object"),
        ({"clustr": CLUSTER}, "rename it to 'cluster'"),
        ({"task": 5}, "the task 5, but it must be an object"),
        (_config("ps", [1]), r"the task index \[1\]\. Task index must be"),
        (_config("chief", 0, ["a:1"]), r"the cluster \['a:1'\], but it must"),
        (_config("chief", 0, {"chief": 5}), "each of its jobs must be a list"),
        (_config("chief", 0, {"chief": [5]}), "each of its jobs must be a l"),
        (_config("chief", 0, {"chief": {"x": "a:1"}}), "each of its jobs mus"),
        ({"session_master": 5}, "session_master 5, but it must be a string"),
    ],
)
def test_our_error_is_one_line_about_tf_config(monkeypatch, tf_config, text):
    monkeypatch.setenv("TF_CONFIG", json.dumps(tf_config))
    with pytest.raises(errors.InvalidClusterError, match=text) as caught:
        RunConfig()
    assert str(caught.value).startswith("TF_CONFIG has ")
    assert "\n" not in str(caught.value)


def test_text_that_is_no_json_is_a_value_error(estimator, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "{")
    with pytest.raises(ValueError, match="line 1 column 2"):
        estimator.RunConfig()


def test_service(read):
    assert read({"service": {"key": 1}}).service == {"key": 1}
    for task in ("chief", "evaluator"):
        config = read(_config(task, 0, service={"key": 1}))
        assert config.service == {"key": 1}
    with pytest.raises(
        TypeError, match='^If "service" is set .* must be a dict'
    ):
        read({"service": ["key"]})
