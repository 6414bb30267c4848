"""What Balie observably is, written into a folder: two folders of two commits are compared by `diff -r`."""
