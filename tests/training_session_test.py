"""Which creator and hooks MonitoredTrainingSession gives a task."""

import contextlib
import re
import types

import pytest
import tensorflow as tf
from tensorflow.python.distribute import distribute_coordinator_context

import monitored_tf
from monitored_tf.hooks.preemption_hook import PreemptionHook
from monitored_tf.testing import FakeClock, RecordingHook
from tests.collective_strategy import CollectiveStrategy

v1 = tf.compat.v1
DEFAULTS = [
    "StepCounterHook",
    "SummarySaverHook",
    "SessionLogHook",
    "CheckpointSaverHook",
]


def _session(folder=None, **kwargs):
    return monitored_tf.MonitoredTrainingSession(
        checkpoint_dir=None if folder is None else str(folder), **kwargs
    )


def _hooks_of(session):
    # There is no public way; nothing but this function looks inside.
    hooks = session._life.calls.hooks
    # The last one of all.
    assert [type(h) for h in hooks].index(PreemptionHook) == len(hooks) - 1
    return hooks[:-1]


def _hooks(folder=None, **kwargs):
    with _session(folder, **kwargs) as session:
        return _hooks_of(session)


def _names(*args, **kwargs):
    return [type(hook).__name__ for hook in _hooks(*args, **kwargs)]


def _files(folder):
    """Names below a folder, those of event files without time and host."""
    return sorted(
        "events" if path.name.startswith("events.out") else path.name
        for path in folder.rglob("*")
        if path.is_file()
    )


def _steps_on_disk(folder):
    return sorted(
        int(path.stem.rpartition("-")[2]) for path in folder.glob("*.index")
    )


class _First(RecordingHook):
    pass


class _Mine(RecordingHook):
    pass


def test_a_chief_has_the_default_hooks_between_the_users(step, tmp_path):
    names = _names(tmp_path, hooks=[_Mine()], chief_only_hooks=[_First()])
    assert names == ["_First", *DEFAULTS, "_Mine"]


def test_the_default_hooks_are_ours(step, tmp_path):
    assert [type(hook) for hook in _hooks(tmp_path)] == [
        getattr(monitored_tf, name) for name in DEFAULTS
    ]


def test_save_last_puts_the_checkpoint_saver_behind_the_users(step, tmp_path):
    names = _names(
        tmp_path, hooks=[_Mine()], chief_only_hooks=[_First()], save_last=True
    )
    assert names == ["_First", *DEFAULTS[:3], "_Mine", DEFAULTS[3]]


def test_without_a_folder_there_are_only_the_users_hooks(step):
    assert _names(hooks=[_Mine()], chief_only_hooks=[_First()]) == [
        "_First",
        "_Mine",
    ]


def test_with_a_summary_folder_only_nothing_is_checkpointed(step, tmp_path):
    assert _names(summary_dir=str(tmp_path)) == DEFAULTS[:3]
    assert _files(tmp_path) == ["events"]


def test_summaries_go_to_their_own_folder(step, tmp_path):
    v1.summary.scalar("step", step)
    model, summaries = tmp_path / "model", tmp_path / "summaries"
    with _session(model, summary_dir=str(summaries)) as session:
        session.run(step)
    assert _files(summaries) == ["events"]
    (events,) = summaries.iterdir()
    tags = [
        value.tag
        for event in v1.train.summary_iterator(str(events))
        for value in event.summary.value
    ]
    assert tags == ["step"]
    assert "checkpoint" in _files(model)


@pytest.mark.parametrize(
    ("kwargs", "missing"),
    [
        ({"log_step_count_steps": None}, 0),
        ({"log_step_count_steps": 0}, 0),
        ({"log_step_count_steps": -1}, 0),
        ({"save_summaries_steps": None}, 1),
        ({"save_summaries_steps": 0}, 1),
        ({"save_summaries_secs": None}, 1),
        ({"save_summaries_secs": 0}, 1),
        ({"save_summaries_steps": None, "save_summaries_secs": None}, 1),
        ({"save_checkpoint_secs": None}, 3),
        ({"save_checkpoint_secs": 0}, 3),
        ({"save_checkpoint_steps": None}, 3),
        ({"save_checkpoint_steps": -1, "save_checkpoint_secs": None}, 3),
    ],
)
def test_none_and_zero_turn_one_hook_off(step, tmp_path, kwargs, missing):
    expected = [name for name in DEFAULTS if name != DEFAULTS[missing]]
    assert _names(tmp_path, **kwargs) == expected


