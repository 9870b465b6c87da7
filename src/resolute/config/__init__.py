"""One tree of settings, composed of each feature's own: loaded, checked, and shown as schema and manual."""
