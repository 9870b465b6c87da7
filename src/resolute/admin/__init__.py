"""The management process: records over HTTP now; the REST API with users and tokens, and the console, later."""
