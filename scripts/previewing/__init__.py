"""What a change would do to the three sites: recorded graphs in, one value `Preview` out, and its forms for reading."""
