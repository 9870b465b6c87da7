"""What holds for all tests."""

from hypothesis import settings

settings.register_profile("resolute", deadline=None)  # a machine that is busy with something else is no failure
settings.load_profile("resolute")
