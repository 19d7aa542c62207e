"""What the token classification lessons share: data, alignment, metrics, training, inference.

Each module of the package is one concept; import the one you need, for example
``from helpers import data``. Importing the package itself loads nothing heavy.
"""
