"""`pytest_test`: pytest over several files as one Bazel test, since each test pays for one import of TensorFlow."""

load("@python//:rules.bzl", "py_test")

def pytest_test(name, files, data = [], size = "medium", **kwargs):
    """Runs pytest over `files`; each of them must hold a test.

    Args:
      name: the name of the target.
      files: labels of the files to give to pytest: Python, or text with doctests.
      data: what else the tests read.
      size: medium stops after 5 minutes, large after 15.
      **kwargs: for py_test.
    """
    py_test(
        name = name,
        size = size,
        srcs = ["//.bazel:pytest_main.py"],
        main = "//.bazel:pytest_main.py",
        args = ["$(rootpath %s)" % file for file in files],
        data = files + data + ["//:setup.cfg", "@python//:packages.txt"],
        python_version = "PY3",
        deps = [":helpers", "//:monitored_tf"],
        **kwargs
    )
