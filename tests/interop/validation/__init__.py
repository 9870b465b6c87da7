"""Signed zones in all shapes, whole and broken, and what Unbound and Resolute's validator say of them."""
