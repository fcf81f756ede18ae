"""Texts that several tests send."""

# About 900 tokens: more than the 512 that the real model takes.
LONG = "The committee read the file again and asked for one more paper. " * 70
