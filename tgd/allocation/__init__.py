"""A prosecutor decides: the acts on case files and handsets, from referral to return.

Every act is one transaction of its caller, asks the access rules, changes the record by
compare-and-set on a version, and writes a journal line. What is expected to be missing is a value
(`NotYet`), what a rule forbids is raised, and what lies outside somebody's scope is not there.
"""
