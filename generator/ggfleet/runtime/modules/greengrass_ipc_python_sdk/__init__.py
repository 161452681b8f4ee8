"""A function's side of the core's localhost HTTP protocol, under the name greengrasssdk imports."""
