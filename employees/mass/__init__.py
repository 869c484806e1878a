"""Many people changed by one file or one page: staged, looked at, confirmed, worked off, undone.

``models`` holds a mass change and its rows. ``changes`` is what pages and commands call: begin,
confirm, discard, undo. ``working`` is what the queue runs, in slices: it prepares the rows (each
kind of mass change registers how, in ``kinds``), carries them out through ``services``, one
transaction a row, and takes them back. Nothing is written to a person before ``changes.confirm``.
"""