def test_with_nothing_to_write_into_the_event_file_no_log_is_kept(
    step, tmp_path
):
    off = {"log_step_count_steps": None, "save_summaries_steps": None}
    assert _names(tmp_path, **off) == ["CheckpointSaverHook"]
    assert _names(tmp_path, summary_dir=str(tmp_path / "b"), **off) == [
        "CheckpointSaverHook"
    ]
    assert not (tmp_path / "b").exists()


def test_all_hooks_turned_off_still_restore(step, tmp_path):
    with _session(tmp_path) as session:
        session.run(step)
    off = {
        "log_step_count_steps": None,
        "save_summaries_steps": None,
        "save_checkpoint_secs": None,
    }
    with _session(tmp_path, **off) as session:
        assert _hooks_of(session) == ()
        assert session.run(step) == 2


def test_checkpoints_come_every_so_many_steps(step, tmp_path):
    with _session(tmp_path, save_checkpoint_steps=2) as session:
        for _ in range(5):
            session.run(step)
    assert _steps_on_disk(tmp_path) == [0, 2, 4, 5]


@pytest.mark.parametrize(
    ("kwargs", "every_secs"),
    [({}, 600), ({"save_checkpoint_secs": 60}, 60)],
)
def test_checkpoints_come_every_so_many_seconds(
    step, tmp_path, kwargs, every_secs
):
    with FakeClock() as clock, _session(tmp_path, **kwargs) as session:
        for _ in range(4):
            clock.advance(every_secs / 2)
            session.run(step)
        assert _steps_on_disk(tmp_path) == [0, 2, 4]


def test_of_seconds_and_steps_of_checkpoints_the_seconds_hold(step, tmp_path):
    with (
        FakeClock() as clock,
        _session(
            tmp_path, save_checkpoint_secs=60, save_checkpoint_steps=1
        ) as session,
    ):
        for _ in range(4):
            clock.advance(30)
            session.run(step)
        assert _steps_on_disk(tmp_path) == [0, 2, 4]


def _summary_steps(folder, **kwargs):
    """Steps at which a summary was written in six runs, 30 s apart."""
    with FakeClock() as clock, _session(folder, **kwargs) as session:
        for _ in range(6):
            clock.advance(30)
            session.run(session.graph.get_tensor_by_name("counted:0"))
    (events,) = folder.glob("events*")
    return [
        event.step
        for event in v1.train.summary_iterator(str(events))
        for value in event.summary.value
        if value.tag == "counted_1"
    ]


@pytest.mark.parametrize(
    ("kwargs", "steps"),
    [
        ({}, [1]),
        ({"save_summaries_steps": 2}, [1, 3, 5]),
        ({"save_summaries_secs": 60}, [1, 3, 5]),
        ({"save_summaries_steps": 2, "save_summaries_secs": None}, [1, 3, 5]),
    ],
)
def test_summaries_come_as_often_as_asked(step, tmp_path, kwargs, steps):
    counted = tf.identity(step, name="counted")
    v1.summary.scalar("counted", counted)
    assert _summary_steps(tmp_path, **kwargs) == steps


def test_steps_per_second_are_counted_as_often_as_asked(step, tmp_path):
    with FakeClock() as clock:
        with _session(tmp_path, log_step_count_steps=2) as session:
            for _ in range(5):
                clock.advance(0.5)
                session.run(step)
    (events,) = tmp_path.glob("events*")
    assert [
        (event.step, value.simple_value)
        for event in v1.train.summary_iterator(str(events))
        for value in event.summary.value
        if value.tag == "global_step/sec"
    ] == [(3, 2.0), (5, 2.0)]


