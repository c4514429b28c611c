"""Checkpoints that are written while training goes on: exact, or refused."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import (
    checkpoint_files,
    save_errors,
    saves_in_flight,
    scratch_folder,
    snapshots,
)
from monitored_tf.checked_saver import CheckedSaver
from monitored_tf.hooks.preemption_hook import PreemptionHook
from monitored_tf.hooks.save_once import is_saving, save_once
from monitored_tf.testing import Fault, FaultHook
from tests import disk_outages

v1 = tf.compat.v1
Hook = monitored_tf.CheckpointSaverHook


class _Gate:
    """Stands before what a thread does with a snapshot; open at first."""

    def __init__(self, monkeypatch):
        self.reached = threading.Event()
        self._opened = threading.Event()
        self.open()
        save_snapshot = CheckedSaver.save_snapshot

        def save_when_open(*args):
            opened = self._opened
            self.reached.set()
            assert opened.wait(20)
            save_snapshot(*args)

        monkeypatch.setattr(CheckedSaver, "save_snapshot", save_when_open)

    def open(self):
        self._opened.set()

    def shut(self):
        self.reached.clear()
        self._opened = threading.Event()


@pytest.fixture
def gate(monkeypatch):
    gate = _Gate(monkeypatch)
    yield gate
    gate.open()


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """Where temporary files go; nothing may be left there or in memory."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert _left_behind(os.getpid()) == []
    assert not saves_in_flight.are_any()
    saving = [t.name for t in threading.enumerate() if "save of" in t.name]
    assert saving == []


@pytest.fixture(params=["arrays", "files"])
def way(request, monkeypatch):
    """How values are put aside."""
    least_bytes = {"arrays": 0, "files": 1 << 60}[request.param]
    monkeypatch.setattr(snapshots, "_LEAST_BYTES", least_bytes)
    return request.param


def _left_behind(process_id):
    own = f"monitored_tf_save-*-{process_id}-*"
    places = (pathlib.Path("/dev/shm"), pathlib.Path(tempfile.gettempdir()))
    return [path for place in places for path in place.glob(own)]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "model"


class Listener(v1.train.CheckpointSaverListener):
    def __init__(self, stops_at=None):
        self.log = []
        self._stops_at = stops_at

    def before_save(self, session, global_step_value):
        self.log.append(f"before {global_step_value}")

    def after_save(self, session, global_step_value):
        self.log.append(f"after {global_step_value}")
        return global_step_value == self._stops_at


def _hook(folder, save_steps=2, async_save=True, max_to_keep=50, **kwargs):
    return Hook(
        str(folder),
        save_steps=save_steps,
        saver=v1.train.Saver(max_to_keep=max_to_keep),
        async_save=async_save,
        **kwargs,
    )


def _session(hooks, folder=None, **kwargs):
    creator = monitored_tf.ChiefSessionCreator(
        checkpoint_dir=folder and str(folder)
    )
    return monitored_tf.MonitoredSession(creator, hooks, **kwargs)


def _steps(folder):
    state = tf.train.get_checkpoint_state(str(folder))
    return [int(p.rpartition("-")[2]) for p in state.all_model_checkpoint_paths]


def _value(folder, step, name):
    return tf.train.load_variable(str(folder / f"model.ckpt-{step}"), name)


@pytest.mark.parametrize("use_resource", [True, False])
@pytest.mark.parametrize("sharded", [True, False])
def test_each_checkpoint_holds_the_values_of_its_step(
    step, folder, gate, way, use_resource, sharded
):
    twin = v1.get_variable(
        "twin",
        (1000,),
        initializer=tf.zeros_initializer(),
        use_resource=use_resource,
    )
    with tf.control_dependencies([step]):
        train = v1.assign_add(twin, tf.ones([1000]))  # In place.
    hook = Hook(
        str(folder),
        save_steps=3,
        saver=v1.train.Saver(max_to_keep=50, sharded=sharded),
        async_save=True,
    )
    with _session([hook]) as session:
        for number in range(1, 33):
            if number % 3 == 0:
                gate.shut()
            session.run(train)
            if number % 3 == 2 and number > 2:
                # Two more steps have run: nothing of them may be saved.
                assert gate.reached.wait(10)
                assert max(_steps(folder)) < number - 2
                gate.open()
    saved = [*range(0, 31, 3), 32]
    assert _steps(folder) == saved
    for number in saved:
        assert _value(folder, number, "global_step") == number
        values = _value(folder, number, "twin")
        np.testing.assert_array_equal(values, np.full(1000, number))


