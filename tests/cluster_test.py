"""What this process is in its cluster."""

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import types

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import cluster, errors
from monitored_tf.testing import FakeClock

resolvers = tf.distribute.cluster_resolver

JOBS = {"chief": ["h:1"], "ps": ["h:2", "h:3"], "worker": ["h:4", "h:5"]}
WITHOUT_CHIEF = {"ps": ["h:2"], "worker": ["h:4", "h:5"]}
WITH_MASTER = {"master": ["h:1"], "worker": ["h:4"]}


def _config(jobs, task_type, index=0, **others):
    task = {"type": task_type, "index": index}
    return {"cluster": jobs, "task": task, **others}


def _task(*args, **others):
    return cluster.from_tf_config(_config(*args, **others))


def _free_ports(count):
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [held.getsockname()[1] for held in sockets]
    for held in sockets:
        held.close()
    return ports


# A task on its own.


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        " \n",
        "{}",
        '{"cluster": {}}',
        '{"cluster": {}, "environment": "cloud", "job": {"region": "x"}}',
        '{"task": {}}',
        '{"task": {"type": "worker", "index": 0}, "model_dir": "d"}',
    ],
)
def test_without_a_cluster_it_is_a_chief_on_its_own(monkeypatch, text):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if text is not None:
        monkeypatch.setenv("TF_CONFIG", text)
    task = cluster.from_tf_config()
    assert (task.task_type, task.task_id) == ("worker", 0)
    assert task.is_chief
    assert task.cluster is None
    assert task.server is None
    assert task.master == ""
    assert task.device_function is None
    assert task.session_config == tf.compat.v1.ConfigProto()


