"""What can't be saved in the background is refused, skipped or told."""

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import (
    checkpoint_files,
    save_errors,
    scratch_folder,
    snapshots,
)
from tests import disk_outages
from tests.hooks import background_saves as saves

v1 = tf.compat.v1
pytestmark = pytest.mark.usefixtures("scratch")


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
            with saves.session([saves.hook(folder)]) as session:
                self._run(session, train, bad_at={4})
        assert saves.steps(folder) == [0, 2]

    def test_nan_is_skipped(self, train, folder, caplog):
        with saves.session([saves.hook(folder, on_nan="skip")]) as session:
            self._run(session, train, bad_at={4})
        assert saves.steps(folder) == [0, 2, 6, 8]
        assert "model.ckpt-4 is not saved" in caplog.text

    def test_nan_is_rolled_back(self, train, folder):
        listener = saves.Listener()
        hook = saves.hook(folder, on_nan="rollback", listeners=[listener])
        recovery = monitored_tf.RecoveryPolicy(initial_pause_secs=0)
        with saves.session([hook], folder, recovery=recovery) as session:
            self._run(session, train, bad_at={4}, steps=4)
            while not session.recoveries:
                session.run(train)
            assert session.recoveries[0].step_after == 2
            session.run(train)
        assert "after 4" not in listener.log[:7]
        assert np.isfinite(
            saves.value(folder, max(saves.steps(folder)), "weight")
        ).all()

    def test_without_the_check_anything_is_saved(self, train, folder):
        with saves.session([saves.hook(folder, on_nan=None)]) as session:
            self._run(session, train, bad_at={4})
        assert saves.steps(folder) == [0, 2, 4, 6, 8]
        assert np.isnan(saves.value(folder, 4, "weight")[0])

    def test_what_cant_be_written_is_raised_with_the_step(
        self, train, folder, gate
    ):
        with pytest.raises(save_errors.CheckpointSaveError) as caught:
            with saves.session([saves.hook(folder)]) as session:
                gate.shut()
                self._run(session, train, steps=2)
                saves.put_in_the_way(folder, 2)
                gate.open()
                self._run(session, train)
        assert caught.value.step == 2
        assert caught.value.path == str(folder / "model.ckpt-2")
        assert not list(folder.glob("*_temp*"))

    def test_what_cant_be_written_may_be_a_warning(
        self, train, folder, gate, caplog
    ):
        hook = saves.hook(folder, on_save_error="warn")
        with saves.session([hook]) as session:
            gate.shut()
            self._run(session, train, steps=2)
            saves.put_in_the_way(folder, 2)
            gate.open()
            self._run(session, train, steps=6)
        assert saves.steps(folder) == [0, 4, 6, 8]
        assert "Training goes on without this checkpoint" in caplog.text


def test_a_disk_that_is_full_is_named(step, folder, way):
    folder.mkdir()
    v1.get_variable("weight", (100_000,))
    try:
        disk = disk_outages.small_disk(folder)
        with disk:
            with pytest.raises(save_errors.CheckpointSaveError) as caught:
                with saves.session([saves.hook(folder, 1)]) as session:
                    for _ in range(5):
                        session.run(step)
            assert str(caught.value).startswith("No space left on device")
            numbers = saves.steps(folder)
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
            with saves.session([saves.hook(folder)]) as session:
                for _ in range(2):
                    session.run(step)
        assert "is full: trying" in caplog.text
        assert saves.steps(folder) == [0, 2]
    except disk_outages.CannotMountError as error:
        pytest.skip(str(error))


def test_a_master_of_a_cluster_is_refused(step, folder, master):
    with pytest.raises(ValueError, match="sessions in this process"):
        monitored_tf.MonitoredTrainingSession(
            master, checkpoint_dir=str(folder), async_save=True
        )
    with pytest.raises(ValueError, match="sessions in this process"):
        monitored_tf.MonitoredSession(
            monitored_tf.ChiefSessionCreator(master=master),
            [saves.hook(folder)],
        )


def test_a_saver_of_another_kind_is_refused(step, folder):
    class Own(v1.train.Saver):
        def save(self, *args, **kwargs):
            return super().save(*args, **kwargs)

    hook = monitored_tf.CheckpointSaverHook(
        str(folder), save_steps=1, saver=Own(), async_save=True
    )
    with pytest.raises(ValueError, match="needs a tf.compat.v1.train.Saver"):
        saves.session([hook])
