"""What greengrasssdk expects of a core besides IPC: its environment, and how an ARN is built."""
