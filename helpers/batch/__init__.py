"""Lessons run unattended: all in order, or a grid of parameters over one.

Start with ``python -m helpers --help``. Notebooks are known here as files; papermill runs
them, and nothing in this package imports torch or tensorflow.
"""
