"""Local estimates of the jobs of the ESS: bands of employers calibrated on the total of their département."""
