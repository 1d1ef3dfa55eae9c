"""What holds for every test of the repository."""

from hypothesis import HealthCheck, settings

# A machine may stop for a moment, so no property is lost for how long an example took. The profile that Hypothesis
# has for continuous integration says the same.
settings.register_profile("patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