def test_what_is_given_goes_before_the_environment(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", json.dumps(_config(JOBS, "ps")))
    assert cluster.from_tf_config().task_type == "ps"
    assert cluster.from_tf_config({}).task_type == "worker"
    assert cluster.from_tf_config("").task_type == "worker"


@pytest.mark.parametrize("task_type", ["chief", "master"])
def test_a_chief_needs_no_cluster(task_type):
    task = cluster.from_tf_config({"task": {"type": task_type, "index": 0}})
    assert (task.task_type, task.is_chief, task.master) == (task_type, True, "")


def test_a_task_on_its_own_has_nothing_to_serve():
    with pytest.raises(errors.InvalidClusterError, match="no cluster"):
        cluster.from_tf_config({}).join()


# A task of a cluster.


@pytest.mark.parametrize(
    ("jobs", "task_type", "index", "is_chief"),
    [
        (JOBS, "chief", 0, True),
        (JOBS, "worker", 0, False),
        (JOBS, "ps", 0, False),
        (JOBS, "ps", 1, False),
        (JOBS, "evaluator", 0, False),
        (WITHOUT_CHIEF, "worker", 0, True),
        (WITHOUT_CHIEF, "worker", 1, False),
        (WITHOUT_CHIEF, "ps", 0, False),
        (WITHOUT_CHIEF, "evaluator", 0, False),
        (WITH_MASTER, "master", 0, True),
        (WITH_MASTER, "worker", 0, False),
    ],
)
def test_who_is_chief(jobs, task_type, index, is_chief):
    task = _task(jobs, task_type, index)
    assert (task.task_type, task.task_id) == (task_type, index)
    assert task.is_chief is is_chief


@pytest.mark.parametrize("task_type", ["chief", "worker", "ps"])
def test_a_session_sees_the_ps_and_itself(task_type):
    config = _task(JOBS, task_type).session_config
    assert config == tf.compat.v1.ConfigProto(
        device_filters=["/job:ps", f"/job:{task_type}/task:0"]
    )


@pytest.mark.parametrize("index", [1, "1", " 1 ", np.int64(1)])
def test_an_index_may_be_written_as_tensorflow_reads_it(index):
    task = _task(JOBS, "worker", index)
    assert type(task.task_id) is int
    assert task.task_id == 1


def test_every_session_config_is_a_new_one():
    task = _task(JOBS, "worker")
    task.session_config.allow_soft_placement = True
    assert not task.session_config.allow_soft_placement


def test_variables_go_to_the_ps_in_turn_and_ops_stay_here():
    task = _task(JOBS, "worker", 1)
    for _ in range(2):
        with tf.Graph().as_default(), tf.compat.v1.device(task.device_function):
            variables = [tf.compat.v1.Variable(0) for _ in range(3)]
            operation = tf.constant(1)
        places = [variable.device for variable in variables]
        # From the first ps on in each graph, or the tasks would not agree.
        assert places == [f"/job:ps/task:{index}" for index in (0, 1, 0)]
        assert operation.device == "/job:worker/task:1"


def test_without_a_ps_nothing_is_placed_or_filtered():
    task = _task({"worker": ["h:4", "h:5"]}, "worker", 1)
    assert task.device_function is None
    assert task.session_config == tf.compat.v1.ConfigProto()


def test_an_evaluator_is_no_part_of_the_cluster():
    # Some list it: the others must not wait for a server that never starts.
    jobs = {**JOBS, "evaluator": ["h:9"]}
    task = _task(jobs, "evaluator", 3, session_master="grpc://h:1")
    assert (task.cluster, task.server, task.master) == (None, None, "")
    assert task.session_config == tf.compat.v1.ConfigProto()
    assert _task(jobs, "chief").cluster == tf.train.ClusterSpec(JOBS)


@pytest.mark.parametrize(
    ("task_type", "key"),
    [("worker", "session_master"), ("evaluator", "eval_session_master")],
)
def test_a_master_that_is_given_stands_for_the_server(task_type, key):
    task = _task(JOBS, task_type, **{key: "grpc://elsewhere:1"})
    assert task.master == "grpc://elsewhere:1"


def test_the_only_task_of_a_cluster_is_its_own_master():
    assert _task({"chief": ["no.such.host:1"]}, "chief").master == ""


def test_tasks_may_be_sparse():
    # As Kubeflow writes it where workers come and go.
    jobs = {"worker": {"3": "h:4"}, "ps": ["h:2"]}
    task = _task(jobs, "worker", "3", rpc_layer="grpc", environment="cloud")
    assert task.task_id == 3
    assert task.cluster.task_address("worker", 3) == "h:4"
    assert _task({"worker": {}, "ps": ["h:2"]}, "ps").cluster.jobs == ["ps"]


def test_addresses_may_be_of_any_kind():
    jobs = {"worker": ("[::1]:2222", "10.0.0.1:65535", "a-b.c_d:0")}
    task = _task(jobs, "worker", 2)
    assert task.cluster.job_tasks("worker") == list(jobs["worker"])


def test_it_agrees_with_estimator(monkeypatch):
    estimator = pytest.importorskip("tensorflow_estimator")
    configs = [{}, {"session_master": "grpc://x:1"}, _config(JOBS, "evaluator")]
    configs += [_config({"chief": ["h:1"]}, "chief", rpc_layer=None)]
    configs += [_config(JOBS, job, session_master="grpc://x:1") for job in JOBS]
    for config in configs:
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))
        ours, theirs = cluster.from_tf_config(), estimator.estimator.RunConfig()
        for name in ("task_type", "task_id", "is_chief", "master"):
            assert getattr(ours, name) == getattr(theirs, name), config
        assert bool(ours.cluster) == bool(theirs.cluster_spec)


# Mistakes.


