"""What an operator is told, and through which channel: one message when something changes, none when nothing does.

Knowing what fails belongs to the states of `sources`; deciding when to tell, to `pipelines`.
"""
