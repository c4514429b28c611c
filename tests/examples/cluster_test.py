"""The cluster example, as its reader runs it."""

import re
import subprocess
import sys


def test_it_learns_through_the_loss_of_its_ps():
    done = subprocess.run(
        [sys.executable, "-m", "monitored_tf.examples.cluster"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 8
    killed = re.search(
        r"^At step (\d+) SIGKILL ended the ps", done.stdout, re.M
    )
    assert 600 <= int(killed[1]) < 1200
    recoveries = dict(re.findall(r"^(\w+ \d): (.*)$", done.stdout, re.M))
    assert recoveries.keys() == {"chief 0", "worker 0", "worker 1"}
    for recovery in recoveries.values():
        assert re.match(r"session \d+ made \d+\.\d\d s after ", recovery)
        assert "/job:ps/" in recovery
    # The new ps has nothing, so the chief restores.
    assert "restored from" in recoveries["chief 0"]
    assert "as they live in the cluster" in recoveries["worker 0"]
    report = dict(re.findall(r"^([A-Z][a-z ]+): +(.*)$", done.stdout, re.M))
    assert int(report["Checkpoint"].rpartition("-")[2]) >= 1200
    assert report["Exit codes"] == "[0, 0, 0]"
    assert float(report["Accuracy"].partition("%")[0]) >= 95