def test_the_files_are_those_of_a_save_that_is_waited_for(step, tmp_path, way):
    v1.get_variable("weight", (1000,))
    hooks = [
        _hook(tmp_path / kind, async_save=kind == "async")
        for kind in ("sync", "async")
    ]
    with _session(hooks) as session:
        for _ in range(5):
            session.run(step)
    sync, in_background = (
        {
            path.name: path.read_bytes()
            for path in (tmp_path / kind).glob("model.ckpt*")
        }
        for kind in ("sync", "async")
    )
    assert len(sync) == 12
    assert in_background.keys() == sync.keys()
    # The names of the ops of the two savers differ in the graph.
    for name in sync:
        if not name.endswith(".meta"):
            assert in_background[name] == sync[name]


def test_the_way_is_the_one_that_is_meant(step, folder, monkeypatch, way):
    kinds = []
    save_snapshot = CheckedSaver.save_snapshot

    def noted(saver, session, snapshot, *args):
        kinds.append(type(snapshot).__name__)
        save_snapshot(saver, session, snapshot, *args)

    monkeypatch.setattr(CheckedSaver, "save_snapshot", noted)
    with _session([_hook(folder)]) as session:
        for _ in range(4):
            session.run(step)
    # The first save exports the graph, which is done into files.
    kind = {"arrays": "FetchedSnapshot", "files": "WrittenSnapshot"}[way]
    assert kinds == ["WrittenSnapshot", kind, kind]


def test_training_goes_on_and_one_save_is_in_flight(step, folder, gate):
    with _session([_hook(folder)]) as session:
        gate.shut()
        for _ in range(3):
            session.run(step)
        assert gate.reached.wait(10)
        assert is_saving()
        assert _steps(folder) == [0]
        threading.Timer(0.05, gate.open).start()
        session.run(step)  # Saves: waits for the save before.
        assert 2 in _steps(folder)
    assert _steps(folder) == [0, 2, 4]


def test_listeners_are_called_as_by_a_save_that_is_waited_for(step, tmp_path):
    logs = {}
    for is_async in (False, True):
        listener = Listener()
        hook = _hook(
            tmp_path / str(is_async), async_save=is_async, listeners=[listener]
        )
        with _session([hook]) as session:
            for _ in range(7):
                session.run(step)
        logs[is_async] = listener.log
    assert logs[True] == logs[False]
    assert len(logs[True]) == 10


def test_listeners_are_called_in_the_training_thread(step, folder):
    threads = set()

    class Own(v1.train.CheckpointSaverListener):
        def after_save(self, session, global_step_value):
            threads.add(threading.current_thread())
            assert session.run(v1.train.get_global_step()) >= global_step_value

    with _session([_hook(folder, listeners=[Own()])]) as session:
        for _ in range(5):
            session.run(step)
    assert threads == {threading.main_thread()}


def test_a_listener_may_stop_the_training(step, folder):
    listener = Listener(stops_at=2)
    with _session([_hook(folder, listeners=[listener])]) as session:
        while not session.should_stop():
            session.run(step)
    assert listener.log[2:4] == ["before 2", "after 2"]


def test_the_first_the_last_and_asked_for_saves_are_waited_for(step, folder):
    hook = _hook(folder, save_steps=100)
    with _session([hook]) as session:
        assert _steps(folder) == [0]
        session.run(step)
        assert session.save() == str(folder / "model.ckpt-1")
        assert _steps(folder) == [0, 1]
        session.run(step)
    assert _steps(folder) == [0, 1, 2]


def test_a_save_that_is_asked_for_waits_for_the_one_in_flight(
    step, folder, gate
):
    listener = Listener()
    with _session([_hook(folder, listeners=[listener])]) as session:
        gate.shut()
        for _ in range(3):
            session.run(step)
        threading.Timer(0.05, gate.open).start()
        session.save()
        assert _steps(folder) == [0, 2, 3]
        assert listener.log[2:] == [
            "before 2",
            "after 2",
            "before 3",
            "after 3",
        ]


