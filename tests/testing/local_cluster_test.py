"""The tasks of a cluster as real processes."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from monitored_tf.testing import LocalCluster
from tests.testing import local_cluster_roles as roles

ROOT = pathlib.Path(__file__).parents[2]


def _is_process(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_until(condition, timeout_secs=10):
    deadline = time.monotonic() + timeout_secs
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _found(cluster, job="worker", index=0):
    cluster.wait(job, index)
    text = cluster.output(job, index)
    return json.loads(re.search("^environment (.*)$", text, re.M)[1])


def test_each_task_finds_its_part_in_tf_config():
    with LocalCluster({"ps": 1, "worker": 2}, roles.describe) as cluster:
        addresses = {
            "ps": [cluster.address("ps")],
            "worker": [cluster.address("worker", i) for i in range(2)],
        }
        for job, index in (("ps", 0), ("worker", 0), ("worker", 1)):
            config = _found(cluster, job, index)["TF_CONFIG"]
            assert config == cluster.tf_config(job, index)
            assert json.loads(config) == {
                "cluster": addresses,
                "task": {"type": job, "index": index},
            }


def test_addresses_are_never_given_twice():
    seen = set()
    for _ in range(20):
        with LocalCluster({"worker": 5}, roles.sleep, start=()) as cluster:
            seen |= {cluster.address("worker", i) for i in range(5)}
    assert len(seen) == 100
    assert all(address.startswith("127.0.0.1:") for address in seen)


def test_a_task_has_this_environment_and_more(monkeypatch, tmp_path):
    monkeypatch.setenv("SET_HERE", "1")
    monkeypatch.setenv("SET_TWICE", "1")
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    monkeypatch.chdir(tmp_path)
    more = {"SET_TWICE": "2"}
    with LocalCluster({"worker": 1}, roles.describe, env=more) as cluster:
        environment = _found(cluster)
        assert f"directory {tmp_path}\n" in cluster.output("worker")
    assert environment["SET_HERE"] == "1"
    assert environment["SET_TWICE"] == "2"
    assert environment["TF_CPP_MIN_LOG_LEVEL"] == "1"
    assert "TF_CPP_MIN_LOG_LEVEL" not in os.environ


def test_the_output_is_all_that_its_processes_wrote():
    with LocalCluster({"worker": 1}, roles.describe) as cluster:
        cluster.wait("worker")
        cluster.restart("worker", main=roles.say, args=("again", "ü"))
        cluster.wait("worker")
        text = cluster.output("worker")
    assert "\nstdout\nstderr\nagain ü\n" in text
    assert cluster.output("worker") == text


def test_tensorflow_is_loaded_before_a_task_is_forked():
    with LocalCluster({"worker": 1}, roles.describe) as cluster:
        cluster.wait("worker")
        before = time.monotonic()
        cluster.restart("worker")
        match = cluster.wait_for_output(r"^at (.*)\n", "worker")
        assert "loaded True" in cluster.output("worker")
    assert float(match[1]) - before < 0.5


def test_a_killed_ps_is_replaced_at_its_address():
    with LocalCluster(
        {"ps": 1, "chief": 1}, roles.serve_or_count, (10**6,)
    ) as cluster:
        cluster.wait_for_output(r"^step \d+\n", "chief")
        address, pid = cluster.address("ps"), cluster.pid("ps")
        cluster.kill("ps")
        assert not _is_process(pid)
        assert (cluster.exit_code("ps"), cluster.is_alive("ps")) == (-9, False)
        mark = len(cluster.output("chief"))
        cluster.restart("ps")
        cluster.wait_for_output("serves", "ps")
        cluster.wait_for_output(r"^step 1\n", "chief", after=mark)
        assert (cluster.address("ps"), cluster.is_alive("ps")) == (
            address,
            True,
        )
        assert cluster.pid("ps") != pid


def test_a_chief_waits_for_a_frozen_ps():
    with LocalCluster(
        {"ps": 1, "chief": 1}, roles.serve_or_count, (10**6,)
    ) as cluster:
        cluster.wait_for_output(r"^step \d+\n", "chief")
        cluster.stop("ps")
        assert cluster.is_alive("ps")
        mark = len(cluster.output("chief"))
        # One or two steps may have been on their way.
        with pytest.raises(TimeoutError):
            cluster.wait_for_output(
                r"(step.*\n){5}", "chief", after=mark, timeout_secs=0.3
            )
        cluster.resume("ps")
        cluster.wait_for_output(r"(step.*\n){5}", "chief", after=mark)


def test_a_chief_ends_and_the_ps_lives_on():
    with LocalCluster(
        {"ps": 1, "chief": 1}, roles.serve_or_count, (3,)
    ) as cluster:
        assert cluster.wait("chief", timeout_secs=60) == 0
        assert "step 3\n" in cluster.output("chief")
        assert (cluster.exit_code("ps"), cluster.is_alive("ps")) == (None, True)


def test_a_ps_may_be_started_late():
    with LocalCluster(
        {"ps": 1, "chief": 1}, roles.serve_or_count, (3,), start=["chief"]
    ) as cluster:
        cluster.wait_for_output("serves", "chief")
        assert (cluster.exit_code("ps"), cluster.is_alive("ps")) == (
            None,
            False,
        )
        with pytest.raises(RuntimeError, match="ps:0 was not started yet"):
            cluster.pid("ps")
        cluster.start("ps")
        assert cluster.wait("chief") == 0


def test_single_tasks_may_be_started_at_first():
    with LocalCluster(
        {"worker": 3}, roles.sleep, start=[("worker", 1)]
    ) as cluster:
        alive = [cluster.is_alive("worker", index) for index in range(3)]
    assert alive == [False, True, False]


def test_a_terminated_task_has_the_exit_code_of_the_signal():
    with LocalCluster({"worker": 1}, roles.sleep) as cluster:
        cluster.terminate("worker")
        assert cluster.wait("worker") == -signal.SIGTERM


@pytest.mark.parametrize(
    ("main", "args", "code", "printed"),
    [
        (roles.say, ("done",), 0, "^done\n$"),
        (roles.leave, (7,), 7, "^$"),
        (roles.leave, (None,), 0, "^$"),
        (roles.leave, ("enough",), 1, "^enough\n$"),
        (roles.fail, ("planted",), 1, "Traceback(.|\n)*ValueError: planted\n$"),
        (roles.crash, (), -11, "Segmentation fault(.|\n)*in crash"),
    ],
)
def test_the_exit_code_tells_how_a_task_ended(main, args, code, printed):
    with LocalCluster({"worker": 1}, main, args) as cluster:
        assert cluster.wait("worker") == code
        assert re.search(printed, cluster.output("worker"))
        assert cluster.exit_code("worker") == code


def test_a_task_ends_when_its_life_is_over_even_in_c():
    with LocalCluster({"worker": 1}, roles.block_in_c, life_secs=1) as cluster:
        cluster.wait_for_output("blocks", "worker")
        assert cluster.wait("worker", timeout_secs=20) == -signal.SIGALRM


def test_waiting_in_vain_shows_the_end_of_the_output():
    with LocalCluster({"worker": 1}, roles.sleep) as cluster:
        cluster.wait_for_output("asleep", "worker")
        with pytest.raises(TimeoutError, match="0.1 seconds(.|\n)*\nasleep$"):
            cluster.wait_for_output("awake", "worker", timeout_secs=0.1)
        with pytest.raises(TimeoutError, match="0.1 seconds(.|\n)*\nasleep$"):
            cluster.wait("worker", timeout_secs=0.1)


def test_waiting_for_output_ends_with_the_task():
    with LocalCluster({"worker": 1}, roles.fail, ("planted",)) as cluster:
        with pytest.raises(
            RuntimeError,
            match=r"worker:0 to print 'no\+ne'(.|\n)*code 1(.|\n)*planted",
        ):
            cluster.wait_for_output("no+ne", "worker", timeout_secs=60)


def test_what_an_earlier_process_printed_is_not_waited_for():
    with LocalCluster({"worker": 1}, roles.say, ("first",)) as cluster:
        cluster.wait("worker")
        cluster.restart("worker", args=("second",))
        with pytest.raises(RuntimeError, match="first\nsecond"):
            cluster.wait_for_output("first", "worker")
        match = cluster.wait_for_output("first", "worker", after=0)
    assert match.span() == (0, 5)


def test_a_task_that_is_not_alive_cannot_be_signalled():
    with LocalCluster(
        {"worker": 2}, roles.leave, (3,), start=[("worker", 0)]
    ) as cluster:
        cluster.wait("worker")
        for method in (
            cluster.kill,
            cluster.terminate,
            cluster.stop,
            cluster.resume,
        ):
            with pytest.raises(RuntimeError, match="ended with exit code 3"):
                method("worker")
            with pytest.raises(RuntimeError, match="was not started"):
                method("worker", 1)
        with pytest.raises(RuntimeError, match="was not started"):
            cluster.wait("worker", 1)


def test_a_restart_replaces_a_task_that_is_alive_and_a_start_does_not():
    with LocalCluster({"worker": 1}, roles.sleep) as cluster:
        first = cluster.pid("worker")
        with pytest.raises(RuntimeError, match="runs already"):
            cluster.start("worker")
        cluster.restart("worker")
        assert cluster.pid("worker") != first
        assert not _is_process(first)


def test_close_leaves_nothing_behind(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with LocalCluster({"worker": 1}, roles.say):
        pass  # The fork server runs, and stays.
    descriptors = len(os.listdir("/proc/self/fd"))
    cluster = LocalCluster({"worker": 3}, roles.sleep)
    cluster.wait_for_output("asleep", "worker", 0)
    cluster.stop("worker", 1)
    cluster.kill("worker", 2)
    pids = [cluster.pid("worker", index) for index in range(3)]
    (log_dir,) = tmp_path.iterdir()
    assert len(list(log_dir.iterdir())) == 3
    cluster.close()
    cluster.close()
    assert not any(map(_is_process, pids))
    assert [cluster.exit_code("worker", index) for index in range(3)] == [
        -9
    ] * 3
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) == descriptors
    with pytest.raises(RuntimeError, match="closed"):
        cluster.restart("worker")


def test_a_constructor_that_fails_half_way_leaves_nothing(
    monkeypatch, tmp_path
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pids = []
    start = LocalCluster.start

    def fails_at_the_second(cluster, job, index):
        if pids:
            raise OSError("No more processes.")
        start(cluster, job, index)
        pids.append(cluster.pid(job, index))

    monkeypatch.setattr(LocalCluster, "start", fails_at_the_second)
    with pytest.raises(OSError, match="No more"):
        LocalCluster({"worker": 2}, roles.sleep)
    assert not _is_process(pids[0])
    assert list(tmp_path.iterdir()) == []


def test_a_log_folder_is_kept_and_may_be_used_again(tmp_path):
    for word in ("first", "second"):
        with LocalCluster(
            {"worker": 1}, roles.say, (word,), log_dir=tmp_path / "a" / "b"
        ) as cluster:
            cluster.wait("worker")
            assert cluster.output("worker") == f"{word}\n"
    log = tmp_path / "a" / "b" / "worker-0.log"
    assert log.read_text() == "first\nsecond\n"


def _local():
    def main():
        pass

    return main


@pytest.mark.parametrize("main", [lambda: None, _local()])
def test_a_main_that_cannot_be_imported_is_an_error(main):
    with pytest.raises(ValueError, match="top level of a module"):
        LocalCluster({"worker": 1}, main)


def test_a_main_that_is_no_function_is_an_error():
    with pytest.raises(TypeError, match="Got 3 for main"):
        LocalCluster({"worker": 1}, 3)


def test_arguments_that_cannot_be_pickled_are_an_error():
    with pytest.raises(ValueError, match="arguments of main must be picklable"):
        LocalCluster({"worker": 1}, roles.say, (lambda: None,))


@pytest.mark.parametrize(
    ("jobs", "options", "message"),
    [
        ({}, {}, "jobs must map"),
        ({"ps": 0}, {}, "jobs must map"),
        ({"ps": "1"}, {}, "jobs must map"),
        ({"ps": 1}, {"life_secs": 0}, "life_secs must be"),
        ({"ps": 1}, {"start": ["worker"]}, r"\['ps'\]. Got 'worker'"),
        ({"ps": 1}, {"start": [("ps", 1)]}, "indices 0 to 0. Got 1"),
    ],
)
def test_bad_arguments_are_named(jobs, options, message):
    with pytest.raises(ValueError, match=message):
        LocalCluster(jobs, roles.sleep, **options)


def test_an_unknown_task_is_named():
    with LocalCluster({"worker": 2}, roles.sleep, start=()) as cluster:
        for index in (2, -1):
            with pytest.raises(ValueError, match=f"0 to 1. Got {index}"):
                cluster.address("worker", index)
        with pytest.raises(ValueError, match=r"\['worker'\]. Got 'ps'"):
            cluster.kill("ps")


def test_tasks_end_with_their_process_frozen_ones_too(tmp_path):
    # Of the first cluster when it exits, of the second when it is killed.
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
            import atexit, os, signal, threading
            from monitored_tf.testing import LocalCluster

            def main():
                print("in", __name__)
                threading.Event().wait()

            def say_and_die():
                pids = [second.pid("worker", index) for index in range(2)]
                print(first.is_alive("worker"), *pids, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)

            if __name__ == "__main__":
                atexit.register(say_and_die)
                first = LocalCluster({"worker": 1}, main)
                second = LocalCluster({"worker": 2}, main)
                for cluster, index in ((first, 0), (second, 1)):
                    cluster.wait_for_output("in __mp", "worker", index)
                    cluster.stop("worker", index)
                atexit.unregister(second.close)
        """)
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    alive, *pids = done.stdout.split()
    assert (alive, len(pids)) == ("False", 2)
    _wait_until(lambda: not any(_is_process(int(pid)) for pid in pids))
