"""Runs pytest over the files given; fails when one holds no test."""

import os
import sys

import pytest


class _Ran:
    """Counts what pytest lets pass: files without a test, skipped runs."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.tests = 0

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        self.files.add(item.nodeid.partition("::")[0])

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:  # the whole file, by its own word: not an oversight
            self.files.add(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.tests += report.when == "call" and not report.skipped


def main(files: list[str]) -> int:
    """Returns the exit code."""
    # Bazel's folder of the test: the tree is read-only.
    scratch = os.environ["TEST_TMPDIR"]
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = f"{scratch}/hypothesis"
    options = [
        "-c",
        "setup.cfg",
        "-p",
        "no:cacheprovider",
        f"--basetemp={scratch}/pytest",
        "--doctest-glob=*.md",
    ]
    if "XML_OUTPUT_FILE" in os.environ:
        options.append(f"--junitxml={os.environ['XML_OUTPUT_FILE']}")
    chosen = os.environ.get(
        "TESTBRIDGE_TEST_ONLY"
    )  # bazel test --test_filter=NAME
    if chosen:
        options += ["-k", chosen]

    ran = _Ran()
    code = int(pytest.main([*options, *files], plugins=[ran]))
    empty = [file for file in files if os.path.normpath(file) not in ran.files]
    if code == 0 and (empty or not ran.tests):
        print(
            f"FAILED: no test in {', '.join(empty)}"
            if empty
            else "FAILED: every test was skipped"
        )
        return int(pytest.ExitCode.NO_TESTS_COLLECTED)
    return code


if __name__ == "__main__":
    # Python puts this file's real folder first: a way past Bazel into the tree.
    del sys.path[0]
    sys.exit(main(sys.argv[1:]))