def test_a_save_into_the_same_folder_waits_too(step, folder, gate):
    with _session([_hook(folder)]) as session:
        gate.shut()
        for _ in range(3):
            session.run(step)
        threading.Timer(0.05, gate.open).start()
        session.save(folder)
        assert _steps(folder) == [0, 2, 3]


def test_what_is_in_flight_is_not_saved_once_more(step, folder, gate):
    listener = Listener()
    hook = _hook(folder, listeners=[listener])
    with _session([hook]) as session:
        gate.shut()
        for _ in range(2):
            session.run(step)
        threading.Timer(0.05, gate.open).start()
        said = save_once(session.raw_session(), hook)
        assert said == f"step 2 is saved to {folder / 'model.ckpt-2'}"
        assert listener.log[2:] == ["before 2", "after 2"]


def test_a_failed_save_in_flight_does_not_keep_a_newer_one(
    step, folder, gate, caplog
):
    hook = _hook(folder)
    with _session([hook]) as session:
        gate.shut()
        for _ in range(3):
            session.run(step)
        _put_in_the_way(folder, 2)
        threading.Timer(0.05, gate.open).start()
        said = save_once(session.raw_session(), hook)
        assert said == f"step 3 is saved to {folder / 'model.ckpt-3'}"
    assert "The checkpoint before was not saved" in caplog.text


def _put_in_the_way(folder, number):
    """Lets no file of this checkpoint get its place."""
    path = folder / f"model.ckpt-{number}.index"
    path.mkdir()
    (path / "in the way").write_text("")


class TestErrors:
    @pytest.fixture
    def train(self, step):
        weight = v1.get_variable("weight", initializer=[1.0, 2.0])
        self.value = v1.placeholder_with_default([3.0, 4.0], (2,))
        with tf.control_dependencies([v1.assign(weight, self.value)]):
            return tf.identity(step)

    def _run(self, session, train, bad_at=(), steps=8):
        for number in range(1, steps + 1):
            bad = {self.value: [np.nan, 1.0]} if number in bad_at else None
            session.run(train, bad)

    def test_nan_is_raised_with_the_step(self, train, folder, way):
        with pytest.raises(
            save_errors.NanWeightsError, match=r"model\.ckpt-4 is not saved"
        ):
            with _session([_hook(folder)]) as session:
                self._run(session, train, bad_at={4})
        assert _steps(folder) == [0, 2]

    def test_nan_is_skipped(self, train, folder, caplog):
        with _session([_hook(folder, on_nan="skip")]) as session:
            self._run(session, train, bad_at={4})
        assert _steps(folder) == [0, 2, 6, 8]
        assert "model.ckpt-4 is not saved" in caplog.text

    def test_nan_is_rolled_back(self, train, folder):
        listener = Listener()
        hook = _hook(folder, on_nan="rollback", listeners=[listener])
        recovery = monitored_tf.RecoveryPolicy(initial_pause_secs=0)
        with _session([hook], folder, recovery=recovery) as session:
            self._run(session, train, bad_at={4}, steps=4)
            while not session.recoveries:
                session.run(train)
            assert session.recoveries[0].step_after == 2
            session.run(train)
        assert "after 4" not in listener.log[:7]
        assert np.isfinite(_value(folder, max(_steps(folder)), "weight")).all()

    def test_without_the_check_anything_is_saved(self, train, folder):
        with _session([_hook(folder, on_nan=None)]) as session:
            self._run(session, train, bad_at={4})
        assert _steps(folder) == [0, 2, 4, 6, 8]
        assert np.isnan(_value(folder, 4, "weight")[0])

    def test_what_cant_be_written_is_raised_with_the_step(
        self, train, folder, gate
    ):
        with pytest.raises(save_errors.CheckpointSaveError) as caught:
            with _session([_hook(folder)]) as session:
                gate.shut()
                self._run(session, train, steps=2)
                _put_in_the_way(folder, 2)
                gate.open()
                self._run(session, train)
        assert caught.value.step == 2
        assert caught.value.path == str(folder / "model.ckpt-2")
        assert not list(folder.glob("*_temp*"))

    def test_what_cant_be_written_may_be_a_warning(
        self, train, folder, gate, caplog
    ):
        hook = _hook(folder, on_save_error="warn")
        with _session([hook]) as session:
            gate.shut()
            self._run(session, train, steps=2)
            _put_in_the_way(folder, 2)
            gate.open()
            self._run(session, train, steps=6)
        assert _steps(folder) == [0, 4, 6, 8]
        assert "Training goes on without this checkpoint" in caplog.text


