"""Assets, jobs, schedules and sensors, one module per stage of the data flow."""