def test_without_graph_files_none_are_written(step, tmp_path):
    with _session(tmp_path, save_graph_def=False) as session:
        session.run(step)
    files = _files(tmp_path)
    assert "model.ckpt-1.index" in files
    assert "graph.pbtxt" not in files
    assert not [name for name in files if name.endswith(".meta")]


def test_the_last_checkpoint_comes_before_the_users_end(step, tmp_path):
    assert _last_saves(step, tmp_path) == [1, "end"]


def test_with_save_last_it_comes_after_the_users_end(step, tmp_path):
    assert _last_saves(step, tmp_path, save_last=True) == ["end", 1]


def _last_saves(step, folder, **kwargs):
    log = []

    class Watches(RecordingHook):
        def end(self, session):
            if _steps_on_disk(folder) == [0, 1]:
                log.append(1)
            log.append("end")

    with _session(folder, hooks=[Watches()], **kwargs) as session:
        session.run(step)
    return log if 1 in log else [*log, _steps_on_disk(folder)[-1]]


def test_a_worker_has_the_users_hooks_only_and_waits_for_the_chief(graph):
    v1.get_variable("v", initializer=1.0)
    hook = RecordingHook("a")
    with FakeClock() as clock:
        with pytest.raises(tf.errors.DeadlineExceededError):
            _session(
                is_chief=False,
                hooks=[hook],
                chief_only_hooks=[_First()],
                max_wait_secs=70,
                recovery_wait_secs=30,
            )
    assert clock.sleeps == [30, 30]
    assert hook.calls == ["a.begin", "a.close"]


def test_a_worker_of_a_graph_without_variables_runs(graph, tmp_path):
    two = tf.constant(2)
    with _session(tmp_path, is_chief=False, hooks=[_Mine()]) as session:
        assert session.run(two) == 2
        assert [type(hook) for hook in _hooks_of(session)] == [_Mine]
    assert _files(tmp_path) == []


def test_master_and_config_reach_the_raw_session(graph):
    config = v1.ConfigProto(log_device_placement=False)
    config.device_count["CPU"] = 3
    server = tf.distribute.Server.create_local_server()
    for is_chief in (True, False):
        with _session(
            master=server.target, is_chief=is_chief, config=config
        ) as session:
            assert session.raw_session().sess_str == server.target.encode()
    with _session(config=config) as session:
        devices = session.raw_session().list_devices()
        assert len([d for d in devices if d.device_type == "CPU"]) == 3


def test_the_scaffold_that_is_given_is_used(step):
    scaffold = v1.train.Scaffold(
        init_fn=lambda scaffold, session: session.run(step)
    )
    with _session(scaffold=scaffold) as session:
        assert session.run(step) == 2


def test_hooks_may_be_generators(step, tmp_path):
    hook, chief_hook = _Mine("a"), _First("b")
    with _session(
        tmp_path,
        hooks=(h for h in [hook]),
        chief_only_hooks=(h for h in [chief_hook]),
    ) as session:
        session.run(step)
    assert len(hook.calls) == len(chief_hook.calls) == 6


@pytest.mark.parametrize("argument", ["hooks", "chief_only_hooks"])
@pytest.mark.parametrize("is_chief", [True, False])
def test_what_is_no_hook_is_refused_at_once(step, argument, is_chief):
    with pytest.raises(monitored_tf.InvalidHookError):
        _session(is_chief=is_chief, **{argument: [RecordingHook]})


def test_the_recovery_policy_is_passed_on(step):
    faults = monitored_tf.testing.FaultHook(
        monitored_tf.testing.Fault("before_run")
    )
    with pytest.raises(tf.errors.AbortedError):
        with _session(
            hooks=[faults], recovery=monitored_tf.RecoveryPolicy.none()
        ) as session:
            session.run(step)


def test_an_interrupted_training_resumes_from_its_checkpoint(step, tmp_path):
    with _session(tmp_path) as session:
        for _ in range(3):
            session.run(step)
    with _session(tmp_path) as session:
        assert session.run(step) == 4


