"""What can happen to a file."""

import pathlib


def truncate(path):
    """Leaves the first half of it."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path):
    """Leaves nothing in it."""
    path.write_bytes(b"")


def flip(path):
    """Flips one bit."""
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x40
    path.write_bytes(content)


remove = pathlib.Path.unlink
DAMAGES = {
    "truncated": truncate,
    "emptied": empty,
    "bit flipped": flip,
    "missing": remove,
}
