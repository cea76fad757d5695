// Does nothing: what remains is what Node itself takes.
