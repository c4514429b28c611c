"""Child processes: what they get, and how their end is told."""

from __future__ import annotations

import os
import select
import subprocess

from tests.cloud import scenario


def test_result_and_time_are_told():
    outcome = scenario.run(os.path.basename, "a/b", environment={})
    assert (outcome.exit_code, outcome.result) == (0, "b")
    assert 0 <= outcome.secs < 5
    assert outcome.output == ""


def test_error_is_told_with_its_output():
    outcome = scenario.run(os.listdir, "/no/such/folder", environment={})
    assert outcome.exit_code == 1
    assert "FileNotFoundError" in outcome.output
    assert (outcome.result, outcome.secs) == (None, None)


def test_clouds_and_proxies_of_this_process_stay_here(monkeypatch):
    for name in ("HTTPS_PROXY", "GOOGLE_APPLICATION_CREDENTIALS", "KEPT"):
        monkeypatch.setenv(name, "ours")
    command = ["sh", "-c", "env"]
    environment = {"https_proxy": "given"}
    output = scenario.run(
        subprocess.check_call, command, environment=environment
    ).output
    assert "https_proxy=given" in output
    assert "KEPT=ours" in output
    assert "HTTPS_PROXY" not in output
    assert "GOOGLE_APPLICATION_CREDENTIALS" not in output


def test_time_limit_ends_the_child_and_its_children(tmp_path):
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    command = ["sh", "-c", f"echo begun; exec sleep 60 > {pipe}"]
    outcome = scenario.run(
        subprocess.check_call, command, environment={}, limit_secs=5
    )
    assert (outcome.exit_code, outcome.output) == (None, "begun\n")
    # The pipe hangs up when none is left that holds its other end.
    poll = select.poll()
    poll.register(reader, 0)
    assert [event for _, event in poll.poll(10_000)] == [select.POLLHUP]
    os.close(reader)
