"""The papers of a case file as PDF/A: a template with values beside it, never markup made of words.

The templates are French, because the papers are: they go into a French procedure.
"""
