"""The city's own APIs, one a file. Handlers are coroutines that take the services and the call."""
