"""What a change will move, take and cost on a device, reckoned by laws fitted to measurements."""