_INVALID = [
    ("{'cluster': 1}", "JSON", "json.dumps"),
    ("worker", "'worker'", "json.dumps"),
    ("[1]", "[1]", "must be a JSON object"),
    ("null", "None", "must be a JSON object"),
    (7, "value 7", "must be a JSON object"),
    ({"clusters": JOBS}, "'clusters'", "rename it to 'cluster'"),
    ({"Cluster": JOBS}, "'Cluster'", "rename it to 'cluster'"),
    ({"cluster_spec": JOBS}, "'cluster_spec'", "rename it to 'cluster'"),
    ({"tasks": {}}, "'tasks'", "rename it to 'task'"),
    ({"rpc_layer": 1}, "rpc_layer 1", "must be a string"),
    ({"session_master": []}, "session_master []", "must be a string"),
    ({"cluster": ["h:1"], "task": {}}, "['h:1']", "must be an object"),
    ({"cluster": None}, "cluster None", "must be an object"),
    ({"cluster": JOBS}, 'no "task"', 'add {"task"'),
    ({"cluster": JOBS, "task": "ps"}, "task 'ps'", "must be an object"),
    ({"cluster": JOBS, "task": {}}, "type None", "chief, ps, worker"),
    (_config({"worker": "h:1"}, "worker"), "'h:1'", "must be a list"),
    (_config({"worker": None}, "worker"), "None", "must be a list"),
    (_config({"worker": [["h:1"]]}, "worker"), "['h:1']", '"host:port"'),
    (_config({"worker": [1]}, "worker"), "address 1 ", '"host:port"'),
    (_config({"worker": ["h"]}, "worker"), "'h'", '"host:port"'),
    (_config({"worker": ["h:"]}, "worker"), "'h:'", '"host:port"'),
    (_config({"worker": [":1"]}, "worker"), "':1'", '"host:port"'),
    (_config({"worker": [""]}, "worker"), "address '' ", '"host:port"'),
    (_config({"worker": ["h:x"]}, "worker"), "'h:x'", '"host:port"'),
    (_config({"worker": ["h:65536"]}, "worker"), "'h:65536'", "65535"),
    (_config({"worker": ["grpc://h:1"]}, "worker"), "grpc://", '"host:port"'),
    (_config({"worker": ["h:1 "]}, "worker"), "'h:1 '", '"host:port"'),
    (_config({"worker": {"a": "h:1"}}, "worker"), "'a'", "from 0 on"),
    (_config({**JOBS, "ps": []}, "worker"), "job 'ps'", "leave the job out"),
    (_config({"worker": {}}, "worker"), "no addresses", "its own at least"),
    (_config({"worker": ["h:1", "h:1"]}, "worker"), "'h:1'", "ports"),
    (_config({"ps": ["h:1"], "worker": ["h:1"]}, "ps"), "'h:1'", "ports"),
    (_config(JOBS, None), "type None", "chief, ps, worker"),
    (_config(JOBS, 1), "type 1", "chief, ps, worker"),
    (_config(JOBS, "master"), "'master'", "chief, ps, worker"),
    (_config(JOBS, "Worker"), "'Worker'", "chief, ps, worker"),
    (_config(JOBS, "ps", None), "index None", "from 0 on"),
    (_config(JOBS, "ps", 1.5), "index 1.5", "from 0 on"),
    (_config(JOBS, "ps", True), "index True", "from 0 on"),
    (_config(JOBS, "ps", "\N{SUPERSCRIPT TWO}"), "index ", "from 0 on"),
    (_config(JOBS, "ps", "x"), "index 'x'", "from 0 on"),
    (_config(JOBS, "ps", -1), "index -1", "from 0 on"),
    (_config(JOBS, "evaluator", -1), "index -1", "from 0 on"),
    (_config(JOBS, "ps", 2), "index 2", "only 0, 1"),
    (_config({"worker": {"3": "h:1"}}, "worker"), "index 0", "only 3"),
    (_config({**JOBS, "master": ["h:9"]}, "ps"), "chief, master", "only one"),
    (_config({"chief": ["h:1", "h:2"]}, "chief"), "chief, chief", "only one"),
    ({"task": {"type": "ps", "index": 0}}, "'ps'", "without a cluster"),
    ({"task": {"type": "worker", "index": 1}}, "1", "without a cluster"),
]


@pytest.mark.parametrize(("tf_config", "given", "expected"), _INVALID)
def test_each_mistake_is_named_in_one_sentence(tf_config, given, expected):
    with pytest.raises(errors.InvalidClusterError) as raised:
        cluster.from_tf_config(tf_config)
    text = str(raised.value)
    assert text.startswith("TF_CONFIG has ")
    assert given in text
    assert expected in text.partition(" but ")[2]
    assert ": " in text.partition(" but ")[2]
    assert text.endswith(".")
    assert ". " not in text
    assert "\n" not in text
    assert len(text) < 260


def test_a_mistake_is_a_value_error_and_a_huge_text_is_cut():
    with pytest.raises(ValueError, match="TF_CONFIG has the text") as raised:
        cluster.from_tf_config("x" * 10_000)
    assert len(str(raised.value)) < 260


# The server.


