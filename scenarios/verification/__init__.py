"""The project's own proof: tests of public standards and of theory, run on the code that scenarios run."""
