"""Hooks that end a training by what its evaluations say."""