def test_a_disk_that_is_full_is_named(step, folder, way):
    folder.mkdir()
    v1.get_variable("weight", (100_000,))
    try:
        disk = disk_outages.small_disk(folder)
        with disk:
            with pytest.raises(save_errors.CheckpointSaveError) as caught:
                with _session([_hook(folder, 1)]) as session:
                    for _ in range(5):
                        session.run(step)
            assert str(caught.value).startswith("No space left on device")
            numbers = _steps(folder)
            assert numbers[0] == 0
            assert caught.value.step == numbers[-1] + 1
            path = str(folder / f"model.ckpt-{numbers[-1]}")
            assert checkpoint_files.problem(path, full=True) == ""
    except disk_outages.CannotMountError as error:
        pytest.skip(str(error))


def test_where_memory_is_full_the_temporary_folder_serves(
    step, folder, tmp_path, monkeypatch, caplog
):
    memory = tmp_path / "memory"
    memory.mkdir()
    try:
        with disk_outages.small_disk(memory):
            v1.get_variable("weight", (400_000,))
            monkeypatch.setattr(scratch_folder, "_MEMORY", str(memory))
            monkeypatch.setattr(scratch_folder, "_has_room", lambda *_: True)
            monkeypatch.setattr(snapshots, "_LEAST_BYTES", 1 << 60)
            with _session([_hook(folder)]) as session:
                for _ in range(2):
                    session.run(step)
        assert "is full: trying" in caplog.text
        assert _steps(folder) == [0, 2]
    except disk_outages.CannotMountError as error:
        pytest.skip(str(error))


class CountingHook(monitored_tf.SessionRunHook):
    def __init__(self):
        self.runs = 0

    def after_run(self, run_context, run_values):
        self.runs += 1

    def state_dict(self):
        return {"runs": self.runs}

    def load_state_dict(self, state):
        self.runs = state["runs"]


def test_the_states_of_hooks_are_those_of_the_step(step, folder, gate, way):
    with _session([CountingHook(), _hook(folder)]) as session:
        gate.shut()
        for _ in range(3):
            session.run(step)
        gate.open()
    text = (folder / "model.ckpt-2.hooks.json").read_text()
    assert '"runs": 2' in text


def test_the_best_is_chosen_by_the_value_of_the_step(step, folder, gate):
    # Worse from step to step: a later value would not be the one.
    metric = tf.cast(v1.train.get_global_step(), tf.float32, name="metric")
    with tf.control_dependencies([metric]):
        train = tf.identity(step)
    values = []
    hook = _hook(folder, keep_best=("metric", 1, "max"))
    with _session([hook]) as session:
        for number in range(1, 8):
            if number % 2 == 0:
                gate.shut()
            values.append(session.run([train, metric])[1])
            if number % 2:
                gate.open()
        gate.open()
    best = tf.train.latest_checkpoint(str(folder / "best"))
    assert best == str(folder / "best" / "model.ckpt-7")


def test_a_recovery_goes_on_from_what_was_in_flight(step, folder, gate):
    listener = Listener()
    hooks = [
        _hook(folder, 3, max_to_keep=1, listeners=[listener]),
        FaultHook(Fault("before_run", 5)),
    ]
    recovery = monitored_tf.RecoveryPolicy(initial_pause_secs=0)
    with _session(hooks, folder, recovery=recovery) as session:
        gate.shut()
        for _ in range(4):
            session.run(step)
        threading.Timer(0.2, gate.open).start()
        assert session.run(step) == 4
        assert session.recoveries[0].step_after == 3
    assert listener.log == [
        f"{when} {number}"
        for number in (0, 3, 3, 4)
        for when in ("before", "after")
    ]


