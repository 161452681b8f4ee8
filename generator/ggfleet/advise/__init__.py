"""Which way each library, model and function should take to the devices, and why."""
