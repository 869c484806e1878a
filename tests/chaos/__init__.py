"""Breaks everything while people are added and changed, and looks afterwards what came of it."""