def test_a_cluster_trains_through_its_tasks():
    ps_port, worker_port = _free_ports(2)
    jobs = {"ps": [f"localhost:{ps_port}"], "worker": [f"[::1]:{worker_port}"]}
    ps, worker = _task(jobs, "ps"), _task(jobs, "worker")
    assert ps.server is ps.server
    assert (
        worker.master == worker.server.target == f"grpc://[::1]:{worker_port}"
    )
    with tf.Graph().as_default(), tf.compat.v1.device(worker.device_function):
        step = tf.compat.v1.train.get_or_create_global_step()
        counted = tf.compat.v1.assign_add(step, 1)
        assert step.device == "/job:ps/task:0"
        with monitored_tf.MonitoredTrainingSession(
            worker.master, worker.is_chief, config=worker.session_config
        ) as session:
            assert session.run(counted) == 1


def test_a_port_that_is_held_is_tried_again(caplog):
    holder = socket.create_server(("localhost", 0))
    address = f"localhost:{holder.getsockname()[1]}"
    task = _task({"worker": [address, "h:1"]}, "worker")
    release = threading.Timer(0.4, holder.close)
    release.start()
    try:
        assert task.server.target == f"grpc://{address}"
    finally:
        release.join()
    (said,) = [text for text in caplog.messages if "is held" in text]
    assert address in said


@pytest.mark.parametrize("limit_secs", [10.0, 1.0])
def test_a_port_that_stays_held_raises_tensorflows_error(caplog, limit_secs):
    with socket.create_server(("localhost", 0)) as holder:
        jobs = {"worker": [f"localhost:{holder.getsockname()[1]}", "h:1"]}
        task = _task(jobs, "worker")
        if limit_secs != 10.0:
            task = dataclasses.replace(task, start_timeout_secs=limit_secs)
        with FakeClock() as clock:
            with pytest.raises(tf.errors.UnknownError, match="Could not start"):
                _ = task.master
    assert sum(clock.sleeps) == pytest.approx(limit_secs)
    assert clock.sleeps[:3] == pytest.approx([0.1, 0.2, 0.4])
    assert max(clock.sleeps) <= 0.5
    assert len([text for text in caplog.messages if "is held" in text]) == 1


def test_any_other_error_of_the_server_is_raised_at_once():
    task = _task(JOBS, "worker", rpc_layer="no_such_protocol")
    with FakeClock() as clock:
        with pytest.raises(tf.errors.NotFoundError, match="no_such_protocol"):
            _ = task.server
    assert clock.sleeps == []


def test_an_unknown_error_that_is_not_of_the_port_is_raised_at_once(
    monkeypatch,
):
    # No way is known to make TensorFlow raise one.
    def fails(*_):
        raise tf.errors.UnknownError(None, None, "no port at fault")

    monkeypatch.setattr(tf.distribute, "Server", fails)
    with FakeClock() as clock:
        with pytest.raises(tf.errors.UnknownError, match="no port at fault"):
            _ = _task(JOBS, "worker").server
    assert clock.sleeps == []


_SERVE = """
from monitored_tf import cluster
task = cluster.from_tf_config()
print(task.server.target, flush=True)
task.join()
"""


