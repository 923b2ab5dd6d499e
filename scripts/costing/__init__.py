"""What the sites cost to keep: meters read from the recorded graphs, prices from a file that names its sources."""
