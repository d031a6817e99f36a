"""Designs: lint MJML, compile it in a guarded child process, make the plain text. No Django in here.

Call `guard.compile_design`; everything else in this room runs inside the child.
"""
