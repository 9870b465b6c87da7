"""How names that are not ours are resolved: forwarding now, iteration from the root in its place later."""
