"""A check for every exercise, one module per lesson.

A lesson imports its own, ``from helpers.exercises import exploration as check``, and gives a check
the learner's answer and the lesson's data: ``check.multi_word_share(longer, entities)``.
"""
