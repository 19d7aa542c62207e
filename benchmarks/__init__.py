"""Side by side with the tutorial that the lessons replace: ``python -m benchmarks``."""
