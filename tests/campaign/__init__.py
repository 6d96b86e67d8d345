"""Fault campaigns: real processes are killed, frozen, cut off, filled up; nobody's press is lost.

One file per kind of fault. Each has a size for every day (`test_*.py`, pytest) and a long one
(`make campaign`); both run the same code and are judged by the same promises.
"""