def _train_in(module, folder, **kwargs):
    """Trains a fixed graph in a folder; returns its files by name."""
    with tf.Graph().as_default():
        v1.set_random_seed(1)
        global_step = v1.train.get_or_create_global_step()
        weight = v1.get_variable("weight", initializer=2.0)
        v1.summary.scalar("weight", weight)
        train_op = v1.train.GradientDescentOptimizer(0.1).minimize(
            tf.square(weight), global_step
        )
        with module.MonitoredTrainingSession(
            checkpoint_dir=str(folder),
            hooks=[v1.train.StopAtStepHook(last_step=3)],
            **kwargs,
        ) as session:
            while not session.should_stop():
                session.run(train_op)
    v1.summary.FileWriterCache.clear()  # Closes the event files.
    return folder


def _starts_tensorflows_own():
    try:
        tf.io.write_graph(v1.GraphDef(), v1.test.get_temp_dir(), "g.pbtxt")
    except TypeError:
        return False
    return True


needs_tensorflows_own = pytest.mark.skipif(
    not _starts_tensorflows_own(),
    reason="TF's own MonitoredTrainingSession cannot start on this protobuf",
)


@needs_tensorflows_own
@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"save_checkpoint_steps": 1},
        {"save_graph_def": False},
        {"save_checkpoint_secs": None},
        {"save_summaries_steps": 1, "log_step_count_steps": 1},
    ],
)
def test_the_files_on_disk_are_those_of_tensorflow(tmp_path, kwargs):
    ours = _train_in(monitored_tf, tmp_path / "ours", **kwargs)
    theirs = _train_in(v1.train, tmp_path / "theirs", **kwargs)
    assert _files(ours) == _files(theirs)
    for name in set(_files(ours)) - {"events"}:
        if name == "graph.pbtxt" or name.endswith(".meta"):
            assert _content(ours / name) == _content(theirs / name), name


def _content(path):
    content = path.read_bytes()
    if path.suffix == ".meta":
        return _comparable(v1.MetaGraphDef.FromString(content))
    return _comparable(content.decode())


def _comparable(content):
    """As lines, without what is counted or made up anew for each graph.

    Functions are numbered through, and sorted by their names.
    """
    text = re.sub(r"_temp_[0-9a-f]{32}", "_temp_", str(content))
    text = re.sub(r"(cond_true|cond_false)_\d+", r"\1", text)
    return sorted(text.splitlines())


def _events(folder):
    """What the event file holds, without times and session logs' paths."""
    (path,) = folder.glob("events*")
    return [
        (
            event.step,
            event.WhichOneof("what"),
            [value.tag for value in event.summary.value],
            _comparable(v1.GraphDef.FromString(event.graph_def)),
            _comparable(v1.MetaGraphDef.FromString(event.meta_graph_def)),
        )
        for event in v1.train.summary_iterator(str(path))
    ]


@needs_tensorflows_own
def test_the_event_file_is_that_of_tensorflow(tmp_path):
    kwargs = {"save_summaries_steps": 1}
    ours = _train_in(monitored_tf, tmp_path / "ours", **kwargs)
    theirs = _train_in(v1.train, tmp_path / "theirs", **kwargs)
    assert _events(ours) == _events(theirs)


def test_an_unfinished_training_of_tensorflow_is_taken_over(tmp_path):
    with tf.Graph().as_default():
        step = v1.assign_add(v1.train.get_or_create_global_step(), 1)
        saver = v1.train.Saver()
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            session.run(step)
            saver.save(session, str(tmp_path / "model.ckpt"), global_step=1)
    with tf.Graph().as_default():
        step = v1.assign_add(v1.train.get_or_create_global_step(), 1)
        with _session(tmp_path) as session:
            assert session.run(step) == 2


class _Context:
    """A worker context, as a distribute coordinator gives each task one."""

    def __init__(self, is_chief=True, saves=True, strategy=None):
        self.is_chief = is_chief
        self.should_checkpoint = self.should_save_summary = saves
        self.task_type, self.task_id = "worker", 1
        self._strategy = strategy
        self.creator_arguments = []

    def session_creator(self, *args, **kwargs):
        self.creator_arguments.append((args, kwargs))
        return monitored_tf.ChiefSessionCreator(*args[:1])


