"""How long a change takes to reach a large fleet, what breaks on the way, and what it costs."""
