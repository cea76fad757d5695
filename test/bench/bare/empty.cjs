// Does nothing, to measure Node's own start.