@contextlib.contextmanager
def _within(context):
    local = distribute_coordinator_context._worker_context
    local.current = context
    try:
        yield context
    finally:
        del local.current


def test_within_a_worker_context_the_users_hooks_come_first(step, tmp_path):
    with _within(_Context()):
        names = _names(tmp_path, hooks=[_Mine()], chief_only_hooks=[_First()])
    assert names == ["_Mine", "_First", *DEFAULTS]


def test_a_worker_context_that_saves_nothing_has_no_default_hooks(
    step, tmp_path
):
    with _within(_Context(is_chief=False, saves=False)):
        names = _names(tmp_path, hooks=[_Mine()], chief_only_hooks=[_First()])
    assert names == ["_Mine"]


def test_a_worker_context_makes_the_session(step, tmp_path):
    scaffold, config = v1.train.Scaffold(), v1.ConfigProto()
    with _within(_Context()) as context:
        _session(
            tmp_path, scaffold=scaffold, config=config, max_wait_secs=5
        ).close()
    assert context.creator_arguments == [
        (
            (scaffold,),
            {
                "config": config,
                "checkpoint_dir": str(tmp_path),
                "max_wait_secs": 5,
            },
        )
    ]


def test_a_monitored_session_asks_the_worker_context_for_its_creator(step):
    with _within(_Context()) as context:
        monitored_tf.MonitoredSession().close()
        creator = monitored_tf.ChiefSessionCreator()
        monitored_tf.MonitoredSession(creator).close()
    assert context.creator_arguments == [((), {})]


def test_within_a_worker_context_checkpoints_need_no_summaries(step, tmp_path):
    with _within(_Context()):
        names = _names(tmp_path, save_summaries_steps=None)
    assert names == [name for name in DEFAULTS if name != "SummarySaverHook"]


def test_a_collective_task_that_saves_nothing_saves_aside(step, tmp_path):
    context = _Context(saves=False, strategy=CollectiveStrategy())
    with _within(context):
        names = _names(tmp_path)
    assert names == DEFAULTS
    assert [path.name for path in tmp_path.iterdir()] == ["tmp_worker_1"]
    assert "checkpoint" in _files(tmp_path / "tmp_worker_1")


def test_a_collective_task_that_saves_saves_in_place(step, tmp_path):
    with _within(_Context(strategy=CollectiveStrategy())):
        assert _names(tmp_path) == DEFAULTS
    assert "checkpoint" in [path.name for path in tmp_path.iterdir()]


def test_a_collective_task_saves_by_steps_only(step, tmp_path):
    context = _Context(strategy=CollectiveStrategy())
    with _within(context), FakeClock() as clock:
        with _session(tmp_path, save_checkpoint_secs=10) as session:
            for _ in range(3):
                clock.advance(100)
                session.run(step)
            assert _steps_on_disk(tmp_path) == [0]


def test_a_strategy_of_another_kind_saves_nothing_aside(step, tmp_path):
    context = _Context(saves=False, strategy=types.SimpleNamespace())
    with _within(context):
        assert _names(tmp_path) == []


_TWO_WORKERS = {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}


def test_a_task_of_a_collective_strategy_watches_its_peers_last(step):
    with _within(_Context(strategy=CollectiveStrategy(_TWO_WORKERS))):
        assert _names(None, hooks=[_Mine()]) == ["_Mine", "PeerHealthHook"]
        assert _names(None, hooks=[_Mine()], watch_peers=False) == ["_Mine"]


def test_a_peer_health_hook_of_the_users_is_the_only_one(step):
    hook = monitored_tf.PeerHealthHook(_TWO_WORKERS, "worker", 0)
    with _within(_Context(strategy=CollectiveStrategy(_TWO_WORKERS))):
        assert _names(None, hooks=[hook, _Mine()]) == [
            "PeerHealthHook",
            "_Mine",
        ]


def test_a_strategy_of_one_task_has_no_peers_to_watch(step):
    with _within(_Context(strategy=CollectiveStrategy())):
        assert _names(None, hooks=[_Mine()]) == ["_Mine"]
