"""The matrix: strategies times changes times conditions, measured on real hosts."""
