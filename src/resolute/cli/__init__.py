"""The command `resolute`, one file a verb."""
