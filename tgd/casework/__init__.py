"""The acts of allocation as forms: each one a name, its fields and what does it, in one table.

Pages, HTTP API and command line are made of the same table, so that none of them can do more or
ask for less than another. The acts themselves are in tgd/allocation.
"""
