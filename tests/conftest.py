"""What every test shares: property tests that never judge by the clock."""

from hypothesis import settings

# No deadline: a slow or busy machine must not fail a test. print_blob: a failure in CI can be repeated.
settings.register_profile("seqloom", deadline=None, print_blob=True)
settings.load_profile("seqloom")
