"""The machine that ggfleet runs on: files written whole, programs called in one place."""
