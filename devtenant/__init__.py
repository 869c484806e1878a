"""A stand-in for an Auth0 tenant, for laptops and tests. It is not Auth0.

It speaks the part of Auth0's HTTP interface that the console and a person need, and refuses
what Auth0 refuses. Docstrings cite the checked facts about Auth0 as "facts: <topic>".
It knows nothing of the console and imports nothing of it.
"""
