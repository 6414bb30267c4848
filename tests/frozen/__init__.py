"""Writes all that can be observed of Balie into a folder, so that two commits can be compared by `diff -r`."""
