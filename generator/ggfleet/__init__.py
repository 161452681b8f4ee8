"""ggfleet: makes devices ready for Greengrass, renders what they run, measures how it arrives."""