def test_a_ps_serves_until_ctrl_c():
    (port,) = _free_ports(1)
    config = _config({"ps": [f"localhost:{port}"], "worker": ["h:1"]}, "ps")
    ps = subprocess.Popen(
        [sys.executable, "-c", _SERVE],
        env={**os.environ, "TF_CONFIG": json.dumps(config)},
        cwd=os.path.dirname(os.path.dirname(monitored_tf.__file__)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with ps:
        try:
            target = ps.stdout.readline().strip()
            assert target == f"grpc://localhost:{port}"
            filters = tf.compat.v1.ConfigProto(device_filters=["/job:ps"])
            with tf.Graph().as_default():
                seven = tf.constant(7)
                with tf.compat.v1.Session(target, config=filters) as session:
                    assert session.run(seven) == 7
            assert ps.poll() is None
            ps.send_signal(signal.SIGINT)
            assert "KeyboardInterrupt" in ps.communicate(timeout=20)[1]
        finally:
            ps.kill()


# Resolvers.


@pytest.fixture
def slurm(monkeypatch):
    """Four tasks on two nodes; this one is the last."""
    variables = {
        "PROCID": "3",
        "STEP_NUM_TASKS": "4",
        "STEP_NODELIST": "node[1-2]",
        "STEP_TASKS_PER_NODE": "2(x2)",
    }
    for name, value in variables.items():
        monkeypatch.setenv(f"SLURM_{name}", value)


def _slurm_resolver(**options):
    return resolvers.SlurmClusterResolver(
        gpus_per_node=2, gpus_per_task=1, auto_set_gpu=False, **options
    )


def test_slurm_says_which_task_this_is(slurm):
    task = cluster.from_resolver(
        _slurm_resolver(jobs={"ps": 1, "worker": 3}, port_base=3000)
    )
    assert task.cluster.as_dict() == {
        "ps": ["node1:3000"],
        "worker": ["node1:3001", "node2:3000", "node2:3001"],
    }
    assert (task.task_type, task.task_id, task.is_chief) == ("worker", 2, False)
    assert task.protocol == "grpc"
    assert [*task.session_config.device_filters] == [
        "/job:ps",
        "/job:worker/task:2",
    ]


def test_a_mistake_in_slurm_is_named_after_its_resolver(slurm):
    resolver = _slurm_resolver(jobs={"chief": 2, "worker": 2})
    with pytest.raises(
        errors.InvalidClusterError,
        match="^SlurmClusterResolver has the tasks chief, chief, but",
    ):
        cluster.from_resolver(resolver)


class _KubernetesClient:
    """Answers as the API of Kubernetes does: pods by label."""

    def __init__(self, ips_of_label):
        self._ips_of_label = ips_of_label

    def list_pod_for_all_namespaces(self, label_selector):
        named = types.SimpleNamespace
        return named(
            items=[
                named(
                    metadata=named(name=f"pod-{number}"),
                    status=named(phase="Running", host_ip=ip),
                )
                for number, ip in enumerate(self._ips_of_label[label_selector])
            ]
        )


def _kubernetes_resolver(**ips_of_job):
    return resolvers.KubernetesClusterResolver(
        {job: [f"job={job}"] for job in ips_of_job},
        override_client=_KubernetesClient(
            {f"job={job}": ips for job, ips in ips_of_job.items()}
        ),
    )


def test_kubernetes_is_told_which_task_this_is():
    resolver = _kubernetes_resolver(ps=["10.0.0.1"], worker=["10.0.0.2"])
    task = cluster.from_resolver(resolver, "worker", 0)
    assert task.cluster.job_tasks("ps") == ["10.0.0.1:8470"]
    assert (task.task_type, task.task_id, task.is_chief) == ("worker", 0, True)
    resolver.task_type, resolver.task_id = "ps", 0
    assert cluster.from_resolver(resolver).task_type == "ps"
    # What is given goes before what is set.
    assert cluster.from_resolver(resolver, "worker").task_type == "worker"


@pytest.mark.parametrize(
    ("ips_of_job", "task", "mistake"),
    [
        ({"worker": ["10.0.0.1"]}, (), "type None.* set task_type to one of"),
        ({"worker": ["10.0.0.1"]}, ("worker",), "index None.* set task_id to"),
        ({"worker": ["10.0.0.1"]}, ("worker", 1), "index 1.* has only 0:"),
        ({"worker": ["10.0.0.1"] * 2}, ("worker", 0), "more than once"),
        ({"worker": ["10.0.0.1"], "ps": []}, ("worker", 0), "for job 'ps'"),
    ],
)
def test_a_mistake_in_kubernetes(ips_of_job, task, mistake):
    resolver = _kubernetes_resolver(**ips_of_job)
    with pytest.raises(
        errors.InvalidClusterError,
        match=f"^KubernetesClusterResolver has .*{mistake}",
    ):
        cluster.from_resolver(resolver, *task)


def test_any_other_resolver_will_do(monkeypatch):
    spec = tf.train.ClusterSpec(JOBS)
    simple = resolvers.SimpleClusterResolver(
        spec, task_type="ps", task_id=1, rpc_layer="grpc+verbs"
    )
    task = cluster.from_resolver(simple)
    assert (task.cluster, task.task_type, task.task_id) == (spec, "ps", 1)
    assert task.protocol == "grpc+verbs"
    monkeypatch.setenv("TF_CONFIG", json.dumps(_config(JOBS, "worker", "1")))
    task = cluster.from_resolver(resolvers.TFConfigClusterResolver())
    assert (task.cluster, task.task_type, task.task_id) == (spec, "worker", 1)
    monkeypatch.delenv("TF_CONFIG")
    assert cluster.from_resolver(resolvers.TFConfigClusterResolver()).is_chief
