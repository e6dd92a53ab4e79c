"""Where the server keeps what it knows: one protocol, plain SQL, a driver for each database."""
