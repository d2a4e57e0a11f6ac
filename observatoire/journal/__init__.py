"""What changed from one release to the next, and why; and the list of releases that machines follow."""
