"""Texts that people and programs have sent, as every database takes them."""


def fitting(text: str, size: int) -> str:
    """No NUL, which PostgreSQL has no text with, and no half of a surrogate pair: both are written out. What is too
    long is cut."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\000")[:size]
