"""The REST API under /api/v1: one file a resource, problems by RFC 9457, pages by cursor, described by OpenAPI 3.1."""
