"""What the token classification lessons share: data, alignment, metrics, training, inference.

Each module of the package is one concept; import the one you need, for example
``from helpers import data``. Importing the package itself loads nothing heavy. In a notebook it
makes the package's errors short, see `helpers.errors`.
"""

import sys

if "IPython" in sys.modules:
    from helpers import errors

    errors.show_messages_alone()
