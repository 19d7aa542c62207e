"""For whoever runs many: lessons unattended, sweeps, and files of texts of any size.

Start with ``python -m helpers --help``. Notebooks are known here as files, and papermill runs them.
"""
