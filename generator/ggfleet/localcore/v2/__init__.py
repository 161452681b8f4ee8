"""An embedded Greengrass V2 for one machine."""
