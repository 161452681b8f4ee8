"""ggfleet: provision Greengrass devices, render what they run, measure how ML libraries reach them."""
