"""Stands for the code of every function of these specs; nothing runs it."""