def test_an_error_in_the_loop_waits_for_what_is_in_flight(step, folder, gate):
    listener = Listener()
    with pytest.raises(ZeroDivisionError):
        with _session([_hook(folder, listeners=[listener])]) as session:
            gate.shut()
            for _ in range(3):
                session.run(step)
            threading.Timer(0.05, gate.open).start()
            raise ZeroDivisionError
    assert _steps(folder) == [0, 2]
    assert listener.log[-1] == "after 2"


def test_the_session_may_be_given_to_tensorflows_own(step, folder):
    with v1.train.MonitoredSession(hooks=[_hook(folder)]) as session:
        for _ in range(5):
            session.run(step)
    assert _steps(folder) == [0, 2, 4, 5]


def test_a_master_of_a_cluster_is_refused(step, folder, master):
    with pytest.raises(ValueError, match="sessions in this process"):
        monitored_tf.MonitoredTrainingSession(
            master, checkpoint_dir=str(folder), async_save=True
        )
    with pytest.raises(ValueError, match="sessions in this process"):
        monitored_tf.MonitoredSession(
            monitored_tf.ChiefSessionCreator(master=master), [_hook(folder)]
        )


def test_a_saver_of_another_kind_is_refused(step, folder):
    class Own(v1.train.Saver):
        def save(self, *args, **kwargs):
            return super().save(*args, **kwargs)

    hook = Hook(str(folder), save_steps=1, saver=Own(), async_save=True)
    with pytest.raises(ValueError, match="needs a tf.compat.v1.train.Saver"):
        _session([hook])


def test_a_training_session_saves_in_the_background(step, folder, gate):
    with monitored_tf.MonitoredTrainingSession(
        checkpoint_dir=str(folder), save_checkpoint_steps=2, async_save=True
    ) as session:
        gate.shut()
        for _ in range(3):
            session.run(step)
        assert gate.reached.wait(10)
        assert _steps(folder) == [0]
        gate.open()
    assert _steps(folder) == [0, 2, 3]


def test_a_signal_waits_for_what_is_in_flight_and_saves(step, folder, gate):
    with pytest.raises(monitored_tf.errors.Preempted) as caught:
        with _preemptible(folder) as session:
            gate.shut()
            for _ in range(3):
                session.run(step)
            threading.Timer(0.2, gate.open).start()
            os.kill(os.getpid(), signal.SIGTERM)
            while True:
                session.run(step)
    last = _steps(folder)[-1]
    assert _steps(folder) == [0, 2, last]
    assert f"step {last} is saved" in str(caught.value)


def test_a_signal_in_a_blocked_run_takes_nothing_in_flight_for_saved(
    step, folder, gate
):
    listener = Listener()
    blocked = v1.FIFOQueue(1, tf.int64).dequeue()
    with pytest.raises(monitored_tf.errors.Preempted) as caught:
        with _preemptible(folder, listener) as session:
            gate.shut()
            for _ in range(2):
                session.run(step)
            assert gate.reached.wait(10)
            threading.Timer(1.5, gate.open).start()
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
            session.run(blocked)
    assert "step 2 is saved" in str(caught.value)
    assert _steps(folder)[-1] == 2
    assert listener.log[2:4] == ["before 2", "after 2"]


def _preemptible(folder, *listeners):
    hook = _hook(folder, listeners=listeners)
    return _session([hook, PreemptionHook(hook)])


def test_a_kill_in_the_background_loses_nothing(step, tmp_path):
    """And the next process removes what was left."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.hooks.saving_job"]
        + [str(tmp_path / "jobs"), "3", "5", "background"],
        check=True,
        timeout=100,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
    )
    folders = sorted((tmp_path / "jobs").iterdir())
    for one in folders:
        state = tf.train.get_checkpoint_state(str(one))
        for path in state.all_model_checkpoint_paths:
            assert checkpoint_files.problem(path, full=True) == ""
    v1.get_variable("weight", (1 << 18,))
    for one in folders:
        with _session([_hook(one)], one) as session:
            session.run(step)
        assert not [name for name in os.listdir(one) if "_temp" in name]
    for child in done.stdout.split():
        assert _left_behind(child) == []
