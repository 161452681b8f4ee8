"""A function's side of a V2 nucleus's IPC, under the name that greengrasssdk imports."""
