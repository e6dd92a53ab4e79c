"""Faults of a service, as data: the same in front of any vendor, in process and over HTTP."""
